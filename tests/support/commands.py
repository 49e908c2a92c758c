"""Runs `mockbatch` as a command, and reads its error."""

import os
import subprocess
import sys
from collections.abc import Callable

TIMEOUT_SECONDS = 20  # no command takes that long, unless it hangs

Completed = subprocess.CompletedProcess[str]
Run = Callable[..., Completed]


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Return this process's environment, in which these are the only variables of mockbatch."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MOCKBATCH_")}
    return {**kept, **variables}


def run_process(*arguments: object, **variables: str) -> Completed:
    """Run `mockbatch` in a process of its own until it ends."""
    return subprocess.run(
        [sys.executable, "-m", "mockbatch", *map(str, arguments)],
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def read_error(done: Completed) -> str:
    """Check that a command has printed nothing but one line on stderr, and return that line."""
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("mockbatch")
    return line
