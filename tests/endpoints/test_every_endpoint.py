"""What holds for every endpoint."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openai.types import (
    Completion,
    CreateEmbeddingResponse,
    ImagesResponse,
    ModerationCreateResponse,
    Video,
)
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Endpoint, Execution, Tokens
from mockbatch.errors import ApiError
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.fast_check import compile_check
from mockbatch.validation.schema import schema
from tests.support.bodies import (
    BODIES,
    CALL,
    CHAT,
    COMPLETIONS,
    EDITS,
    EMBEDDINGS,
    EXECUTION,
    GENERATIONS,
    MODERATIONS,
    RESPONSES,
    VIDEOS,
    mutants,
    published_schema,
    recorded_bodies,
    spots,
)
from tests.support.examples import examples

PATHS = tuple(BODIES)
EVERY = pytest.mark.parametrize("path", PATHS)
EVERY_BODY = pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param(path, body, id=f"{path[4:]}-{index}")
        for path, bodies in BODIES.items()
        for index, body in enumerate(bodies)
    ],
)
# The SDK reads base64 as text and its model has numbers.
TYPES: dict[str, tuple[str, Any]] = {
    CHAT: ("CreateChatCompletionResponse", ChatCompletion),
    RESPONSES: ("Response", Response),
    EMBEDDINGS: ("CreateEmbeddingResponse", CreateEmbeddingResponse),
    COMPLETIONS: ("CreateCompletionResponse", Completion),
    MODERATIONS: ("CreateModerationResponse", ModerationCreateResponse),
    GENERATIONS: ("ImagesResponse", ImagesResponse),
    EDITS: ("ImagesResponse", ImagesResponse),
    VIDEOS: ("VideoResource", Video),
}
# Recorded replies have null here, and the published document forbids it.
NULL_ON_THE_WIRE = ("system_fingerprint", "user")

THOROUGH = examples(250, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)


def endpoint(path: str) -> Endpoint:
    """Return the endpoint at a path."""
    return endpoints()[path]


def request_schema(path: str) -> str:
    """Return the name of the schema of its request body."""
    return path.removeprefix("/v1/").replace("/", "_") + ".request"


def rejection(path: str, body: Json) -> ApiError | None:
    """Return the error with which an endpoint rejects a body, None if it does not."""
    try:
        endpoint(path).check(body)
    except ApiError as error:
        return error
    return None


@EVERY_BODY
def test_valid_bodies_are_accepted(path: str, body: Json) -> None:
    """What the service accepts."""
    endpoint(path).check(body)


@EVERY_BODY
def test_checking_changes_nothing(path: str, body: Json) -> None:
    """The body is the same afterwards."""
    before = copy.deepcopy(body)
    endpoint(path).check(body)
    assert body == before


@EVERY
@given(data=st.data())
@THOROUGH
def test_the_fast_check_is_exact(path: str, data: st.DataObject) -> None:
    """Values that it accepts are accepted by jsonschema."""
    body = data.draw(mutants(path))
    known = schema(request_schema(path))
    assert known.accepts(body) == Draft202012Validator(known.document).is_valid(body)


@EVERY_BODY
def test_bodies_like_an_earlier_one_need_no_jsonschema(
    path: str, body: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that differs only in its texts is accepted by the fast check."""
    endpoint(path).check(body)
    other = copy.deepcopy(body)
    for name in ("messages", "input", "prompt"):
        for place, key in spots({"root": other.get(name)}):
            if key in ("content", "text", "input", "prompt") and isinstance(place[key], str):
                place[key] += " Really?"
    monkeypatch.setattr(Draft202012Validator, "iter_errors", _must_not_be_asked)
    endpoint(path).check(other)


def _must_not_be_asked(*_: object) -> None:
    raise AssertionError("jsonschema was called")


