"""Assertions about the requests of a world, with messages that name the nearest ones."""

from collections.abc import Sequence
from difflib import SequenceMatcher

from mockbatch.client.results import Request
from mockbatch.globs import glob

__tracebackhide__ = True

MAX_NEAR_MISSES = 10


def check_requested(
    requests: Sequence[Request], dropped: int, method: str, path: str, count: int | None
) -> None:
    """Raise AssertionError unless `count` requests match, or at least one if it is None.

    `path` is a glob that is matched against the path without its query. `dropped` is how many
    older requests the journal no longer has.
    """
    paths = [request.path.partition("?")[0] for request in requests if request.method == method]
    matching = sum(glob(path).matches(candidate) for candidate in paths)
    if matching == 0 if count is None else matching != count:
        expected = "at least once" if count is None else f"{count} times"
        raise AssertionError(
            f"{method} {path} was requested {matching} times, not {expected}."
            + _near_misses(f"{method} {path}", requests)
            + _dropped_note(dropped)
        )


def _near_misses(expected: str, requests: Sequence[Request]) -> str:
    """Return the requests that resemble the expected one most, the nearest first."""
    if not requests:
        return " Nothing was requested."
    lines = {f"{request.method} {request.path} -> {request.status}" for request in requests}
    nearest = sorted(lines, key=lambda line: -SequenceMatcher(None, expected, line).ratio())[
        :MAX_NEAR_MISSES
    ]
    shown = "".join(f"\n  {line}" for line in nearest)
    return f" Of {len(requests)} requests, these are the nearest:{shown}"


def _dropped_note(count: int) -> str:
    """Mention how many older requests the journal has dropped."""
    return f"\nThe journal has dropped the {count} requests before these." if count else ""
