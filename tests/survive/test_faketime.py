"""A program in a language without a shim, whose time runs faster."""

import json
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from mockbatch.cli import main
from mockbatch.survive import faketime
from mockbatch.survive.process import run_program

PROGRAM = Path(__file__).parent / "programs" / "shell.sh"


@pytest.fixture
def _installed() -> None:
    """Skip the test where a command is missing, but never in CI."""
    missing = [name for name in (faketime.COMMAND, "bash", "curl") if shutil.which(name) is None]
    if missing and os.environ.get("CI") != "true":
        pytest.skip(f"needs {', '.join(missing)}")
    assert missing == []


def verdicts(capfd: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """Return what becomes of the shell program."""
    options = ["--sleep", "faketime", "--wall", "120", "--json", *words]
    assert main(["survive", *options, "--", "bash", str(PROGRAM)]) in (0, 1)
    rows = map(json.loads, capfd.readouterr().out.splitlines())
    return {row["misfortune"]: row["verdict"] for row in rows}


@pytest.mark.usefixtures("_installed")
def test_a_shell_program_is_judged(capfd: pytest.CaptureFixture[str]) -> None:
    """Nothing in it knows of mockbatch, and its minutes take part of a second."""
    expected = {
        "some_failed": "never noticed",
        "validation_failed": "reported",
        "finalizing_long": "handled",
    }
    only = [word for name in expected for word in ("--only", name)]
    assert verdicts(capfd, "--speed", "200", *only) == expected


@pytest.mark.slow
@pytest.mark.usefixtures("_installed")
def test_its_deadline_comes(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock that its children read runs on from one to the next."""
    monkeypatch.setenv("DEADLINE_SECONDS", "3600")
    found = verdicts(capfd, "--speed", "1000", "--only", "stuck_in_progress")
    assert found == {"stuck_in_progress": "reported"}


@pytest.mark.usefixtures("_installed")
def test_a_signal_is_seen() -> None:
    """The command itself ends with 1 then."""
    command = faketime.wrap(["bash", "-c", "kill -SEGV $$"], 20)
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    last_line = done.stderr.splitlines()[-1]
    assert faketime.exit_code(done.returncode, last_line) == -signal.SIGSEGV


def test_other_ends_stay_as_they_are() -> None:
    """A program may say what it wants."""
    assert faketime.exit_code(1, "Caught a cold") == 1
    assert faketime.exit_code(0, "Caught Killed") == 0
    assert faketime.exit_code(None, "") is None


@pytest.mark.usefixtures("_installed")
def test_nothing_stays_in_the_shared_memory(tmp_path: Path) -> None:
    """Even if the program is killed."""
    command = faketime.wrap(["sleep", "6000"], 20)
    ended = run_program(command, dict(os.environ), tmp_path, 2)
    assert ended.stopped_for == "wall"
    faketime.remove_shared_memory(ended.pid)
    assert list(Path("/dev/shm").glob(f"*faketime_*_{ended.pid}")) == []


def test_the_command_is_required(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without it nothing runs."""
    (tmp_path / "run").write_text("#!/bin/sh\n")
    (tmp_path / "run").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["survive", "--sleep", "faketime", "--", "run"]) == 2
    assert "needs the command faketime" in capfd.readouterr().err
