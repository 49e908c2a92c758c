"""Locks in a Redis whose replies are lost."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from mockbatch.errors import ApiError
from mockbatch.stores import redis_locks
from mockbatch.stores.redis import RedisStore
from mockbatch.stores.redis_client import RedisClient
from mockbatch.stores.store import CHANGE, LOCK_SECONDS
from tests.support.redis_server import RedisServer, redis_server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """Run a Redis of this test's own, which it may stop."""
    with redis_server(tmp_path) as started:
        yield started


def test_a_lock_whose_reply_was_lost_is_soon_free(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that does not know that it has a lock releases it, long before it expires."""
    # Longer than a process waits for a lock.
    monkeypatch.setattr(redis_locks, "_LEASE_MILLISECONDS", int(20_000 * LOCK_SECONDS))
    store, rival = RedisStore(server.url), RedisStore(server.url)
    ask = RedisClient.ask

    def lose_answer(*arguments: Any) -> None:
        ask(*arguments)
        raise redis.exceptions.TimeoutError("lost")

    with monkeypatch.context() as context:
        context.setattr(RedisClient, "ask", lose_answer)
        with pytest.raises(ApiError):
            store.try_acquire("w", CHANGE)
    rival.acquire("w", CHANGE)
    rival.release("w", CHANGE)
