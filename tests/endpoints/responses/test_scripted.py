"""Scripted replies of POST /v1/responses."""

import re

import pytest

from mockbatch.endpoints.responses.endpoint import ENDPOINT
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from tests.support.bodies import EXECUTION
from tests.support.scripted_replies import FULL_WEATHER, WEATHER


def default_response(**body: Json) -> dict[str, Json]:
    """Return the response without a scripted reply."""
    return ENDPOINT.make_response({"model": "gpt-4o", "input": "What is sushi?", **body}, EXECUTION)


def respond(reply: Json, **body: Json) -> dict[str, Json]:
    """Return the response with a scripted reply to a request with these parameters."""
    request = {"model": "gpt-4o", "input": "What is sushi?", **body}
    return ENDPOINT.with_reply(
        ENDPOINT.make_response(request, EXECUTION), parse_reply(reply), request
    )


def completion(body: dict[str, Json]) -> tuple[Json, ...]:
    """Return the members of a response that say whether it is complete."""
    return body["status"], body["incomplete_details"], body["completed_at"]


COMPLETED = ("completed", None, EXECUTION.created_at)
CUT = ("incomplete", {"reason": "max_output_tokens"}, None)
FILTERED = ("incomplete", {"reason": "content_filter"}, None)


def test_content_is_the_text_of_the_message() -> None:
    """No limit cuts it, the id stays, and the response is completed."""
    body = respond({"content": "Fish on rice."}, max_output_tokens=16)
    [message] = body["output"]
    assert message["content"] == [
        {"type": "output_text", "annotations": [], "logprobs": [], "text": "Fish on rice."}
    ]
    assert (message["id"], message["status"]) == (
        default_response()["output"][0]["id"],
        "completed",
    )
    assert completion(body) == COMPLETED


def test_the_reasoning_item_stays() -> None:
    """It comes first, and its tokens are billed."""
    body = respond({"content": "Fish on rice."}, model="gpt-5-nano")
    assert [item["type"] for item in body["output"]] == ["reasoning", "message"]
    assert body["usage"]["output_tokens"] == 64 + 4


def test_a_response_with_only_reasoning_gets_a_message() -> None:
    """It had none because reasoning used up the limit."""
    used_up = {"model": "gpt-5-nano", "max_output_tokens": 64}
    assert [item["type"] for item in default_response(**used_up)["output"]] == ["reasoning"]
    body = respond({"content": "Fish."}, **used_up)
    assert re.fullmatch("msg_[0-9a-f]{50}", body["output"][1]["id"])
    assert completion(body) == COMPLETED


@pytest.mark.parametrize(("reason", "end"), [("length", CUT), ("content_filter", FILTERED)])
def test_content_may_be_incomplete(reason: str, end: tuple[Json, ...]) -> None:
    """The response and its message are, and the reason has the words of this endpoint."""
    body = respond({"content": '{"fish": ', "finish_reason": reason})
    assert completion(body) == end
    assert body["output"][0]["status"] == "incomplete"
    assert body["output"][0]["content"][0]["text"] == '{"fish": '


def test_a_refusal_is_a_part_of_the_message() -> None:
    """There is no text, and the response is completed."""
    body = respond({"refusal": "I cannot help."})
    assert body["output"][0]["content"] == [{"type": "refusal", "refusal": "I cannot help."}]
    assert completion(body) == COMPLETED


def test_tool_calls_are_items() -> None:
    """An item has an id of its own, another one for its output to name, and a JSON text."""
    [item] = respond({"tool_calls": [WEATHER]})["output"]
    assert re.fullmatch("fc_[0-9a-f]{50}", item["id"])
    assert re.fullmatch("call_[A-Za-z0-9]{24}", item["call_id"])
    assert {**item, "id": "", "call_id": ""} == {
        "id": "",
        "type": "function_call",
        "status": "completed",
        "arguments": '{"city":"Oslo"}',
        "call_id": "",
        "name": "weather",
    }


def test_the_ids_of_items_share_digits_with_the_response() -> None:
    """As recorded: 26 digits, and four later on."""
    body = respond({"tool_calls": [WEATHER]})
    whole, item = body["id"].removeprefix("resp_"), body["output"][0]["id"].removeprefix("fc_")
    assert (item[:26], item[30:34]) == (whole[:26], whole[30:34])


def test_parallel_calls_have_different_ids() -> None:
    """An id in the reply is kept as `call_id`."""
    output = respond({"tool_calls": [WEATHER, FULL_WEATHER]})["output"]
    assert len({item["id"] for item in output}) == 2
    assert output[1]["call_id"] == "call_1"


def test_content_comes_before_tool_calls() -> None:
    """The message is followed by the calls."""
    body = respond({"content": "Let me look.", "tool_calls": [WEATHER]}, model="gpt-5-nano")
    types = [item["type"] for item in body["output"]]
    assert types == ["reasoning", "message", "function_call"]


def test_length_alone_cuts_the_default_text() -> None:
    """4 of its 8 tokens are left, and billed."""
    body = respond({"finish_reason": "length"})
    assert body["output"][0]["content"][0]["text"] == "Mock reply to: W"
    assert body["output"][0]["status"] == "incomplete"
    assert (completion(body), body["usage"]["output_tokens"]) == (CUT, 4)


def test_a_filtered_response_has_no_message() -> None:
    """Only reasoning is left, and the filtered text is billed."""
    body = respond({"finish_reason": "content_filter"}, model="gpt-5-nano")
    assert [item["type"] for item in body["output"]] == ["reasoning"]
    assert (completion(body), body["usage"]["output_tokens"]) == (FILTERED, 64 + 8)


def test_stop_alone_completes_the_response() -> None:
    """A response that its limit cut then claims to be complete."""
    body = respond({"finish_reason": "stop"}, input="What " * 20, max_output_tokens=16)
    assert completion(body) == COMPLETED
    assert body["output"][0]["status"] == "completed"


def test_logprobs_cover_the_content() -> None:
    """The tokens of the text are beside it."""
    body = respond({"content": "Fish on rice."}, include=["message.output_text.logprobs"])
    logprobs = body["output"][0]["content"][0]["logprobs"]
    assert "".join(token["token"] for token in logprobs) == "Fish on rice."
