"""SIGTERM and SIGINT end `mockbatch serve`, whatever it is doing, and it leaves no files."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mockbatch.cli.ready_file import ReadyFile
from tests.support.commands import TIMEOUT_SECONDS, environment
from tests.support.slow_tests import mark_slow_except_each
from tests.support.stuck_servers import (
    BEGINNING,
    KEEPS_THE_INTERPRETER,
    KEEPS_THE_INTERPRETER_FROM_THE_SIGNAL_ON,
    serving,
    wait_until,
)

STUCK = {
    "a lock that is never released": """
lock = threading.Lock()
lock.acquire()
WorldRegistry.close = lambda self: lock.acquire()
""",
    "a call that catches everything": """
def close(self):
    while True:
        try:
            time.sleep(1)
        except BaseException:
            pass
HttpServer.stop = close
""",
    "a thread that does not end": """
threading.Thread(target=time.sleep, args=(1000,)).start()
""",
    "threads that compute": """
def compute():
    while True:
        pass
def begin(*_):
    for _ in range(4):
        threading.Thread(target=compute).start()
serve._print_startup = begin
""",
}


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("program", mark_slow_except_each(9, STUCK.values()), ids=STUCK)
def test_a_server_that_is_stuck_ends(tmp_path: Path, program: str, by: int) -> None:
    """A watchdog ends it; nothing is printed, and its ready file is gone."""
    with serving(program, tmp_path) as process:
        process.send_signal(by)
        _, printed = process.communicate(timeout=TIMEOUT_SECONDS)
    assert (printed, list(tmp_path.iterdir())) == ("", [])


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_server_in_a_call_that_keeps_the_interpreter_ends(tmp_path: Path, by: int) -> None:
    """Its guard kills it, and removes its ready file and its certificates."""
    with serving(KEEPS_THE_INTERPRETER, tmp_path, "--tls") as process:
        process.send_signal(by)
        _, printed = process.communicate(timeout=TIMEOUT_SECONDS)
        wait_until(lambda: not list(tmp_path.iterdir()))
    assert printed == ""
    assert process.returncode in (-signal.SIGKILL, 1)  # 1, if it saw the signal before the call


@pytest.mark.slow
def test_a_server_that_its_watchdog_ends_leaves_no_files(tmp_path: Path) -> None:
    """Its guard removes them, which comes too late to kill it."""
    with serving(KEEPS_THE_INTERPRETER_FROM_THE_SIGNAL_ON, tmp_path, "--tls") as process:
        process.terminate()
        process.communicate(timeout=TIMEOUT_SECONDS)
        wait_until(lambda: not list(tmp_path.iterdir()))


def test_a_guard_leaves_the_file_of_the_next_server(tmp_path: Path) -> None:
    """A server that starts at once may use the same ready file."""
    path = tmp_path / "ready"
    ready_file = ReadyFile(str(path))
    ready_file.write("http://127.0.0.1:1")
    path.write_text(json.dumps({"url": "http://127.0.0.1:2", "pid": os.getpid() + 1}))
    ready_file.remove_own()
    assert path.exists()
    ready_file.write("http://127.0.0.1:1")
    ready_file.remove_own()
    assert not path.exists()


@pytest.mark.skipif("sys.platform != 'linux'", reason="processes are listed from /proc")
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_a_guard_ends_with_its_server(tmp_path: Path, by: int) -> None:
    """However the server ends; no process is left."""
    with serving("", tmp_path) as process:
        [guard] = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.send_signal(by)
        process.wait(TIMEOUT_SECONDS)
        wait_until(lambda: not is_running(guard))


def is_running(process: str) -> bool:
    """Return whether a process runs, and is not just waiting to be reaped."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


def test_a_server_that_cannot_print_ends(tmp_path: Path) -> None:
    """It is stopped even before it waits for a signal."""
    program = """
def print_startup(*_):
    print("started", flush=True)
    time.sleep(1000)
serve._print_startup = print_startup
main(["serve"])
"""
    with subprocess.Popen(
        [sys.executable, "-c", BEGINNING + program],
        env=environment({"MOCKBATCH_PORT": "0", "TMPDIR": str(tmp_path)}),
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"started\n"
            process.terminate()
            process.wait(TIMEOUT_SECONDS)
        finally:
            process.kill()


def test_no_files_are_left(tmp_path: Path) -> None:
    """The ready file and the certificates are gone when the process is."""
    with serving("", tmp_path, "--tls") as process:
        process.terminate()
        assert process.wait(TIMEOUT_SECONDS) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_a_server_that_was_killed_leaves_no_key(tmp_path: Path) -> None:
    """Only certificates, which are public, can be left behind."""
    with serving("", tmp_path, "--tls") as process:
        process.kill()
        process.wait()
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"ready", "ca.pem", "server.pem"}


def test_an_old_ready_file_is_removed_first(tmp_path: Path) -> None:
    """The file of a server that was killed does not announce the next one before it listens."""
    ready = tmp_path / "ready"
    ready.write_text("old")
    command = [sys.executable, "-m", "mockbatch", "serve", "--host", "192.0.2.1"]
    done = subprocess.run(
        [*command, "--port", "0", "--ready-file", str(ready)],
        env=environment({}),
        capture_output=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
    )
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
