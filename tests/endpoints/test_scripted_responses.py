"""Scripted replies put into the responses of every endpoint."""

import copy
import json

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.respond import respond
from mockbatch.endpoints.scripted_reply import SUCCEEDED
from mockbatch.errors import ApiError, api_error
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from tests.endpoints.test_every_endpoint import EVERY, EVERY_BODY, NULL_ON_THE_WIRE, THOROUGH, TYPES
from tests.support.bodies import (
    BODIES,
    CHAT,
    EMBEDDINGS,
    EXECUTION,
    JSON,
    RESPONSES,
    mutants_of,
    published_schema,
)
from tests.support.scripted_replies import FAILURE, NEVER, SAYING

BASES = [
    *SAYING,
    *[FAILURE, NEVER],
    *({"body": endpoints()[path].make_response(BODIES[path][0], EXECUTION)} for path in BODIES),
]


def respond_with_reply(path: str, body: Json, document: Json) -> Json:
    """Return the response to a request body with a scripted reply put in."""
    endpoint = endpoints()[path]
    return endpoint.with_reply(endpoint.make_response(body, EXECUTION), parse_reply(document), body)


def respond_to(path: str, document: Json, error: ApiError | None = None) -> tuple[Json, ...]:
    """Return status, body and is_checked of the response to a request that gets a reply."""
    found = respond(endpoints()[path], BODIES[path][0], EXECUTION, parse_reply(document), error)
    return found.status_code, found.body, found.is_checked


def supported_replies(path: str) -> list[dict[str, Json]]:
    """Return the replies whose fields an endpoint supports."""
    return [
        document
        for document in SAYING
        if parse_reply(document).fields <= endpoints()[path].supported_reply_fields
    ]


@EVERY_BODY
def test_scripted_responses_fit_their_schema(path: str, body: Json) -> None:
    """The endpoint's response schema accepts them, whatever the reply."""
    for document in supported_replies(path):
        schema(endpoints()[path].response_schema).check(respond_with_reply(path, body, document))


@EVERY_BODY
def test_scripted_responses_fit_the_sdk(path: str, body: Json) -> None:
    """The SDK's types accept them without conversion, whatever the reply."""
    for document in supported_replies(path):
        TYPES[path][1].model_validate(respond_with_reply(path, body, document), strict=True)


@EVERY_BODY
def test_scripted_responses_fit_the_published_schema(path: str, body: Json) -> None:
    """OpenAI's OpenAPI document accepts them, but for forgotten nulls."""
    validator = Draft202012Validator(published_schema(TYPES[path][0]))
    for document in supported_replies(path):
        answer = respond_with_reply(path, body, document)
        for name in NULL_ON_THE_WIRE:
            if answer.get(name, "") is None:
                del answer[name]
        assert [*validator.iter_errors(answer)] == []


@EVERY_BODY
def test_scripted_usage_adds_up(path: str, body: Json) -> None:
    """The total is the sum, and reasoning tokens are part of the output tokens."""
    for document in supported_replies(path):
        answer = respond_with_reply(path, body, document)
        used = endpoints()[path].read_usage(answer)
        assert answer["usage"]["total_tokens"] == used.input + used.output
        assert used.output >= used.reasoning


@EVERY_BODY
def test_a_reply_does_not_change_prompt_and_reasoning_tokens(path: str, body: Json) -> None:
    """They are billed as without the reply."""
    default = endpoints()[path].read_usage(endpoints()[path].make_response(body, EXECUTION))
    for document in supported_replies(path):
        used = endpoints()[path].read_usage(respond_with_reply(path, body, document))
        assert (used.input, used.reasoning) == (default.input, default.reasoning)


@EVERY_BODY
def test_arguments_are_not_changed(path: str, body: Json) -> None:
    """The default response, the request and the reply stay as they are."""
    endpoint = endpoints()[path]
    default = endpoint.make_response(body, EXECUTION)
    for document in SAYING:
        reply = parse_reply(document)
        before = copy.deepcopy((default, body, reply))
        endpoint.with_reply(default, reply, body)
        assert (default, body, reply) == before


