"""What a scripted reply is, once its document is known to be valid."""

import json

import pytest

from mockbatch.endpoints.scripted_reply import (
    FAILED,
    NEVER_RAN,
    SUCCEEDED,
    RecordedBody,
    Reply,
)
from mockbatch.endpoints.text import GeneratedText
from mockbatch.endpoints.tool_calls import ToolCall
from mockbatch.typing import Json
from tests.support.bodies import CHAT, EMBEDDINGS
from tests.support.scripted_replies import FAILURE, NEVER

make_reply = Reply.from_valid_document


@pytest.mark.parametrize(
    ("document", "outcome"),
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
def test_a_reply_decides_how_its_line_ends(document: Json, outcome: str) -> None:
    """A line succeeds, fails, or never ran."""
    assert make_reply(document).outcome == outcome


def test_a_line_that_never_ran_has_a_code_and_a_message() -> None:
    """They are its top-level error."""
    assert make_reply(NEVER).error == NEVER["error"]


def test_arguments_become_a_json_text() -> None:
    """An object is written without spaces, and non-ASCII characters are not escaped."""
    [call] = make_reply(
        {"tool_calls": [{"name": "f", "arguments": {"city": "Köln", "n": 1}}]}
    ).calls
    assert call.arguments == '{"city":"Köln","n":1}'


def test_arguments_may_be_broken_json() -> None:
    """A text is sent as it is."""
    [call] = make_reply({"tool_calls": [{"name": "f", "arguments": '{"city": "Os'}]}).calls
    assert call.arguments == '{"city": "Os'


def test_a_call_without_arguments_has_an_empty_object() -> None:
    """A function may have no parameters."""
    [call] = make_reply({"tool_calls": [{"name": "f"}]}).calls
    assert call.arguments == "{}"


def test_a_call_may_have_openais_form() -> None:
    """A call copied from a response is the same as the short form."""
    full = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    short = {"id": "call_1", "name": "f", "arguments": "{}"}
    assert make_reply({"tool_calls": [full]}).calls == make_reply({"tool_calls": [short]}).calls
    assert make_reply({"tool_calls": [short]}).calls == (ToolCall("f", "{}", "call_1"),)


def test_offered_tools_are_no_calls_yet() -> None:
    """Which tools to call depends on the request."""
    reply = make_reply({"tool_calls": "offered"})
    assert (reply.calls, reply.calls_offered_tools) == ((), True)
    assert not make_reply({"tool_calls": [{"name": "f"}]}).calls_offered_tools


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"content": "12345"}, GeneratedText("12345", 2, is_cut=False)),
        ({"content": "12345", "finish_reason": "length"}, GeneratedText("12345", 2, is_cut=True)),
        ({"finish_reason": "length"}, GeneratedText("1234", 1, is_cut=True)),
        ({"finish_reason": "content_filter"}, GeneratedText("", 2, is_cut=False)),
        ({"finish_reason": "stop"}, GeneratedText("12345678", 2, is_cut=False)),
    ],
)
def test_a_reply_replaces_the_default_text(document: Json, text: GeneratedText) -> None:
    """By its content; without one, the default is cut or filtered for the finish_reason."""
    assert make_reply(document).text_replacing("12345678") == text


@pytest.mark.parametrize(
    ("document", "path", "has_content"),
    [
        ({"content": "Hi"}, CHAT, True),
        ({"content": "Hi"}, EMBEDDINGS, False),
        ({"finish_reason": "length"}, CHAT, False),
        ({"tool_calls": "offered"}, CHAT, False),
        ({"flagged": []}, CHAT, False),
    ],
)
def test_a_reply_has_content_for_some_endpoints(
    document: Json, path: str, *, has_content: bool
) -> None:
    """For those that support all of its fields, if one is more than a finish_reason."""
    assert make_reply(document).has_content_for(path) is has_content


def test_a_recorded_body_is_read_from_its_line() -> None:
    """The line of the output file is parsed when the body is needed."""
    line = json.dumps({"response": {"status_code": 200, "body": {"id": "x"}}}).encode()
    reply = make_reply({"body": RecordedBody(line), "raw": True})
    assert reply.body == {"id": "x"}
    assert reply.as_json() == {"body": {"id": "x"}, "raw": True}
