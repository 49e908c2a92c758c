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


def respond(**body: Json) -> dict[str, Json]:
    """Return the response to a request with these parameters."""
    request = {"model": "gpt-4o", "messages": [USER], **body}
    ENDPOINT.check(request)
    return ENDPOINT.make_response(request, EXECUTION)


def contents(**body: Json) -> list[str]:
    """Return the texts of the choices."""
    return [choice["message"]["content"] for choice in respond(**body)["choices"]]


def rejection(**body: Json) -> ApiError:
    """Return the error with which the endpoint rejects these parameters."""
    with pytest.raises(ApiError) as raised:
        respond(**body)
    return raised.value


# --- answers


def test_the_reply_is_to_the_last_user_message() -> None:
    """Earlier messages do not show in the reply."""
    messages = [
        USER,
        {"role": "assistant", "content": "Rice."},
        {"role": "user", "content": "Why?"},
    ]
    assert contents(messages=messages) == ["Mock reply to: Why?"]


def test_the_reply_is_to_all_text_parts() -> None:
    """The texts of a message in parts are quoted, one after the other."""
    parts = [
        {"type": "image_url", "image_url": {"url": "https://a.b/c.png"}},
        {"type": "text", "text": "What is this?"},
    ]
    assert contents(messages=[{"role": "user", "content": parts}]) == [
        "Mock reply to: What is this?"
    ]


def test_without_a_user_message_the_reply_is_to_the_last_one() -> None:
    """A conversation may be a single system message."""
    assert contents(messages=[{"role": "system", "content": "Hi"}]) == ["Mock reply to: Hi"]


def test_ids_are_29_characters() -> None:
    """An id is `chatcmpl-` and 29 letters and digits, as recorded."""
    assert re.fullmatch(r"chatcmpl-[0-9A-Za-z]{29}", respond()["id"])


def test_a_response_is_created_at_the_time_of_its_execution() -> None:
    """`created` is the second of the execution."""
    assert respond()["created"] == EXECUTION.created_at


def test_the_model_is_a_snapshot() -> None:
    """An alias is resolved."""
    assert respond(model="gpt-4o-mini")["model"] == "gpt-4o-mini-2024-07-18"


def test_n_choices_differ() -> None:
    """Each of n choices has a text of its own."""
    assert contents(n=2) == ["Mock reply to: What is sushi?", "Mock reply 2 to: What is sushi?"]


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_limit_cuts_the_text(name: str) -> None:
    """Three tokens are twelve characters, and the finish_reason is `length`."""
    [choice] = respond(**{name: 3})["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Mock reply t", "length")


def test_a_text_of_exactly_the_limit_is_not_cut() -> None:
    """Eight tokens are enough for 29 characters."""
    assert respond(max_tokens=8)["choices"][0]["finish_reason"] == "stop"


def test_a_limit_may_be_an_integral_decimal() -> None:
    """JSON Schema accepts 3.0 as an integer."""
    assert contents(max_tokens=3.0, n=1.0) == ["Mock reply t"]


