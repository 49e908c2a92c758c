"""`mockbatch serve` in a process of its own, changed by a few lines so that it is stuck."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.commands import TIMEOUT_SECONDS, environment

BEGINNING = """
import sys, threading, time
from mockbatch.cli import main, serve
from mockbatch.http_server.server import HttpServer
from mockbatch.world.registry import WorldRegistry
"""
# Begins when the ready file is there, because nothing else runs from then on.
KEEPS_THE_INTERPRETER = """
import itertools
from mockbatch.cli.ready_file import ReadyFile
write = ReadyFile.write
def write_and_compute(self, url):
    write(self, url)
    threading.Thread(target=sum, args=(itertools.repeat(1),)).start()
ReadyFile.write = write_and_compute
"""
# The handler has run by then, so that the watchdog ends the process.
KEEPS_THE_INTERPRETER_FROM_THE_SIGNAL_ON = """
import itertools
from mockbatch.cli.stop_signal import StopSignal
on_signal = StopSignal._on_signal
def compute_on_signal(self, *arguments):
    on_signal(self, *arguments)
    sum(itertools.repeat(1))
StopSignal._on_signal = compute_on_signal
"""


@contextmanager
def serving(
    program: str, folder: Path, *options: str, launcher: tuple[str, ...] = ()
) -> Iterator["subprocess.Popen[str]"]:
    """Run a program that serves, and wait until it listens; kill it in the end.

    `launcher` is a command that runs another, whose words follow its own.
    """
    ready = folder / "ready"
    end = f"sys.exit(main(['serve', '--ready-file', {str(ready)!r}, *sys.argv[1:]]))"
    with subprocess.Popen(
        [*launcher, sys.executable, "-c", BEGINNING + program + end, *options],
        env=environment({"MOCKBATCH_PORT": "0", "TMPDIR": str(folder)}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            until = time.monotonic() + TIMEOUT_SECONDS
            while not ready.exists():
                assert process.poll() is None, process.stderr
                assert time.monotonic() < until
                time.sleep(0.01)
            yield process
        finally:
            process.kill()


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait until something is true."""
    until = time.monotonic() + TIMEOUT_SECONDS
    while not is_true():
        assert time.monotonic() < until
        time.sleep(0.01)
