"""Worlds in a store and in memory give the same responses to any requests."""

import re
import socket
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.attacks import ATTACKS, SCRIPTS
from tests.fuzz.target import Target, call

REQUESTS = 1500
HOST = "127.0.0.1:1"
# Those that break connections, and those that take long.
LEFT_OUT = {"raw_http", "large_bodies"}
# What depends on real time or on the process.
DIFFERENT = re.compile(
    rb'"(request_id|wall|duration_ms|uptime_seconds|version)": ?("[^"]*"|[^",}\s]*)'
)


def response_to(target: Target, data: bytes) -> tuple[bytes, bytes]:
    """Return the status line and the body of the response, without what may differ."""
    with socket.create_connection((target.host, target.port), 60) as client:
        client.sendall(data)
        blocks = list(iter(lambda: client.recv(1 << 16), b""))
    head, _, body = b"".join(blocks).partition(b"\r\n\r\n")
    return head.partition(b"\r\n")[0], DIFFERENT.sub(b"", body)


@pytest.mark.slow
@pytest.mark.skipif("sys.platform != 'linux'", reason="SQLite's locks need fcntl")
@pytest.mark.parametrize("workers", ["1", "3"])
def test_random_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    """One process in memory and several with SQLite behave alike."""
    chosen = Random(1)
    attacks = {one: weight for one, weight in ATTACKS.items() if one.__name__ not in LEFT_OUT}
    with Target("memory") as memory:
        monkeypatch.setenv("MOCKBATCH_WORKERS", workers)
        with Target(f"sqlite:///{tmp_path}/state.db") as shared:
            for key in ("sk-fuzz", SCRIPTS):  # a world with an owner has the same seed everywhere
                reset = call(HOST, "POST", "/_mock/reset", b'{"owner": "a test"}', key)
                assert response_to(memory, reset) == response_to(shared, reset)
            for attack in chosen.choices(list(attacks), list(attacks.values()), k=REQUESTS):
                data = attack(chosen, HOST)
                assert response_to(memory, data) == response_to(shared, data), data