@EVERY_BODY
def test_scripted_responses_are_repeatable(path: str, body: Json) -> None:
    """The same reply to the same request has the same bytes, generated ids included."""
    for document in supported_replies(path):
        first, second = (json.dumps(respond_with_reply(path, body, document)) for _ in range(2))
        assert first == second


@EVERY_BODY
def test_unsupported_fields_leave_the_default(path: str, body: Json) -> None:
    """A reply that an endpoint cannot carry has no effect."""
    default = endpoints()[path].make_response(body, EXECUTION)
    without = [document for document in SAYING if document not in supported_replies(path)]
    assert all(
        respond_with_reply(path, body, document) == default
        for document in [*without, FAILURE, NEVER]
    )


@EVERY
def test_a_whole_body_is_the_response(path: str) -> None:
    """A body that fits the schema replaces the default."""
    other = endpoints()[path].make_response(BODIES[path][1], EXECUTION)
    assert respond_to(path, {"body": other}) == (200, other, True)


def test_a_whole_body_of_another_endpoint_leaves_the_default() -> None:
    """A chat completion is no response to a request for embeddings."""
    other = endpoints()[CHAT].make_response(BODIES[CHAT][0], EXECUTION)
    assert respond_to(EMBEDDINGS, {"body": other})[1]["object"] == "list"


@EVERY
@pytest.mark.parametrize("whole", [None, [], "x", {"error": 1}])
def test_a_raw_body_is_the_response(path: str, whole: Json) -> None:
    """It is sent unchecked, whatever it is."""
    assert respond_to(path, {"body": whole, "raw": True}) == (200, whole, False)


@EVERY
def test_an_http_error_is_the_response(path: str) -> None:
    """With its status, whatever the endpoint would have responded; a replayed one may be 0."""
    assert respond_to(path, FAILURE) == (400, FAILURE["body"], True)
    assert respond_to(path, {**FAILURE, "status_code": 0, "raw": True})[0] == 0


@EVERY
def test_a_rejected_request_needs_a_complete_reply(path: str) -> None:
    """There is no response to put a content into."""
    error = api_error("no_model_named")
    for document in supported_replies(path):
        assert respond_to(path, document, error) == (400, error.body(), True)
    assert respond_to(path, FAILURE, error)[1] == FAILURE["body"]
    assert respond_to(path, {"body": 1, "raw": True}, error)[1] == 1


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_a_reply_can_be_put_into_a_scripted_response(path: str) -> None:
    """Every reply fits into a response that another reply is in."""
    endpoint = endpoints()[path]
    for body in BODIES[path]:
        for first in SAYING:
            for then in SAYING:
                answer = endpoint.with_reply(
                    respond_with_reply(path, body, first), parse_reply(then), body
                )
                schema(endpoint.response_schema).check(answer)
                assert endpoint.read_usage(answer).output >= endpoint.read_usage(answer).reasoning


@given(JSON | mutants_of(BASES))
@THOROUGH
def test_every_valid_reply_makes_valid_responses(document: Json) -> None:
    """Raw ones apart."""
    try:
        reply = parse_reply(document)
    except ApiError:
        return
    if reply.raw:
        return
    for path, bodies in BODIES.items():
        endpoint = endpoints()[path]
        for body in bodies:
            answer = endpoint.with_reply(endpoint.make_response(body, EXECUTION), reply, body)
            assert schema(endpoint.response_schema).error(answer) is None
            if reply.outcome != SUCCEEDED:
                assert answer == endpoint.make_response(body, EXECUTION)


def test_calls_of_offered_tools_that_are_too_many_become_a_text() -> None:
    """128 choices of 17 calls each: the request is valid, since it does not require them."""
    tools = [{"type": "function", "function": {"name": f"f{number}"}} for number in range(17)]
    body = {**BODIES[CHAT][0], "n": 128, "tools": tools}
    reply = parse_reply({"tool_calls": "offered"})
    found = respond(endpoints()[CHAT], body, EXECUTION, reply, None)
    assert all(choice["message"]["content"] for choice in found.body["choices"])
