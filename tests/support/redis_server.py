"""Debian's redis-server as a process of its own, on a free port and in a temporary folder."""

import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

#: With these options, what it has answered survives `kill`. Without, it holds writes back for up to
#: two seconds while the disk is busy.
DURABLE = ("--appendfsync", "always")
_STOP_SECONDS = 30
_ATTEMPTS = 5


def require_redis() -> None:
    """Skip a test where redis-server is not installed; in continuous integration it has to be."""
    if shutil.which("redis-server") is None:
        assert not os.environ.get("CI"), "redis-server is not installed"
        pytest.skip("needs redis-server")


class RedisServer:
    """A server that can be stopped, killed and started again with what it had on disk."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder, self._options = folder, options
        self.port = 0
        self._process: subprocess.Popen[str] | None = None
        self._reader = threading.Thread()

    @property
    def url(self) -> str:
        """The URL of its first database."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, at its former port if it had one."""
        for _ in range(_ATTEMPTS):
            if self._listens(self.port or _free_port()):
                return
        raise AssertionError("redis-server did not start")

    def _listens(self, port: int) -> bool:
        process = subprocess.Popen(
            [
                *("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""),
                *("--appendonly", "yes", "--dir", str(self._folder), *self._options),
            ],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if re.search("Ready to accept connections", line):
                self._process, self.port = process, port
                # Otherwise it stops once the pipe is full.
                self._reader = threading.Thread(target=process.stdout.read)
                self._reader.start()
                return True
        process.wait(_STOP_SECONDS)
        process.stdout.close()
        return False

    def pause(self) -> None:
        """Let it hang."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def drop_connections(self) -> None:
        """Let it close the connections of all clients, once."""
        import redis

        with redis.Redis(port=self.port) as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)
            self._reader.join()
            self._process.stdout.close()
            self._process = None


@contextmanager
def redis_server(folder: Path, *options: str) -> Iterator[RedisServer]:
    """Run a server until the end of the block."""
    require_redis()
    server = RedisServer(folder, *options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
