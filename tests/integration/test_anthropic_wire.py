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


# What the service need not send: not all recordings, or not all types of the SDK, have it.
OPTIONAL_USAGE = {
    *("cache_creation", "cache_creation_input_tokens", "cache_read_input_tokens"),
    *("inference_geo", "service_tier"),
}
OPTIONAL = {
    "stop_details gone",
    "content 0 and more",  # such as citations
    *(f"usage {name} {change}" for name in OPTIONAL_USAGE for change in ("gone", "null")),
}


def mutations(value: Json) -> Iterator[tuple[str, Json]]:
    """Yield a value with one change, and its name, for each member at any depth.

    A member is gone, in a list, null, or not alone.
    """
    if isinstance(value, list):
        for index, item in enumerate(value):
            for name, changed in mutations(item):
                yield f"{index} {name}", [*value[:index], changed, *value[index + 1 :]]
    if not isinstance(value, dict):
        return
    yield "and more", {**value, "more": None}
    for member, inner in value.items():
        yield f"{member} gone", {name: value[name] for name in value if name != member}
        yield f"{member} listed", {**value, member: [inner]}
        if inner is not None:
            yield f"{member} null", {**value, member: None}
        for name, changed in mutations(inner):
            yield f"{member} {name}", {**value, member: changed}


@pytest.mark.parametrize(("name", "object_"), ALL)
def test_mutations_are_rejected(name: str, object_: Json) -> None:
    """But for members that are optional."""
    accepted = {
        change for change, mutated in mutations(object_) if schema(name).error(mutated) is None
    }
    path = "result message " if name == LINE else ""
    optional = set() if name == BATCH else {f"{path}{change}" for change in OPTIONAL}
    assert accepted <= optional


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