def test_a_stop_sequence_ends_the_text() -> None:
    """The text ends before the sequence, and the finish_reason is `stop`."""
    [choice] = respond(stop=[" to"])["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("Mock reply", "stop")


def test_usage_adds_up() -> None:
    """A prompt costs 3 tokens, 4 for each message, and its texts; a choice costs its text."""
    usage = respond(n=2, max_tokens=3)["usage"]
    assert usage["prompt_tokens"] == 3 + 4 + 4
    assert usage["completion_tokens"] == 6
    assert usage["total_tokens"] == 17


def test_tools_are_part_of_the_prompt() -> None:
    """Definitions of tools cost tokens."""
    with_tools = respond(tools=[CHAT_TOOL])["usage"]["prompt_tokens"]
    assert with_tools > respond()["usage"]["prompt_tokens"]


def test_reasoning_is_billed() -> None:
    """A model that reasons bills 64 tokens more than its text, and reports them as reasoning."""
    body = respond(model="gpt-5-nano")
    assert body["usage"]["completion_tokens_details"]["reasoning_tokens"] == 64
    assert ENDPOINT.read_usage(body) == Tokens(input=11, output=64 + 8, cached=0, reasoning=64)


def test_reasoning_can_use_up_the_limit() -> None:
    """If reasoning takes all tokens, the text is empty and the finish_reason is `length`."""
    body = respond(model="gpt-5-nano", max_completion_tokens=64)
    [choice] = body["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("", "length")
    assert body["usage"]["completion_tokens"] == 64


def test_reasoning_is_cut_at_the_limit() -> None:
    """No more tokens are billed than the request allows, reasoning included."""
    usage = respond(model="gpt-5-nano", max_completion_tokens=10)["usage"]
    assert usage["completion_tokens"] == 10
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 10


def test_each_choice_reasons() -> None:
    """Its reasoning is billed and reported like its text."""
    usage = respond(model="gpt-5-nano", n=2)["usage"]
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 2 * 64
    assert usage["completion_tokens"] == 2 * (64 + 8)


def test_more_effort_takes_more_tokens() -> None:
    """The effort is that of the request."""
    usage = respond(model="gpt-5-nano", reasoning_effort="high")["usage"]
    assert usage["completion_tokens_details"]["reasoning_tokens"] == 192


@pytest.mark.parametrize(("requested", "served"), [("auto", "default"), ("fast", "priority")])
def test_the_tier_is_the_one_that_served_the_request(requested: str, served: str) -> None:
    """Not the one that it names."""
    assert respond(service_tier=requested)["service_tier"] == served


def test_logprobs_are_null_by_default() -> None:
    """As recorded."""
    assert respond()["choices"][0]["logprobs"] is None


def test_logprobs_cover_the_text() -> None:
    """The tokens of the log probabilities are those of the text."""
    [choice] = respond(logprobs=True, top_logprobs=2)["choices"]
    tokens = choice["logprobs"]["content"]
    assert "".join(token["token"] for token in tokens) == choice["message"]["content"]
    assert {len(token["top_logprobs"]) for token in tokens} == {2}


def test_lone_surrogates_are_replaced() -> None:
    """Half a character in the prompt is a question mark in the reply."""
    assert contents(messages=[{"role": "user", "content": "\ud83d"}]) == ["Mock reply to: ?"]


# --- errors: parameters


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
def test_invalid_parameters_are_rejected(name: str, value: Json, code: str) -> None:
    """The error names the parameter, and its code says what is wrong with it."""
    error = rejection(**{name: value})
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
def test_missing_members_are_rejected(name: str, value: Json, param: str) -> None:
    """The error names the path of what is missing."""
    error = rejection(**{name: value})
    assert (error.param, error.code) == (param, "missing_required_parameter")


@pytest.mark.parametrize("name", ["model", "messages"])
def test_only_model_and_messages_are_required(name: str) -> None:
    """A body needs nothing else."""
    body = {"model": "gpt-4o", "messages": [USER]}
    del body[name]
    with pytest.raises(ApiError) as raised:
        ENDPOINT.check(body)
    assert raised.value.param == {"model": None, "messages": "messages"}[name]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("stop", "x"), ("max_tokens", 9), ("logprobs", True), ("logit_bias", {"50256": 1})],
        *[("presence_penalty", 0.5), ("frequency_penalty", 0.5)],
        ("prediction", {"type": "content", "content": "x"}),
    ],
)
def test_reasoning_models_reject_parameters(name: str, value: Json) -> None:
    """The error names the parameter that the model does not have."""
    error = rejection(model="gpt-5.6-terra", **{name: value})
    assert (error.param, error.code) == (name, "unsupported_parameter")


@pytest.mark.parametrize("name", ["temperature", "top_p"])
def test_reasoning_models_accept_only_the_default_temperature(name: str) -> None:
    """Any other value is rejected; null is the default."""
    respond(model="gpt-5-mini", **{name: 1})
    respond(model="gpt-5-mini", **{name: None})
    error = rejection(model="gpt-5-mini", **{name: 0.5})
    assert (error.param, error.code) == (name, "unsupported_value")


def test_null_is_no_value_that_a_model_could_reject() -> None:
    """Clients send it for parameters that they leave out."""
    respond(model="gpt-5-mini", max_tokens=None, stop=None, top_logprobs=None)


def test_some_reasoning_models_accept_a_stop_sequence() -> None:
    """Only later ones reject it."""
    respond(model="o1", stop="x")


