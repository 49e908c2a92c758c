"""Scripted replies of POST /v1/chat/completions."""

import re

import pytest

from mockbatch.endpoints.chat_completions.endpoint import ENDPOINT
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from tests.support.bodies import EXECUTION
from tests.support.scripted_replies import FULL_WEATHER, WEATHER

USER = {"role": "user", "content": "What is sushi?"}


def respond(reply: Json, **body: Json) -> dict[str, Json]:
    """Return the response with a scripted reply to a request with these parameters."""
    request = {"model": "gpt-4o", "messages": [USER], **body}
    return ENDPOINT.with_reply(
        ENDPOINT.make_response(request, EXECUTION), parse_reply(reply), request
    )


def choice(reply: Json, **body: Json) -> dict[str, Json]:
    """Return the only choice."""
    [only] = respond(reply, **body)["choices"]
    return dict(only)


def test_content_is_sent_as_it_is() -> None:
    """Neither a limit nor a stop sequence cuts it."""
    only = choice({"content": "Fish on rice."}, max_tokens=1, stop=["F"])
    assert only["message"] == {
        "role": "assistant",
        "content": "Fish on rice.",
        "refusal": None,
        "annotations": [],
    }
    assert only["finish_reason"] == "stop"


def test_content_is_billed() -> None:
    """13 characters are 4 tokens in each choice, added to the tokens of reasoning."""
    assert respond({"content": "Fish on rice."})["usage"]["completion_tokens"] == 4
    assert respond({"content": "Fish on rice."}, n=2)["usage"]["completion_tokens"] == 8
    usage = respond({"content": "Fish on rice."}, model="gpt-5-nano")["usage"]
    assert usage["completion_tokens"] == 64 + 4
    assert usage["total_tokens"] == usage["prompt_tokens"] + 64 + 4


def test_every_choice_has_the_content() -> None:
    """A reply is for all choices."""
    choices = respond({"content": "Fish."}, n=2)["choices"]
    assert [(one["index"], one["message"]["content"]) for one in choices] == [
        (0, "Fish."),
        (1, "Fish."),
    ]


def test_content_may_have_a_finish_reason() -> None:
    """With `length` the text is not cut further: the reply has it as it was cut."""
    only = choice({"content": '{"fish": ', "finish_reason": "length"})
    assert (only["message"]["content"], only["finish_reason"]) == ('{"fish": ', "length")


def test_a_refusal_has_no_content() -> None:
    """`content` is null and the finish_reason is `stop`."""
    only = choice({"refusal": "I cannot help."})
    assert (only["message"]["content"], only["message"]["refusal"]) == (None, "I cannot help.")
    assert only["finish_reason"] == "stop"
    assert respond({"refusal": "I cannot help."})["usage"]["completion_tokens"] == 4


def test_tool_calls_have_no_content() -> None:
    """`content` is null, the arguments are a JSON text, the finish_reason is `tool_calls`."""
    only = choice({"tool_calls": [WEATHER]})
    [call] = only["message"]["tool_calls"]
    assert only["message"]["content"] is None
    assert (call["type"], call["function"]) == (
        "function",
        {"name": "weather", "arguments": '{"city":"Oslo"}'},
    )
    assert only["finish_reason"] == "tool_calls"


def test_tool_calls_have_ids() -> None:
    """`call_` and 24 letters and digits, different for each call; an id in the reply is kept."""
    only = choice({"tool_calls": [WEATHER, WEATHER, FULL_WEATHER]})
    first, second, third = (call["id"] for call in only["message"]["tool_calls"])
    assert all(re.fullmatch("call_[A-Za-z0-9]{24}", one) for one in (first, second))
    assert first != second
    assert third == "call_1"


def test_the_ids_of_calls_differ_between_choices() -> None:
    """No two calls of a response share one."""
    choices = respond({"tool_calls": [WEATHER]}, n=2)["choices"]
    assert len({one["message"]["tool_calls"][0]["id"] for one in choices}) == 2


def test_tool_calls_are_billed() -> None:
    """A name of 7 characters and arguments of 15 are 2 and 4 tokens."""
    assert respond({"tool_calls": [WEATHER]})["usage"]["completion_tokens"] == 6


def test_tool_calls_may_have_a_finish_reason() -> None:
    """The one in the reply is used."""
    assert choice({"tool_calls": [WEATHER], "finish_reason": "stop"})["finish_reason"] == "stop"


def test_content_may_come_with_tool_calls() -> None:
    """Both are in one message."""
    message = choice({"content": "Let me look.", "tool_calls": [WEATHER]})["message"]
    assert (message["content"], len(message["tool_calls"])) == ("Let me look.", 1)


def test_length_alone_cuts_the_default_text() -> None:
    """4 of its 8 tokens are left, and billed."""
    body = respond({"finish_reason": "length"})
    [only] = body["choices"]
    assert (only["message"]["content"], only["finish_reason"]) == ("Mock reply to: W", "length")
    assert body["usage"]["completion_tokens"] == 4


def test_a_message_without_content_stays_without() -> None:
    """The limit left no room for its call, and the reply cuts it once more."""
    tool = {"type": "function", "function": {"name": "a" * 64}}
    only = choice({"finish_reason": "length"}, tools=[tool], tool_choice="required", max_tokens=1)
    assert only["message"]["content"] is None


def test_a_filtered_message_has_no_content() -> None:
    """It is null, and the filtered text is billed."""
    body = respond({"finish_reason": "content_filter"}, logprobs=True)
    [only] = body["choices"]
    assert (only["message"]["content"], only["finish_reason"]) == (None, "content_filter")
    assert only["logprobs"] is None
    assert body["usage"]["completion_tokens"] == 8


def test_stop_alone_changes_no_text() -> None:
    """A response that its limit cut then claims to be complete."""
    only = choice({"finish_reason": "stop"}, max_tokens=3)
    assert (only["message"]["content"], only["finish_reason"]) == ("Mock reply t", "stop")


@pytest.mark.parametrize("name", ["content", "refusal"])
def test_logprobs_cover_the_content(name: str) -> None:
    """Those of a refusal are beside those of a content."""
    only = choice({name: "Fish on rice."}, logprobs=True, top_logprobs=1)
    assert "".join(token["token"] for token in only["logprobs"][name]) == "Fish on rice."


def test_logprobs_are_cut_with_the_text() -> None:
    """There are as many as tokens."""
    only = choice({"finish_reason": "length"}, logprobs=True)
    assert len(only["logprobs"]["content"]) == 4
