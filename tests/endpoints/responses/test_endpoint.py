"""POST /v1/responses."""

import re

import pytest

from mockbatch.endpoints.endpoint import Tokens
from mockbatch.endpoints.responses.endpoint import ENDPOINT
from mockbatch.errors import ApiError
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from tests.support.bodies import EXECUTION, PARAMETERS

STAMP = f"{EXECUTION.created_at:08x}"


def respond(**body: Json) -> dict[str, Json]:
    """Return the response to a request with these parameters."""
    request = {"model": "gpt-4o", "input": "What is sushi?", **body}
    ENDPOINT.check(request)
    return ENDPOINT.make_response(request, EXECUTION)


def respond_with_reasoning(**body: Json) -> dict[str, Json]:
    """Return the response of a model that reasons."""
    return respond(model="gpt-5-nano", **body)


def message_text(**body: Json) -> str:
    """Return the text of the message."""
    return respond(**body)["output"][-1]["content"][0]["text"]


def rejection(**body: Json) -> ApiError:
    """Return the error with which the endpoint rejects these parameters."""
    with pytest.raises(ApiError) as raised:
        respond(**body)
    return raised.value


# --- answers


def test_the_input_may_be_a_text() -> None:
    """The reply quotes it."""
    assert message_text() == "Mock reply to: What is sushi?"


def test_the_reply_is_to_the_last_user_message() -> None:
    """Earlier items do not show in the reply."""
    items = [
        {"role": "user", "content": "Hi"},
        {"role": "user", "content": [{"type": "input_text", "text": "Why?"}]},
        {"role": "assistant", "content": "Because."},
    ]
    assert message_text(input=items) == "Mock reply to: Why?"


def test_without_a_user_message_the_reply_is_to_the_last_item() -> None:
    """The output of a function continues an earlier response."""
    item = {"type": "function_call_output", "call_id": "c", "output": "Rain"}
    assert "Rain" in message_text(input=[item], previous_response_id="resp_1")


def test_ids_have_the_recorded_form() -> None:
    """50 digits: the response's own 16, 01, the time, and 24, of which four are shared."""
    body = respond_with_reasoning()
    ids = [body["id"], *(item["id"] for item in body["output"])]
    matches = [re.fullmatch(rf"([a-z]+)_(.{{16}})01{STAMP}.{{4}}(.{{4}}).{{16}}", i) for i in ids]
    assert [match[1] for match in matches if match] == ["resp", "rs", "msg"]
    assert len({(match[2], match[3]) for match in matches if match}) == 1
    assert len({*ids}) == 3


def test_a_response_is_created_and_completed_at_the_time_of_its_execution() -> None:
    """Both times are the second of the execution."""
    body = respond()
    assert body["created_at"] == body["completed_at"] == EXECUTION.created_at


def test_models_that_reason_have_a_reasoning_item() -> None:
    """It comes before the message."""
    assert [item["type"] for item in respond_with_reasoning()["output"]] == ["reasoning", "message"]


def test_models_that_do_not_reason_have_only_a_message() -> None:
    """It is all of their output."""
    assert [item["type"] for item in respond()["output"]] == ["message"]


def test_effort_none_has_no_reasoning() -> None:
    """There is no item and there are no tokens of it."""
    body = respond(model="gpt-5.6-terra", reasoning={"effort": "none"})
    assert [item["type"] for item in body["output"]] == ["message"]
    assert body["usage"]["output_tokens_details"] == {"reasoning_tokens": 0}


def test_a_summary_is_there_if_requested() -> None:
    """A summary of the reasoning has a text."""
    body = respond_with_reasoning(reasoning={"summary": "auto"})
    assert [part["type"] for part in body["output"][0]["summary"]] == ["summary_text"]


def test_encrypted_content_is_there_if_included() -> None:
    """Otherwise the item has no such member."""
    assert "encrypted_content" not in respond_with_reasoning()["output"][0]
    item = respond_with_reasoning(include=["reasoning.encrypted_content"])["output"][0]
    assert item["encrypted_content"].startswith("gAAAAAB")


