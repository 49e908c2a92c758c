"""The workflow of continuous integration runs what there is, and may do no more than that."""

import os
import re
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOW: dict[Any, Any] = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())
JOBS: dict[str, Any] = WORKFLOW["jobs"]
STEPS = [step for job in JOBS.values() for step in job["steps"]]
COMMANDS = [step["run"] for step in STEPS if "run" in step]


def test_each_push_and_each_pull_request_is_tested() -> None:
    """YAML takes the word `on` for true."""
    assert set(WORKFLOW[True]) == {"push", "pull_request"}


def test_all_that_a_developer_runs_is_run() -> None:
    """The tests and the checks of form are one script, which can be run anywhere."""
    assert ".ci/run" in COMMANDS
    assert os.access(ROOT / ".ci/run", os.X_OK)


@pytest.mark.parametrize("command", COMMANDS)
def test_command_names_what_is_there(command: str) -> None:
    """Each word with a slash is a path of the project."""
    paths = [word for word in command.split() if "/" in word]
    assert all((ROOT / path).exists() for path in paths)


def test_nothing_may_be_written() -> None:
    """The token reads the code, and no step keeps it."""
    assert WORKFLOW["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in JOBS.values())
    checkouts = [step for step in STEPS if "checkout" in step.get("uses", "")]
    assert len(checkouts) == len(JOBS)
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_nothing_runs_for_ever() -> None:
    """Half an hour is the most, and a new push ends what runs for an older one."""
    assert all(job["timeout-minutes"] <= 30 for job in JOBS.values())
    assert WORKFLOW["concurrency"]["cancel-in-progress"] is True


def test_oldest_python_is_the_one_that_is_promised() -> None:
    """As setup.cfg has it."""
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    [promised] = re.findall(r">=(3\.\d+)", setup["options"]["python_requires"])
    assert JOBS["test"]["strategy"]["matrix"]["python"][0] == promised
