"""The explanation of a batch: where it is, why, and what is next."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.events import WorldEvent
from mockbatch.validation.schema import schema
from mockbatch.world.explain import describe, timeline_json

if TYPE_CHECKING:
    from tests.conftest import Make

DAY = 24 * 3600


def describe_after(batch: Batch, seconds: float) -> str:
    """Return the description of a batch so many seconds after its creation."""
    return describe(batch, batch.created_at + seconds)


def test_a_description_says_where_a_batch_is_and_what_is_next(make: "Make") -> None:
    """It has the status, since when, the scenario, the lines, and the next change."""
    batch = make.batch()
    assert describe_after(batch, 93) == (
        f"{batch.id} is in_progress (since 2024-04-23 17:54:22Z, scenario happy, 5 of 10 lines "
        "executed); it becomes finalizing in 30 s of simulated time."
    )


def test_a_description_counts_the_lines_that_failed(make: "Make") -> None:
    """Executed lines have failed or not."""
    error = {"message": "The line failed.", "type": "server_error"}
    reply = {"status_code": 500, "body": {"error": error}}
    batch = make.batch(replies=[{"fraction": 0.2, "reply": reply}])
    assert "10 of 10 lines executed, 2 of them failed)" in describe_after(batch, 124)


def test_a_finished_batch_is_described_as_final(make: "Make") -> None:
    """Nothing can happen to a completed batch."""
    assert describe_after(make.batch(), 124).endswith("; this is final.")


def test_a_batch_without_a_next_change_waits_for_a_command(make: "Make") -> None:
    """A batch that is stuck keeps its status until a command changes it."""
    batch = make.batch(stages={"finalizing": None})
    expected = "; no change is planned, so it keeps this status until a command changes it."
    assert describe_after(batch, 10 * DAY).endswith(expected)


def test_a_held_batch_is_described_as_held(make: "Make") -> None:
    """Its description also has the end of its window."""
    batch = commands.hold(make.batch(), make.created + 93)
    expected = " and is held; it becomes expired in 86300 s (23:58:20) of simulated time."
    assert describe_after(batch, 100).endswith(expected)


@pytest.mark.parametrize(
    ("after", "wait"), [(82799, "3601 s (1:00:01)"), (82800, "3600 s (1:00:00)"), (82801, "3599 s")]
)
def test_a_long_wait_is_also_given_in_hours(make: "Make", after: int, wait: str) -> None:
    """From an hour on, since 86300 seconds tell a person little."""
    batch = make.batch(stages={"validating": None})
    assert describe_after(batch, after).endswith(f"becomes expired in {wait} of simulated time.")


def test_a_batch_that_expired_while_it_was_held_is_not_held(make: "Make") -> None:
    """A finished batch is no longer held."""
    batch = commands.hold(make.batch(), make.created + 93)
    assert "held" not in describe_after(batch, DAY)


@pytest.mark.parametrize(
    ("seconds", "stage", "expected"),
    [
        (0, 31_536_000, "31536000 s (365 days, 0:00:00)"),
        (0.5, 1_234_567, "1234566.5 s (14 days, 6:56:06)"),
        (0.1, 90, "89.9 s"),
    ],
)
def test_seconds_are_plain_numbers(make: "Make", seconds: float, stage: int, expected: str) -> None:
    """The seconds until the next change have no exponent, and at most milliseconds."""
    batch = make.batch(stages={"cancelling": stage})
    cancelled = commands.cancel(batch, batch.created_at)
    assert f"becomes cancelled in {expected} of" in describe_after(cancelled, seconds)


def test_a_clock_that_is_behind_is_mentioned(make: "Make") -> None:
    """If the clock was set back, the description says that time stands still."""
    batch = make.batch()
    text = describe(batch, make.created, is_clock_behind=True)
    assert "The clock is behind the last command" in text
    assert timeline_json(batch, make.created, is_clock_behind=True)["explanation"] == text


def test_the_timeline_separates_past_and_future(make: "Make") -> None:
    """A change at this very second is past."""
    batch = make.batch()
    shown = timeline_json(batch, batch.created_at + 62, is_clock_behind=False)
    assert [event["type"] for event in shown["past"]] == ["batch.validating", "batch.in_progress"]
    assert [event["at"] - batch.created_at for event in shown["coming"]] == [123, 124]


@pytest.mark.parametrize("seconds", [0, 0.5, 62, 93, 123, 124, DAY])
def test_the_timeline_fits_its_schema(make: "Make", seconds: float) -> None:
    """At any time it is accepted by timeline.json."""
    batch = make.batch()
    shown = timeline_json(batch, batch.created_at + seconds, is_clock_behind=False)
    assert schema("timeline").error(shown) is None


def test_attempts_are_listed_in_order_of_time(make: "Make") -> None:
    """Among the status changes, and after the one of their second."""
    batch = make.batch()
    attempts = [WorldEvent(batch.created_at + at, "webhook.failed", "wh_1") for at in (62, 100)]
    shown = timeline_json(batch, batch.created_at + 110, attempts, is_clock_behind=False)
    assert [(event["at"] - batch.created_at, event["type"]) for event in shown["past"]] == [
        (0, "batch.validating"),
        (62, "batch.in_progress"),
        (62, "webhook.failed"),
        (100, "webhook.failed"),
    ]
    attempts = [WorldEvent(batch.created_at + at, "webhook.attempt", "wh_1") for at in (120,)]
    shown = timeline_json(batch, batch.created_at + 110, (), attempts, is_clock_behind=False)
    assert [event["type"] for event in shown["coming"]] == [
        "webhook.attempt",
        "batch.finalizing",
        "batch.completed",
    ]
