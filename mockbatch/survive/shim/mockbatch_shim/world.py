"""Moves the clock of a world on a mockbatch server, and counts what was skipped."""

from __future__ import annotations

import atexit
import json
import os
import socket
import threading
import time
from http.client import HTTPConnection
from typing import Any, Mapping
from urllib.parse import urlsplit

# Captured before the program can replace it.
_real_time = time.time
_real_monotonic = time.monotonic
_ANSWER_SECONDS = 60
# A connection that was idle for longer is not used again: the server may be about to close it.
_IDLE_SECONDS = 1.0


class _OwnSocket(socket.socket):
    """A socket whose traffic is not taken for the program's: its methods stay the real ones."""

    connect = socket.socket.connect
    sendall = socket.socket.sendall
    recv_into = socket.socket.recv_into
    close = socket.socket.close
    detach = socket.socket.detach


class Skips:
    """How many seconds this process has skipped; each one has moved the world's clock, too.

    A leap makes a sleep longer than asked for: after `quiet_sleeps` sleeps during which nothing
    happened in the world, each next one is twice as long as the one before, relative to what was
    asked for. Something that happens ends it.
    """

    def __init__(
        self, url: str, key: str, quiet_sleeps: int | None, longest_leap_seconds: float
    ) -> None:
        self._server = _Server(url)
        self._key = key
        self._quiet_sleeps = quiet_sleeps
        self._longest_leap_seconds = longest_leap_seconds
        self._quiet = 0
        self.lock = threading.RLock()
        self.seconds = 0.0

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Skips:
        """Return those of a new process, which start where those of its parent are."""
        quiet_sleeps = environ.get("MOCKBATCH_SHIM_QUIET_SLEEPS")
        skips = cls(
            environ["MOCKBATCH_SHIM_URL"],
            environ["MOCKBATCH_SHIM_KEY"],
            int(quiet_sleeps) if quiet_sleeps else None,
            float(environ.get("MOCKBATCH_SHIM_LONGEST_LEAP_SECONDS") or 0),
        )
        skips.seconds = _last_total()
        return skips

    def skip(self, seconds: float) -> bool:
        """Move the world's clock by a sleep; return whether that worked.

        Called with the lock.
        """
        moved = self._with_leap(seconds)
        try:
            event_count = self._advance(moved)
        except Exception as error:  # noqa: BLE001 - the program sleeps for real then
            write_record({"error": "a sleep of %g s was not skipped: %r" % (seconds, error)})
            return False
        self._quiet = 0 if event_count else self._quiet + 1
        self.seconds += moved
        write_record(
            {
                "pid": os.getpid(),
                "asked": seconds,
                "skipped": moved,
                "event_count": event_count,
                "total": self.seconds,
                "at": _real_time(),
            }
        )
        return True

    def _with_leap(self, seconds: float) -> float:
        if self._quiet_sleeps is None or self._quiet < self._quiet_sleeps:
            return seconds
        # No more than 2 ** 64, which is far above the longest leap already.
        doubled = seconds * 2.0 ** min(self._quiet - self._quiet_sleeps + 1, 64)
        return max(seconds, min(doubled, self._longest_leap_seconds))

    def _advance(self, seconds: float) -> int:
        """Return how many events happened on the way."""
        status, body = self._server.post(
            "/_mock/clock/advance", {"seconds": seconds}, {"Authorization": "Bearer " + self._key}
        )
        if status != 200:
            raise RuntimeError("%d %s" % (status, body[:200].decode("utf-8", "replace")))
        return int(json.loads(body)["event_count"])


class _Server:
    """The server, on a connection that this process keeps while it sleeps often.

    The program may fork, or close all files that it did not open; what then has the number of
    the connection then belongs to the program and is left alone.
    """

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._connection: HTTPConnection | None = None
        self._identity: tuple[int, ...] = ()
        self._used_at = 0.0
        atexit.register(self._close)

    def post(self, path: str, body: Any, headers: dict[str, str]) -> tuple[int, bytes]:
        """Return the status and the body of an answer; never through a proxy."""
        connection = self._open()
        try:
            headers = {"Content-Type": "application/json", **headers}
            connection.request("POST", self._address.path + path, json.dumps(body), headers)
            response = connection.getresponse()
            answer = response.read()
        except BaseException:
            self._close()
            raise
        self._used_at = _real_monotonic()
        if response.will_close:
            self._close()
        return response.status, answer

    def _open(self) -> HTTPConnection:
        is_idle = _real_monotonic() - self._used_at > _IDLE_SECONDS
        kept = self._connection
        if kept is None or is_idle or not self._identity or self._identity != _identify(kept):
            self._close()
            self._connection = kept = self._connect()
            self._identity = _identify(kept)
        return kept

    def _connect(self) -> HTTPConnection:
        host, port = self._address.hostname or "", self._address.port or 80
        connection = HTTPConnection(host, port)
        connection.sock = _OwnSocket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        try:
            connection.sock.settimeout(_ANSWER_SECONDS)
            connection.sock.connect((host, port))
            # Otherwise a body waits for the receipt of its headers.
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except BaseException:
            connection.close()
            raise
        return connection

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        if connection.sock is not None and self._identity != _identify(connection):
            connection.sock.detach()
        connection.close()


def _identify(connection: HTTPConnection) -> tuple[int, ...]:
    """Return what the system takes a connection for; nothing where it cannot tell."""
    try:
        status = os.fstat(connection.sock.fileno())
    except OSError:
        return ()
    return os.getpid(), status.st_dev, status.st_ino


def write_record(record: dict[str, Any]) -> None:
    """Append a line to the log; a program must not fail because that is impossible."""
    try:
        path = os.environ["MOCKBATCH_SHIM_LOG"]
        with open(path, "ab", buffering=0) as log:
            log.write(json.dumps(record).encode() + b"\n")
    except (KeyError, OSError):
        pass


def _last_total() -> float:
    """Return what the process that slept last had skipped in all, 0 if none has."""
    try:
        with open(os.environ["MOCKBATCH_SHIM_LOG"], "rb") as log:
            log.seek(max(log.seek(0, os.SEEK_END) - 4096, 0))
            lines = log.read().splitlines()
    except (KeyError, OSError):
        return 0.0
    totals = [json.loads(line)["total"] for line in lines[1:] if line.rfind(b'"total"') > 0]
    return float(totals[-1]) if totals else 0.0
