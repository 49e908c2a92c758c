"""POST /v1/chat/completions."""

import re

import pytest

from mockbatch.endpoints.chat_completions.endpoint import ENDPOINT
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.errors import ApiError
from mockbatch.typing import Json
from tests.support.bodies import CALL, CHAT_TOOL, EXECUTION

USER = {"role": "user", "content": "What is sushi?"}
CALLING = {"role": "assistant", "tool_calls": [CALL]}
ANSWERING = {"role": "tool", "tool_call_id": "call_1", "content": "Rain"}


def answer(**body: Json) -> dict[str, Json]:
    """Return the answer to a request of these parameters."""
    request = {"model": "gpt-4o", "messages": [USER], **body}
    ENDPOINT.check(request)
    return ENDPOINT.make_response(request, EXECUTION)


def contents(**body: Json) -> list[str]:
    """Return the texts of the choices."""
    return [choice["message"]["content"] for choice in answer(**body)["choices"]]


def refusal(**body: Json) -> ApiError:
    """Return the failure with which the endpoint refuses these parameters."""
    with pytest.raises(ApiError) as raised:
        answer(**body)
    return raised.value


# --- answers


def test_the_last_user_message_is_answered() -> None:
    """What stands before it does not show."""
    messages = [
        USER,
        {"role": "assistant", "content": "Rice."},
        {"role": "user", "content": "Why?"},
    ]
    assert contents(messages=messages) == ["Mock reply to: Why?"]


def test_text_parts_are_answered() -> None:
    """Of a message in parts, the texts are repeated."""
    parts = [
        {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}},
        {"type": "text", "text": "What is this?"},
    ]
    assert contents(messages=[{"role": "user", "content": parts}]) == [
        "Mock reply to: What is this?"
    ]


def test_without_a_user_the_last_message_is_answered() -> None:
    """A conversation may be one system message."""
    assert contents(messages=[{"role": "system", "content": "Hi"}]) == ["Mock reply to: Hi"]


def test_ids_are_29_characters() -> None:
    """An id is `chatcmpl-` and 29 letters and digits, as recorded."""
    assert re.fullmatch(r"chatcmpl-[0-9A-Za-z]{29}", answer()["id"])


def test_an_answer_is_made_at_its_moment() -> None:
    """`created` is the second of the execution."""
    assert answer()["created"] == EXECUTION.created_at


def test_the_model_is_its_snapshot() -> None:
    """An alias is resolved."""
    assert answer(model="gpt-4o-mini")["model"] == "gpt-4o-mini-2024-07-18"


def test_n_choices_differ() -> None:
    """Each of n choices has a text of its own."""
    assert contents(n=2) == ["Mock reply to: What is sushi?", "Mock reply 2 to: What is sushi?"]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_cuts_the_text(name: str) -> None:
    """Three tokens are twelve characters, and the reason is `length`."""
    [choice] = answer(**{name: 3})["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Mock reply t", "length")


def test_a_limit_that_is_met_cuts_nothing() -> None:
    """Eight tokens are enough for 29 characters."""
    assert answer(max_tokens=8)["choices"][0]["finish_reason"] == "stop"


def test_whole_decimals_are_limits() -> None:
    """3.0 is an integer in JSON Schema."""
    assert contents(max_tokens=3.0, n=1.0) == ["Mock reply t"]


def test_a_stop_ends_the_text() -> None:
    """The text ends before the stop, and the reason is `stop`."""
    [choice] = answer(stop=[" to"])["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Mock reply", "stop")


def test_usage_adds_up() -> None:
    """Three tokens, four and the text's for each message; the text's for each choice."""
    usage = answer(n=2, max_tokens=3)["usage"]
    assert usage["prompt_tokens"] == 3 + 4 + 4
    assert usage["completion_tokens"] == 6
    assert usage["total_tokens"] == 17


def test_tools_are_part_of_the_prompt() -> None:
    """Definitions of tools cost tokens."""
    with_tools = answer(tools=[CHAT_TOOL])["usage"]["prompt_tokens"]
    assert with_tools > answer()["usage"]["prompt_tokens"]


def test_reasoning_is_billed() -> None:
    """A model that reasons has 64 tokens more than its text, and tells them apart."""
    body = answer(model="gpt-5-nano")
    assert body["usage"]["completion_tokens_details"]["reasoning_tokens"] == 64
    assert ENDPOINT.read_usage(body) == Tokens(input=11, output=64 + 8, cached=0, reasoning=64)


