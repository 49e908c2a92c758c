"""Requests of a few bytes whose responses would be huge."""

import pytest

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.response_size import MAX_CHOICES, MAX_LOGPROBS, MAX_NUMBERS
from mockbatch.errors import NoReplyPossibleError
from mockbatch.typing import Json
from tests.support.bodies import BODIES, CHAT, COMPLETIONS, EXECUTION, RESPONSES

TOOL = {"type": "object", "properties": {"city": {"type": "string"}}}
LONG_ITEMS = {"type": "array", "minItems": 900, "items": {"type": "string"}}


def chat(**extra: Json) -> Json:
    """Return a chat request for a model that has log probabilities."""
    return {**BODIES[CHAT][0], "model": "gpt-4o-mini", **extra}


def tools(count: int) -> Json:
    """Return parameters that require a call of each of so many tools."""
    functions = [{"name": f"f{number}", "parameters": TOOL} for number in range(count)]
    offered = [{"type": "function", "function": function} for function in functions]
    return {"tools": offered, "tool_choice": "required"}


def schema_format(schema: Json) -> Json:
    """Return the parameter that asks for JSON of a schema."""
    return {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}


def test_vectors_that_would_be_too_large_are_refused() -> None:
    """The most inputs for the longest vectors of OpenAI's models are not too large."""
    large = {"model": "text-embedding-3-large", "input": ["a"] * 2048}
    assert endpoints()["/v1/embeddings"].validate(large) is None
    error = endpoints()["/v1/embeddings"].validate({**large, "model": "own", "dimensions": 3073})
    assert isinstance(error, NoReplyPossibleError)
    assert (error.status, error.code, error.param) == (400, "invalid_value", "input")
    assert f"at most {MAX_NUMBERS}" in error.message


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (chat(n=128, **tools(128)), "n"),
        (chat(n=128, logprobs=True, top_logprobs=20), "logprobs"),
        (
            chat(n=8, logprobs=True, top_logprobs=20, response_format=schema_format(LONG_ITEMS)),
            "logprobs",
        ),
    ],
)
def test_a_chat_completion_that_would_be_too_large_is_refused(body: Json, param: str) -> None:
    """Mockbatch says that it cannot generate it; OpenAI would."""
    error = endpoints()[CHAT].validate(body)
    assert isinstance(error, NoReplyPossibleError)
    assert (error.status, error.code, error.param) == (400, "invalid_value", param)
    assert f"at most {MAX_CHOICES if param == 'n' else MAX_LOGPROBS}" in error.message


@pytest.mark.parametrize(
    "body",
    [
        chat(n=16, **tools(128)),
        chat(n=128, logprobs=True),
        chat(n=40, logprobs=True, top_logprobs=20),
        chat(n=128, logprobs=True, top_logprobs=20, max_tokens=5),
        chat(n=128, logprobs=True, top_logprobs=20, **tools(1)),
    ],
)
def test_what_clients_really_ask_for_is_generated(body: Json) -> None:
    """Up to the limits; a limit on tokens counts, and calls have no log probabilities."""
    endpoint = endpoints()[CHAT]
    assert endpoint.validate(body) is None
    assert len(endpoint.make_response(body, EXECUTION)["choices"]) == body["n"]


def test_a_response_with_the_log_probabilities_of_a_long_text_is_refused() -> None:
    """In `/v1/responses`, too."""
    name = "message.output_text.logprobs"
    text = {"format": {"type": "json_schema", "name": "a", "schema": LONG_ITEMS}}
    body = {**BODIES[RESPONSES][0], "model": "gpt-4o-mini", "include": [name], "top_logprobs": 20}
    assert endpoints()[RESPONSES].validate(body) is None
    error = endpoints()[RESPONSES].validate({**body, "text": text})
    assert isinstance(error, NoReplyPossibleError)


def test_completions_count_the_choices_of_all_prompts() -> None:
    """2,048 at most."""
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": ["a"] * 16, "n": 128}
    assert endpoints()[COMPLETIONS].validate(body) is None
    error = endpoints()[COMPLETIONS].validate({**body, "prompt": ["a"] * 17})
    assert error is not None
    assert error.param == "n"
