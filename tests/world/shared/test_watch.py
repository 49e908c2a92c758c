"""The watch for webhooks that are due in worlds that no request has come for."""

from collections.abc import Callable, Iterator, Sequence
from queue import Queue
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
    assert [fired.get(timeout=PATIENCE_SECONDS) for _ in range(2)] == ["first", "second"]
