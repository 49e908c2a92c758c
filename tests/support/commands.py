"""Runs `mockbatch` as a command, and reads its error."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator

TIMEOUT_SECONDS = 60  # no command takes that long, unless it hangs

Completed = subprocess.CompletedProcess[str]
Run = Callable[..., Completed]


def environment(variables: dict[str, str]) -> dict[str, str]:
    """Return this process's environment, in which these are the only variables of mockbatch."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MOCKBATCH_")}
    return {**kept, **variables}


def run_process(*arguments: object, stdin: str | None = None, **variables: str) -> Completed:
    """Run `mockbatch` in a process of its own until it ends; `stdin` is piped to it."""
    return subprocess.run(
        [sys.executable, "-m", "mockbatch", *map(str, arguments)],
        env=environment(variables),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


def run_on_terminal(*arguments: object) -> str:
    """Run `mockbatch` with a terminal as its stderr, and return what it prints there."""
    controller, terminal = os.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "mockbatch", *map(str, arguments)],
        env=environment({"TERM": "xterm", "COLUMNS": "200"}),
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    ):
        os.close(terminal)
        return "".join(_read_terminal(controller))


def _read_terminal(controller: int) -> Iterator[str]:
    stream = os.fdopen(controller, encoding="utf-8", errors="replace")
    # Linux reports the end of a terminal's last process as an error.
    with stream, contextlib.suppress(OSError):
        yield from stream


def read_error(done: Completed) -> str:
    """Check that a command has printed nothing but one line on stderr, and return that line."""
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("mockbatch")
    return line
