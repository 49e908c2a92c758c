"""Reads JSON requests and sends JSON responses, each checked against its schema."""

import json
import re
from collections.abc import Iterable

from flask import Response, request

from mockbatch.errors import api_error
from mockbatch.faults.message import Message
from mockbatch.faults.request_record import RequestRecord
from mockbatch.jsonio import (
    MAX_CONTAINERS,
    MAX_VALUES,
    TooManyValuesError,
    indent,
    parse,
    parse_request,
)
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.validation.type_names import describe_type
from mockbatch.web.body_limit import read_json_text
from mockbatch.web.context import current_request, server

_INTEGER = re.compile(r"[+-]?\d{1,18}")


def json_response(name: str, body: Json, *, end: str = "", compact: bool = False) -> Response:
    """Return a response with a body, after checking it against the schema `name`."""
    check_response(name, body)
    return send_json(body, end=end, compact=compact)


def send_json(body: Json, *, end: str = "", compact: bool = False) -> Response:
    """Return a response with a body, unchecked.

    Like the service's bodies, it is indented by two spaces. `end` is a text after it, and
    `compact` leaves out all whitespace, for the few endpoints that send compact JSON.
    """
    text = json.dumps(body, separators=(",", ":")) if compact else indent(body)
    return Response(text + end, content_type="application/json")


def check_response(name: str, body: Json) -> None:
    """Check a response body against the schema `name`, unless the server has --no-validate.

    A violation is a bug of mockbatch: SchemaViolationError, which becomes a 500.
    """
    if server().settings.world.validate:
        schema(name).assert_valid(body, f"the response to {current_request().path}")


def check_page(names: Iterable[str], body: Json) -> None:
    """Check a page, and each of its objects against the schema at its place in `names`."""
    check_response("page", body)
    for name, item in zip(names, body["data"], strict=True):
        check_response(name, item)


def json_body(*, optional: bool = False, is_long: bool = False) -> dict[str, Json]:
    """Return the JSON object in the request's body; ApiError 400 for anything else.

    The content type is ignored, because curl sends that of a form by default. With `optional`,
    an empty body is an empty object. Above 16 MB it is an ApiError 413, and with too many values
    an ApiError 400, unless it `is_long`.
    """
    data = request.get_data(cache=False) if is_long else read_json_text(request)
    RequestRecord.of(request.environ).request = Message.of((), data)
    return parse_body(data, optional=optional, is_long=is_long)


def parse_body(data: bytes, *, optional: bool = False, is_long: bool = False) -> dict[str, Json]:
    """Return the JSON object in a body, as `json_body` does."""
    if optional and not data:
        return {}
    try:
        body = parse(data) if is_long else parse_request(data)
    except TooManyValuesError:
        raise api_error("too_many_values", limit=MAX_VALUES, containers=MAX_CONTAINERS) from None
    except ValueError:
        raise api_error("not_json") from None
    if not isinstance(body, dict):
        actual = describe_type(body)
        raise api_error("invalid_type", param="body", expected="an object", actual=actual)
    return body


def checked_body(name: str, *, optional: bool = False) -> dict[str, Json]:
    """Return the request's body, checked against the schema `name`; ApiError 400 if it fails."""
    return check_document(name, json_body(optional=optional))


def check_document(name: str, body: dict[str, Json]) -> dict[str, Json]:
    """Return a body, checked against the schema `name`; ApiError 400 if it fails.

    JSON Schema accepts 16.0 as an integer; here it becomes 16.
    """
    schema(name).check(body)
    coerced: dict[str, Json] = schema(name).coerce_integers(body)
    return coerced


def query_integer(name: str, default: int, minimum: int, maximum: int) -> int:
    """Return an integer from the query; ApiError 400 if it is malformed or out of range."""
    text = request.args.get(name)
    if text is None:
        return default
    if not _INTEGER.fullmatch(text):
        raise api_error("invalid_type", param=name, expected="an integer", actual="a string")
    value = int(text)
    if value > maximum:
        raise api_error("integer_above_maximum", param=name, limit=maximum, value=value)
    if value < minimum:
        raise api_error("integer_below_minimum", param=name, limit=minimum, value=value)
    return value


def query_choice(name: str, choices: tuple[str, ...]) -> str | None:
    """Return a parameter of the query, None if it is absent; ApiError 400 for other values."""
    text = request.args.get(name)
    if text is not None and text not in choices:
        supported = ", ".join(f"'{choice}'" for choice in choices)
        raise api_error("unsupported_value", param=name, value=text, supported=supported)
    return text
