"""Parsing scripted replies, and what is rejected."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.scripted_reply import FAILED, NEVER_RAN, SUCCEEDED
from mockbatch.errors import ApiError
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from tests.support.bodies import (
    BODIES,
    CHAT,
    COMPLETIONS,
    EDITS,
    EMBEDDINGS,
    EXECUTION,
    JSON,
    RESPONSES,
    attempt,
    mutants_of,
)
from tests.support.scripted_replies import ERROR, FAILURE, NEVER, SAYING

EVERY_SAYING = pytest.mark.parametrize("document", SAYING)


def whole_body(path: str) -> dict[str, Json]:
    """Return a whole response body of an endpoint."""
    return endpoints()[path].make_response(BODIES[path][0], EXECUTION)


def rejection(document: Json, endpoint: str | None = None) -> ApiError:
    """Return the error with which a reply is rejected."""
    with pytest.raises(ApiError) as raised:
        parse_reply(document, endpoint=None if endpoint is None else endpoints()[endpoint])
    return raised.value


# --- what is taken


@pytest.mark.parametrize("document", [*SAYING, FAILURE, NEVER])
def test_a_reply_returns_its_document(document: Json) -> None:
    """Which makes the same reply again."""
    reply = parse_reply(document)
    assert reply.as_json() == document
    assert parse_reply(reply.as_json()) == reply


def test_a_failure_has_a_status_and_a_body() -> None:
    """Both are for the line of the error file; the status may be an integral decimal."""
    reply = parse_reply({"status_code": 429.0, "body": {"error": ERROR}})
    assert (reply.status_code, reply.body) == (429, {"error": ERROR})
    assert isinstance(reply.status_code, int)


def test_an_error_may_leave_out_what_is_null() -> None:
    """An error in OpenAI's envelope gets a null `param` and `code`; another one stays as it is."""
    given = {"message": "No.", "type": "invalid_request_error"}
    reply = parse_reply({"status_code": 400, "body": {"error": given}})
    assert reply.body == {"error": {**given, "param": None, "code": None}}
    raw = parse_reply({"status_code": 400, "body": {"error": given}, "raw": True})
    assert raw.body == {"error": given}
    other = {"type": "error", "error": {"type": "api_error", "message": "No."}, "request_id": None}
    assert parse_reply({"status_code": 500, "body": other}).body == other


@pytest.mark.parametrize("path", endpoints())
def test_a_body_is_for_the_endpoints_with_its_schema(path: str) -> None:
    """They are found by its `object`, or by its schema: two endpoints respond with images."""
    reply = parse_reply({"body": whole_body(path)})
    name = endpoints()[path].response_schema
    alike = [other for other, endpoint in endpoints().items() if endpoint.response_schema == name]
    assert [other for other in endpoints() if reply.is_body_for(other)] == alike


def test_a_body_is_for_the_endpoint_that_is_matched() -> None:
    """A reply for edits is not for generations."""
    reply = parse_reply({"body": whole_body(EDITS)}, endpoint=endpoints()[EDITS])
    assert [other for other in endpoints() if reply.is_body_for(other)] == [EDITS]


def test_a_raw_body_is_for_any_endpoint() -> None:
    """It is not checked."""
    reply = parse_reply({"body": [1], "raw": True})
    assert all(reply.is_body_for(path) for path in endpoints())


@pytest.mark.parametrize("document", [FAILURE, NEVER, {"content": "Hi"}])
def test_only_a_body_is_a_whole_response(document: Json) -> None:
    """Not an error, and not a content."""
    assert not any(parse_reply(document).is_body_for(path) for path in endpoints())


def test_a_reply_does_not_change_with_its_document() -> None:
    """The caller may reuse it for something else."""
    document = {"body": whole_body(CHAT)}
    reply = parse_reply(document)
    document["body"]["choices"].clear()
    assert reply.body["choices"]


# --- what is refused


