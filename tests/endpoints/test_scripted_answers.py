"""What scripted replies make of the answers of every endpoint."""

import copy
import json

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.respond import respond
from mockbatch.endpoints.scripted_reply import SUCCEEDED, parse_reply
from mockbatch.errors import ApiError, api_error
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
    published,
)
from tests.support.scripted_replies import FAILURE, NEVER, SAYING

BASES = [
    *SAYING,
    *[FAILURE, NEVER],
    *({"body": endpoints()[path].make_response(BODIES[path][0], EXECUTION)} for path in BODIES),
]


def scripted(path: str, body: Json, document: Json) -> Json:
    """Return the answer to a request body with a reply in it."""
    endpoint = endpoints()[path]
    return endpoint.with_reply(endpoint.make_response(body, EXECUTION), parse_reply(document), body)


def answer(path: str, document: Json, refusal: ApiError | None = None) -> tuple[Json, ...]:
    """Return status, body and honesty of the answer to a request that meets a reply."""
    found = respond(endpoints()[path], BODIES[path][0], EXECUTION, parse_reply(document), refusal)
    return found.status_code, found.body, found.is_checked


def placed(path: str) -> list[dict[str, Json]]:
    """Return the replies that have a place at an endpoint."""
    return [
        document
        for document in SAYING
        if parse_reply(document).fields <= endpoints()[path].supported_reply_fields
    ]


@EVERY_BODY
def test_scripted_answers_fit_their_schema(path: str, body: Json) -> None:
    """Whatever is said, the answer is what the endpoint's schema says."""
    for document in placed(path):
        schema(endpoints()[path].schema).check(scripted(path, body, document))


@EVERY_BODY
def test_scripted_answers_fit_the_sdk(path: str, body: Json) -> None:
    """Whatever is said, the answer is what the SDK's types say, without a conversion."""
    for document in placed(path):
        TYPES[path][1].model_validate(scripted(path, body, document), strict=True)


@EVERY_BODY
def test_scripted_answers_fit_the_published_schema(path: str, body: Json) -> None:
    """Whatever is said, the answer is what OpenAI's document says, but for forgotten nulls."""
    validator = Draft202012Validator(published(TYPES[path][0]))
    for document in placed(path):
        answer = scripted(path, body, document)
        for name in NULL_ON_THE_WIRE:
            if answer.get(name, "") is None:
                del answer[name]
        assert [*validator.iter_errors(answer)] == []


@EVERY_BODY
def test_scripted_usage_adds_up(path: str, body: Json) -> None:
    """The total is the sum, and what was reasoned is part of what was made."""
    for document in placed(path):
        answer = scripted(path, body, document)
        used = endpoints()[path].read_usage(answer)
        assert answer["usage"]["total_tokens"] == used.input + used.output
        assert used.output >= used.reasoning


@EVERY_BODY
def test_a_reply_costs_no_other_prompt(path: str, body: Json) -> None:
    """What was asked, and reasoned, is billed as without a script."""
    default = endpoints()[path].read_usage(endpoints()[path].make_response(body, EXECUTION))
    for document in placed(path):
        used = endpoints()[path].read_usage(scripted(path, body, document))
        assert (used.input, used.reasoning) == (default.input, default.reasoning)


@EVERY_BODY
def test_scripting_changes_nothing_given(path: str, body: Json) -> None:
    """The default answer, the request and the reply are what they were."""
    endpoint = endpoints()[path]
    default = endpoint.make_response(body, EXECUTION)
    for document in SAYING:
        reply = parse_reply(document)
        before = copy.deepcopy((default, body, reply))
        endpoint.with_reply(default, reply, body)
        assert (default, body, reply) == before


@EVERY_BODY
def test_scripted_answers_are_repeatable(path: str, body: Json) -> None:
    """The same reply to the same request has the same bytes, made-up ids included."""
    for document in placed(path):
        first, second = (json.dumps(scripted(path, body, document)) for _ in range(2))
        assert first == second


@EVERY_BODY
def test_what_has_no_place_leaves_the_default(path: str, body: Json) -> None:
    """A reply that an endpoint cannot give is as if it were not there."""
    default = endpoints()[path].make_response(body, EXECUTION)
    without = [document for document in SAYING if document not in placed(path)]
    assert all(scripted(path, body, document) == default for document in [*without, FAILURE, NEVER])


@EVERY
def test_a_whole_body_is_the_answer(path: str) -> None:
    """A body that the schema takes replaces the default."""
    other = endpoints()[path].make_response(BODIES[path][1], EXECUTION)
    assert answer(path, {"body": other}) == (200, other, True)


def test_a_whole_body_of_another_endpoint_leaves_the_default() -> None:
    """A chat completion answers no request for embeddings."""
    other = endpoints()[CHAT].make_response(BODIES[CHAT][0], EXECUTION)
    assert answer(EMBEDDINGS, {"body": other})[1]["object"] == "list"


@EVERY
@pytest.mark.parametrize("whole", [None, [], "x", {"error": 1}])
def test_a_raw_body_is_the_answer(path: str, whole: Json) -> None:
    """Whatever it is, it is sent, and nobody vouches for it."""
    assert answer(path, {"body": whole, "raw": True}) == (200, whole, False)


@EVERY
def test_a_failure_is_the_answer(path: str) -> None:
    """With its status, whatever the endpoint would have said; a replayed one may be 0."""
    assert answer(path, FAILURE) == (400, FAILURE["body"], True)
    assert answer(path, {**FAILURE, "status_code": 0, "raw": True})[0] == 0


@EVERY
def test_a_refusal_outranks_what_has_to_be_put_into_an_answer(path: str) -> None:
    """What the endpoint refuses has no answer; a reply that stands alone needs none."""
    refusal = api_error("no_model_named")
    for document in placed(path):
        assert answer(path, document, refusal) == (400, refusal.body(), True)
    assert answer(path, FAILURE, refusal)[1] == FAILURE["body"]
    assert answer(path, {"body": 1, "raw": True}, refusal)[1] == 1


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_a_reply_can_be_put_into_a_scripted_answer(path: str) -> None:
    """Every reply finds its place in an answer that another reply has made."""
    endpoint = endpoints()[path]
    for body in BODIES[path]:
        for first in SAYING:
            for then in SAYING:
                answer = endpoint.with_reply(scripted(path, body, first), parse_reply(then), body)
                schema(endpoint.schema).check(answer)
                assert endpoint.read_usage(answer).output >= endpoint.read_usage(answer).reasoning


@given(JSON | mutants_of(BASES))
@THOROUGH
def test_whatever_is_taken_makes_answers_that_fit(document: Json) -> None:
    """Every reply that is taken, raw ones apart, leaves every answer as its schema says."""
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
            assert schema(endpoint.schema).error(answer) is None
            if reply.outcome != SUCCEEDED:
                assert answer == endpoint.make_response(body, EXECUTION)
