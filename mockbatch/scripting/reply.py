"""Parsing and checking the documents of scripted replies."""

import copy
from collections.abc import Mapping

from mockbatch.endpoints import endpoints, other_endpoints
from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.scripted_reply import CALL_OFFERED_TOOLS, REPLY_FIELDS, Reply
from mockbatch.errors import ApiError, api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

# The members of a document that has none of REPLY_FIELDS: a whole response, or an error.
_COMPLETE_FIELDS = ("body", "status_code", "error")


def parse_reply(document: Json, path: str = "reply", endpoint: Endpoint | None = None) -> Reply:
    """Return the reply that a document describes, schema reply.json.

    With an `endpoint`, its responses must be able to carry each field of the reply; without
    one, a body must be a response of some endpoint.
    Raises ApiError 400 whose param is the path of the mistake, such as
    `reply.body.choices[0].message`.
    """
    schema("reply").check(document, path)
    document = _complete_error(document)
    _check_combination(document, path)
    if endpoint is not None:
        _check_support(document, path, endpoint)
    paths = None if document.get("raw") else _check_body(document, path, endpoint)
    document = schema("reply").coerce_integers(copy.deepcopy(document))
    return Reply.from_valid_document(document, paths)


def _complete_error(document: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return a document whose error in OpenAI's envelope has null for what it leaves out."""
    match document:
        case {"status_code": _, "body": {"error": dict() as error, **others}} if not (
            others or document.get("raw")
        ):
            return {**document, "body": {"error": {"param": None, "code": None, **error}}}
    return document


def _check_combination(document: Mapping[str, Json], path: str) -> None:
    """Reject a document without any field, or with fields that exclude each other."""
    names = [name for name in (*_COMPLETE_FIELDS, *REPLY_FIELDS) if name in document]
    if not names:
        choices = ", ".join((*REPLY_FIELDS, *_COMPLETE_FIELDS))
        raise _invalid(path, f"it has none of {choices}")
    if "status_code" in document and "body" not in document:
        raise api_error("missing_parameter", param=f"{path}.body")
    is_raw = document.get("raw", False)
    offers = document.get("tool_calls") == CALL_OFFERED_TOOLS
    first, *others = names
    for other in others:
        if offers or not _may_combine(first, other, is_raw=is_raw):
            raise _invalid(f"{path}.{other}", f"it cannot be combined with '{first}'")
    if is_raw and first in REPLY_FIELDS:
        raise _invalid(f"{path}.raw", f"only 'body' and 'error' can be raw, not '{first}'")
    if document.get("finish_reason") == "tool_calls" and "tool_calls" not in document:
        raise _invalid(f"{path}.finish_reason", "the reply has no 'tool_calls'")


def _may_combine(first: str, other: str, *, is_raw: bool) -> bool:
    if first in _COMPLETE_FIELDS:
        # Lines of real files may have both a response and an error; only raw replies may.
        return {first, other} == {"body", "status_code"} or (is_raw and other in _COMPLETE_FIELDS)
    return other == "finish_reason" or {first, other} == {"content", "tool_calls"}


def _check_support(document: Mapping[str, Json], path: str, endpoint: Endpoint) -> None:
    """Reject a field that responses of an endpoint cannot carry."""
    for name in REPLY_FIELDS:
        if name in document and name not in endpoint.supported_reply_fields:
            raise _invalid(f"{path}.{name}", f"a response of {endpoint.path} cannot carry it")


def _check_body(
    document: Mapping[str, Json], path: str, endpoint: Endpoint | None
) -> frozenset[str] | None:
    """Check a document's body; return the paths of the endpoints that may respond with it.

    None means all endpoints.
    """
    if "body" not in document:
        return None
    body, param = document["body"], f"{path}.body"
    if "status_code" in document:
        _check_error(body, param, endpoint)
        return None
    candidates = [endpoint] if endpoint else _find_endpoints(body, param)
    _check_schema(candidates[0].response_schema, body, param)
    return frozenset(candidate.path for candidate in candidates)


def _check_error(body: dict[str, Json], param: str, endpoint: Endpoint | None) -> None:
    """Check the body of an error: OpenAI's envelope, which any provider turns into its own.

    A body of another form has to be in the envelope of the endpoint, or of some endpoint.
    """
    if schema("error").accepts(body):
        return
    others = [endpoint] if endpoint else other_endpoints()
    if not any(schema(other.error_schema).accepts(body) for other in others):
        _check_schema("error" if endpoint is None else endpoint.error_schema, body, param)


def _check_schema(name: str, body: dict[str, Json], param: str) -> None:
    error = schema(name).error(body, param)
    if error is not None:
        raise _breaks_schema(error, param)


def _find_endpoints(body: dict[str, Json], param: str) -> list[Endpoint]:
    """Return the endpoints that have such responses, judged by `object`, or else by schema."""
    candidates = [
        endpoint for endpoint in endpoints().values() if _may_respond_with(endpoint, body)
    ] or [one for one in other_endpoints() if schema(one.response_schema).accepts(body)]
    if not candidates:
        objects = ", ".join(repr(name) for name in map(_object_name, endpoints().values()) if name)
        reason = f"its 'object' is none of {objects}; name the endpoint in 'match'"
        raise _breaks_schema(_invalid(f"{param}.object", reason), param)
    return candidates


def _may_respond_with(endpoint: Endpoint, body: dict[str, Json]) -> bool:
    name = _object_name(endpoint)
    return (
        schema(endpoint.response_schema).accepts(body)
        if name is None
        else name == body.get("object")
    )


def _object_name(endpoint: Endpoint) -> Json:
    """Return the `object` of all responses of an endpoint, None if they have none."""
    properties = schema(endpoint.response_schema).document.get("properties", {})
    return properties.get("object", {}).get("const")


def _breaks_schema(error: ApiError, param: str) -> ApiError:
    return api_error("reply_breaks_schema", param=error.param or param, reason=error.message)


def _invalid(param: str, reason: str) -> ApiError:
    return api_error("invalid_value", param=param, reason=reason)