@EVERY
@given(data=st.data())
@THOROUGH
def test_any_json_is_rejected_or_gets_a_valid_response(path: str, data: st.DataObject) -> None:
    """Whatever the body is."""
    body = data.draw(mutants(path))
    if error := rejection(path, body):
        assert error.status == 400
        json.dumps(error.body())
        return
    answer = endpoint(path).make_response(body, EXECUTION)
    assert schema(endpoint(path).response_schema).error(answer) is None
    used = endpoint(path).read_usage(answer)
    assert used.input >= 0
    assert used.output >= used.reasoning >= 0
    json.dumps(answer, allow_nan=False)


@EVERY
@pytest.mark.parametrize("body", [None, True, 1, 1.5, "x", [], [{}], {}, {"model": None}])
def test_bodies_of_another_type_are_rejected(path: str, body: Json) -> None:
    """A body that is no object, or has no model, causes no exception."""
    assert rejection(path, body)


@EVERY_BODY
def test_responses_fit_their_schema(path: str, body: Json) -> None:
    """The one that the endpoint names."""
    schema(endpoint(path).response_schema).check(endpoint(path).make_response(body, EXECUTION))


@EVERY_BODY
def test_responses_fit_the_sdk(path: str, body: Json) -> None:
    """The SDK's types accept a response without conversion."""
    if body.get("encoding_format") == "base64":
        pytest.skip("the SDK decodes base64 before it checks")
    TYPES[path][1].model_validate(endpoint(path).make_response(body, EXECUTION), strict=True)


@EVERY_BODY
def test_responses_fit_the_published_schema(path: str, body: Json) -> None:
    """OpenAI's OpenAPI document accepts a response, but for nulls that it forgot."""
    if body.get("encoding_format") == "base64":
        pytest.skip("the document knows only numbers")
    answer = endpoint(path).make_response(body, EXECUTION)
    for name in NULL_ON_THE_WIRE:
        if answer.get(name, "") is None:
            del answer[name]
    assert [*Draft202012Validator(published_schema(TYPES[path][0])).iter_errors(answer)] == []


