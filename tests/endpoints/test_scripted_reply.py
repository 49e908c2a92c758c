"""A scripted reply, and what is refused as one."""

import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.scripted_reply import FAILED, NEVER_RAN, SUCCEEDED, parse_reply
from mockbatch.errors import ApiError
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


def whole(path: str) -> dict[str, Json]:
    """Return a whole body that an endpoint may answer with."""
    return endpoints()[path].make_response(BODIES[path][0], EXECUTION)


def refusal(document: Json, endpoint: str | None = None) -> ApiError:
    """Return the failure with which a reply is refused."""
    with pytest.raises(ApiError) as raised:
        parse_reply(document, endpoint=None if endpoint is None else endpoints()[endpoint])
    return raised.value


# --- what is taken


@pytest.mark.parametrize("document", [*SAYING, FAILURE, NEVER])
def test_a_reply_gives_its_document_back(document: Json) -> None:
    """What was entered is shown, and makes the same reply again."""
    reply = parse_reply(document)
    assert reply.as_json() == document
    assert parse_reply(reply.as_json()) == reply


@pytest.mark.parametrize(
    ("document", "ending"),
    [
        ({"content": "Hi"}, SUCCEEDED),
        ({"body": {}, "raw": True}, SUCCEEDED),
        ({"body": None, "raw": True}, SUCCEEDED),
        ({"body": {}, "status_code": 200, "raw": True}, SUCCEEDED),
        (FAILURE, FAILED),
        ({"body": "Bad gateway", "status_code": 502, "raw": True}, FAILED),
        ({"body": "", "status_code": 0, "error": {}, "raw": True}, FAILED),
        (NEVER, NEVER_RAN),
        ({"error": {"code": "x", "line": 1}, "raw": True}, NEVER_RAN),
    ],
)
def test_a_reply_says_how_its_line_ends(document: Json, ending: str) -> None:
    """A line succeeds, fails, or never ran."""
    assert parse_reply(document).outcome == ending


def test_a_failure_has_a_status_and_a_body() -> None:
    """Both are there for the line of the error file."""
    reply = parse_reply({"status_code": 429.0, "body": {"error": ERROR}})
    assert (reply.status_code, reply.body) == (429, {"error": ERROR})
    assert isinstance(reply.status_code, int)


def test_what_never_ran_has_a_code_and_a_message() -> None:
    """They are the line's top-level error."""
    assert parse_reply(NEVER).error == NEVER["error"]


def test_arguments_become_a_json_text() -> None:
    """An object is written compactly, with its letters as they are."""
    [call] = parse_reply(
        {"tool_calls": [{"name": "f", "arguments": {"city": "Köln", "n": 1}}]}
    ).calls
    assert call.arguments == '{"city":"Köln","n":1}'


def test_arguments_may_be_broken_json() -> None:
    """A text is sent as it is."""
    [call] = parse_reply({"tool_calls": [{"name": "f", "arguments": '{"city": "Os'}]}).calls
    assert call.arguments == '{"city": "Os'


def test_a_call_without_arguments_has_an_empty_object() -> None:
    """A function may take none."""
    [call] = parse_reply({"tool_calls": [{"name": "f"}]}).calls
    assert call.arguments == "{}"


def test_a_call_in_openais_form_is_the_same_call() -> None:
    """What was copied from an answer is taken as it is."""
    full = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    short = {"id": "call_1", "name": "f", "arguments": "{}"}
    assert parse_reply({"tool_calls": [full]}).calls == parse_reply({"tool_calls": [short]}).calls


@pytest.mark.parametrize("path", endpoints())
def test_a_body_is_that_of_the_endpoints_that_answer_so(path: str) -> None:
    """Which ones is found by its `object`, or by its shape: two answer with pictures."""
    reply = parse_reply({"body": whole(path)})
    name = endpoints()[path].schema
    alike = [other for other, endpoint in endpoints().items() if endpoint.schema == name]
    assert [other for other in endpoints() if reply.is_body_for(other)] == alike


def test_a_body_is_that_of_the_endpoint_that_is_matched() -> None:
    """A reply for edits alone says nothing of generations."""
    reply = parse_reply({"body": whole(EDITS)}, endpoint=endpoints()[EDITS])
    assert [other for other in endpoints() if reply.is_body_for(other)] == [EDITS]


def test_a_raw_body_is_that_of_any_endpoint() -> None:
    """Nobody looks at it."""
    reply = parse_reply({"body": [1], "raw": True})
    assert all(reply.is_body_for(path) for path in endpoints())


@pytest.mark.parametrize("document", [FAILURE, NEVER, {"content": "Hi"}])
def test_only_a_body_is_a_whole_answer(document: Json) -> None:
    """What fails, or says a part, answers for no endpoint."""
    assert not any(parse_reply(document).is_body_for(path) for path in endpoints())


