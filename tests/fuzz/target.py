"""The server under attack: what it answers, its CPU time and its memory."""

import os
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

_TICKS = os.sysconf("SC_CLK_TCK")
#: How long an answer may take in real time, on a machine that is busy with other things, too.
PATIENCE_SECONDS = 60
_MAX_RESPONSE_BYTES = 1 << 28


class Target:
    """A served process with a manual clock, until the end of the `with` block.

    `state` is where it keeps its worlds, as for `--state`.
    """

    def __init__(self, state: str) -> None:
        self._state = state

    def __enter__(self) -> "Target":
        self._log: IO[bytes] = tempfile.TemporaryFile()
        command = [sys.executable, "-m", "mockbatch", "serve", "--port", "0", "--clock", "manual"]
        command += ["--state", self._state]
        self._process = subprocess.Popen(
            [
                *command,
                "--start-time",
                "1713894800",
                "--api-key",
                "sk-fuzz",
                "--api-key",
                "sk-scripts",
            ],
            stdout=subprocess.PIPE,
            stderr=self._log,
        )
        assert self._process.stdout is not None
        address = urlsplit(self._process.stdout.readline().decode().split()[-1])
        self.host, self.port = str(address.hostname), int(address.port or 0)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=30)
        self._log.close()

    @property
    def is_alive(self) -> bool:
        """Whether the server still runs."""
        return self._process.poll() is None

    def cpu_seconds(self) -> float:
        """Return the CPU time that the server has taken."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def megabytes(self) -> float:
        """Return the memory that the server has."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
        return int(line.split()[1]) / 1024

    def tracebacks(self) -> list[str]:
        """Return the exceptions that the server has logged."""
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").splitlines()
        starts = [number for number, line in enumerate(lines) if line.startswith("Traceback")]
        return ["\n".join(lines[start : start + 40]) for start in starts]

    def send(self, data: bytes) -> int:
        """Send bytes on a connection of their own; return the status, 0 without a response."""
        return send(self.host, self.port, data)


def send(host: str, port: int, data: bytes) -> int:
    """Send bytes on a connection of their own; return the status, 0 without a response."""
    with socket.create_connection((host, port), timeout=PATIENCE_SECONDS) as client:
        # The server may answer, and close, before it has read everything.
        with suppress(OSError):
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
        return _read_status(client)


def _read_status(client: socket.socket) -> int:
    start, size = b"", 0
    with suppress(ConnectionError):
        while size < _MAX_RESPONSE_BYTES and (block := client.recv(1 << 16)):
            start = start or block
            size += len(block)
    parts = start.split(b" ", 2)
    return int(parts[1]) if len(parts) > 1 and parts[1].isdigit() else 0


def call(
    host: str,
    method: str,
    path: str,
    body: bytes = b"",
    key: str = "sk-fuzz",
    content_type: str = "application/json",
) -> bytes:
    """Return the bytes of an ordinary request; `host` is the value of its Host header."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: {content_type}\r\n"
        "anthropic-version: 2023-06-01\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("utf-8", "replace") + body