def test_logprobs_are_there_if_included() -> None:
    """They cover the text, with as many alternatives as requested."""
    body = respond(include=["message.output_text.logprobs"], top_logprobs=2)
    [content] = body["output"][0]["content"]
    assert "".join(token["token"] for token in content["logprobs"]) == content["text"]
    assert len(content["logprobs"][0]["top_logprobs"]) == 2


def test_a_limit_leaves_the_response_incomplete() -> None:
    """16 tokens are 64 characters; response and message are incomplete."""
    body = respond(input="x" * 100, max_output_tokens=16)
    [message] = body["output"]
    assert (body["status"], body["completed_at"]) == ("incomplete", None)
    assert body["incomplete_details"] == {"reason": "max_output_tokens"}
    assert (message["status"], len(message["content"][0]["text"])) == ("incomplete", 64)


def test_reasoning_can_use_up_the_limit() -> None:
    """If no token is left for a text, there is no message."""
    body = respond_with_reasoning(max_output_tokens=16)
    assert [item["type"] for item in body["output"]] == ["reasoning"]
    assert body["usage"]["output_tokens"] == 16
    assert body["usage"]["output_tokens_details"] == {"reasoning_tokens": 16}


def test_usage_adds_up() -> None:
    """Input and output, cached and reasoning tokens."""
    body = respond_with_reasoning(instructions="Be brief.")
    assert body["usage"] == {
        "input_tokens": 3 + 4 + 4 + 4 + 3,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": 64 + 8,
        "output_tokens_details": {"reasoning_tokens": 64},
        "total_tokens": 18 + 72,
    }
    assert ENDPOINT.read_usage(body) == Tokens(input=18, output=72, cached=0, reasoning=64)


def test_all_of_the_input_is_billed() -> None:
    """Tools and items that are no messages cost tokens like texts."""
    plain = respond()["usage"]["input_tokens"]
    tool = {"type": "function", "name": "f", "parameters": PARAMETERS}
    assert respond(tools=[tool])["usage"]["input_tokens"] > plain + 20
    item = {"type": "function_call_output", "call_id": "c", "output": "x" * 400}
    assert respond(input=[item])["usage"]["input_tokens"] > 100


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("instructions", "Be brief."),
        ("max_output_tokens", 900),
        ("max_tool_calls", 3),
        ("metadata", {"line": "1"}),
        ("parallel_tool_calls", False),
        ("previous_response_id", "resp_1"),
        ("prompt_cache_key", "key"),
        ("prompt_cache_retention", "24h"),
        ("safety_identifier", "someone"),
        ("store", False),
        ("temperature", 0.5),
        ("top_p", 0.5),
        ("presence_penalty", 0.5),
        ("frequency_penalty", 0.5),
        ("tool_choice", "none"),
        ("top_logprobs", 2),
        ("truncation", "auto"),
        ("user", "someone"),
        ("background", True),
        ("prompt", {"id": "pmpt_1"}),
        ("conversation", {"id": "conv_1"}),
    ],
)
def test_settings_are_echoed(name: str, value: Json) -> None:
    """The response has the settings of the request."""
    assert respond(**{name: value})[name] == value
    assert respond().get(name) != value


@pytest.mark.parametrize(
    "name",
    ["instructions", "metadata", "parallel_tool_calls", "store", "temperature", "reasoning"],
)
def test_null_settings_are_the_default(name: str) -> None:
    """A parameter that is null counts as left out."""
    assert respond(**{name: None})[name] == respond()[name]


def test_a_conversation_id_becomes_an_object() -> None:
    """The response has an object with the id."""
    assert respond(conversation="conv_1")["conversation"] == {"id": "conv_1"}


def test_the_text_format_is_echoed() -> None:
    """So is the verbosity."""
    given = {"type": "json_schema", "name": "a", "schema": PARAMETERS}
    assert respond(text={"format": given})["text"] == {"format": given, "verbosity": "medium"}
    assert respond(text={"verbosity": "low"})["text"]["verbosity"] == "low"


