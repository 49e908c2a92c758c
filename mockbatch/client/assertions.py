"""Assertions about the requests of a world, with messages that name the nearest ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from mockbatch.client.requests import Request
from mockbatch.strings.globs import glob
from mockbatch.typing import Json

__tracebackhide__ = True

MAX_NEAR_MISSES = 10
MAX_DIFFERENCES = 5
MAX_VALUE_CHARACTERS = 80


@dataclass(frozen=True)
class Expected:
    """The request that a test expects; None stands for any body or any headers.

    `path` is a glob that is matched against the path without its query.
    """

    method: str
    path: str
    json: Json = None
    headers: Mapping[str, str] | None = None
    contains: str | None = None

    @property
    def needs_contents(self) -> bool:
        """Whether the headers or the body of a request have to be compared."""
        return not (self.json is None and self.headers is None and self.contains is None)

    def has_route(self, request: Request) -> bool:
        """Return whether a request has the method and the path."""
        path = request.path.partition("?")[0]
        return request.method == self.method and glob(self.path).matches(path)

    def differences(self, request: Request) -> list[str]:
        """Return how headers and body of a request differ, in a line each."""
        try:
            return list(self._differences(request)) if self.needs_contents else []
        except LookupError as error:
            return [str(error)]

    def _differences(self, request: Request) -> Iterator[str]:
        for name, value in (self.headers or {}).items():
            if request.headers.get(name) != value:
                yield _differs(f"header {name}", value, request.headers.get(name))
        if self.json is not None:
            try:
                yield from _json_differences(self.json, request.json, "json")
            except ValueError as error:
                yield f"json: {error}"
        if self.contains is not None and self.contains not in _searched_text(request):
            yield f"contains: {self.contains!r} is not in the body"


def check_requested(
    requests: Sequence[Request], dropped: int, expected: Expected, count: int | None
) -> None:
    """Raise AssertionError unless `count` requests match, or at least one if it is None.

    `dropped` is how many older requests the journal no longer has.
    """
    candidates = [request for request in requests if expected.has_route(request)]
    matching = sum(not expected.differences(request) for request in candidates)
    if matching == 0 if count is None else matching != count:
        wanted = "at least once" if count is None else _times(count)
        like_this = " like this" if expected.needs_contents else ""
        raise AssertionError(
            f"{expected.method} {expected.path} was requested {_times(matching)}{like_this}, "
            f"not {wanted}." + _near_misses(expected, requests) + _dropped_note(dropped)
        )


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _near_misses(expected: Expected, requests: Sequence[Request]) -> str:
    """Return the requests that resemble the expected one most, the nearest first."""
    if not requests:
        return " Nothing was requested."
    called = f"{expected.method} {expected.path}"
    texts: dict[str, tuple[bool, int, float]] = {}
    for request in requests:
        line = f"{request.method} {request.path} -> {request.status}"
        has_route = expected.has_route(request)
        differences = expected.differences(request) if has_route else []
        shown = [f"\n    {difference}" for difference in differences[:MAX_DIFFERENCES]]
        ratio = SequenceMatcher(None, called, line).ratio()
        texts[line + "".join(shown)] = (not has_route, len(differences), -ratio)
    nearest = sorted(texts, key=texts.__getitem__)[:MAX_NEAR_MISSES]
    listed = "".join(f"\n  {text}" for text in nearest)
    return f" Of {len(requests)} requests, these are the nearest:{listed}"


def _dropped_note(count: int) -> str:
    """Mention how many older requests the journal has dropped."""
    return f"\nThe journal has dropped the {count} requests before these." if count else ""


def _json_differences(expected: Json, actual: Json, path: str) -> Iterator[str]:
    """Yield how a value differs from the expected one; further members of objects are ignored."""
    if isinstance(expected, Mapping) and isinstance(actual, dict):
        for name, value in expected.items():
            if name in actual:
                yield from _json_differences(value, actual[name], f"{path}.{name}")
            else:
                yield f"{path}.{name}: expected {_short(value)}, is missing"
    elif isinstance(expected, list | tuple) and isinstance(actual, list):
        if len(expected) != len(actual):
            yield f"{path}: expected {len(expected)} items, got {len(actual)}"
        for index, (value, item) in enumerate(zip(expected, actual, strict=False)):
            yield from _json_differences(value, item, f"{path}[{index}]")
    elif expected != actual or isinstance(expected, bool) != isinstance(actual, bool):
        yield _differs(path, expected, actual)


def _differs(name: str, expected: Json, actual: Json) -> str:
    return f"{name}: expected {_short(expected)}, got {_short(actual)}"


def _short(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= MAX_VALUE_CHARACTERS else text[:MAX_VALUE_CHARACTERS] + "..."


def _searched_text(request: Request) -> str:
    body = request.body
    form = [*(body.form or {}).values(), *(file.filename for file in body.files)]
    return "\n".join([body.text or "", *form])
