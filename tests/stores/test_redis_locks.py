"""Locks in a Redis whose replies are lost."""

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from mockbatch.errors import ApiError
from mockbatch.stores import redis_locks
from mockbatch.stores.redis import RedisStore
from mockbatch.stores.redis_client import RedisClient
from mockbatch.stores.store import CHANGE, LOCK_SECONDS, NOTHING, PLANNING, delivery_lock
from tests.support.redis_server import DURABLE, RedisServer, redis_server
from tests.support.unstartable_thread import UnstartableThread
from tests.support.webhook_recorder import wait_until

# For a number of seconds, or of rounds, that no test waits for.
NEVER = 10**6

TURN = delivery_lock(1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    """Run a Redis of this test's own, which it may stop."""
    with redis_server(tmp_path, *DURABLE) as started:
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


@pytest.mark.parametrize("is_sent", [False, True], ids=["server down", "reply lost"])
def test_a_lock_that_could_not_be_released_is_soon_free(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch, *, is_sent: bool
) -> None:
    """What was done with the lock is done: that is no error, and others do not wait for long."""
    monkeypatch.setattr(redis_locks, "_LEASE_MILLISECONDS", int(20_000 * LOCK_SECONDS))
    store, rival = RedisStore(server.url), RedisStore(server.url)
    store.acquire("w", PLANNING)
    if is_sent:
        server.pause()
        store.release("w", PLANNING)
    server.kill()
    if not is_sent:
        store.release("w", PLANNING)
    server.start()
    with suppress(ApiError):  # a request that finds the connection closed
        store.pull("w", NOTHING)
    begun = time.monotonic()
    rival.acquire("w", PLANNING)
    assert time.monotonic() - begun < 1
    rival.release("w", PLANNING)


def test_two_locks_that_could_not_be_released_are_soon_free(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Locks that were acquired at once have the same value; neither is forgotten."""
    monkeypatch.setattr(redis_locks, "_LEASE_MILLISECONDS", int(20_000 * LOCK_SECONDS))
    store, rival = RedisStore(server.url), RedisStore(server.url)
    assert store.try_acquire_both("w", NOTHING) is not None
    server.kill()
    with suppress(ApiError):  # which finds the connection closed
        store.pull("w", NOTHING)
    for lock in (CHANGE, PLANNING):
        store.release("w", lock)
    server.start()
    begun = time.monotonic()
    for lock in (CHANGE, PLANNING):
        rival.acquire("w", lock)
    assert time.monotonic() - begun < 1
    for lock in (CHANGE, PLANNING):
        rival.release("w", lock)


def clients_of_mockbatch(server: RedisServer) -> list[str]:
    """Return the names of the processes that have connections to a server."""
    with redis.Redis.from_url(server.url) as client:
        names = [one["name"] for one in client.client_list()]
    return [name for name in names if name.startswith("mockbatch-")]


def test_a_holder_whose_connections_were_dropped_is_given_time(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No other process gets its lock until the holder has been away for a while."""
    # It does not come back.
    monkeypatch.setattr(redis_locks, "_RENEWAL_ROUNDS", NEVER)
    monkeypatch.setattr(RedisClient, "keep_connected", lambda _: None)
    monkeypatch.setattr(redis_locks, "_LEASE_MILLISECONDS", NEVER)
    store, rival = RedisStore(server.url), RedisStore(server.url)
    assert store.try_acquire("w", TURN)
    server.drop_connections()
    with monkeypatch.context() as context:
        context.setattr(redis_locks, "_ABSENT_SECONDS", NEVER)
        assert not any(rival.try_acquire("w", TURN) for _ in range(20))
    wait_until(lambda: rival.try_acquire("w", TURN))
    for each in (rival, store):
        each.release("w", TURN)


def test_a_holder_whose_connections_were_dropped_connects_again(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does so by itself, long before it would renew its locks, and keeps them."""
    monkeypatch.setattr(redis_locks, "_RENEWAL_ROUNDS", NEVER)
    monkeypatch.setattr(redis_locks, "_ABSENT_SECONDS", NEVER)
    store, rival = RedisStore(server.url), RedisStore(server.url)
    assert store.try_acquire("w", TURN)
    server.drop_connections()
    wait_until(lambda: clients_of_mockbatch(server))
    monkeypatch.setattr(redis_locks, "_ABSENT_SECONDS", 0)
    assert not rival.try_acquire("w", TURN)
    store.release("w", TURN)
    wait_until(lambda: rival.try_acquire("w", TURN))
    rival.release("w", TURN)


@pytest.fixture
def absence_clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return the clock that measures absences; a test sets `now`. No process reconnects itself."""
    clock = SimpleNamespace(now=0.0)
    clock.monotonic = lambda: clock.now
    monkeypatch.setattr(redis_locks, "clock", clock)
    monkeypatch.setattr(RedisClient, "keep_connected", lambda _: None)
    return clock


def test_a_short_absence_long_ago_does_not_count(
    server: RedisServer, absence_clock: SimpleNamespace
) -> None:
    """A holder that was away for a moment, and is again much later, was not away in between."""
    store, rival = RedisStore(server.url), RedisStore(server.url)
    assert store.try_acquire("w", TURN)
    server.drop_connections()
    for now, is_given_up in ((0.0, False), (100.0, False), (100.1, False), (100.3, True)):
        absence_clock.now = now
        assert rival.try_acquire("w", TURN) == is_given_up
    for each in (rival, store):
        each.release("w", TURN)


def test_an_absence_ends_when_the_holder_is_there_again(
    server: RedisServer, absence_clock: SimpleNamespace
) -> None:
    """A holder that is away for two moments, a second apart, keeps its lock."""
    store, rival = RedisStore(server.url), RedisStore(server.url)
    assert store.try_acquire("w", TURN)
    for absence_clock.now in (0.0, 1.0):
        server.drop_connections()
        assert not rival.try_acquire("w", TURN)
        store.pull("w", NOTHING)  # which connects it again
        assert not rival.try_acquire("w", TURN)
    for each in (store, rival):
        each.release("w", TURN)


def test_a_process_that_can_start_no_thread_releases_its_locks(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had the lock for good once it could start one."""
    store, rival = RedisStore(server.url), RedisStore(server.url)
    with monkeypatch.context() as context:
        context.setattr(redis_locks, "Thread", UnstartableThread)
        assert store.try_acquire("w", CHANGE)
    assert not rival.try_acquire("w", CHANGE)
    store.release("w", CHANGE)
    wait_until(lambda: rival.try_acquire("w", CHANGE))
    rival.release("w", CHANGE)


def test_only_the_thread_that_has_a_lock_releases_it(server: RedisServer) -> None:
    """Another one may still be about to release an earlier lock of the same name."""
    store, rival = RedisStore(server.url), RedisStore(server.url)
    assert store.try_acquire("w", CHANGE)
    other = Thread(target=store.release, args=("w", CHANGE))
    other.start()
    other.join()
    assert not rival.try_acquire("w", CHANGE)
    store.release("w", CHANGE)
    wait_until(lambda: rival.try_acquire("w", CHANGE))
    rival.release("w", CHANGE)


def test_a_store_that_is_closed_renews_and_releases_nothing(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its thread tried to reach a server that had been stopped for good."""
    monkeypatch.setattr(redis_locks, "_LEASE_MILLISECONDS", NEVER)
    store = RedisStore(server.url)
    assert store.try_acquire("w", CHANGE)
    thread = store._locks._renewing
    assert thread is not None
    assert thread.is_alive()
    store.close()
    thread.join(1)
    assert not thread.is_alive()
