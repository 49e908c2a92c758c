"""`mockbatch serve --workers N`: several processes on one port."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import openai
import pytest

from mockbatch.client import WorldClient, http_transport
from tests.cli.conftest import Serve, Server, submit
from tests.support.commands import TIMEOUT_SECONDS, Run, read_error, run_process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def start(serve: Serve, folder: Path, *options: object) -> Server:
    """Serve with three workers and a state in a folder."""
    state = f"sqlite:///{folder}/state.db"
    return serve("--workers", 3, "--state", state, "--clock", "manual", *options)


def workers(server: Server) -> set[int]:
    """Return the ids of the processes that the server has started."""
    id = server.process.pid
    return {int(child) for child in Path(f"/proc/{id}/task/{id}/children").read_text().split()}


def is_running(pid: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def wait_until(is_true: Callable[[], bool]) -> None:
    """Wait for something that other processes do."""
    end = time.monotonic() + TIMEOUT_SECONDS
    while not is_true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_as_many_workers_serve_as_were_asked_for(serve: Serve, tmp_path: Path) -> None:
    """Once the server has printed its URL, there are three workers, and each has one log."""
    server = start(serve, tmp_path)
    assert len(workers(server)) == 3
    for _ in range(20):
        server.client().models.list()
    wait_until(lambda: len(server.stderr) == 20)
    assert all("GET /v1/models 200" in line for line in server.stderr)


@pytest.mark.slow
def test_workers_share_their_worlds(serve: Serve, tmp_path: Path) -> None:
    """Ids are unique, and each worker finds what another has made."""
    server = start(serve, tmp_path)
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: submit(server.client(), 1).id, range(24)))
        found = list(pool.map(lambda id: server.client().batches.retrieve(id).id, made))
    assert found == made
    assert len({*made}) == 24


@pytest.mark.slow
def test_a_worker_that_dies_is_replaced(serve: Serve, tmp_path: Path) -> None:
    """The log says so, and the server answers on."""
    server = start(serve, tmp_path)
    before = workers(server)
    killed = min(before)
    os.kill(killed, signal.SIGKILL)
    server.wait_for_log(rf"ERROR .*: worker \d \(pid {killed}\) was ended by SIGKILL")
    server.wait_for_log(r"ERROR .*: worker \d starts again \(pid \d+\)")
    assert len(workers(server)) == 3
    assert killed not in workers(server)
    batch = submit(server.client(), 1)
    assert server.client().batches.retrieve(batch.id).id == batch.id


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all(serve: Serve, tmp_path: Path, by: int) -> None:
    """None of the workers outlives the server by more than a moment."""
    server = start(serve, tmp_path)
    started = workers(server)
    assert server.stop(by)[0] == 0
    wait_until(lambda: not any(map(is_running, started)))
    assert not [line for line in server.stderr if "ERROR" in line]


def test_workers_end_with_their_parent(serve: Serve, tmp_path: Path) -> None:
    """Even if it is killed, the port is free again."""
    server = start(serve, tmp_path)
    started = workers(server)
    server.process.kill()
    wait_until(lambda: not any(map(is_running, started)))


# A service that loses its parent while it starts.
ORPHANED = """
import os, signal, time
import click
from mockbatch.cli.stop_signal import StopSignal
from mockbatch.cli.workers import Workers
class Service:
    def start(self):
        parent = os.getppid()
        os.kill(parent, signal.SIGKILL)
        while os.getppid() == parent:
            time.sleep(0.01)
        {then}
    def wait(self, stop, lifeline):
        stop.wait(lifeline)
    def stop(self):
        pass
with StopSignal():
    Workers(1, Service()).start()
"""


@pytest.mark.parametrize("then", ["pass", "raise click.ClickException('no')"])
def test_a_worker_whose_parent_dies_meanwhile_ends_quietly(then: str) -> None:
    """It can no longer report that it has started, or why it could not."""
    program = ORPHANED.replace("{then}", then)
    done = subprocess.run(
        [sys.executable, "-c", program],
        stderr=subprocess.PIPE,  # until the worker has ended, too
        text=True,
        timeout=TIMEOUT_SECONDS,
    )
    assert (done.returncode, done.stderr) == (-signal.SIGKILL, "")


@pytest.mark.slow
def test_every_fault_is_kept(serve: Serve, tmp_path: Path) -> None:
    """Workers break connections, as one process does, and count in common how often."""
    server = start(serve, tmp_path)
    world = WorldClient(server.url, "sk-mockbatch", http_transport(server.url))
    world.fault({"method": "GET", "path": "/v1/files"}, {"disconnect": "reset"}, times=3)
    for _ in range(3):
        with pytest.raises(openai.APIConnectionError):
            server.client().files.list()
    for _ in range(5):
        assert server.client().files.list().data == []


def test_workers_need_a_state_that_they_share(run: Run) -> None:
    """In memory each would have worlds of its own: the error names --state."""
    assert "add --state sqlite:///FILE" in read_error(run("serve", "--workers", "2"))


def test_a_state_that_cannot_be_opened_ends_the_server(tmp_path: Path) -> None:
    """No worker is started again and again; the error is one line."""
    (tmp_path / "state.db").write_text("this is no database" * 100)
    state = f"sqlite:///{tmp_path}/state.db"
    done = run_process("serve", "--port", "0", "--workers", "2", "--state", state)
    assert "--state" in read_error(done)


def test_a_taken_port_is_reported(serve: Serve, tmp_path: Path) -> None:
    """Two servers cannot share a port by accident."""
    server = start(serve, tmp_path)
    port = server.address[1]
    state = f"sqlite:///{tmp_path}/other.db"
    done = run_process("serve", "--port", port, "--workers", "2", "--state", state)
    assert f"cannot listen on 127.0.0.1:{port}" in read_error(done)


def test_the_parent_takes_signals_while_a_worker_hangs(serve: Serve, tmp_path: Path) -> None:
    """A stopped worker, which takes no signal, does not keep the server from ending."""
    server = start(serve, tmp_path)
    stopped = max(workers(server))
    os.kill(stopped, signal.SIGSTOP)
    try:
        assert server.stop()[0] == 0
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(stopped, signal.SIGKILL)
