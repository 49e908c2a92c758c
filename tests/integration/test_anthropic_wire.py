"""Recorded objects of Anthropic's API fit the schemas, which reject mutations of them."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockbatch.client import WorldClient
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

WIRE = Path(__file__).parents[2] / "fixtures" / "wire"
BATCH, LINE, MESSAGE = ("anthropic/message_batch", "anthropic/result_line", "anthropic/message")


def recorded_objects(name: str, member: str) -> list[Json]:
    """Return the recorded objects of a file."""
    rows = (WIRE / name).read_text().splitlines()
    return [json.loads(row)[member] for row in rows]


BATCHES = recorded_objects("anthropic_message_batches.jsonl", "object")
LINES = recorded_objects("anthropic_result_lines.jsonl", "line")
MESSAGES = [line["result"]["message"] for line in LINES]
ALL = [(BATCH, one) for one in BATCHES] + [(LINE, one) for one in LINES]
ALL += [(MESSAGE, one) for one in MESSAGES]


@pytest.mark.parametrize(("name", "object_"), ALL)
def test_recorded_objects_fit(name: str, object_: Json) -> None:
    """Each of them."""
    assert schema(name).error(object_) is None


def mutations(object_: Json) -> Iterator[Json]:
    """Yield an object without each of its members, with each of another type, and with one more."""
    for member in object_:
        yield {name: value for name, value in object_.items() if name != member}
        yield {**object_, member: [object_[member]]}
    yield {**object_, "more": None}


@pytest.mark.parametrize(
    ("name", "object_"),
    [(BATCH, BATCHES[0]), (BATCH, BATCHES[1]), (LINE, LINES[0]), (MESSAGE, MESSAGES[0])],
)
def test_mutations_are_rejected(name: str, object_: Json) -> None:
    """But for the member that recordings of 2025 do not have."""
    accepted = [one for one in mutations(object_) if schema(name).error(one) is None]
    without = {key: value for key, value in object_.items() if key != "stop_details"}
    assert accepted == ([without] if name == MESSAGE else [])


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "batch_1"},
        {"processing_status": "completed"},
        {"created_at": "2026-08-19T14:44:51Z"},
        {"created_at": 1_795_000_000},
        {"results_url": "https://api.anthropic.com/v1/messages/batches/x/results"},
        {"ended_at": "2026-08-19T14:46:57.158324+00:00"},
    ],
)
def test_wrong_values_of_a_running_batch_are_rejected(changes: dict[str, Json]) -> None:
    """Forms of other providers, and what only an ended batch has."""
    running = copy.deepcopy(BATCHES[0])
    assert running["processing_status"] == "in_progress"
    assert schema(BATCH).error({**running, **changes}) is not None


def test_the_order_of_members_is_the_recorded_one(mockbatch: WorldClient) -> None:
    """Of a batch, its counts, a line of results, its message and the usage."""
    batches = mockbatch.anthropic.messages.batches
    params: Json = {"model": "claude-haiku-4-5", "max_tokens": 5}
    params["messages"] = [{"role": "user", "content": "Hello"}]
    id = batches.create(requests=[{"custom_id": "0", "params": params}]).id
    mockbatch.clock.advance(hours=1)
    batch: Json = batches.with_raw_response.retrieve(id).json()
    line = json.loads(mockbatch.call("GET", f"/_mock/batches/{id}/results")["output"])
    for ours, theirs in (
        (batch, BATCHES[1]),
        (batch["request_counts"], BATCHES[1]["request_counts"]),
        (line, LINES[0]),
        (line["result"], LINES[0]["result"]),
        (line["result"]["message"], MESSAGES[0]),
        (line["result"]["message"]["usage"], MESSAGES[0]["usage"]),
    ):
        assert list(ours) == list(theirs)