def test_function_tools_are_echoed_with_their_defaults() -> None:
    """`strict` is true and `parameters` null if the request left them out."""
    [tool] = respond(tools=[{"type": "function", "name": "f"}])["tools"]
    assert tool == {"type": "function", "name": "f", "parameters": None, "strict": True}
    [tool] = respond(tools=[{**tool, "strict": False}])["tools"]
    assert tool["strict"] is False


def test_effort_is_echoed() -> None:
    """The other settings of reasoning stay as recorded, or are echoed, too."""
    echoed = {"context": "current_turn", "effort": "high", "mode": "standard", "summary": None}
    assert respond_with_reasoning(reasoning={"effort": "high"})["reasoning"] == echoed
    given = {"effort": "high", "summary": "auto"}
    assert respond_with_reasoning(reasoning=given)["reasoning"] == {**echoed, **given}


@pytest.mark.parametrize(("requested", "served"), [("auto", "default"), ("fast", "priority")])
def test_the_tier_is_the_one_that_served_the_request(requested: str, served: str) -> None:
    """Not the one that it names."""
    assert respond(service_tier=requested)["service_tier"] == served


# --- errors


@pytest.mark.parametrize(
    ("name", "value", "param", "code"),
    [
        ("foo", 1, "foo", "unknown_parameter"),
        ("n", 2, "n", "unknown_parameter"),
        ("max_tokens", 16, "max_tokens", "unknown_parameter"),
        ("input", {"a": 1}, "input", "invalid_type"),
        ("input", None, "input", "invalid_type"),
        ("input", [7], "input[0]", "invalid_type"),
        ("input", [{"type": "poem"}], "input[0].type", "invalid_value"),
        ("input", [{"role": "robot", "content": ""}], "input[0].role", "invalid_value"),
        ("input", [{"role": "user"}], "input[0].content", "missing_required_parameter"),
        ("input", [{"type": "item_reference"}], "input[0].id", "missing_required_parameter"),
        ("text", {"foo": 1}, "text.foo", "unknown_parameter"),
        ("text", {"format": {"type": "poem"}}, "text.format.type", "invalid_value"),
        (
            "text",
            {"format": {"type": "json_schema"}},
            "text.format.name",
            "missing_required_parameter",
        ),
        ("tools", [{}], "tools[0].type", "missing_required_parameter"),
        ("tools", [{"type": "function"}], "tools[0].name", "missing_required_parameter"),
        ("reasoning", {"effort": "some"}, "reasoning.effort", "invalid_value"),
        ("include", ["poem"], "include[0]", "invalid_value"),
        ("max_output_tokens", 15, "max_output_tokens", "integer_below_min_value"),
        ("max_tool_calls", 0, "max_tool_calls", "integer_below_min_value"),
        ("truncation", "some", "truncation", "invalid_value"),
        ("instructions", 7, "instructions", "invalid_type"),
        ("model", None, "model", "invalid_type"),
        ("model", "", "model", "model_not_found"),
        ("input", [], None, "missing_required_parameter"),
        ("input", "", None, "missing_required_parameter"),
        ("messages", [], None, "unsupported_parameter"),
    ],
)
def test_invalid_parameters_are_rejected(
    name: str, value: Json, param: str | None, code: str
) -> None:
    """The error names the path, and its code says what is wrong."""
    error = rejection(**{name: value})
    assert (error.status, error.param, error.code) == (400, param, code)


def test_messages_instead_of_input_are_unknown() -> None:
    """Only beside an input does the error say what the parameter is called here."""
    error = ENDPOINT.validate({"model": "gpt-4o", "messages": []})
    assert error is not None
    assert (error.param, error.code) == ("messages", "unknown_parameter")


@pytest.mark.parametrize("stated", [{}, {"conversation": "conv_1"}, {"prompt": None}])
def test_a_model_is_required_without_a_saved_prompt(stated: dict[str, Json]) -> None:
    """Only a saved prompt brings a model of its own."""
    error = ENDPOINT.validate({"input": "Hi", **stated})
    assert error is not None
    assert (error.param, error.code) == ("model", "missing_required_parameter")