@EVERY_BODY
def test_responses_are_repeatable(path: str, body: Json) -> None:
    """The same execution of a request has the same bytes."""
    first, second = (json.dumps(endpoint(path).make_response(body, EXECUTION)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("path", [CHAT, COMPLETIONS, MODERATIONS, RESPONSES, VIDEOS])
def test_ids_come_from_the_execution(path: str) -> None:
    """Two executions of one request have different ids."""
    other = Execution(Seed.of("other"), EXECUTION.created_at)
    body = BODIES[path][0]
    assert (
        endpoint(path).make_response(body, EXECUTION)["id"]
        != endpoint(path).make_response(body, other)["id"]
    )


@pytest.mark.parametrize("path", [CHAT, EMBEDDINGS, RESPONSES])
def test_recorded_bodies_fit_the_schema(path: str) -> None:
    """The response schema accepts every body that was recorded from the real service."""
    bodies = recorded_bodies(path)
    assert bodies
    for body in bodies:
        schema(endpoint(path).response_schema).check(body)


@pytest.mark.parametrize("path", [CHAT, EMBEDDINGS, RESPONSES])
def test_keys_are_in_the_recorded_order(path: str) -> None:
    """A response has the keys of the newest recorded body, in its order."""
    real = recorded_bodies(path)[-1]
    body = {
        CHAT: {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]},
        EMBEDDINGS: {"model": "text-embedding-3-small", "input": "x"},
        RESPONSES: {
            "model": "gpt-5-nano",
            "input": "x",
            "include": ["reasoning.encrypted_content"],
        },
    }[path]
    assert _keys(endpoint(path).make_response(body, EXECUTION)) == _keys(real)  # type: ignore[arg-type]


def _keys(value: Json) -> Json:
    if isinstance(value, dict):
        return [(key, _keys(inner)) for key, inner in value.items()]
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [_keys(inner) for inner in value]
    return None


# Keys of recorded bodies that other real ones lack: older ones, ones whose request did not
# ask for it, ones of models that do not reason.
OPTIONAL = {"annotations", "encrypted_content", "context", "mode"}


@pytest.mark.parametrize("path", [CHAT, EMBEDDINGS, RESPONSES])
def test_the_schema_requires_every_recorded_key(path: str) -> None:
    """A recorded body without one of its keys is invalid."""
    real = recorded_bodies(path)[-1]
    for index, (_, key) in enumerate(_spots(real)):
        copied = copy.deepcopy(real)
        place, _ = _spots(copied)[index]
        if isinstance(place, dict) and key not in OPTIONAL and not _may_be_any_object(place, key):
            del place[key]
            assert not schema(endpoint(path).response_schema).accepts(copied), key


@EVERY
def test_the_schema_checks_every_type(path: str) -> None:
    """A response with a value of another type somewhere is invalid."""
    answer = endpoint(path).make_response(BODIES[path][0], EXECUTION)
    for index, (_, key) in enumerate(_spots(answer)):
        copied = copy.deepcopy(answer)
        place, _ = _spots(copied)[index]
        place[key] = {"mock": [1]}
        if not _may_be_any_object(place, key):
            assert not schema(endpoint(path).response_schema).accepts(copied), key


@EVERY
def test_the_schema_forbids_other_keys(path: str) -> None:
    """A response with an additional key somewhere is invalid."""
    answer = endpoint(path).make_response(BODIES[path][0], EXECUTION)
    for index, (_, key) in enumerate(_spots({"root": answer})):
        copied = {"root": copy.deepcopy(answer)}
        place, _ = _spots(copied)[index]
        if isinstance(place[key], dict) and not _may_be_any_object(place, key):
            place[key]["mock"] = [1]
            assert not schema(endpoint(path).response_schema).accepts(copied["root"]), key


def _spots(value: Json) -> list[tuple[Json, Json]]:
    # One coordinate of a vector stands for all.
    return [(place, key) for place, key in spots(value) if not isinstance(key, int) or key < 2]


def _may_be_any_object(place: Json, key: Json) -> bool:
    """Return whether a place may hold any object: a moderation result, a tool choice."""
    return key in ("moderation", "tool_choice") or (key == "type" and "verbosity" in place)


@EVERY
def test_endpoints_are_named_as_in_messages(path: str) -> None:
    """The product is the name in OpenAI's messages, of which one was observed."""
    names = {CHAT: "Chat Completions", GENERATIONS: "Image Generations", EDITS: "Image Edits"}
    assert endpoint(path).product == names.get(path, path.removeprefix("/v1/").title())


def test_every_endpoint_is_tested_here() -> None:
    """There are request bodies for each endpoint that a batch can name."""
    assert set(PATHS) == set(endpoints())


def test_endpoints_are_in_the_observed_order() -> None:
    """Those of the message of 2025-12 come first, in its order, and all others by path."""
    assert [*endpoints()] == [
        *(CHAT, COMPLETIONS, EMBEDDINGS, RESPONSES, MODERATIONS),
        *(EDITS, GENERATIONS, VIDEOS),
    ]


@EVERY_BODY
def test_only_embeddings_count_inputs(path: str, body: Json) -> None:
    """A request to another endpoint is one input."""
    if path != EMBEDDINGS:
        assert endpoint(path).count_inputs(body) == 1


@EVERY_BODY
def test_typical_bodies_need_no_jsonschema(path: str, body: Json) -> None:
    """The fast check accepts what clients send."""
    if path == RESPONSES:
        pytest.skip("its items get their types first")
    known = schema(request_schema(path))
    judge = Draft202012Validator(known.document)
    assert compile_check(known.document, lambda part: judge.evolve(schema=part))(body)


USER = {"role": "user", "content": "Hi"}
CALLING = {"role": "assistant", "tool_calls": [CALL]}


@pytest.mark.parametrize(
    ("path", "changes", "message"),
    [
        (CHAT, {"model": ""}, "you must provide a model parameter"),
        (EMBEDDINGS, {"model": ""}, "you must provide a model parameter"),
        (RESPONSES, {"model": ""}, "The requested model '' does not exist."),
        (
            CHAT,
            {"model": "gpt-4o", "reasoning_effort": "low"},
            "Unrecognized request argument supplied: reasoning_effort",
        ),
        (
            CHAT,
            {"model": "gpt-5.6-terra", "stop": "x"},
            "Unsupported parameter: 'stop' is not supported with this model.",
        ),
        (
            CHAT,
            {"model": "gpt-5-nano", "max_tokens": 9},
            (
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
                "'max_completion_tokens' instead."
            ),
        ),
        (
            CHAT,
            {"model": "gpt-5-nano", "temperature": 0.5},
            (
                "Unsupported value: 'temperature' does not support 0.5 with this model. Only the "
                "default (1) value is supported."
            ),
        ),
        (
            RESPONSES,
            {"model": "gpt-5-nano", "temperature": 0.5},
            "Unsupported parameter: 'temperature' is not supported with this model.",
        ),
        (
            CHAT,
            {"model": "gpt-4o", "max_tokens": 9, "max_completion_tokens": 9},
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
        ),
        (
            CHAT,
            {"model": "gpt-4o", "top_logprobs": 1},
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
        ),
        (
            RESPONSES,
            {"model": "gpt-5-nano", "top_logprobs": 1},
            "logprobs are not supported with reasoning models.",
        ),
        (
            CHAT,
            {"messages": [{"role": "tool", "tool_call_id": "call_1", "content": "Rain"}]},
            (
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
                "message with 'tool_calls'."
            ),
        ),
        (
            CHAT,
            {"messages": [USER, CALLING]},
            (
                "An assistant message with 'tool_calls' must be followed by tool messages "
                "responding to each 'tool_call_id'. The following tool_call_ids did not have "
                "response messages: call_1"
            ),
        ),
        (
            CHAT,
            {"messages": [{"role": "user"}]},
            "Invalid value for 'content': expected a string, got null.",
        ),
        (
            RESPONSES,
            {"input": []},
            (
                "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must "
                "be provided."
            ),
        ),
        (
            RESPONSES,
            {"conversation": "conv_1", "previous_response_id": "resp_1"},
            (
                "Mutually exclusive parameters: ''. Ensure you are only providing one of: "
                "'pre..._id' or 'conversation'."
            ),
        ),
        (
            RESPONSES,
            {"messages": []},
            (
                "Unsupported parameter: 'messages'. In the Responses API, this parameter has moved "
                "to 'input'. Try again with the new parameter. See the API documentation for more "
                "information: https://platform.openai.com/docs/api-reference/responses/create."
            ),
        ),
        (
            EMBEDDINGS,
            {"input": ""},
            (
                "'$.input' is invalid. Please check the API reference: "
                "https://platform.openai.com/docs/api-reference."
            ),
        ),
        (
            EMBEDDINGS,
            {"model": "text-embedding-ada-002", "dimensions": 9},
            "This model does not support specifying dimensions.",
        ),
    ],
)
def test_observed_errors_have_the_same_message(path: str, changes: Json, message: str) -> None:
    """Word for word as the real service was observed to send them."""
    error = rejection(path, {**BODIES[path][0], **changes})
    assert error is not None
    assert error.message == message


def test_only_responses_reject_a_parameter_without_a_code() -> None:
    """The same message has a code at one endpoint and none at the other; observed in 2026-08."""
    chat = rejection(CHAT, {"model": "gpt-5.6-terra", "messages": [USER], "stop": "x"})
    responses = rejection(RESPONSES, {"model": "gpt-5-nano", "input": "x", "top_p": 0.5})
    assert chat is not None
    assert responses is not None
    assert (chat.code, responses.code) == ("unsupported_parameter", None)


def test_the_usage_of_a_raw_body_may_be_anything() -> None:
    """Each endpoint reads token counts from it all the same."""
    for path in PATHS:
        bodies: list[Any] = [{}, {"usage": None}, {"usage": {"prompt_tokens": "x"}}, None, [1], "x"]
        for body in bodies:
            assert endpoint(path).read_usage(body) == Tokens(input=0, output=0)
