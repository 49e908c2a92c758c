"""Known programs, each with what becomes of it in each misfortune of the default list."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from mockbatch.cli import main
from mockbatch.survive.misfortunes import DEFAULT
from mockbatch.survive.verdict import BAD, GOOD
from tests.support.slow_tests import mark_slow_except
from tests.survive.columns import COLUMNS, GUARDS, MESSAGE_GUARDS

PROGRAMS = Path(__file__).parent / "programs"
SQLITE = PROGRAMS / "sqlite_results.py"
OPTIONS = {"sqlite_results": ["--results", f"'{sys.executable}' '{SQLITE}' --print"]}
# A program that waits for ever in these is run once more, through every minute of two days.
LONG = ("expired_partial", "expired_empty", "stuck_in_progress")
SHORT = [name for name in DEFAULT if name not in LONG]
# It never sleeps, so that time hardly passes: only the wall limit ends it.
BUSY = ("busy_poller", "stuck_in_progress")


def survey(
    capfd: pytest.CaptureFixture[str],
    program: str,
    misfortunes: Iterable[str],
    options: Sequence[str] = (),
    *words: str,
) -> dict[str, str]:
    """Return the verdicts on a known program, by misfortune."""
    command = [sys.executable, str(PROGRAMS / f"{program}.py"), *words]
    only = [word for name in misfortunes for word in ("--only", name)]
    limits = ["--wall", "150", "--jobs", "2"]
    status = main(["survive", *limits, "--json", *only, *options, "--", *command])
    out, err = capfd.readouterr()
    assert status in (0, 1, 2), err
    rows = [json.loads(line) for line in out.splitlines()]
    return {row["misfortune"]: row["verdict"] for row in rows}


def column(program: str, misfortunes: Iterable[str]) -> dict[str, str]:
    """Return the expected verdicts."""
    expected = dict(zip(DEFAULT, COLUMNS[program], strict=True))
    return {name: expected[name] for name in misfortunes}


@pytest.mark.parametrize("program", mark_slow_except(["naive"], COLUMNS))
def test_a_program_has_its_column(program: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Each verdict is the one that its code lets expect."""
    found = survey(capfd, program, SHORT, OPTIONS.get(program, []))
    assert found == column(program, SHORT)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("program", COLUMNS)
def test_a_program_has_its_column_of_days(program: str, capfd: pytest.CaptureFixture[str]) -> None:
    """Also where a program may wait until its deadline, or for ever."""
    names = [name for name in LONG if (program, name) != BUSY]
    assert survey(capfd, program, names, OPTIONS.get(program, [])) == column(program, names)


@pytest.mark.slow
def test_a_program_that_does_not_sleep_is_too_slow(capfd: pytest.CaptureFixture[str]) -> None:
    """It would take days to find out whether it has a deadline."""
    program, name = BUSY
    assert survey(capfd, program, [name], ["--wall", "10"]) == column(program, [name])


@pytest.mark.timeout(900)
@pytest.mark.slow
@pytest.mark.parametrize("guard", GUARDS)
def test_a_missing_guard_shows_in_its_rows(guard: str, capfd: pytest.CaptureFixture[str]) -> None:
    """The careful program falls where a guard is left out, and nowhere else."""
    expected = dict.fromkeys(DEFAULT, "handled") | GUARDS[guard]
    assert survey(capfd, "careful", DEFAULT, [], guard) == expected


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("guard", MESSAGE_GUARDS)
def test_a_missing_guard_shows_with_message_batches(
    guard: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """The careful program of Anthropic's API falls where a guard is left out, too."""
    expected = column("message_careful", DEFAULT) | MESSAGE_GUARDS[guard]
    assert survey(capfd, "message_careful", DEFAULT, [], guard) == expected


@pytest.mark.slow
def test_two_surveys_are_equal(capfd: pytest.CaptureFixture[str]) -> None:
    """Every sentence is the same, too."""
    lines = []
    for _ in range(2):
        only = ("--only", "some_failed", "--only", "create_response_lost", "--only", "garbage_line")
        command = [sys.executable, str(PROGRAMS / "submits_again.py")]
        main(["survive", "--markdown", *only, "--", *command])
        lines.append(capfd.readouterr().out)
    assert lines[0] == lines[1]


@pytest.mark.slow
@pytest.mark.parametrize("program", ["dead_worker", "dead_child"])
def test_a_program_that_waits_for_itself_hangs(
    program: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """One whose polls ended in silence does not wait for the server."""
    assert survey(capfd, program, ["poll_429"], ["--wall", "8"]) == {"poll_429": "hung"}


@pytest.mark.parametrize("word", [word for word in (*GOOD, *BAD) if word != "hung"])
def test_each_verdict_is_reached_by_two_programs(word: str) -> None:
    """What only one program shows may be an accident of that program."""
    columns = [*COLUMNS.values(), *(rows.values() for rows in GUARDS.values())]
    assert sum(word in column for column in columns) >= 2
