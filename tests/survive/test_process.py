"""The runner: what a program may do, and that nothing of it is left."""

import os
import sys
import time
from pathlib import Path

import pytest

from mockbatch.survive.process import RUN_VARIABLE, Ended, find_error, processes_of, run_program

LINUX_ONLY = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def run(code: str, folder: Path, wall_seconds: float = 60) -> Ended:
    """Run a program of Python in a folder."""
    environ = {"PATH": os.environ["PATH"], RUN_VARIABLE: str(folder)}
    return run_program([sys.executable, "-c", code], environ, folder, wall_seconds)


def remaining_processes(folder: Path) -> list[int]:
    """Return the processes of the run in a folder that still live."""
    return list(processes_of(str(folder)))


def test_a_status_and_both_streams_come_back(tmp_path: Path) -> None:
    """A program that ends by itself is reported as it ended."""
    ended = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)", tmp_path)
    assert (ended.exit_code, ended.stopped_for) == (3, "")
    assert ended.delivery.stdout.lines() == ["out"]
    assert ended.delivery.stderr.lines() == ["err"]


def test_a_signal_is_a_negative_status(tmp_path: Path) -> None:
    """A program that a signal ends has its number, as Python counts it."""
    assert run("import os; os.kill(os.getpid(), 11)", tmp_path).exit_code == -11


def test_a_program_that_ignores_sigterm_is_stopped(tmp_path: Path) -> None:
    """The wall limit ends it, and it has no status of its own."""
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    ended = run(code, tmp_path, wall_seconds=0.5)
    assert (ended.exit_code, ended.stopped_for) == (None, "wall")
    assert remaining_processes(tmp_path) == []


@LINUX_ONLY
@pytest.mark.parametrize("leave", ["", "os.setsid(); "])
def test_its_children_end_with_it(tmp_path: Path, leave: str) -> None:
    """A child that lives on is ended, even if it has left the process group."""
    code = f"import os, time\nif os.fork() == 0:\n  {leave}time.sleep(600)\nprint('parent')"
    ended = run(code, tmp_path)
    assert ended.exit_code == 0
    assert remaining_processes(tmp_path) == []
    assert ended.wall_seconds < 30


@pytest.mark.slow
def test_a_gigabyte_of_output_fits(tmp_path: Path) -> None:
    """The output is read to its end, and only so much of it is kept."""
    code = (
        "import sys\nblock = b'x' * (1 << 20)\nout = sys.stdout.buffer\nout.write(b'first\\n')\n"
        "for _ in range(1024): out.write(block)\nout.write(b'\\nmark0123456789\\nlast')"
    )
    text = run(code, tmp_path).delivery.stdout
    assert text.size > 1 << 30
    assert text.marks == {"mark0123456789": 1}
    assert sum(map(len, text.lines())) < 10 << 20
    assert (text.lines()[0], text.lines()[-1]) == ("first", "last")


def test_a_reason_to_stop_ends_a_run(tmp_path: Path) -> None:
    """What the caller finds while it runs stops it at once."""
    environ = {"PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    began = time.perf_counter()
    ended = run_program(command, environ, tmp_path, 300, lambda: "enough")
    assert (ended.exit_code, ended.stopped_for) == (None, "enough")
    assert time.perf_counter() - began < 100


def test_a_string_is_a_command_of_the_shell(tmp_path: Path) -> None:
    """What prints the results may be a pipeline."""
    ended = run_program("echo a b | wc -w", {"PATH": os.environ["PATH"]}, tmp_path, 60)
    assert ended.delivery.stdout.lines()[0].strip() == "2"


PYTHON_TRACE = """Traceback (most recent call last):
  File "run.py", line 3, in <module>
KeyError: 'response'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "run.py", line 5, in <module>
mine.BatchFailed: it failed
"""
NODE_TRACE = """/run.mjs:4
TypeError: Cannot read properties of null (reading 'x')
    at main (/run.mjs:4:1)

Node.js v20.1.0
"""


@pytest.mark.parametrize(
    ("stderr", "error"),
    [
        (PYTHON_TRACE, "mine.BatchFailed: it failed"),
        (NODE_TRACE, "TypeError: Cannot read properties of null (reading 'x')"),
        ("panic: index out of range\n\ngoroutine 1", "panic: index out of range"),
        ("ValueError: said by the program itself", ""),
        ("", ""),
    ],
)
def test_the_last_exception_is_found(stderr: str, error: str) -> None:
    """It is that of the traceback; a line that only looks like one is none."""
    assert find_error(stderr.splitlines()) == error
