"""The same program with the SDK of today and with the one of yesterday."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mockbatch.client import WorldClient
from tests.support.client_environments import MAY_INSTALL, python_with, require, run_python

pytestmark = [MAY_INSTALL, pytest.mark.slow]

PROGRAM = "lifecycle.py"


@pytest.fixture(scope="session")
def old_python() -> Path:
    """Return the interpreter of an environment with openai 1.x."""
    return require(lambda: python_with("openai>=1.50,<2"))


@pytest.fixture
def polled(make_mockbatch: Callable[..., WorldClient]) -> WorldClient:
    """Make a world whose clock moves when it is polled."""
    return make_mockbatch(clock="on-poll")


def test_program_runs_with_the_installed_sdk(polled: WorldClient) -> None:
    """From the upload to the deletion, nothing is off."""
    done = run_python(sys.executable, PROGRAM, polled)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ok with openai ")


def test_program_runs_with_openai_1(old_python: Path, polled: WorldClient) -> None:
    """Programs written years ago still work."""
    done = run_python(old_python, PROGRAM, polled)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ok with openai 1.")


def test_program_says_what_is_off(make_mockbatch: Callable[..., WorldClient]) -> None:
    """A clock that stands still is found out, so the program does check something."""
    done = run_python(sys.executable, PROGRAM, make_mockbatch(poll_limit=3))
    assert done.returncode == 1
    assert "while the simulated clock stood still" in done.stderr
