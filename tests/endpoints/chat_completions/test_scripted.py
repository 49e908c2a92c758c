"""Scripted replies of POST /v1/chat/completions."""

import re

import pytest

from mockbatch.endpoints.chat_completions.endpoint import ENDPOINT
from mockbatch.endpoints.scripted_reply import parse_reply
from mockbatch.typing import Json
from tests.support.bodies import EXECUTION
from tests.support.scripted_replies import FULL_WEATHER, WEATHER

USER = {"role": "user", "content": "What is sushi?"}


def answer(reply: Json, **body: Json) -> dict[str, Json]:
    """Return the scripted answer to a request of these parameters."""
    request = {"model": "gpt-4o", "messages": [USER], **body}
    return ENDPOINT.with_reply(
        ENDPOINT.make_response(request, EXECUTION), parse_reply(reply), request
    )


def choice(reply: Json, **body: Json) -> dict[str, Json]:
    """Return the only choice."""
    [only] = answer(reply, **body)["choices"]
    return dict(only)


def test_a_content_is_said_as_it_is() -> None:
    """No limit cuts it, and no stop."""
    only = choice({"content": "Fish on rice."}, max_tokens=1, stop=["F"])
    assert only["message"] == {
        "role": "assistant",
        "content": "Fish on rice.",
        "refusal": None,
        "annotations": [],
    }
    assert only["finish_reason"] == "stop"


def test_a_content_is_billed() -> None:
    """13 characters are 4 tokens, in each choice; what is reasoned comes on top."""
    assert answer({"content": "Fish on rice."})["usage"]["completion_tokens"] == 4
    assert answer({"content": "Fish on rice."}, n=2)["usage"]["completion_tokens"] == 8
    usage = answer({"content": "Fish on rice."}, model="gpt-5-nano")["usage"]
    assert usage["completion_tokens"] == 64 + 4
    assert usage["total_tokens"] == usage["prompt_tokens"] + 64 + 4


def test_every_choice_says_the_same() -> None:
    """A script knows no choices."""
    choices = answer({"content": "Fish."}, n=2)["choices"]
    assert [(one["index"], one["message"]["content"]) for one in choices] == [
        (0, "Fish."),
        (1, "Fish."),
    ]


def test_a_content_ends_for_its_reason() -> None:
    """What a limit cut is told by the reason alone."""
    only = choice({"content": '{"fish": ', "finish_reason": "length"})
    assert (only["message"]["content"], only["finish_reason"]) == ('{"fish": ', "length")


def test_a_refusal_has_no_content() -> None:
    """`content` is null and the reason is `stop`."""
    only = choice({"refusal": "I cannot help."})
    assert (only["message"]["content"], only["message"]["refusal"]) == (None, "I cannot help.")
    assert only["finish_reason"] == "stop"


def test_tool_calls_have_no_content() -> None:
    """`content` is null, the arguments are a JSON text, the reason is `tool_calls`."""
    only = choice({"tool_calls": [WEATHER]})
    [call] = only["message"]["tool_calls"]
    assert only["message"]["content"] is None
    assert (call["type"], call["function"]) == (
        "function",
        {"name": "weather", "arguments": '{"city":"Oslo"}'},
    )
    assert only["finish_reason"] == "tool_calls"


def test_tool_calls_have_ids() -> None:
    """`call_` and 24 letters and digits, another for each; one that is given is kept."""
    only = choice({"tool_calls": [WEATHER, WEATHER, FULL_WEATHER]})
    first, second, third = (call["id"] for call in only["message"]["tool_calls"])
    assert all(re.fullmatch("call_[A-Za-z0-9]{24}", one) for one in (first, second))
    assert first != second
    assert third == "call_1"


def test_the_ids_of_calls_differ_between_choices() -> None:
    """No two calls of an answer share one."""
    choices = answer({"tool_calls": [WEATHER]}, n=2)["choices"]
    assert len({one["message"]["tool_calls"][0]["id"] for one in choices}) == 2


def test_tool_calls_are_billed() -> None:
    """A name of 7 characters and arguments of 15 are 2 and 4 tokens."""
    assert answer({"tool_calls": [WEATHER]})["usage"]["completion_tokens"] == 6


def test_a_forced_call_may_end_with_stop() -> None:
    """A reason that is given stands."""
    assert choice({"tool_calls": [WEATHER], "finish_reason": "stop"})["finish_reason"] == "stop"


def test_a_text_may_stand_before_calls() -> None:
    """Both are in one message."""
    message = choice({"content": "Let me look.", "tool_calls": [WEATHER]})["message"]
    assert (message["content"], len(message["tool_calls"])) == ("Let me look.", 1)


def test_a_reason_of_length_cuts_the_default() -> None:
    """Of 8 tokens 4 are left, and billed."""
    body = answer({"finish_reason": "length"})
    [only] = body["choices"]
    assert (only["message"]["content"], only["finish_reason"]) == ("Mock reply to: W", "length")
    assert body["usage"]["completion_tokens"] == 4


def test_a_filtered_answer_has_no_content() -> None:
    """It is null, and what was withheld is billed."""
    body = answer({"finish_reason": "content_filter"})
    [only] = body["choices"]
    assert (only["message"]["content"], only["finish_reason"]) == (None, "content_filter")
    assert body["usage"]["completion_tokens"] == 8


def test_a_reason_of_stop_changes_no_text() -> None:
    """An answer that its limit cut claims to be whole."""
    only = choice({"finish_reason": "stop"}, max_tokens=3)
    assert (only["message"]["content"], only["finish_reason"]) == ("Mock reply t", "stop")


@pytest.mark.parametrize("name", ["content", "refusal"])
def test_logprobs_cover_what_is_said(name: str) -> None:
    """The tokens of a text stand where the text does."""
    only = choice({name: "Fish on rice."}, logprobs=True, top_logprobs=1)
    assert "".join(token["token"] for token in only["logprobs"][name]) == "Fish on rice."


def test_logprobs_are_cut_with_the_text() -> None:
    """As many as there are tokens."""
    only = choice({"finish_reason": "length"}, logprobs=True)
    assert len(only["logprobs"]["content"]) == 4
