"""Structured outputs as users of the SDK have them: pydantic models, and batches."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import openai
import pytest
from openai.lib._parsing._completions import type_to_response_format_param
from openai.lib._parsing._responses import type_to_text_format_param
from openai.lib._pydantic import to_strict_json_schema
from pydantic import BaseModel, Field

from mockbatch.client import WorldClient
from mockbatch.typing import Json
from tests.support.bodies import CHAT, RESPONSES
from tests.support.shapes import BOTH, body, contents


class Priority(Enum):
    """An enum."""

    LOW = "low"
    HIGH = "high"


class Address(BaseModel):
    """A model that is used twice."""

    street: str = Field(description="With the number.")
    zip_code: str = Field(pattern=r"^\d{5}$")


class Cat(BaseModel):
    """One branch of a union."""

    kind: Literal["cat"]
    lives: int = Field(ge=1, le=9)


class Dog(BaseModel):
    """The other branch."""

    kind: Literal["dog"]
    name: Annotated[str, Field(min_length=2, max_length=12)]


class Ticket(BaseModel):
    """Most of what a model can have."""

    label: Literal["billing", "technical", "other"]
    priority: Priority
    confidence: float = Field(ge=0, le=1)
    summary: str
    due: date
    seen: datetime
    takes: timedelta
    id: UUID
    note: str | None
    tags: list[str] = Field(min_length=1, max_length=3)
    home: Address
    work: Address = Field(description="Where there is one.")
    pet: Cat | Dog
    done: bool


class Node(BaseModel):
    """A recursive model: a tree, and a list in it."""

    value: int
    left: "Node | None"
    children: list["Node"]


class Steps(BaseModel):
    """The model of OpenAI's own example."""

    steps: list[str]
    final_answer: str


MODELS: list[type[BaseModel]] = [Ticket, Node, Steps]
EVERY_MODEL = pytest.mark.parametrize("model", MODELS)


def parse_parameters(path: str, model: type[BaseModel]) -> dict[str, Json]:
    """Return the members that the SDK's parse() sends for a model."""
    if path == RESPONSES:
        return {"text": {"format": type_to_text_format_param(model)}}
    return {"response_format": type_to_response_format_param(model)}


@EVERY_MODEL
@BOTH
def test_models_parse_the_replies(path: str, model: type[BaseModel]) -> None:
    """The schema is the strict one that the SDK makes of the model."""
    for number in range(20):
        request = body(path, f"Question {number}", **parse_parameters(path, model))
        [content] = contents(path, request)
        assert model.model_validate_json(content)


@BOTH
def test_parsed_models_differ_with_the_prompt(path: str) -> None:
    """Free texts reply to the prompt."""
    [content] = contents(path, body(path, "Where is my refund?", **parse_parameters(path, Ticket)))
    assert Ticket.model_validate_json(content).summary == "Mock reply to: Where is my refund?"


@pytest.fixture
def mock(make_mockbatch: Callable[..., WorldClient]) -> WorldClient:
    """Return a world."""
    return make_mockbatch()


def run_batch(
    mock: WorldClient, path: str, bodies: list[dict[str, Json]]
) -> tuple[Json, Json, Json]:
    """Run a batch of these bodies; return it, and its output and error lines by custom_id."""
    client: Any = mock.client
    lines = [
        {"custom_id": str(number), "method": "POST", "url": path, "body": given}
        for number, given in enumerate(bodies)
    ]
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    file = client.files.create(file=("in.jsonl", data), purpose="batch")
    batch = client.batches.create(input_file_id=file.id, endpoint=path, completion_window="24h")
    mock.clock.run_until(batch)
    batch = client.batches.retrieve(batch.id)
    return batch, _lines(client, batch.output_file_id), _lines(client, batch.error_file_id)


def _lines(client: openai.OpenAI, file_id: str | None) -> dict[str, Json]:
    text = client.files.content(file_id).text if file_id else ""
    return {line["custom_id"]: line for line in map(json.loads, text.split("\n")[:-1])}


@EVERY_MODEL
def test_a_batch_of_chat_completions_is_parsed_by_its_model(
    mock: WorldClient, model: type[BaseModel]
) -> None:
    """Each line, over a socket, as users read it."""
    bodies = [body(CHAT, f"Question {n}", **parse_parameters(CHAT, model)) for n in range(10)]
    batch, output, _ = run_batch(mock, CHAT, bodies)
    assert batch.request_counts.completed == 10
    for line in output.values():
        content = line["response"]["body"]["choices"][0]["message"]["content"]
        assert model.model_validate_json(content)


@EVERY_MODEL
def test_a_batch_of_responses_is_parsed_by_its_model(
    mock: WorldClient, model: type[BaseModel]
) -> None:
    """The text is that of the only message."""
    bodies = [
        body(RESPONSES, f"Question {n}", **parse_parameters(RESPONSES, model)) for n in range(10)
    ]
    _, output, _ = run_batch(mock, RESPONSES, bodies)
    for line in output.values():
        [item] = line["response"]["body"]["output"]
        assert model.model_validate_json(item["content"][0]["text"])


def test_a_batch_of_calls_is_parsed_by_its_model(mock: WorldClient) -> None:
    """The function is the one that the SDK makes of a model."""
    tool = openai.pydantic_function_tool(Ticket)
    bodies = [body(CHAT, f"Question {n}", tools=[tool], tool_choice="required") for n in range(5)]
    _, output, _ = run_batch(mock, CHAT, bodies)
    assert len(output) == 5
    for line in output.values():
        [choice] = line["response"]["body"]["choices"]
        [call] = choice["message"]["tool_calls"]
        assert Ticket.model_validate_json(call["function"]["arguments"])


def test_a_rejected_schema_is_a_failed_line(mock: WorldClient) -> None:
    """It is in the error file, with the body of the error; the other lines succeed."""
    wrong = to_strict_json_schema(Steps) | {"additionalProperties": True}
    given = {"name": "Steps", "schema": wrong, "strict": True}
    good, bad = (
        body(CHAT, **parse_parameters(CHAT, Steps)),
        body(CHAT, response_format={"type": "json_schema", "json_schema": given}),
    )
    batch, output, errors = run_batch(mock, CHAT, [good, bad])
    assert (batch.request_counts.completed, batch.request_counts.failed) == (1, 1)
    assert output.keys() == {"0"}
    response = errors["1"]["response"]
    assert (response["status_code"], errors["1"]["error"]) == (400, None)
    assert response["body"]["error"]["message"] == (
        "Invalid schema for response_format 'Steps': In context=(), "
        "'additionalProperties' is required to be supplied and to be false."
    )


def test_scripted_content_is_sent_as_it_is(mock: WorldClient) -> None:
    """Even though it violates the schema of the request."""
    mock.reply({"custom_id": "0"}, {"content": '{"steps": "none"}'})
    _, output, _ = run_batch(
        mock, CHAT, [body(CHAT, **parse_parameters(CHAT, Steps)) for _ in range(2)]
    )
    said = {
        name: line["response"]["body"]["choices"][0]["message"]["content"]
        for name, line in output.items()
    }
    assert said["0"] == '{"steps": "none"}'
    assert Steps.model_validate_json(said["1"])
