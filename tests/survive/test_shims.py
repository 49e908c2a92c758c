"""The variables by which a process loads a shim, and what the shims' log says."""

import ast
import json
import os
from pathlib import Path

import pytest

from mockbatch.survive.shims import SHIM_FOLDER, ShimLog, read_shim_log, shim_environment
from tests.support.shimmed import Runner

LOG = [
    {"runtime": "python", "pid": 1},
    {"pid": 1, "asked": 60, "skipped": 60, "event_count": 1, "total": 60, "at": 1000.5},
    {"runtime": "node", "pid": 2},
    {"pid": 2, "asked": 60, "skipped": 120, "event_count": 0, "total": 180, "at": 1001.5},
    {"error": "a sleep of 1 s was not skipped"},
]


def test_the_environment_is_extended(tmp_path: Path) -> None:
    """What the program's environment had is kept; the server's address is its root."""
    before = {"PATH": "/bin", "PYTHONPATH": "/own", "NODE_OPTIONS": "--no-warnings"}
    made = shim_environment("http://127.0.0.1:1/v1/", "sk-key", True, tmp_path / "log", before)
    assert made["PATH"] == "/bin"
    assert made["PYTHONPATH"].split(os.pathsep) == [str(SHIM_FOLDER), "/own"]
    assert made["NODE_OPTIONS"].startswith("--no-warnings --require ")
    assert made["MOCKBATCH_SHIM_URL"] == "http://127.0.0.1:1"
    assert before == {"PATH": "/bin", "PYTHONPATH": "/own", "NODE_OPTIONS": "--no-warnings"}


def test_an_empty_environment_gets_no_empty_entries(tmp_path: Path) -> None:
    """An empty entry of PYTHONPATH would be the current folder."""
    made = shim_environment("http://127.0.0.1:1", "sk-key", False, tmp_path / "log", {})
    assert made["PYTHONPATH"] == str(SHIM_FOLDER)
    assert made["MOCKBATCH_SHIM_QUIET_SLEEPS"] == ""


def test_the_log_is_summed_up(tmp_path: Path) -> None:
    """Sleeps of all processes count; a leap is a sleep that took longer than requested."""
    path = tmp_path / "log"
    path.write_text("".join(f"{json.dumps(record)}\n" for record in LOG))
    assert read_shim_log(path) == ShimLog(
        runtimes=frozenset({"python", "node"}),
        sleeps=2,
        skipped_seconds=180,
        leaps=1,
        last_sleep_at=1001.5,
        errors=("a sleep of 1 s was not skipped",),
    )
    assert read_shim_log(path).called


def test_a_process_may_die_while_it_writes(tmp_path: Path) -> None:
    """A line that was cut short is left out, and a log that was never written says so."""
    path = tmp_path / "log"
    path.write_bytes(json.dumps(LOG[1]).encode() + b'\n{"pid": 1, "ask\xe2')
    assert read_shim_log(path).sleeps == 1
    assert read_shim_log(tmp_path / "none") == ShimLog()
    assert not ShimLog().called


@pytest.mark.parametrize("path", sorted(SHIM_FOLDER.rglob("*.py")), ids=lambda path: path.name)
def test_old_pythons_can_read_the_shim(path: Path) -> None:
    """It has no syntax that is newer than Python 3.8."""
    ast.parse(path.read_text(), feature_version=(3, 8))


@pytest.mark.parametrize("name", ["python", "node"])
def test_a_folder_with_a_space(
    name: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The shims load from wherever mockbatch is installed."""
    folder = tmp_path / 'with "a" space'
    folder.symlink_to(SHIM_FOLDER)
    monkeypatch.setattr("mockbatch.survive.shims.SHIM_FOLDER", folder)
    runner: Runner = request.getfixturevalue(name)
    assert runner.run("1").log.runtimes == frozenset({name})
