"""Reading JSON requests and sending JSON answers, each checked against its schema."""

import json
import re
from collections.abc import Iterable

from flask import Response, request

from mockbatch.errors import ApiError, api_error
from mockbatch.jsonio import parse
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.web.context import server

_INTEGER = re.compile(r"[+-]?\d{1,18}")


def json_response(name: str, body: Json, *, end: str = "", compact: bool = False) -> Response:
    """Send a body after checking it against the schema `name`."""
    check_response(name, body)
    return send_json(body, end=end, compact=compact)


def send_json(body: Json, *, end: str = "", compact: bool = False) -> Response:
    """Send a body.

    Bodies are indented by two spaces as the service's are; `end` and `compact` are for
    those few that differ there.
    """
    text = json.dumps(body, separators=(",", ":")) if compact else json.dumps(body, indent=2)
    return Response(text + end, content_type="application/json")


def check_response(name: str, body: Json) -> None:
    """Check a body of our own against the schema `name`, unless the server was told not to."""
    if server().settings.world.validate:
        schema(name).assert_valid(body, f"the answer to {request.path}")


def check_page(names: Iterable[str], body: Json) -> None:
    """Check a list and its objects, each against one of the schemas `names`."""
    check_response("page", body)
    for name, item in zip(names, body["data"], strict=True):
        check_response(name, item)


def json_body(*, optional: bool = False) -> dict[str, Json]:
    """Return the object in the request's body; ApiError 400 for anything else.

    The content type is not looked at: curl's default is a form's. `optional` lets an empty
    body be an empty object.
    """
    data = request.get_data(cache=False)
    if optional and not data:
        return {}
    try:
        body = parse(data)
    except ValueError:
        raise api_error("not_json") from None
    if not isinstance(body, dict):
        kind = {list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
        actual = kind.get(type(body), "a number")
        raise api_error("invalid_type", param="body", expected="an object", actual=actual)
    return body


def checked_body(name: str, *, optional: bool = False) -> dict[str, Json]:
    """Return the request's body, checked against the schema `name`; ApiError 400 if it fails.

    JSON Schema accepts 16.0 as an integer: here it becomes 16, so that no handler has to ask.
    """
    body = json_body(optional=optional)
    schema(name).check(body)
    coerced: dict[str, Json] = schema(name).coerce_integers(body)
    return coerced


def query_integer(name: str, default: int, least: int, most: int) -> int:
    """Return a number from the query; ApiError 400 when it is none or out of range."""
    text = request.args.get(name)
    if text is None:
        return default
    if not _INTEGER.fullmatch(text):
        raise _no_integer(name)
    value = int(text)
    if value > most:
        raise api_error("integer_above_maximum", param=name, limit=most, value=value)
    if value < least:
        raise api_error("integer_below_minimum", param=name, limit=least, value=value)
    return value


def query_choice(name: str, choices: tuple[str, ...]) -> str | None:
    """Return one of the choices from the query, None when it is not given."""
    text = request.args.get(name)
    if text is not None and text not in choices:
        supported = ", ".join(f"'{choice}'" for choice in choices)
        raise api_error("unsupported_value", param=name, value=text, supported=supported)
    return text


def _no_integer(name: str) -> ApiError:
    return api_error("invalid_type", param=name, expected="an integer", actual="a string")