def test_with_effort_none_the_parameters_are_accepted() -> None:
    """The same model accepts them when it does not reason."""
    respond(model="gpt-5.6-terra", reasoning_effort="none", temperature=0.5, logprobs=True)


def test_reasoning_effort_needs_a_model_that_reasons() -> None:
    """An older model does not know the parameter."""
    error = rejection(reasoning_effort="low")
    assert error.message == "Unrecognized request argument supplied: reasoning_effort"


def test_unknown_models_accept_every_parameter() -> None:
    """The mock cannot know what a model with another name rejects."""
    respond(model="my-model", reasoning_effort="low", temperature=0.5, max_tokens=9, stop="x")


def test_the_two_limits_exclude_each_other() -> None:
    """They are the old and the new name of one parameter."""
    error = rejection(max_tokens=9, max_completion_tokens=9)
    assert error.code == "invalid_parameter_combination"


def test_top_logprobs_need_logprobs() -> None:
    """The number of alternatives alone means nothing."""
    assert rejection(top_logprobs=1).param == "top_logprobs"


def test_unknown_parameters_are_reported_before_invalid_ones() -> None:
    """As the service does, observed in 2026-08."""
    assert rejection(n="x", zzz=1).param == "zzz"


# --- errors: messages


@pytest.mark.parametrize("role", ["system", "user", "assistant", "developer"])
def test_content_may_be_a_text_or_parts(role: str) -> None:
    """Every role may use either."""
    for content in ("Hi", [{"type": "text", "text": "Hi"}], "", []):
        respond(messages=[{"role": role, "content": content}])


@pytest.mark.parametrize(
    "message",
    [{"role": "user"}, {"role": "user", "content": None}, {"role": "assistant", "refusal": None}],
)
def test_missing_content_has_its_own_error(message: Json) -> None:
    """The service reports it without a code, and with a dot in the param."""
    error = rejection(messages=[USER, message])
    assert (error.message, error.param, error.code) == (
        "Invalid value for 'content': expected a string, got null.",
        "messages.[1].content",
        None,
    )


@pytest.mark.parametrize(
    "instead",
    [{"refusal": "No"}, {"audio": {"id": "a"}}, {"function_call": {"name": "f", "arguments": ""}}],
)
def test_an_assistant_message_needs_no_content(instead: Json) -> None:
    """A refusal, an audio or a call takes its place."""
    respond(messages=[USER, {"role": "assistant", **instead}, USER])


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
def test_malformed_messages_are_rejected(message: Json, param: str, code: str) -> None:
    """The error names the path within the messages."""
    error = rejection(messages=[message])
    assert (error.param, error.code) == (param, code)


def test_calls_and_their_tool_messages_are_accepted() -> None:
    """A call, its tool message, and what the user says next."""
    respond(messages=[USER, CALLING, ANSWERING, USER])


def test_a_tool_message_needs_its_call() -> None:
    """It has to respond to a call just before it."""
    error = rejection(messages=[USER, ANSWERING])
    assert error.param == "messages.[1].role"
    assert "must be a response to a preceeding message" in error.message


def test_a_tool_message_may_not_follow_a_user_message() -> None:
    """After the user has spoken, the call is over."""
    assert rejection(messages=[CALLING, ANSWERING, USER, ANSWERING]).param == "messages.[3].role"


@pytest.mark.parametrize("after", [[], [USER]])
def test_a_call_needs_its_tool_message(after: list[Json]) -> None:
    """A call without one is rejected, with its id."""
    error = rejection(messages=[USER, CALLING, *after])
    assert error.message.endswith("did not have response messages: call_1")


def test_one_tool_message_is_not_enough_for_two_calls() -> None:
    """The error names the call that has none, and the message at which that shows."""
    messages = [USER, {**CALLING, "tool_calls": [CALL, {**CALL, "id": "call_2"}]}, ANSWERING]
    error = rejection(messages=messages)
    assert error.message.endswith("did not have response messages: call_2")
    assert error.param == "messages.[2].role"


def test_a_call_may_have_two_tool_messages() -> None:
    """The second one responds to it, too."""
    respond(messages=[USER, CALLING, ANSWERING, ANSWERING])
