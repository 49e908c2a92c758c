"""Compares a response with what a step expects of it."""

import re
from collections.abc import Iterator, Mapping
from email.message import Message
from functools import cache

from mockbatch.contract.placeholders import find_differences
from mockbatch.http_client import HttpResponse
from mockbatch.jsonio import parse
from mockbatch.typing import Json
from mockbatch.validation.client_schema import ClientSchema
from mockbatch.validation.schema import schema

# Expectations for which the body is parsed.
_NEED_JSON = {"json", "schema", "each", "error", "fits", "lines_by"}


class _UnreadableBodyError(Exception):
    """A body is not JSON, or not JSONL whose lines have names."""


def status_error(expect: Mapping[str, Json], response: HttpResponse) -> str:
    """Return what is wrong with a response's status; an empty text if nothing is."""
    status = expect.get("status", 200)
    if response.status in (status if isinstance(status, list) else [status]):
        return ""
    return f"status {response.status}, not {status}{_error_message(response)}"


def find_breaches(
    expect: Mapping[str, Json], response: HttpResponse, provider: str | None = None
) -> Iterator[str]:
    """Describe what in a response, apart from its status, is not as expected.

    Portkey's gateway puts the name of the `provider` before the error messages it passes on.
    """
    yield from _check_headers(expect.get("headers", {}), response.headers)
    expect, text = _with_error_prefix(provider, expect), response.text
    if "text" in expect and text != expect["text"]:
        yield f"the body is {text!r:.99}, not {expect['text']!r:.99}"
    if "matches" in expect and not re.fullmatch(expect["matches"], text, re.DOTALL):
        yield f"the body is {text!r:.99}, which does not match {expect['matches']}"
    if _NEED_JSON & set(expect):
        try:
            body = _parse_body(expect, response.content)
        except _UnreadableBodyError as error:
            yield str(error)
        else:
            yield from _check_body(expect, body)


def _error_message(response: HttpResponse) -> str:
    try:
        return f" ({response.json()['error']['message']})"[:200]
    except (ValueError, KeyError, TypeError):
        return ""


def _with_error_prefix(provider: str | None, expect: Mapping[str, Json]) -> Mapping[str, Json]:
    error = expect.get("error", {})
    if provider is None or "message" not in error:
        return expect
    return {**expect, "error": {**error, "message": f"{provider} error: {error['message']}"}}


def _check_headers(patterns: Mapping[str, str], headers: Message) -> Iterator[str]:
    for name, pattern in patterns.items():
        values = headers.get_all(name, [])
        if not any(re.fullmatch(pattern, value) for value in values):
            yield f"header {name} is {', '.join(values) or 'missing'}, not {pattern}"


def _parse_body(expect: Mapping[str, Json], content: bytes) -> Json:
    """Return a body as JSON; JSONL as its lines by the member that `lines_by` names."""
    if "lines_by" not in expect:
        return _parse(content, "the body")
    lines = [_parse(line, "a line") for line in content.split(b"\n") if line]
    return _by_member(expect["lines_by"], lines)


def _parse(text: bytes, subject: str) -> Json:
    try:
        return parse(text)
    except ValueError:
        raise _UnreadableBodyError(f"{subject} is not JSON: {text[:60]!r}") from None


def _by_member(name: str, lines: list[Json]) -> dict[str, Json]:
    by_value: dict[str, Json] = {}
    for line in lines:
        value = line.get(name) if isinstance(line, dict) else None
        if not isinstance(value, str):
            raise _UnreadableBodyError(f"a line has no {name}: {line!r:.99}")
        if value in by_value:
            raise _UnreadableBodyError(f"two lines have the {name} {value!r:.60}")
        by_value[value] = line
    return by_value


def _check_body(expect: Mapping[str, Json], body: Json) -> Iterator[str]:
    if "error" in expect:
        yield from _check_schema(_lenient_schema("error"), body)
        yield from find_differences({"error": expect["error"]}, body)
    if "schema" in expect:
        yield from _check_schema(_lenient_schema(expect["schema"]), body)
    if "each" in expect:
        for item in _items(expect, body):
            yield from _check_schema(_lenient_schema(expect["each"]), item)
    if "fits" in expect:
        yield from _check_own_schema(expect["fits"], body)
    if "json" in expect:
        yield from find_differences(expect["json"], body)


def _items(expect: Mapping[str, Json], body: Json) -> list[Json]:
    """Return the lines of JSONL, or the objects of a page.

    A body that is not a page has no objects; the schema of pages reports that error.
    """
    if "lines_by" in expect:
        return list(body.values())
    data = body.get("data") if isinstance(body, dict) else None
    return data if isinstance(data, list) else []


def _check_own_schema(document: Json, body: Json) -> Iterator[str]:
    """Check a body against a case's own schema, which values of earlier responses are part of."""
    own_schema = ClientSchema(document)
    if own_schema.is_valid():
        yield from _check_schema(own_schema, body)
    else:
        yield "an earlier response has a value of another type than this one is compared with"


def _check_schema(expected: ClientSchema, value: Json) -> Iterator[str]:
    breach = expected.first_violation(value)
    if breach:
        message, path = breach
        yield f"{message} ({'.'.join(path)})"


@cache
def _lenient_schema(name: str) -> ClientSchema:
    return ClientSchema(loosen(schema(name).document))


def loosen(document: Json) -> Json:
    """Return a schema that still requires members, but allows further ones and any format of ids.

    A server may know newer members than this project, and may form its ids as it likes.
    """
    if isinstance(document, list):
        return [loosen(item) for item in document]
    if not isinstance(document, dict):
        return document
    return {
        name: loosen(value)
        for name, value in document.items()
        if (name, value) != ("additionalProperties", False)
        and not (name == "pattern" and isinstance(value, str))
    }
