"""What the streams of several endpoints do alike: cut texts, and hide how long the pieces are."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from mockbatch.endpoints import text
from mockbatch.ids import ALPHANUMERIC, Seed
from mockbatch.typing import Json

# As recorded, what hides a length fills it up to a multiple of this.
_BLOCK = 16


def chunk_text(said: str, tokens: Sequence[Json] | None) -> list[tuple[str, list[Json]]]:
    """Cut a text into pieces, each with the log probabilities of its tokens, none if None."""
    given = list(tokens or ())
    if said and "".join(one["token"] for one in given) == said:
        return [(one["token"], [one]) for one in given]
    # Of a scripted answer, which may say anything.
    pieces = text.split_tokens(said)
    return [(piece, [] if number else given) for number, piece in enumerate(pieces)]


def interleave(choices: Iterable[Iterable[Json]]) -> Iterator[Json]:
    """Yield what several choices are made of, in turn: they are made at the same time."""
    for round_ in zip_longest(*choices):
        yield from (piece for piece in round_ if piece is not None)


def wants_usage(body: Mapping[str, Json]) -> bool:
    """Tell whether what an answer is billed for shall come last."""
    return (body.get("stream_options") or {}).get("include_usage") is True


def is_obfuscated(body: Mapping[str, Json]) -> bool:
    """Tell whether lengths are to be hidden, as they are unless a request says otherwise."""
    return (body.get("stream_options") or {}).get("include_obfuscation") is not False


def make_obfuscation(length: int, *names: object) -> str:
    """Return what hides a length; `names` are those of a seed."""
    return Seed.of("obfuscation", *names).text(ALPHANUMERIC, _BLOCK - length % _BLOCK)