@pytest.mark.parametrize(
    ("document", "param", "code"),
    [
        ("Hi", "reply", "invalid_type"),
        (None, "reply", "invalid_type"),
        ({}, "reply", "invalid_value"),
        ({"raw": True}, "reply", "invalid_value"),
        ({"contents": "Hi"}, "reply.contents", "unknown_parameter"),
        ({"content": {"a": 1}}, "reply.content", "invalid_type"),
        ({"refusal": None}, "reply.refusal", "invalid_type"),
        ({"finish_reason": "end"}, "reply.finish_reason", "invalid_value"),
        ({"finish_reason": "tool_calls"}, "reply.finish_reason", "invalid_value"),
        ({"content": "", "finish_reason": "tool_calls"}, "reply.finish_reason", "invalid_value"),
        ({"tool_calls": []}, "reply.tool_calls", "empty_array"),
        ({"tool_calls": {"name": "f"}}, "reply.tool_calls", "invalid_type"),
        ({"tool_calls": [{}]}, "reply.tool_calls[0].name", "missing_required_parameter"),
        ({"tool_calls": [{"name": 1}]}, "reply.tool_calls[0].name", "invalid_type"),
        (
            {"tool_calls": [{"name": "f", "arguments": [1]}]},
            "reply.tool_calls[0].arguments",
            "invalid_type",
        ),
        (
            {"tool_calls": [{"name": "f", "args": {}}]},
            "reply.tool_calls[0].args",
            "unknown_parameter",
        ),
        (
            {"tool_calls": [{"type": "function", "function": {"arguments": "{}"}}]},
            "reply.tool_calls[0].function.name",
            "missing_required_parameter",
        ),
        (
            {"tool_calls": [{"function": {"name": "f"}}]},
            "reply.tool_calls[0].type",
            "missing_required_parameter",
        ),
        ({"status_code": 400}, "reply.body", "missing_required_parameter"),
        ({"status_code": 399, "body": {}}, "reply.status_code", "integer_below_min_value"),
        ({"status_code": 600, "body": {}}, "reply.status_code", "integer_above_max_value"),
        ({"status_code": "400", "body": {}}, "reply.status_code", "invalid_type"),
        ({"status_code": 400, "body": "Bad"}, "reply.body", "invalid_type"),
        ({"status_code": 600, "body": {}, "raw": True}, "reply.status_code", None),
        ({"error": {"code": "x"}}, "reply.error.message", "missing_required_parameter"),
        ({"error": {"code": 1, "message": "x"}}, "reply.error.code", "invalid_type"),
        (
            {"error": {"code": "x", "message": "x", "param": None}},
            "reply.error.param",
            "unknown_parameter",
        ),
        ({"error": "expired"}, "reply.error", "invalid_type"),
        ({"body": {}, "raw": "yes"}, "reply.raw", "invalid_type"),
        ({"content": "Hi", "raw": True}, "reply.raw", "invalid_value"),
    ],
)
def test_an_error_names_the_field(document: Json, param: str, code: str | None) -> None:
    """It has the path and OpenAI's code for what is wrong."""
    error = rejection(document)
    assert (error.status, error.param) == (400, param)
    assert code in (None, error.code)


@pytest.mark.parametrize(
    ("document", "param"),
    [
        ({"content": "Hi", "refusal": "No"}, "reply.refusal"),
        ({"tool_calls": [{"name": "f"}], "refusal": "No"}, "reply.refusal"),
        ({"content": "Hi", "tool_calls": "offered"}, "reply.tool_calls"),
        ({"tool_calls": "offered", "finish_reason": "stop"}, "reply.finish_reason"),
        ({"content": "Hi", "body": {}}, "reply.content"),
        ({"content": "Hi", **FAILURE}, "reply.content"),
        ({"finish_reason": "length", **NEVER}, "reply.finish_reason"),
        ({**FAILURE, **NEVER}, "reply.error"),
        ({"body": {}, **NEVER}, "reply.error"),
    ],
)
def test_some_fields_cannot_be_combined(document: Json, param: str) -> None:
    """The second of them is named."""
    error = rejection(document)
    assert (error.param, error.code) == (param, "invalid_value")


def test_a_text_may_be_the_word_that_stands_for_offered_tools() -> None:
    """Only in `tool_calls` it means anything."""
    document = {"content": "offered", "finish_reason": "length"}
    assert parse_reply(document).as_json() == document


