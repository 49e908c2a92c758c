"""A whole survey, of known programs."""

import json
import sys
from pathlib import Path

import pytest

from mockbatch.cli import main

PROGRAMS = Path(__file__).parent / "programs"
NAIVE = [sys.executable, str(PROGRAMS / "naive.py")]


def survive(*words: str) -> int:
    """Run the command."""
    return main(["survive", *words])


def test_a_table_and_a_status(capfd: pytest.CaptureFixture[str]) -> None:
    """One bad row makes the status 1, and says how to repeat it."""
    status = survive("--only", "some_failed", "--only", "finalizing_long", "--", *NAIVE)
    out = capfd.readouterr().out.splitlines()
    assert status == 1
    assert out[0].split()[:3] == ["baseline", "happy", "handled"]
    assert out[1].split()[:4] == ["DIES", "some_failed", "never", "noticed"]
    assert any("mockbatch survive --only some_failed -- " in line for line in out)
    assert out[-1] == "2 met: 1 handled, 1 never noticed"


def test_survival_is_status_0(capfd: pytest.CaptureFixture[str]) -> None:
    """A program that gets through everything is good."""
    assert survive("--only", "finalizing_long", "--", *NAIVE) == 0
    assert "survives" in capfd.readouterr().out


def test_nothing_met_is_status_2(capfd: pytest.CaptureFixture[str]) -> None:
    """A program without webhooks meets no misfortune of webhooks."""
    assert survive("--only", "webhook_lost", "--", *NAIVE) == 2
    assert "not met" in capfd.readouterr().out


def test_a_bad_baseline_is_status_2(capfd: pytest.CaptureFixture[str]) -> None:
    """What fails with nothing going wrong is not judged."""
    command = [sys.executable, "-c", "raise SystemExit('no file')"]
    assert survive("--only", "some_failed", "--", *command) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "OPENAI_BASE_URL" in err
    assert "no file" in err


def test_an_unknown_name_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """A name that is none is refused before anything runs."""
    assert survive("--only", "some_faild", "--", *NAIVE) == 2
    assert "some_failed" in capfd.readouterr().err


def test_reported_can_be_required_to_be_handled(capfd: pytest.CaptureFixture[str]) -> None:
    """With --require handled, an error that ends the program is bad."""
    assert survive("--only", "poll_429", "--", *NAIVE) == 0
    assert survive("--only", "poll_429", "--require", "handled", "--", *NAIVE) == 1
    assert "DIES      poll_429" in capfd.readouterr().out


def test_json_has_the_evidence(capfd: pytest.CaptureFixture[str]) -> None:
    """A line for each misfortune says what the verdict rests on."""
    survive("--only", "content_5xx", "--json", "--", *NAIVE)
    [line] = capfd.readouterr().out.splitlines()
    row = json.loads(line)
    assert (row["misfortune"], row["verdict"], row["outcome"]) == (
        "content_5xx",
        "reported",
        "survives",
    )
    assert row["evidence"]["process"]["exit_code"] == 1
    assert len(row["evidence"]["server"]["unread_files"]) == 1
