"""The threads of the server."""

from typing import Any

import pytest

from mockbatch.http_server.server import HttpServer
from mockbatch.typing import Json
from tests.support.rival import is_free


def test_threads_are_started_under_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a new connection, and later if there was no thread for it."""

    def app(environ: Json, start_response: Any) -> list[bytes]:
        raise AssertionError

    def start_thread() -> bool:
        are_locked.append(not is_free(pool._condition))
        return False

    are_locked: list[bool] = []
    pool = HttpServer(app).requests
    monkeypatch.setattr(pool, "_start_thread", start_thread)
    connection: Any = object()
    pool.put(connection)
    pool.relieve()
    assert are_locked == [True, True]
