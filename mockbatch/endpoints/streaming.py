"""What the streams of several endpoints share: chunks of text, and padding that hides lengths."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from mockbatch.endpoints import text
from mockbatch.ids import ALPHANUMERIC, Seed
from mockbatch.typing import Json

# As recorded, padding fills a length up to a multiple of this.
_BLOCK_LENGTH = 16
# About how many chunks the texts of all choices have: making one takes up to a tenth of a
# millisecond.
MAX_CHUNKS = 10_000


def chunk_text(
    content: str, logprobs: Sequence[Json] | None, choices: int = 1
) -> list[tuple[str, list[Json]]]:
    """Split the text of one of `choices` into chunks, with the log probabilities of their tokens.

    The lists are empty where `logprobs` is None.
    """
    tokens = list(logprobs or ())
    if content and "".join(token["token"] for token in tokens) == content:
        return [(token["token"], [token]) for token in tokens]
    # A scripted reply may have log probabilities of any text.
    chunks = split_chunks(content, choices)
    return [(chunk, [] if index else tokens) for index, chunk in enumerate(chunks)]


def split_chunks(content: str, choices: int = 1) -> list[str]:
    """Split the text of one of `choices` into chunks: a token each, or several if it is long."""
    return text.split_tokens(content, 1 + text.count_tokens(content) * choices // MAX_CHUNKS)


def interleave(choices: Iterable[Iterable[Json]]) -> Iterator[Json]:
    """Yield the chunks of several choices in turn, because they are generated simultaneously."""
    for chunks in zip_longest(*choices):
        yield from (chunk for chunk in chunks if chunk is not None)


def wants_usage(body: Mapping[str, Json]) -> bool:
    """Return whether a request asks for the usage in a last chunk."""
    return (body.get("stream_options") or {}).get("include_usage") is True


def is_obfuscated(body: Mapping[str, Json]) -> bool:
    """Return whether lengths are to be hidden, as they are unless a request says otherwise."""
    return (body.get("stream_options") or {}).get("include_obfuscation") is not False


def make_obfuscation(length: int, *names: object) -> str:
    """Return the padding that hides a length; `names` seed it."""
    return Seed.of("obfuscation", *names).text(ALPHANUMERIC, _BLOCK_LENGTH - length % _BLOCK_LENGTH)