def test_a_reply_does_not_change_with_its_document() -> None:
    """What was entered can be used again for something else."""
    document = {"body": whole(CHAT)}
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
def test_a_bad_reply_names_its_field(document: Json, param: str, code: str | None) -> None:
    """The refusal has the place and OpenAI's code for the fault."""
    error = refusal(document)
    assert (error.status, error.param) == (400, param)
    assert code in (None, error.code)


@pytest.mark.parametrize(
    ("document", "param"),
    [
        ({"content": "Hi", "refusal": "No"}, "reply.refusal"),
        ({"tool_calls": [{"name": "f"}], "refusal": "No"}, "reply.refusal"),
        ({"content": "Hi", "body": {}}, "reply.content"),
        ({"content": "Hi", **FAILURE}, "reply.content"),
        ({"finish_reason": "length", **NEVER}, "reply.finish_reason"),
        ({**FAILURE, **NEVER}, "reply.error"),
        ({"body": {}, **NEVER}, "reply.error"),
    ],
)
def test_two_kinds_do_not_go_together(document: Json, param: str) -> None:
    """The second of them is named."""
    error = refusal(document)
    assert (error.param, error.code) == (param, "invalid_value")


@pytest.mark.parametrize("endpoint", [None, CHAT])
def test_the_place_in_a_body_is_named(endpoint: str | None) -> None:
    """A body that breaks the endpoint's schema is refused with the place in it."""
    body = whole(CHAT)
    body["choices"][0]["message"] = "Hi"
    error = refusal({"body": body}, endpoint)
    assert (error.param, error.code) == ("reply.body.choices[0].message", "invalid_reply")


def test_a_breach_says_the_way_out() -> None:
    """The message tells what is wrong and how to send it all the same."""
    body = {**whole(CHAT), "id": "x"}
    assert refusal({"body": body}).message.startswith(
        "Invalid 'reply.body.id': string does not match pattern."
    )
    assert '"raw": true' in refusal({"body": body}).message
    parse_reply({"body": body, "raw": True})


def test_a_body_of_another_endpoint_is_refused() -> None:
    """When the endpoint is known, its schema is the one."""
    assert refusal({"body": whole(CHAT)}, RESPONSES).code == "invalid_reply"


@pytest.mark.parametrize("name", [None, "poem", "error", ["list"]])
def test_a_body_of_no_endpoint_is_refused(name: Json) -> None:
    """An unknown `object` is no answer, and the known ones are told."""
    error = refusal({"body": {"object": name}})
    assert (error.param, error.code) == ("reply.body.object", "invalid_reply")
    assert "'chat.completion'" in error.message


@pytest.mark.parametrize("name", ["message", "type", "param", "code"])
def test_a_failure_has_openais_envelope(name: str) -> None:
    """All four members are there."""
    error = {key: value for key, value in ERROR.items() if key != name}
    assert refusal({"status_code": 400, "body": {"error": error}}).param == (
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
def test_what_has_no_place_is_refused(document: Json, path: str) -> None:
    """When the endpoint is known, a reply that it cannot give is named."""
    [name] = document
    error = refusal(document, path)
    assert (error.param, error.code) == (f"reply.{name}", "invalid_value")
    assert path in error.message


@EVERY_SAYING
@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_chats_have_a_place_for_everything(document: Json, path: str) -> None:
    """Messages and output items can say whatever a reply says."""
    parse_reply(document, endpoint=endpoints()[path])


@pytest.mark.parametrize("document", [FAILURE, NEVER])
def test_every_endpoint_can_fail(document: Json) -> None:
    """A failure has no place to find."""
    for endpoint in endpoints().values():
        parse_reply(document, endpoint=endpoint)


# --- any JSON


BASES = [*SAYING, FAILURE, NEVER, {"body": {}, "raw": True}, *({"body": whole(p)} for p in BODIES)]


@given(JSON | mutants_of(BASES), st.sampled_from([None, *endpoints()]))
def test_any_json_is_a_reply_or_refused(document: Json, endpoint: str | None) -> None:
    """Whatever the document, a refusal has its place, and a reply gives it back unchanged."""
    before = copy.deepcopy(document)
    of = None if endpoint is None else endpoints()[endpoint]
    reply = attempt(lambda: parse_reply(document, endpoint=of))
    assert document == before
    if isinstance(reply, ApiError):
        assert (reply.status, str(reply.param)[:5]) == (400, "reply")
        json.dumps(reply.body())
        return
    assert reply.as_json() == before
    assert reply.outcome in (SUCCEEDED, FAILED, NEVER_RAN)