@pytest.mark.parametrize("endpoint", [None, CHAT])
def test_an_error_names_the_path_in_a_body(endpoint: str | None) -> None:
    """If the body violates the endpoint's schema."""
    body = whole_body(CHAT)
    body["choices"][0]["message"] = "Hi"
    error = rejection({"body": body}, endpoint)
    assert (error.param, error.code) == ("reply.body.choices[0].message", "invalid_reply")


def test_the_error_of_a_body_suggests_raw() -> None:
    """The message says what is wrong, and how to send the body all the same."""
    body = {**whole_body(CHAT), "id": "x"}
    assert rejection({"body": body}).message.startswith(
        "Invalid 'reply.body.id': string does not match pattern."
    )
    assert '"raw": true' in rejection({"body": body}).message
    parse_reply({"body": body, "raw": True})


def test_a_body_of_another_endpoint_is_rejected() -> None:
    """If the endpoint is known, its schema is used."""
    assert rejection({"body": whole_body(CHAT)}, RESPONSES).code == "invalid_reply"


@pytest.mark.parametrize("name", [None, "poem", "error", ["list"]])
def test_a_body_of_no_endpoint_is_rejected(name: Json) -> None:
    """The message lists the known values of `object`."""
    error = rejection({"body": {"object": name}})
    assert (error.param, error.code) == ("reply.body.object", "invalid_reply")
    assert "'chat.completion'" in error.message


@pytest.mark.parametrize("name", ["message", "type"])
def test_a_failure_has_openais_error_format(name: str) -> None:
    """Its message and type are required."""
    error = {key: value for key, value in ERROR.items() if key != name}
    assert rejection({"status_code": 400, "body": {"error": error}}).param == (
        f"reply.body.error.{name}"
    )


@pytest.mark.parametrize(
    ("document", "path"),
    [
        *[({"content": "Hi"}, EMBEDDINGS), ({"finish_reason": "length"}, EMBEDDINGS)],
        *[({"refusal": "No"}, COMPLETIONS), ({"tool_calls": [{"name": "f"}]}, COMPLETIONS)],
        *[({"flagged": ["hate"]}, CHAT), ({"content": "Hi"}, EDITS)],
    ],
)
def test_unsupported_fields_are_rejected(document: Json, path: str) -> None:
    """If the endpoint is known, the error names the field that its responses cannot carry."""
    [name] = document
    error = rejection(document, path)
    assert (error.param, error.code) == (f"reply.{name}", "invalid_value")
    assert path in error.message


@EVERY_SAYING
@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_chat_completions_and_responses_support_every_field(document: Json, path: str) -> None:
    """A message or an output item can carry it."""
    parse_reply(document, endpoint=endpoints()[path])


@pytest.mark.parametrize("document", [FAILURE, NEVER])
def test_every_endpoint_can_fail(document: Json) -> None:
    """An error needs no support."""
    for endpoint in endpoints().values():
        parse_reply(document, endpoint=endpoint)


# --- any JSON


BASES = [
    *SAYING,
    FAILURE,
    NEVER,
    {"body": {}, "raw": True},
    *({"body": whole_body(p)} for p in BODIES),
]


@given(JSON | mutants_of(BASES), st.sampled_from([None, *endpoints()]))
def test_any_json_is_a_reply_or_rejected(document: Json, endpoint: str | None) -> None:
    """The error has a path, and a reply returns its document; only its error is completed."""
    before = copy.deepcopy(document)
    of = None if endpoint is None else endpoints()[endpoint]
    reply = attempt(lambda: parse_reply(document, endpoint=of))
    assert document == before
    if isinstance(reply, ApiError):
        assert (reply.status, str(reply.param)[:5]) == (400, "reply")
        json.dumps(reply.body())
        return
    match before:
        case {"status_code": _, "body": {"error": dict() as error}} if (
            not reply.raw and len(before["body"]) == 1
        ):
            before["body"]["error"] = {"param": None, "code": None, **error}
    assert reply.as_json() == before
    assert reply.outcome in (SUCCEEDED, FAILED, NEVER_RAN)
