"""Moves the clock of a world on a mockbatch server, and counts what was skipped."""

from __future__ import annotations

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
_ANSWER_SECONDS = 60


class _OwnSocket(socket.socket):
    """A socket whose traffic is not taken for the program's: its methods stay the real ones."""

    connect = socket.socket.connect
    sendall = socket.socket.sendall
    recv_into = socket.socket.recv_into
    close = socket.socket.close


class Skips:
    """How many seconds this process has skipped; each one has moved the world's clock, too.

    A leap makes a sleep longer than asked for: after `quiet_sleeps` sleeps during which nothing
    happened in the world, each next one is twice as long as the one before, relative to what was
    asked for. Something that happens ends it.
    """

    def __init__(
        self, url: str, key: str, quiet_sleeps: int | None, longest_leap_seconds: float
    ) -> None:
        self._address = urlsplit(url)
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
        """Return how many events happened on the way; never through a proxy."""
        host, port = self._address.hostname or "", self._address.port or 80
        connection = HTTPConnection(host, port)
        connection.sock = _OwnSocket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        connection.sock.settimeout(_ANSWER_SECONDS)
        try:
            connection.sock.connect((host, port))
            connection.request(
                "POST",
                self._address.path + "/_mock/clock/advance",
                json.dumps({"seconds": seconds}),
                {
                    "Authorization": "Bearer " + self._key,
                    "Content-Type": "application/json",
                    "Connection": "close",
                },
            )
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise RuntimeError("%d %s" % (response.status, body[:200].decode("utf-8", "replace")))
        return int(json.loads(body)["event_count"])


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