def test_reasoning_can_use_up_the_limit() -> None:
    """With as many tokens as reasoning takes, the text is empty and the reason `length`."""
    body = answer(model="gpt-5-nano", max_completion_tokens=64)
    [choice] = body["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "length")
    assert body["usage"]["completion_tokens"] == 64


def test_logprobs_are_null_unless_asked_for() -> None:
    """As recorded."""
    assert answer()["choices"][0]["logprobs"] is None


def test_logprobs_cover_the_text() -> None:
    """The tokens of the log probabilities are the text's."""
    [choice] = answer(logprobs=True, top_logprobs=2)["choices"]
    tokens = choice["logprobs"]["content"]
    assert "".join(token["token"] for token in tokens) == choice["message"]["content"]
    assert {len(token["top_logprobs"]) for token in tokens} == {2}


def test_lone_surrogates_do_not_reach_the_text() -> None:
    """Half a character in the question is a question mark in the answer."""
    assert contents(messages=[{"role": "user", "content": "\ud83d"}]) == ["Mock reply to: ?"]


# --- refusals: parameters


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("foo", 1, "unknown_parameter"),
        ("n", 0, "integer_below_min_value"),
        ("n", 129, "integer_above_max_value"),
        ("n", "2", "invalid_type"),
        ("n", True, "invalid_type"),
        ("max_tokens", 0, "integer_below_min_value"),
        ("max_tokens", 1.5, "invalid_type"),
        ("stop", ["a"] * 5, "array_above_max_length"),
        ("seed", 1.5, "invalid_type"),
        ("user", {"a": 1}, "invalid_type"),
        ("store", "yes", "invalid_type"),
        ("verbosity", "loud", "invalid_value"),
        ("service_tier", "slow", "invalid_value"),
        ("messages", [], "empty_array"),
        ("messages", "Hi", "invalid_type"),
        ("tools", [], "empty_array"),
        ("tools", "none", "invalid_type"),
        ("tool_choice", "sometimes", "invalid_value"),
        ("response_format", "json", "invalid_type"),
        ("model", 4, "invalid_type"),
    ],
)
def test_invalid_parameters_are_refused(name: str, value: Json, code: str) -> None:
    """The refusal names the parameter, and its code the fault."""
    error = refusal(**{name: value})
    assert (error.status, error.param, error.code) == (400, name, code)


@pytest.mark.parametrize(
    ("name", "value", "param"),
    [
        ("tools", [{"type": "function"}], "tools[0].function"),
        ("tools", [{"type": "function", "function": {}}], "tools[0].function.name"),
        ("tools", [{"function": {"name": "f"}}], "tools[0].type"),
        ("functions", [{"parameters": {}}], "functions[0].name"),
        ("response_format", {}, "response_format.type"),
        ("response_format", {"type": "json_schema"}, "response_format.json_schema"),
        ("moderation", {}, "moderation.model"),
        ("messages", [{"content": "Hi"}], "messages[0].role"),
        ("messages", [USER, {"role": "developer"}], "messages[1].content"),
        ("messages", [{"role": "tool", "content": "Hi"}], "messages[0].tool_call_id"),
    ],
)
def test_missing_members_are_refused(name: str, value: Json, param: str) -> None:
    """What is missing is named with its place."""
    error = refusal(**{name: value})
    assert (error.param, error.code) == (param, "missing_required_parameter")


@pytest.mark.parametrize("name", ["model", "messages"])
def test_required_parameters(name: str) -> None:
    """A body lacks nothing else with the model and the messages."""
    body = {"model": "gpt-4o", "messages": [USER]}
    del body[name]
    with pytest.raises(ApiError) as raised:
        ENDPOINT.check(body)
    assert raised.value.param == {"model": None, "messages": "messages"}[name]


@pytest.mark.parametrize(
    "name", ["stop", "max_tokens", "presence_penalty", "frequency_penalty", "logprobs"]
)
def test_reasoning_models_refuse_parameters(name: str) -> None:
    """What a model that reasons does not have is refused by name."""
    value = {"stop": "x", "max_tokens": 9, "logprobs": True}.get(name, 0.5)
    error = refusal(model="gpt-5.6-terra", **{name: value})
    assert (error.param, error.code) == (name, "unsupported_parameter")


def test_reasoning_models_have_one_temperature() -> None:
    """The default is taken, another is refused."""
    answer(model="gpt-5-mini", temperature=1)
    error = refusal(model="gpt-5-mini", temperature=0.5)
    assert (error.param, error.code) == ("temperature", "unsupported_value")


def test_without_effort_the_parameters_are_back() -> None:
    """The same model takes them when it does not reason."""
    answer(model="gpt-5.6-terra", reasoning_effort="none", temperature=0.5, logprobs=True)


