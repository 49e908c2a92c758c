"""Compares a response with what a step expects of it."""

import re
from collections.abc import Iterator, Mapping
from email.message import Message

from mockbatch.contract import contents, differences
from mockbatch.contract.wording import Breach, word_breach
from mockbatch.http_client import HttpResponse
from mockbatch.jsonio import parse
from mockbatch.typing import Json
from mockbatch.validation.violations import Path

# Any status of success, as OpenAPI writes it.
_SUCCESS = "2XX"
# Expectations for which the body is parsed.
_NEED_JSON = {"json", "schema", "each", "error", "fits", "part"}


def status_error(expect: Mapping[str, Json], response: HttpResponse) -> str:
    """Return what is wrong with a response's status; an empty text if nothing is."""
    status = expect.get("status", _SUCCESS)
    allowed = range(200, 300) if status == _SUCCESS else status
    if response.status in (allowed if isinstance(allowed, list | range) else [allowed]):
        return ""
    return f"status {response.status}, not {status}{_error_message(response)}"


def find_breaches(
    expect: Mapping[str, Json], response: HttpResponse, provider: str | None = None
) -> Iterator[str]:
    """Describe what in a response, apart from its status, is not as expected.

    Portkey's gateway puts the name of the `provider` before the error messages it passes on.
    Raises SkipError if a part of the body that an expectation is about is missing because of
    a breach that another case reports.
    """
    yield from _check_headers(expect.get("headers", {}), response.headers)
    yield from _check_bytes(expect, response.content)
    expect = _with_error_prefix(provider, expect)
    if "lines_by" in expect:
        yield from _check_lines(expect, response.content)
    elif _NEED_JSON & set(expect):
        try:
            body = parse(response.content)
        except ValueError:
            yield f"the body is not JSON{' but a web page' * response.is_html}"
            return
        for breach in _find_in_body(expect, body):
            yield word_breach(breach, is_jsonl=False)


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


def _check_bytes(expect: Mapping[str, Json], content: bytes) -> Iterator[str]:
    if "text" in expect:
        difference = contents.describe_difference(expect["text"].encode(), content)
        if difference:
            yield f"the body {difference}"
    if "size" in expect and len(content) != expect["size"]:
        yield f"the body has {len(content)} bytes, not {expect['size']}"
    if expect.get("line_ends"):
        yield from contents.find_line_end_breaches(content)


def _check_lines(expect: Mapping[str, Json], content: bytes) -> Iterator[str]:
    """Check JSONL as an object that has its lines by the member that `lines_by` names.

    Lines that cannot be read are for the case that expects all of them to be JSON.
    """
    lines = contents.read_lines(content, expect["lines_by"])
    if expect.get("json_lines"):
        yield from lines.problems
    if "lines" in expect:
        yield from contents.find_line_breaches(expect["lines"], lines)
    for breach in _find_in_body(expect, lines.by_name):
        yield word_breach(breach, is_jsonl=True)


def _find_in_body(expect: Mapping[str, Json], body: Json) -> Iterator[Breach]:
    if "error" in expect:
        yield from differences.find_violations("error", body)
        yield from differences.find_differences({"error": expect["error"]}, body)
    if "schema" in expect:
        yield from differences.find_violations(expect["schema"], body)
    if "each" in expect:
        for path, item in _items(expect, body):
            for inner, text in differences.find_violations(expect["each"], item):
                yield Breach((*path, *inner), text)
    if "fits" in expect:
        yield from differences.find_own_violations(expect["fits"], body)
    if "part" in expect:
        yield from differences.find_part_breaches(expect["part"], body)
    if "json" in expect:
        yield from differences.find_differences(expect["json"], body)


def _items(expect: Mapping[str, Json], body: Json) -> list[tuple[Path, Json]]:
    """Return the lines of JSONL, or the objects of a page, with their paths.

    A body that is not a page has no objects; the schema of pages reports that error.
    """
    return list(differences.find_parts(body, ["*"] if "lines_by" in expect else ["data", "*"]))