@pytest.mark.parametrize(
    "stated",
    [
        {},
        {"input": ""},
        {"prompt": None},
        {"conversation": None},
        {"conversation": ""},
        {"previous_response_id": None},
        {"previous_response_id": ""},
    ],
)
def test_something_must_stand_in_for_missing_input(stated: dict[str, Json]) -> None:
    """Without it the request is rejected in the observed words."""
    error = ENDPOINT.validate({"model": "gpt-4o", **stated})
    assert error is not None
    assert (error.param, error.code, error.message) == (
        None,
        "missing_required_parameter",
        (
            "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be "
            "provided."
        ),
    )


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": {"id": "pmpt_1"}},
        {"prompt": {"id": "pmpt_1", "version": "2", "variables": {"city": "X"}}},
        {"prompt": {"id": "pmpt_1"}, "input": "Hello"},
        {"prompt": {"id": "pmpt_1"}, "text": {"format": {"type": "json_object"}}},
        {"model": "gpt-4.1", "prompt": {"id": "pmpt_1"}},
        {"model": "gpt-4.1", "conversation": "conv_1"},
        {"model": "gpt-4.1", "conversation": {"id": "conv_1"}},
        {"model": "gpt-4.1", "previous_response_id": "resp_1"},
        {"model": "gpt-4.1", "previous_response_id": "resp_1", "input": ""},
    ],
)
def test_a_saved_prompt_or_an_earlier_turn_stands_in_for_input(body: dict[str, Json]) -> None:
    """The request is answered, by the model that it names or by some model."""
    assert ENDPOINT.validate(body) is None
    response = ENDPOINT.make_response(body, EXECUTION)
    assert response["model"] == "gpt-4.1-2025-04-14"
    assert schema(ENDPOINT.response_schema).error(response) is None


@pytest.mark.parametrize(
    ("role", "kind", "fits"),
    [
        ("user", "input_text", True),
        ("user", "output_text", False),
        ("assistant", "output_text", True),
        ("assistant", "input_text", False),
    ],
)
def test_input_and_output_texts_have_different_types(role: str, kind: str, fits: bool) -> None:
    """Users send `input_text`, assistants `output_text`."""
    items = [{"role": role, "content": [{"type": kind, "text": "Hi"}]}]
    if fits:
        respond(input=items)
    else:
        assert rejection(input=items).code == "invalid_value"


def test_an_output_can_be_the_next_input() -> None:
    """Items of a response are accepted as they are."""
    body = respond_with_reasoning(include=["reasoning.encrypted_content"])
    respond_with_reasoning(input=[{"role": "user", "content": "Hi"}, *body["output"]])


def test_an_item_with_only_an_id_is_a_reference() -> None:
    """The type of a message and of a reference may be left out."""
    respond(input=[{"id": "msg_1"}])


def test_a_conversation_and_a_previous_response_exclude_each_other() -> None:
    """Either may be sent alone."""
    error = rejection(conversation="conv_1", previous_response_id="resp_1")
    assert error.code == "mutually_exclusive_parameters"


@pytest.mark.parametrize(
    ("name", "default"),
    [("temperature", 1), ("top_p", 1), ("presence_penalty", 0), ("frequency_penalty", 0)],
)
def test_reasoning_models_accept_only_the_default(name: str, default: int) -> None:
    """Another value is rejected, here without a code; null is the default."""
    respond_with_reasoning(**{name: default})
    respond_with_reasoning(**{name: None})
    error = rejection(model="gpt-5-nano", **{name: 0.5})
    assert (error.param, error.code) == (name, None)


@pytest.mark.parametrize(
    ("name", "value"), [("include", ["message.output_text.logprobs"]), ("top_logprobs", 1)]
)
def test_reasoning_models_have_no_logprobs(name: str, value: Json) -> None:
    """Both ways to request them are rejected."""
    error = rejection(model="gpt-5-nano", **{name: value})
    assert (error.param, error.code) == (name, "unsupported_parameter")


def test_effort_needs_a_model_that_reasons() -> None:
    """An older model does not have the parameter."""
    error = rejection(reasoning={"effort": "low"})
    assert (error.param, error.code) == ("reasoning.effort", "unsupported_parameter")
