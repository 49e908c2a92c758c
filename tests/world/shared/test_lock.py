"""Locks that are acquired in one step."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from mockbatch.errors import ApiError
from mockbatch.stores.location import open_store
from mockbatch.stores.store import CHANGE, NOTHING, PLANNING, Changes, Store, Version
from mockbatch.world.shared.lock import SharedLock
from mockbatch.world.shared.status import ReplicaStatus


class World:
    """A world that has not been read."""

    status = ReplicaStatus()

    def seen(self) -> Version:
        """Return how far it has been read."""
        return NOTHING

    def give_up(self, error: ApiError) -> None:
        """Do not expect a store that hangs."""
        raise AssertionError(error)


class Locks:
    """The two locks of a process, and what they have called."""

    def __init__(self, store: Store, *, fails: bool = False) -> None:
        self.called: list[str] = []
        self._fails = fails
        make = partial(SharedLock, store, "w", World())
        self.planning = make(PLANNING, self._enter, lambda: None)
        self.change = make(CHANGE, self._enter, lambda: self.called.append("committed"))

    def _enter(self, _seen: Version, _changes: Changes) -> None:
        self.called.append("entered")
        if self._fails:
            raise ValueError("damaged")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Yield a store, as a first process opens it."""
    opened = open_store(f"sqlite:///{tmp_path}/state.db")
    yield opened
    opened.close()


@pytest.fixture
def rival(tmp_path: Path, store: Store) -> Iterator[Store]:
    """Yield the same store, as a second process opens it."""
    opened = open_store(f"sqlite:///{tmp_path}/state.db")
    yield opened
    opened.close()


def assert_free(store: Store) -> None:
    """Check that another process gets both locks."""
    for lock in (PLANNING, CHANGE):
        assert store.try_acquire("w", lock)
        store.release("w", lock)


def test_both_locks_are_held_until_the_end(store: Store, rival: Store) -> None:
    """The inner lock is entered once, and its change is committed when both are released."""
    locks = Locks(store)
    with locks.planning.with_inner(locks.change):
        with locks.change:
            pass
        assert locks.called == ["entered"]
        assert not rival.try_acquire("w", PLANNING)
        assert not rival.try_acquire("w", CHANGE)
    assert locks.called == ["entered", "committed"]
    assert_free(rival)


def test_an_inner_lock_that_is_taken_is_acquired_later(store: Store, rival: Store) -> None:
    """The outer lock alone is held until the thread needs the inner one."""
    locks = Locks(store)
    rival.acquire("w", CHANGE)
    with locks.planning.with_inner(locks.change):
        assert locks.called == ["entered"]
        assert not rival.try_acquire("w", PLANNING)
        rival.release("w", CHANGE)
        with locks.change:
            assert locks.called == ["entered"] * 2
    assert_free(rival)


def test_a_lock_that_the_thread_has_is_not_acquired_again(store: Store, rival: Store) -> None:
    """Within a command that holds the outer lock, only the inner one is acquired."""
    locks = Locks(store)
    with locks.planning:
        with locks.planning.with_inner(locks.change), locks.change:
            pass
        assert not rival.try_acquire("w", PLANNING)
    assert_free(rival)


def test_a_world_that_cannot_be_read_leaves_both_locks_free(store: Store, rival: Store) -> None:
    """If what has changed cannot be applied, neither lock stays behind."""
    locks = Locks(store, fails=True)
    with pytest.raises(ValueError, match="damaged"), locks.planning.with_inner(locks.change):
        pass
    assert_free(rival)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(locks.change.local.acquire, blocking=False).result()


def test_an_error_in_the_block_leaves_both_locks_free(store: Store, rival: Store) -> None:
    """What was changed before the error is committed, as without the inner lock."""
    locks = Locks(store)
    with pytest.raises(ValueError, match="refused"), locks.planning.with_inner(locks.change):
        raise ValueError("refused")
    assert locks.called == ["entered", "committed"]
    assert_free(rival)


@pytest.mark.parametrize("blocking", [True, False])
def test_a_process_that_cannot_catch_up_does_not_keep_the_lock(
    store: Store, rival: Store, blocking: bool
) -> None:
    """Its error is raised each time, and other processes can acquire the lock."""
    locks = Locks(store, fails=True)
    for _ in range(2):
        with pytest.raises(ValueError, match="damaged"):
            locks.change.acquire(blocking)
    assert_free(rival)


def test_a_process_that_cannot_commit_does_not_keep_the_lock(store: Store, rival: Store) -> None:
    """Nor does its next command find it held."""

    def fail() -> None:
        raise ValueError("the disk is full")

    lock = SharedLock(store, "w", World(), CHANGE, lambda *_: None, fail)
    for _ in range(2):
        lock.acquire()
        with pytest.raises(ValueError, match="full"):
            lock.release()
    assert_free(rival)


def test_only_the_last_release_lets_other_processes_have_it(store: Store, rival: Store) -> None:
    """A thread that has the lock may acquire it again."""
    locks = Locks(store)
    with locks.change:
        with locks.change:
            pass
        assert not rival.try_acquire("w", CHANGE)
    assert_free(rival)
