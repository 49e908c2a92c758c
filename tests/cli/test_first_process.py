"""`mockbatch serve` as the first process of a container, for which the kernel has other rules."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import TIMEOUT_SECONDS, environment
from tests.support.stuck_servers import BEGINNING, KEEPS_THE_INTERPRETER, serving

NAMESPACE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")
# Each has the number of a first process, but not the rules that the kernel has for it.
AS_FIRST = """
import os
from mockbatch.cli import first_process
first_process._FIRST = os.getpid()
"""
# Its guard kills it, or its watchdog ends it, if it saw the signal before it was stuck.
ENDS_OF_A_STUCK_SERVER = (128 + signal.SIGKILL, 1)
LEAVES_A_PROCESS = """
stop = HttpServer.stop
def stop_and_leave(self):
    if os.fork() == 0:
        for descriptor in range(3):
            os.close(descriptor)
        time.sleep(75)  # longer than this test waits for the first process
    stop(self)
HttpServer.stop = stop_and_leave
"""


def has_namespaces() -> bool:
    """Return whether this system lets its users be the first process of a namespace."""
    try:
        return (
            subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0
        )
    except FileNotFoundError:
        return False


@pytest.fixture
def namespace() -> tuple[str, ...]:
    """Return the command that runs another as the first process of a namespace."""
    if not has_namespaces():
        pytest.skip("this system has no namespaces for its users")
    return NAMESPACE


def first_process(launcher: "subprocess.Popen[Any]") -> int:
    """Return the number outside of the namespace of the first process in it."""
    [child] = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children").read_text().split()
    return int(child)


@pytest.mark.slow
@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_stuck_server_ends(tmp_path: Path, namespace: tuple[str, ...], by: int) -> None:
    """Its guard can kill it, as it is not the first process, and removes its files."""
    with serving(KEEPS_THE_INTERPRETER, tmp_path, "--tls", launcher=namespace) as process:
        os.kill(first_process(process), by)
        process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode in ENDS_OF_A_STUCK_SERVER
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_starts_ends(tmp_path: Path, namespace: tuple[str, ...]) -> None:
    """A signal ends it before it has handlers, which the kernel asks of a first process."""
    program = """
def load_settings(*_):
    print("started", flush=True)
    time.sleep(1000)
serve.load_settings = load_settings
main(["serve"])
"""
    with subprocess.Popen(
        [*namespace, sys.executable, "-c", BEGINNING + program],
        env=environment({"TMPDIR": str(tmp_path)}),
        stdout=subprocess.PIPE,
    ) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == b"started\n"
            os.kill(first_process(process), signal.SIGTERM)
            assert process.wait(TIMEOUT_SECONDS) == 128 + signal.SIGTERM
        finally:
            process.kill()


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no first process")
@pytest.mark.parametrize("program", ["", LEAVES_A_PROCESS])
def test_the_first_process_ends_with_its_server(tmp_path: Path, program: str) -> None:
    """With its status, even if another process is left; its files are gone."""
    with serving(AS_FIRST + program, tmp_path, "--tls") as process:
        process.terminate()
        process.communicate(timeout=TIMEOUT_SECONDS)
    assert (process.returncode, list(tmp_path.iterdir())) == (0, [])


@pytest.mark.slow
@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows has no first process")
def test_the_first_process_reports_a_killed_server(tmp_path: Path) -> None:
    """As a shell does, since it cannot end by a signal itself."""
    with serving(AS_FIRST + KEEPS_THE_INTERPRETER, tmp_path) as process:
        process.terminate()
        process.communicate(timeout=TIMEOUT_SECONDS)
    assert process.returncode in ENDS_OF_A_STUCK_SERVER
