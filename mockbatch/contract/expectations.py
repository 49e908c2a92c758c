"""Judges an answer by what a step expects of it."""

import re
from collections.abc import Iterator, Mapping
from email.message import Message
from functools import cache

from mockbatch.contract.client import HttpResponse
from mockbatch.contract.placeholders import find_differences
from mockbatch.jsonio import parse
from mockbatch.typing import Json
from mockbatch.validation.client_schema import SentSchema
from mockbatch.validation.schema import schema

_OF_THE_BODY = {"json", "schema", "each", "error", "fits", "lines_by"}


def status_error(expect: Mapping[str, Json], answer: HttpResponse) -> str:
    """Say what is wrong with the status, nothing if it is one that is expected."""
    status = expect.get("status", 200)
    if answer.status in (status if isinstance(status, list) else [status]):
        return ""
    return f"status {answer.status}, not {status}{_told(answer)}"


def find_breaches(
    expect: Mapping[str, Json], answer: HttpResponse, provider: str | None = None
) -> Iterator[str]:
    """Say what is not as expected of an answer, its status apart.

    The gateway puts the `provider` before the messages of errors that it passes on.
    """
    yield from _headers(expect.get("headers", {}), answer.headers)
    expect, text = _behind(provider, expect), answer.text
    if "text" in expect and text != expect["text"]:
        yield f"the body is {text!r:.99}, not {expect['text']!r:.99}"
    if "matches" in expect and not re.fullmatch(expect["matches"], text, re.DOTALL):
        yield f"the body is {text!r:.99}, not {expect['matches']}"
    if _OF_THE_BODY & set(expect):
        try:
            value = _value(expect, answer.content)
        except ValueError as error:
            yield str(error)
        else:
            yield from _of_value(expect, value)


def _told(answer: HttpResponse) -> str:
    try:
        return f" ({answer.json()['error']['message']})"[:200]
    except (ValueError, KeyError, TypeError):
        return ""


def _behind(provider: str | None, expect: Mapping[str, Json]) -> Mapping[str, Json]:
    error = expect.get("error", {})
    if provider is None or "message" not in error:
        return expect
    return {**expect, "error": {**error, "message": f"{provider} error: {error['message']}"}}


def _headers(wanted: Mapping[str, str], headers: Message) -> Iterator[str]:
    for name, pattern in wanted.items():
        values = headers.get_all(name, [])
        if not any(re.fullmatch(pattern, value) for value in values):
            yield f"header {name} is {', '.join(values) or 'missing'}, not {pattern}"


def _value(expect: Mapping[str, Json], content: bytes) -> Json:
    """Return a body as JSON; the lines of JSONL by the member that `lines_by` names.

    Raises ValueError, whose text says what is wrong.
    """
    if "lines_by" not in expect:
        return _read(content, "the body")
    lines = [_read(line, "a line") for line in content.split(b"\n") if line]
    return _by(expect["lines_by"], lines)


def _read(text: bytes, what: str) -> Json:
    try:
        return parse(text)
    except ValueError:
        raise ValueError(f"{what} is no JSON: {text[:60]!r}") from None


def _by(name: str, lines: list[Json]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for line in lines:
        key = line.get(name) if isinstance(line, dict) else None
        if not isinstance(key, str):
            raise ValueError(f"a line has no {name}: {line!r:.99}")
        if key in found:
            raise ValueError(f"two lines have the {name} {key!r:.60}")
        found[key] = line
    return found


def _of_value(expect: Mapping[str, Json], value: Json) -> Iterator[str]:
    if "error" in expect:
        yield from _breaks(_lenient("error"), value)
        yield from find_differences({"error": expect["error"]}, value)
    if "schema" in expect:
        yield from _breaks(_lenient(expect["schema"]), value)
    if "each" in expect:
        for one in _each(expect, value):
            yield from _breaks(_lenient(expect["each"]), one)
    if "fits" in expect:
        yield from _unfit(expect["fits"], value)
    if "json" in expect:
        yield from find_differences(expect["json"], value)


def _each(expect: Mapping[str, Json], value: Json) -> list[Json]:
    """Return the lines, or the objects of a page; what is no page, its schema tells."""
    if "lines_by" in expect:
        return list(value.values())
    data = value.get("data") if isinstance(value, dict) else None
    return data if isinstance(data, list) else []


def _unfit(document: Json, value: Json) -> Iterator[str]:
    fits = SentSchema(document)
    if fits.is_valid():
        yield from _breaks(fits, value)
    else:
        yield "an earlier answer has a value of another type than this one is compared with"


def _breaks(shape: SentSchema, value: Json) -> Iterator[str]:
    breach = shape.breach(value)
    if breach:
        yield f"{breach[0]} ({'.'.join(breach[1])})"


@cache
def _lenient(name: str) -> SentSchema:
    return SentSchema(loosened(schema(name).document))


def loosened(document: Json) -> Json:
    """Return a schema that asks for what must be there, and allows what may be newer.

    A server may know more members than this project; and an id's form is its own affair.
    """
    if isinstance(document, list):
        return [loosened(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {
        name: loosened(inner)
        for name, inner in document.items()
        if (name, inner) != ("additionalProperties", False)
        and not (name == "pattern" and isinstance(inner, str))
    }
