"""Errors in Anthropic's envelope, and their texts.

`error_messages.json` says where each text comes from: `observed` in field notes or reports of
2025 and 2026, `remembered`, or `mockbatch`'s own because Anthropic's is not known.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import NamedTuple

from mockbatch.errors import ApiError
from mockbatch.package_data import read_json
from mockbatch.strings.echo import shorten_all
from mockbatch.typing import Json

INVALID_REQUEST = "invalid_request_error"
OVERLOADED = 529  # a status that only Anthropic has
TYPE_BY_STATUS: Mapping[int, str] = {
    400: INVALID_REQUEST,
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    OVERLOADED: "overloaded_error",
}
TYPES = frozenset(TYPE_BY_STATUS.values())


class AnthropicError(ApiError):
    """An error whose type and text are Anthropic's already."""


class Template(NamedTuple):
    """One row of `error_messages.json`; `message` has {fields} to fill in."""

    status: int
    type: str
    message: str
    source: str


@cache
def templates() -> Mapping[str, Template]:
    """Return the rows of `error_messages.json` by name."""
    groups = read_json("providers", "anthropic", "error_messages.json")
    return {name: Template(**row) for group in groups.values() for name, row in group.items()}


def anthropic_error(name: str, /, **fields: object) -> AnthropicError:
    """Return the error of that name, with `fields` filled into its text."""
    template, texts = templates()[name], shorten_all(fields)
    message = template.message.format_map(texts)
    return AnthropicError(template.status, message, template.type, name=name, fields=texts)


def translate(error: ApiError) -> ApiError:
    """Return an error of the code that all providers share as Anthropic reports it."""
    if isinstance(error, AnthropicError):
        return error
    if error.name in templates():
        with suppress(KeyError):  # raised with other fields
            return anthropic_error(error.name, **error.fields)
    if error.status == OVERLOADED:
        return anthropic_error("overloaded")
    status = 400 if error.status == 409 else error.status
    return ApiError(status, error.message, error_type(status), name=error.name)


def error_type(status: int) -> str:
    """Return the type of an error with a status."""
    return TYPE_BY_STATUS.get(status, "api_error" if status >= 500 else INVALID_REQUEST)


def envelope(type_: str, message: str, request_id: str | None) -> dict[str, Json]:
    """Return the body of an error response, schema anthropic/error.json."""
    return {
        "type": "error",
        "error": {"type": type_, "message": message},
        "request_id": request_id,
    }


def as_envelope(status: int, body: Json, request_id: str | None) -> Json:
    """Return an error body, also one in OpenAI's form, in Anthropic's envelope.

    A body that is neither stays as it is: a scripted one may be any JSON.
    """
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict) or body.get("type") == "error":
        return body
    known = error.get("type")
    type_ = known if known in TYPES else error_type(status)
    return envelope(type_, str(error.get("message")), request_id)
