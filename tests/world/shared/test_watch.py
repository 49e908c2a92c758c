"""The watch for webhooks that are due in worlds that no request has come for."""

from collections.abc import Callable, Iterator, Sequence
from queue import Queue
from threading import Event, Semaphore, Thread
from typing import Any

import pytest

from mockbatch.errors import ApiError
from mockbatch.stores.failure import damaged_world, state_unavailable
from mockbatch.stores.store import StoredWorld
from mockbatch.world.keys import StoredName
from mockbatch.world.shared import watch
from mockbatch.world.shared.watch import DueWatch
from tests.support.rival import PATIENCE_SECONDS

WORLDS = [StoredWorld("first", "sk-...01"), StoredWorld("second", "sk-...02")]


class Due:
    """A store in which two worlds are due; the first times it is asked it may fail."""

    def __init__(self, *errors: ApiError) -> None:
        self._errors = list(errors)

    def due(self) -> Sequence[StoredWorld]:
        """Return both worlds, or fail."""
        if self._errors:
            raise self._errors.pop()
        return WORLDS

    def close(self) -> None:
        """Do nothing."""


Fire = Callable[[StoredName], None]
Start = Callable[[Any, Fire], None]


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Return what starts a watch, which stops at the end of the test."""
    monkeypatch.setattr(watch, "INTERVAL_SECONDS", 0.01)
    started: list[DueWatch] = []

    def begin(store: Any, fire: Fire) -> None:
        started.append(DueWatch(store))
        started[0].start(fire)

    yield begin
    for each in started:
        each.stop()


def wait_for_both(fired: "Queue[str]") -> None:
    """Wait until both worlds were looked after, in whichever order their threads did it."""
    seen: set[str] = set()
    while seen != {"first", "second"}:
        seen.add(fired.get(timeout=PATIENCE_SECONDS))


def test_a_damaged_world_does_not_keep_others_from_their_webhooks(start: Start) -> None:
    """The worlds after it are looked after, each time."""
    fired: Queue[str] = Queue()

    def fire(world: StoredName) -> None:
        if world == "first":
            raise damaged_world()
        fired.put(f"{world} {world.label}")

    start(Due(), fire)
    found = [fired.get(timeout=PATIENCE_SECONDS) for _ in range(2)]
    assert found == ["second sk-...02"] * 2


def test_a_store_that_is_down_is_asked_again(start: Start) -> None:
    """Once it is back, all worlds that are due are looked after."""
    fired: Queue[str] = Queue()
    start(Due(state_unavailable("it is down"), state_unavailable("it is down")), fired.put)
    wait_for_both(fired)


def test_a_receiver_that_does_not_answer_holds_up_no_other_world(start: Start) -> None:
    """The other world is looked after again and again, and this one once until it has answered."""
    fired: Queue[str] = Queue()
    may_answer = Event()

    def fire(world: StoredName) -> None:
        fired.put(world)
        if world == "first":
            assert may_answer.wait(PATIENCE_SECONDS)

    start(Due(), fire)
    try:
        wait_for_both(fired)
        assert [fired.get(timeout=PATIENCE_SECONDS) for _ in range(3)] == ["second"] * 3
    finally:
        may_answer.set()
    while fired.get(timeout=PATIENCE_SECONDS) != "first":
        pass


def test_only_so_many_worlds_are_looked_after_at_once(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one has its turn when one is done, and not the same one again."""
    monkeypatch.setattr(watch, "MOST_AT_ONCE", 1)
    fired: Queue[str] = Queue()
    may_end = Semaphore(0)

    def fire(world: StoredName) -> None:
        fired.put(world)
        assert may_end.acquire(timeout=PATIENCE_SECONDS)

    start(Due(), fire)
    try:
        for world in ["first", "second"] * 2:
            assert fired.get(timeout=PATIENCE_SECONDS) == world
            Event().wait(0.05)  # in which others would begin
            assert fired.empty()
            may_end.release()
    finally:
        may_end.release(10)


def test_a_process_without_threads_to_spare_tries_again(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Threads may be lacking only for a while."""
    begin, failures = Thread.start, Semaphore(20)  # more than worlds at once

    def fail_at_first(thread: Thread) -> None:
        if thread.name == "mockbatch-due-world" and failures.acquire(blocking=False):
            raise RuntimeError("can't start new thread")
        begin(thread)

    monkeypatch.setattr(Thread, "start", fail_at_first)
    fired: Queue[str] = Queue()
    start(Due(), fired.put)
    wait_for_both(fired)
