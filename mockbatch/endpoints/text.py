"""The texts that the mock generates, and how many tokens a text has.

A token is four characters: close enough for bills and limits, the same everywhere, and a text
can be cut at it. A real tokenizer counts differently, above all outside of English.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from mockbatch.typing import Json

CHARACTERS_PER_TOKEN = 4
# What a conversation adds to the tokens of its texts: once for the reply, and for each message.
# From OpenAI's cookbook on counting tokens.
TOKENS_FOR_REPLY = 3
TOKENS_PER_MESSAGE = 4
# How many tokens an image, a recording or a file counts as; on gpt-4o, an image of low detail is
# 85 tokens.
_TOKENS_PER_ATTACHMENT = 85
# How much of the prompt a reply quotes: its first characters, and the last ones if it is longer,
# because prompts made from a template differ at the end.
_MAX_QUOTE_LENGTH = 200
_QUOTE_END_LENGTH = 80
#: About the most tokens of a generated text that fits no schema.
MAX_REPLY_TOKENS = _MAX_QUOTE_LENGTH // CHARACTERS_PER_TOKEN + 10
# What the replies begin with, while `marked_replies` is active.
_mark: ContextVar[str] = ContextVar("mark", default="")


class GeneratedText(NamedTuple):
    """A text, its tokens, and whether the token limit cut it."""

    text: str
    token_count: int
    is_cut: bool


def count_tokens(text: str) -> int:
    """Return the number of tokens in a text; an empty text has none."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def split_tokens(text: str, tokens_each: int = 1) -> list[str]:
    """Split a text into its tokens, or into pieces of several tokens."""
    length = CHARACTERS_PER_TOKEN * tokens_each
    return [text[start : start + length] for start in range(0, len(text), length)]


def content_text(content: Json) -> str:
    """Return the text of a message's content: a text, or the joined texts of its parts."""
    if isinstance(content, str):
        return content
    if not content:
        return ""
    texts = (part.get("text") for part in content)
    return "\n".join(text for text in texts if isinstance(text, str))


def content_tokens(content: Json) -> int:
    """Return the number of tokens in a message's content."""
    if isinstance(content, str):
        return count_tokens(content)
    if not content:
        return 0
    texts = (part.get("text", part.get("refusal")) for part in content)
    return sum(
        count_tokens(text) if isinstance(text, str) else _TOKENS_PER_ATTACHMENT for text in texts
    )


def conversation_tokens(contents: Iterable[Json], *definitions: Json) -> int:
    """Return the number of tokens in messages with these contents, and in tool definitions."""
    count = TOKENS_FOR_REPLY
    for content in contents:
        count += TOKENS_PER_MESSAGE + content_tokens(content)
    return count + sum(count_tokens(json.dumps(tools)) for tools in definitions if tools)


def mock_reply(prompt: str, number: int = 0) -> str:
    """Return the mock's reply to a prompt; `number` counts several replies from 0."""
    reply = mock_reply_to_quote(quote(prompt)[0], number)
    mark = _mark.get()
    # At the beginning, where no limit on tokens or characters cuts it.
    return f"{mark} {reply}" if mark else reply


@contextmanager
def marked_replies(mark: str) -> Iterator[None]:
    """Make the replies of `mock_reply` begin with a mark; "" means no mark."""
    token = _mark.set(mark)
    try:
        yield
    finally:
        _mark.reset(token)


def mock_reply_to_quote(quoted: str, number: int = 0) -> str:
    """Return the mock's reply to a prompt that is quoted already."""
    prefix = f"Mock reply {number + 1}" if number else "Mock reply"
    return f"{prefix} to: {quoted}" if quoted else f"{prefix}."


def quote(text: str) -> tuple[str, bool]:
    """Return a text on one line, at most 200 characters of it, and whether JSON takes it as it is.

    The boolean is true if the quoted text needs no escapes in JSON.
    """
    if len(text) > _MAX_QUOTE_LENGTH:
        start = text[: _MAX_QUOTE_LENGTH - _QUOTE_END_LENGTH - 5]
        text = f"{start} ... {text[-_QUOTE_END_LENGTH:]}"
    if not text.isascii():
        # Half a surrogate pair is valid JSON, but no client can encode it again.
        text = text.encode("utf-8", "replace").decode("utf-8")
    if text.isprintable() and "  " not in text:
        # True of most texts, and three times as fast as splitting them.
        return text.strip(" "), text.isascii() and '"' not in text and "\\" not in text
    return " ".join(text.split()), False


def limit_text(text: str, limit: int | None, stop: Iterable[str] = ()) -> GeneratedText:
    """Return a text up to the first of the `stop` sequences, cut at `limit` tokens."""
    for sequence in stop:
        if sequence:
            text = text.partition(sequence)[0]
    count = count_tokens(text)
    if limit is None or count <= limit:
        return GeneratedText(text, count, is_cut=False)
    return GeneratedText(text[: limit * CHARACTERS_PER_TOKEN], limit, is_cut=True)


def stop_sequences(stop: Json) -> Iterable[str]:
    """Return the sequences of a `stop` parameter: a text, texts or null."""
    return (stop,) if isinstance(stop, str) else stop or ()


def make_logprobs(text: str, alternatives: int) -> list[dict[str, Json]]:
    """Return the log probabilities of a text's tokens, with `alternatives` for each.

    The first alternative is the token itself, the others are made up.
    """
    return [
        {
            **_logprob(token, 0),
            "top_logprobs": [
                _logprob(token if rank == 0 else f"{token}?{rank}", rank)
                for rank in range(alternatives)
            ],
        }
        for token in split_tokens(text)
    ]


def _logprob(token: str, rank: int) -> dict[str, Json]:
    return {"token": token, "logprob": -0.1 - rank, "bytes": list(token.encode("utf-8", "replace"))}
