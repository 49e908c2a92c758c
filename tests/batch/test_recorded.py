"""A batch of which only its recorded object is known."""

import json
from pathlib import Path

import pytest

from mockbatch.batch.recorded import recorded_batch
from mockbatch.batch.timeline import Transition
from mockbatch.typing import Json

STATE = Path(__file__).parents[2] / "fixtures/worlds/portkey-page.json"


@pytest.fixture
def recorded() -> dict[str, Json]:
    """Return the object of a batch that has completed."""
    batch: dict[str, Json] = json.loads(STATE.read_bytes())["recorded"][0]
    return batch


@pytest.mark.parametrize("seconds", [-5, 0, 5, 10**6])
def test_timeline_is_in_order_whatever_the_stamps(recorded: dict[str, Json], seconds: int) -> None:
    """It begins at the creation, and ends with the status that the object has."""
    created_at = recorded["created_at"]
    changed = {**recorded, "in_progress_at": created_at + seconds}
    transitions = recorded_batch(changed, 0).timeline.transitions
    assert [change.at for change in transitions] == sorted(change.at for change in transitions)
    assert transitions[0] == Transition(created_at, "validating")
    assert transitions[-1].status == recorded["status"]
    assert Transition(max(created_at, created_at + seconds), "in_progress") in transitions


def test_object_stays_as_it_was_recorded(recorded: dict[str, Json]) -> None:
    """At any instant, even before its creation."""
    batch = recorded_batch(recorded, 0)
    assert batch.as_json(0) == batch.as_json(2**32 - 1) == recorded


def test_counts_are_those_of_its_object(recorded: dict[str, Json]) -> None:
    """The overview of a world shows them."""
    counts = {"total": 3, "completed": 2, "failed": 1}
    batch = recorded_batch({**recorded, "request_counts": counts}, 0)
    assert batch.shown_counts(0) == counts


def test_has_the_files_that_its_object_names(recorded: dict[str, Json]) -> None:
    """None is not one of them."""
    shown = {**recorded, "output_file_id": "file-a", "error_file_id": None}
    assert recorded_batch(shown, 0).existing_file_ids(0) == {"output": "file-a"}


def test_can_always_be_retrieved(recorded: dict[str, Json]) -> None:
    """Also by a clock that starts at the epoch, long before the batch was recorded."""
    assert recorded_batch(recorded, 1).visible_at <= 0


def test_a_change_to_its_object_does_not_change_the_batch(recorded: dict[str, Json]) -> None:
    """Each call returns an object of its own."""
    batch = recorded_batch(recorded, 0)
    batch.as_json(0)["status"] = "changed"
    assert batch.as_json(0)["status"] == batch.status(0) == "completed"
