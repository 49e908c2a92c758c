"""Why a batch is where it is, in a sentence."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.validation.schema import schema
from mockbatch.world import explain

if TYPE_CHECKING:
    from tests.conftest import Make

DAY = 24 * 3600


def said(batch: Batch, seconds: float) -> str:
    """Return the sentence about a batch so many seconds after its creation."""
    return explain.describe(batch, batch.created_at + seconds)


def test_the_sentence_tells_where_a_batch_is_and_what_comes(make: "Make") -> None:
    """The sentence has the status, since when, the scenario, the lines, and what comes next."""
    batch = make.batch()
    assert said(batch, 93) == (
        f"{batch.id} is in_progress since 2024-04-23 17:54:22Z (scenario happy, 5 of 10 lines "
        "executed); it becomes finalizing in 30 s of simulated time."
    )


def test_what_has_ended_stays(make: "Make") -> None:
    """Of a batch that has ended the sentence says that nothing can happen any more."""
    assert said(make.batch(), 124).endswith("nothing can happen to it any more.")


def test_what_waits_for_a_command_says_so(make: "Make") -> None:
    """Of a batch that stays for ever the sentence says that only a command moves it."""
    batch = make.batch(stages={"finalizing": None})
    assert "nothing is planned for it" in said(batch, 10 * DAY)


def test_a_held_batch_says_so(make: "Make") -> None:
    """Of a held batch the sentence says so, and when its window ends it."""
    held = commands.hold(make.batch(), make.created + 93)
    assert said(held, 100).endswith(", held; it becomes expired in 86300 s of simulated time.")


def test_a_batch_that_expired_while_it_was_held_is_not_held(make: "Make") -> None:
    """What has ended is no longer held."""
    held = commands.hold(make.batch(), make.created + 93)
    assert "held" not in said(held, DAY)


@pytest.mark.parametrize(
    ("seconds", "stage", "told"),
    [(0, 31_536_000, "31536000 s"), (0.5, 1_234_567, "1234566.5 s"), (0.1, 90, "89.9 s")],
)
def test_seconds_are_told_in_full(make: "Make", seconds: float, stage: int, told: str) -> None:
    """The seconds until the next change are a plain number, a fraction to the millisecond."""
    batch = make.batch(stages={"cancelling": stage})
    cancelled = commands.cancel(batch, batch.created_at)
    assert f"becomes cancelled in {told} of" in said(cancelled, seconds)


def test_a_clock_that_is_behind_is_told(make: "Make") -> None:
    """When the clock was put back, the sentence says that time stands still."""
    told = explain.describe(make.batch(), make.created, is_clock_behind=True)
    assert "The clock is behind the last command" in told


def test_the_timeline_parts_past_and_coming(make: "Make") -> None:
    """What happened on this very second is past."""
    batch = make.batch()
    shown = explain.timeline_json(batch, batch.created_at + 62, is_clock_behind=False)
    assert [event["type"] for event in shown["past"]] == ["batch.validating", "batch.in_progress"]
    assert [event["at"] - batch.created_at for event in shown["coming"]] == [123, 124]


@pytest.mark.parametrize("seconds", [0, 0.5, 62, 93, 123, 124, DAY])
def test_the_timeline_fits_its_schema(make: "Make", seconds: float) -> None:
    """What is shown of a batch at any time is accepted by timeline.json."""
    batch = make.batch()
    shown = explain.timeline_json(batch, batch.created_at + seconds, is_clock_behind=False)
    assert schema("timeline").error(shown) is None
