"""The texts a mock says, and how many tokens they are.

A token is four characters: near enough for bills and limits, the same everywhere, and a
text can be cut at it. A real tokenizer counts otherwise, above all outside of English.
"""

import json
from collections.abc import Iterable
from typing import NamedTuple

from mockbatch.typing import Json

CHARACTERS_PER_TOKEN = 4
# What a conversation adds to its texts: for the beginning of the reply, and for each message.
# From OpenAI's cookbook on counting tokens.
TOKENS_FOR_REPLY = 3
TOKENS_PER_MESSAGE = 4
# What a picture, a recording or a file counts; a picture of low detail is 85 on gpt-4o.
_TOKENS_PER_ATTACHMENT = 85
# How much of what was asked a reply repeats: its beginning, and its end when it is longer,
# because prompts made from a template differ in their end.
_QUOTED = 200
_QUOTED_END = 80


class GeneratedText(NamedTuple):
    """A text, its tokens, and whether the limit cut it."""

    text: str
    tokens: int
    cut: bool


def count_tokens(text: str) -> int:
    """Return how many tokens a text is; none if it is empty."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def split_tokens(text: str) -> list[str]:
    """Cut a text into its tokens."""
    return [
        text[start : start + CHARACTERS_PER_TOKEN]
        for start in range(0, len(text), CHARACTERS_PER_TOKEN)
    ]


def content_text(content: Json) -> str:
    """Return what the text parts of a message's content say."""
    if isinstance(content, str):
        return content
    if not content:
        return ""
    texts = (part.get("text") for part in content)
    return "\n".join(text for text in texts if isinstance(text, str))


def content_tokens(content: Json) -> int:
    """Return how many tokens a message's content is."""
    if isinstance(content, str):
        return count_tokens(content)
    if not content:
        return 0
    texts = (part.get("text", part.get("refusal")) for part in content)
    return sum(
        count_tokens(text) if isinstance(text, str) else _TOKENS_PER_ATTACHMENT for text in texts
    )


def conversation_tokens(contents: Iterable[Json], *definitions: Json) -> int:
    """Return how many tokens messages of these contents are, with definitions of tools."""
    count = TOKENS_FOR_REPLY
    for content in contents:
        count += TOKENS_PER_MESSAGE + content_tokens(content)
    return count + sum(count_tokens(json.dumps(given)) for given in definitions if given)


def mock_reply(asked: str, number: int = 0) -> str:
    """Return what the mock answers to a text; `number` counts several answers from 0."""
    return mock_reply_to_quote(quote(asked)[0], number)


def mock_reply_to_quote(quoted: str, number: int = 0) -> str:
    """Return the same for a text that is quoted already."""
    prefix = f"Mock reply {number + 1}" if number else "Mock reply"
    return f"{prefix} to: {quoted}" if quoted else f"{prefix}."


def quote(text: str) -> tuple[str, bool]:
    """Return a text on one line, at most 200 characters of it, and whether it is bare.

    A bare text stands in JSON as it is.
    """
    if len(text) > _QUOTED:
        text = f"{text[: _QUOTED - _QUOTED_END - 5]} ... {text[-_QUOTED_END:]}"
    if not text.isascii():
        # Half a surrogate pair is JSON, but no client can encode it again.
        text = text.encode("utf-8", "replace").decode("utf-8")
    if text.isprintable() and "  " not in text:
        # Most texts; to split them takes three times as long.
        return text.strip(" "), text.isascii() and '"' not in text and "\\" not in text
    return " ".join(text.split()), False


def limit_text(text: str, limit: int | None, stop: Iterable[str] = ()) -> GeneratedText:
    """Return what is said of a text that ends before any of `stop`, within `limit` tokens."""
    for sequence in stop:
        if sequence:
            text = text.partition(sequence)[0]
    count = count_tokens(text)
    if limit is None or count <= limit:
        return GeneratedText(text, count, cut=False)
    return GeneratedText(text[: limit * CHARACTERS_PER_TOKEN], limit, cut=True)


def stop_sequences(given: Json) -> Iterable[str]:
    """Return the sequences of a `stop` parameter: text, texts or null."""
    return (given,) if isinstance(given, str) else given or ()


def make_logprobs(text: str, alternatives: int) -> list[dict[str, Json]]:
    """Return the log probabilities of a text's tokens, with `alternatives` for each.

    The first alternative is the token itself, the others are made up.
    """
    return [
        {
            **_token(piece, 0),
            "top_logprobs": [
                _token(piece if rank == 0 else f"{piece}?{rank}", rank)
                for rank in range(alternatives)
            ],
        }
        for piece in split_tokens(text)
    ]


def _token(text: str, rank: int) -> dict[str, Json]:
    return {"token": text, "logprob": -0.1 - rank, "bytes": list(text.encode("utf-8", "replace"))}
