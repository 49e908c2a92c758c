"""Runs a program in a folder of its own, and ends it with everything that it has started.

The program has a process group of its own. Children that leave the group, on Linux, are found by
a variable in their environment; on other systems they are not, and live on.
"""

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import IO

from mockbatch import clock
from mockbatch.survive.delivered import Delivery, Text

#: The variable by which the processes of one run are found.
RUN_VARIABLE = "MOCKBATCH_SURVIVE_RUN"
_BLOCK_BYTES = 1 << 16
_TICK_SECONDS = 0.05
# How long the output of a program that has ended may take to be read to its end.
_DRAIN_SECONDS = 5.0
# How often the processes of a run are looked for again, as they may start more.
_MAX_ROUNDS = 100
_EXCEPTION = re.compile(r"^(?:\s*[|+]\s*)?((?:[A-Za-z_][\w.]*\.)?[A-Z]\w*(?: \[\w+\])?)(?::|$)")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended; `exit_code` is None if it was stopped, for the reason `stopped_for`.

    `last_output_at` is in the process's own epoch seconds.
    """

    exit_code: int | None
    stopped_for: str
    wall_seconds: float
    last_output_at: float
    delivery: Delivery
    pid: int = 0


class OutputReader:
    """Reads a pipe to its end, in a thread, so that the program never waits for a reader."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self.text = Text()
        self.last_output_at = clock.wall_time()
        self._pipe = pipe
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with contextlib.suppress(ValueError, OSError):
            while block := os.read(self._pipe.fileno(), _BLOCK_BYTES):
                self.last_output_at = clock.wall_time()
                self.text.feed(block)

    def close(self) -> None:
        """Wait for the end of the output, though not for ever."""
        self._thread.join(_DRAIN_SECONDS)
        if not self._thread.is_alive():
            self._pipe.close()


def run_program(
    command: Sequence[str] | str,
    environ: Mapping[str, str],
    folder: Path,
    wall_seconds: float,
    find_stop: Callable[[], str] = lambda: "",
) -> Ended:
    """Run a command in a folder until it ends, for `wall_seconds` at most.

    A command that is one string is run by the shell. `find_stop` is asked from time to time, and
    a reason that it returns ends the run. Nothing of the run is left when this returns.
    """
    began = clock.monotonic()
    process = subprocess.Popen(  # noqa: S603 - to run what the user wants run is what this is for
        command,
        shell=isinstance(command, str),
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    readers = [OutputReader(pipe) for pipe in (process.stdout, process.stderr) if pipe]
    stopped_for = "wall"
    try:
        stopped_for = _wait(process, began + wall_seconds, find_stop)
    finally:
        seconds = clock.monotonic() - began
        _end_processes(process, environ.get(RUN_VARIABLE, ""))
        for reader in readers:
            reader.close()
    code = None if stopped_for else process.returncode
    delivery = Delivery(readers[0].text, readers[1].text)
    last = max(reader.last_output_at for reader in readers)
    return Ended(code, stopped_for, seconds, last, delivery, process.pid)


def _wait(process: subprocess.Popen[bytes], deadline: float, find_stop: Callable[[], str]) -> str:
    """Wait for the end of a process, and return why it has to be stopped, "" if it has ended."""
    while not _has_ended(process):
        reason = "wall" if clock.monotonic() >= deadline else find_stop()
        if reason:
            return reason
    return ""


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_TICK_SECONDS)
    return process.returncode is not None


def _end_processes(process: subprocess.Popen[bytes], run: str) -> None:
    """Kill a process with its group and its descendants; SIGKILL is not ignored."""
    if os.name != "posix":
        process.kill()
        process.wait()
        return
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for _ in range(_MAX_ROUNDS):
        left = list(processes_of(run))
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(_TICK_SECONDS / 5)


def processes_of(run: str) -> Iterator[int]:
    """Yield the processes of a run that still live, where the system shows their environment."""
    wanted = f"{RUN_VARIABLE}={run}".encode()
    folders = Path("/proc").glob("[0-9]*") if run else ()
    for folder in folders:
        try:
            variables = (folder / "environ").read_bytes().split(b"\0")
            is_zombie = b") Z" in (folder / "stat").read_bytes()
        except OSError:
            continue  # it belongs to somebody else, or has ended meanwhile
        if wanted in variables and not is_zombie:
            yield int(folder.name)


def find_error(stderr: Sequence[str]) -> str:
    """Return the exception with which a program ended, "" if stderr does not show one.

    It is the last one of a traceback of Python, of the stack of Node, or of a panic.
    """
    found = ""
    in_trace = False
    for line in stderr:
        if "Traceback (most recent call last)" in line or line.startswith(("    at ", "Uncaught")):
            in_trace = True
        if line.startswith("panic: ") or re.match(r"thread '.*' panicked at", line):
            return "panic: " + line.removeprefix("panic: ").strip()
        matched = _EXCEPTION.match(line)
        if matched and _is_error_name(matched[1]):
            found = line.strip(" |+").strip()
    return found if in_trace else ""


def _is_error_name(name: str) -> bool:
    last = name.split(" ")[0].rsplit(".", 1)[-1]
    return last.endswith(("Error", "Exception", "Exit", "Interrupt", "Iteration", "Warning")) or (
        "." in name
    )


def stop_when(event: Event, find_stop: Callable[[], str]) -> Callable[[], str]:
    """Return a function that also stops a run when an event is set."""
    return lambda: "interrupted" if event.is_set() else find_stop()
