"""Patches of the sleep functions that are entered and left by several threads at once."""

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from mockbatch.client import sleep_patch
from mockbatch.client.sleep_patch import Namespace, SleepPatch
from tests.support.rival import Rival


class Everywhere:
    """Something that is active in all threads."""

    thread = None


FIRST, SECOND = Everywhere(), Everywhere()


def fake_sleep(seconds: float) -> None:
    """Replace `time.sleep`."""


async def fake_asyncio_sleep(delay: float, result: Any = None) -> Any:
    """Replace `asyncio.sleep`."""


class InterruptedPatch(SleepPatch[Everywhere]):
    """A patch that calls functions while it replaces the sleeps and puts them back."""

    during_replace: Callable[[], None] = staticmethod(lambda: None)
    during_put_back: Callable[[], None] = staticmethod(lambda: None)

    def _bound(self, fakes: dict[int, Any]) -> list[tuple[Namespace, str, Any]]:
        self.during_replace()
        return super()._bound(fakes)

    def _put_back(self) -> None:
        self.during_put_back()
        super()._put_back()


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Return a module that has bound the real sleep to a name of its own."""
    module = ModuleType("napping")
    module.nap = time.sleep  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "napping", module)
    sleeps = time.sleep, asyncio.sleep
    yield module
    assert (time.sleep, asyncio.sleep) == sleeps


def patch_with(rival: Rival[None], monkeypatch: pytest.MonkeyPatch) -> InterruptedPatch:
    """Return a patch whose lock lets a test go on when the rival waits for it."""
    monkeypatch.setattr(sleep_patch, "Lock", rival.lock)
    return InterruptedPatch(fake_sleep, fake_asyncio_sleep)


def test_two_that_enter_at_once_are_both_undone(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One replaces the sleeps, and the last to leave puts them all back."""
    real = module.nap
    rival = Rival(lambda: patch.enter(SECOND))
    patch = patch_with(rival, monkeypatch)
    patch.during_replace = rival.begin
    patch.enter(FIRST)
    rival.end()
    assert module.nap is fake_sleep
    patch.leave(FIRST)
    assert module.nap is fake_sleep
    patch.leave(SECOND)
    assert module.nap is real


def test_one_that_enters_while_another_leaves_is_patched(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It replaces the sleeps after the other has put them back."""
    real = module.nap
    rival = Rival(lambda: patch.enter(SECOND))
    patch = patch_with(rival, monkeypatch)
    patch.enter(FIRST)
    patch.during_put_back = rival.begin
    patch.leave(FIRST)
    rival.end()
    assert module.nap is time.sleep is fake_sleep
    patch.leave(SECOND)
    assert module.nap is real
