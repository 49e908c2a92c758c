"""What stands beside a verdict."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mockbatch.cli import main
from mockbatch.faults.message import Message
from mockbatch.survive.evidence import Evidence, Habits, ProcessEvidence, ServerEvidence
from mockbatch.survive.findings import find, group, read_habits
from mockbatch.world.journal import Exchanged, JournalEntry

PROGRAMS = Path(__file__).parent / "programs"
POLL = JournalEntry("GET", "/v1/batches/batch_a", 200, 0, now=0, wall=0)


def polls(*instants: float, status: int = 200) -> list[JournalEntry]:
    """Return polls at these instants."""
    return [POLL._replace(now=at, status=status) for at in instants]


def kinds(habits: Habits, **process: object) -> list[str]:
    """Return the kinds of finding about a program that sleeps and ends by itself."""
    ended = replace(ProcessEvidence(sleeps=1), **process)  # type: ignore[arg-type]
    return [one.kind for one in find(Evidence(ServerEvidence(habits=habits), ended))]


@pytest.mark.parametrize(
    ("habits", "kind"),
    [
        (Habits(hourly_polls=121), "polls too often"),
        (Habits(final_polls=3), "polls after the end"),
        (Habits(hasty_retries=3), "retries without a pause"),
        (Habits(early_retries=1), "ignores Retry-After"),
        (Habits(refused_again=1), "repeats what is refused"),
        (Habits(left_batches=1), "leaves batches behind"),
    ],
)
def test_each_habit_is_a_finding(habits: Habits, kind: str) -> None:
    """One beyond what is usual is found, and nothing else."""
    assert kinds(habits) == [kind]


def test_what_is_usual_is_no_finding() -> None:
    """Two polls a minute, and the SDK's own retries."""
    assert kinds(Habits(hourly_polls=120, final_polls=2, hasty_retries=2)) == []


def test_a_program_without_a_sleep_polls_too_often() -> None:
    """If its sleeps could have been seen; time does not move as it polls."""
    assert kinds(Habits(hourly_polls=120), sleeps=0) == ["polls too often"]
    assert kinds(Habits(hourly_polls=120), sleeps=0, shim_called=False) == []


def test_a_program_that_was_stopped_leaves_nothing_behind() -> None:
    """What it would have done at its end is not known."""
    assert kinds(Habits(left_batches=1, final_polls=3), exit_code=None) == []


def test_the_busiest_hour_counts() -> None:
    """Not the mean of a day."""
    journal = polls(*range(0, 3600, 10), *range(7200, 86400, 600))
    assert read_habits(journal, [], 86400).hourly_polls == 360


def test_retries_are_hasty_within_a_second() -> None:
    """A longer pause ends the run; success ends it, too."""
    hasty = polls(0, 0.5, 1, 1.5, status=500)
    assert read_habits([*hasty, *polls(20, status=500)], [], 20).hasty_retries == 3
    assert read_habits(polls(0, 0.5, 1), [], 1).hasty_retries == 0


def test_a_refusal_is_repeated_in_vain() -> None:
    """A key that was refused stays refused; what was not found may be there soon."""
    assert read_habits(polls(0, 60, 120, status=401), [], 120).refused_again == 2
    assert read_habits(polls(0, 60, status=404), [], 60).refused_again == 0


@pytest.mark.parametrize(("at", "early"), [(10, 1), (30, 0)])
def test_retry_after_is_a_time_to_wait(at: float, early: int) -> None:
    """In simulated seconds."""
    response = Message.of([("Retry-After", "30")], b"")
    limited = POLL._replace(status=429, exchanged=Exchanged(None, response))
    assert read_habits([limited, *polls(at)], [], at).early_retries == early


def test_findings_are_grouped_by_kind() -> None:
    """Twenty rows with the same finding make one line."""
    found = find(Evidence(ServerEvidence(habits=Habits(left_batches=1)), ProcessEvidence()))
    assert list(group([("a", found), ("b", found)])) == ["leaves batches behind"]


@pytest.mark.slow
def test_a_good_verdict_may_have_findings(capfd: pytest.CaptureFixture[str]) -> None:
    """The table names them below its sums, and each line of JSON has its own."""
    words = ["--only", "stuck_in_progress"]
    command = [sys.executable, str(PROGRAMS / "wall_deadline.py")]
    assert main(["survive", *words, "--", *command]) == 0
    out = capfd.readouterr().out
    assert "also: leaves batches behind, in 1 of 1; stuck_in_progress: 1 neither ended" in out
    assert main(["survive", "--json", *words, "--", *command]) == 0
    [row] = map(json.loads, capfd.readouterr().out.splitlines())
    assert row["verdict"] == "reported"
    assert [one["kind"] for one in row["findings"]] == ["leaves batches behind"]