def test_effort_needs_a_model_that_reasons() -> None:
    """An older model does not know the parameter."""
    error = refusal(reasoning_effort="low")
    assert error.message == "Unrecognized request argument supplied: reasoning_effort"


def test_unknown_models_are_refused_nothing() -> None:
    """What a model of another name takes is not for the mock to say."""
    answer(model="my-model", reasoning_effort="low", temperature=0.5, max_tokens=9, stop="x")


def test_two_limits_are_one_too_many() -> None:
    """The old and the new name of the limit exclude each other."""
    error = refusal(max_tokens=9, max_completion_tokens=9)
    assert error.code == "invalid_parameter_combination"


def test_top_logprobs_need_logprobs() -> None:
    """The number of alternatives alone means nothing."""
    assert refusal(top_logprobs=1).param == "top_logprobs"


def test_unknown_parameters_are_told_before_wrong_ones() -> None:
    """As the service does, observed in 2026-08."""
    assert refusal(n="x", zzz=1).param == "zzz"


# --- refusals: messages


@pytest.mark.parametrize("role", ["system", "user", "assistant", "developer"])
def test_a_content_may_be_text_or_parts(role: str) -> None:
    """Every speaker may use either."""
    for content in ("Hi", [{"type": "text", "text": "Hi"}], "", []):
        answer(messages=[{"role": role, "content": content}])


@pytest.mark.parametrize(
    "message",
    [{"role": "user"}, {"role": "user", "content": None}, {"role": "assistant", "refusal": None}],
)
def test_missing_content_has_its_own_text(message: Json) -> None:
    """The service says so without a code, and with a dot in the place."""
    error = refusal(messages=[USER, message])
    assert (error.message, error.param, error.code) == (
        "Invalid value for 'content': expected a string, got null.",
        "messages.[1].content",
        None,
    )


@pytest.mark.parametrize(
    "instead",
    [{"refusal": "No"}, {"audio": {"id": "a"}}, {"function_call": {"name": "f", "arguments": ""}}],
)
def test_an_assistant_need_not_speak(instead: Json) -> None:
    """A refusal, a sound or a call stands for content."""
    answer(messages=[USER, {"role": "assistant", **instead}, USER])


@pytest.mark.parametrize(
    ("message", "param", "code"),
    [
        ("Hi", "messages[0]", "invalid_type"),
        ({"role": "robot", "content": "Hi"}, "messages[0].role", "invalid_value"),
        ({"role": "user", "content": 7}, "messages[0].content", "invalid_type"),
        ({"role": "user", "content": "", "mood": 1}, "messages[0].mood", "unknown_parameter"),
        ({"role": "user", "content": "", "name": "a b"}, "messages[0].name", "invalid_value"),
        (
            {"role": "user", "content": [{"type": "poem"}]},
            "messages[0].content[0].type",
            "invalid_value",
        ),
        (
            {"role": "user", "content": [{"type": "text"}]},
            "messages[0].content[0].text",
            "missing_required_parameter",
        ),
        (
            {"role": "user", "content": [{"type": "image_url", "image_url": "https://a.b"}]},
            "messages[0].content[0].image_url",
            "invalid_type",
        ),
        (
            {"role": "assistant", "content": "", "tool_calls": []},
            "messages[0].tool_calls",
            "empty_array",
        ),
        (
            {"role": "assistant", "tool_calls": [{"id": "a", "type": "function"}]},
            "messages[0].tool_calls[0].function",
            "missing_required_parameter",
        ),
    ],
)
def test_malformed_messages_are_refused(message: Json, param: str, code: str) -> None:
    """The refusal names the place within the messages."""
    error = refusal(messages=[message])
    assert (error.param, error.code) == (param, code)


def test_calls_and_their_answers_are_taken() -> None:
    """A call, its answer, and what the user says next."""
    answer(messages=[USER, CALLING, ANSWERING, USER])


def test_an_answer_needs_its_call() -> None:
    """A tool message is a response to a call just before it."""
    error = refusal(messages=[USER, ANSWERING])
    assert error.param == "messages.[1].role"
    assert "must be a response to a preceeding message" in error.message


def test_an_old_call_is_answered_no_more() -> None:
    """After the user spoke, the call is over."""
    assert refusal(messages=[CALLING, ANSWERING, USER, ANSWERING]).param == "messages.[3].role"


@pytest.mark.parametrize("after", [[], [USER]])
def test_a_call_needs_its_answer(after: list[Json]) -> None:
    """A call without a tool message is refused, with its id."""
    error = refusal(messages=[USER, CALLING, *after])
    assert error.message.endswith("did not have response messages: call_1")
