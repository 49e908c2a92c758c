"""Scripted replies of POST /v1/responses."""

import re

import pytest

from mockbatch.endpoints.responses.endpoint import ENDPOINT
from mockbatch.endpoints.scripted_reply import parse_reply
from mockbatch.typing import Json
from tests.support.bodies import EXECUTION
from tests.support.scripted_replies import FULL_WEATHER, WEATHER


def default(**body: Json) -> dict[str, Json]:
    """Return the answer without a script."""
    return ENDPOINT.make_response({"model": "gpt-4o", "input": "What is sushi?", **body}, EXECUTION)


def answer(reply: Json, **body: Json) -> dict[str, Json]:
    """Return the scripted answer to a request of these parameters."""
    request = {"model": "gpt-4o", "input": "What is sushi?", **body}
    return ENDPOINT.with_reply(
        ENDPOINT.make_response(request, EXECUTION), parse_reply(reply), request
    )


def ending(body: dict[str, Json]) -> tuple[Json, ...]:
    """Return what an answer says of its end."""
    return body["status"], body["incomplete_details"], body["completed_at"]


COMPLETED = ("completed", None, EXECUTION.created_at)
CUT = ("incomplete", {"reason": "max_output_tokens"}, None)
FILTERED = ("incomplete", {"reason": "content_filter"}, None)


def test_a_content_is_the_text_of_the_message() -> None:
    """No limit cuts it, the id stays, and the response is completed."""
    body = answer({"content": "Fish on rice."}, max_output_tokens=16)
    [message] = body["output"]
    assert message["content"] == [
        {"type": "output_text", "annotations": [], "logprobs": [], "text": "Fish on rice."}
    ]
    assert (message["id"], message["status"]) == (default()["output"][0]["id"], "completed")
    assert ending(body) == COMPLETED


def test_a_model_that_reasons_goes_on_doing_so() -> None:
    """Its item stays in front, and its tokens are billed."""
    body = answer({"content": "Fish on rice."}, model="gpt-5-nano")
    assert [item["type"] for item in body["output"]] == ["reasoning", "message"]
    assert body["usage"]["output_tokens"] == 64 + 4


def test_a_model_that_only_reasoned_gets_its_message() -> None:
    """A limit that reasoning used up leaves a response without one."""
    used_up = {"model": "gpt-5-nano", "max_output_tokens": 64}
    assert [item["type"] for item in default(**used_up)["output"]] == ["reasoning"]
    body = answer({"content": "Fish."}, **used_up)
    assert re.fullmatch("msg_[0-9a-f]{50}", body["output"][1]["id"])
    assert ending(body) == COMPLETED


@pytest.mark.parametrize(("reason", "end"), [("length", CUT), ("content_filter", FILTERED)])
def test_a_content_may_be_incomplete(reason: str, end: tuple[Json, ...]) -> None:
    """The response and its message are, and the reason is told in its words."""
    body = answer({"content": '{"fish": ', "finish_reason": reason})
    assert ending(body) == end
    assert body["output"][0]["status"] == "incomplete"
    assert body["output"][0]["content"][0]["text"] == '{"fish": '


def test_a_refusal_is_a_part_of_the_message() -> None:
    """There is no text, and the response is completed."""
    body = answer({"refusal": "I cannot help."})
    assert body["output"][0]["content"] == [{"type": "refusal", "refusal": "I cannot help."}]
    assert ending(body) == COMPLETED


def test_tool_calls_are_items() -> None:
    """A call has an id of its item, another that its output has to name, and a JSON text."""
    [item] = answer({"tool_calls": [WEATHER]})["output"]
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


def test_the_ids_of_items_share_the_stem_of_the_response() -> None:
    """As the recorded ones do: 26 digits, and four later on."""
    body = answer({"tool_calls": [WEATHER]})
    whole, item = body["id"].removeprefix("resp_"), body["output"][0]["id"].removeprefix("fc_")
    assert (item[:26], item[30:34]) == (whole[:26], whole[30:34])


def test_parallel_calls_have_ids_of_their_own() -> None:
    """One that is given is kept as that of the call."""
    output = answer({"tool_calls": [WEATHER, FULL_WEATHER]})["output"]
    assert len({item["id"] for item in output}) == 2
    assert output[1]["call_id"] == "call_1"


def test_a_text_stands_before_calls() -> None:
    """A message is followed by the calls."""
    body = answer({"content": "Let me look.", "tool_calls": [WEATHER]}, model="gpt-5-nano")
    types = [item["type"] for item in body["output"]]
    assert types == ["reasoning", "message", "function_call"]


def test_a_reason_of_length_cuts_the_default() -> None:
    """Of 8 tokens 4 are left, and billed."""
    body = answer({"finish_reason": "length"})
    assert body["output"][0]["content"][0]["text"] == "Mock reply to: W"
    assert body["output"][0]["status"] == "incomplete"
    assert (ending(body), body["usage"]["output_tokens"]) == (CUT, 4)


def test_a_filtered_answer_has_no_message() -> None:
    """Only what was reasoned is left, and what was withheld is billed."""
    body = answer({"finish_reason": "content_filter"}, model="gpt-5-nano")
    assert [item["type"] for item in body["output"]] == ["reasoning"]
    assert (ending(body), body["usage"]["output_tokens"]) == (FILTERED, 64 + 8)


def test_a_reason_of_stop_completes() -> None:
    """A response that its limit cut claims to be whole."""
    body = answer({"finish_reason": "stop"}, input="What " * 20, max_output_tokens=16)
    assert ending(body) == COMPLETED
    assert body["output"][0]["status"] == "completed"


def test_logprobs_cover_what_is_said() -> None:
    """The tokens of the text stand beside it."""
    body = answer({"content": "Fish on rice."}, include=["message.output_text.logprobs"])
    logprobs = body["output"][0]["content"][0]["logprobs"]
    assert "".join(token["token"] for token in logprobs) == "Fish on rice."
