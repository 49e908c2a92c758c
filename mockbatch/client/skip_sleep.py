"""Sleeps that move a simulated clock instead of taking time, while `skip_sleep` is active.

Other threads still sleep for real, unless `threads` is set.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import get_ident
from typing import Any

from mockbatch.client.asyncio_sleep import AsyncioSleeps, SimulatedTime
from mockbatch.client.sleep_patch import REAL_SLEEP, SleepPatch, is_ignored, is_wait

__tracebackhide__ = True


@contextmanager
def skip_sleep(simulated: SimulatedTime, *, threads: bool = False) -> Iterator[None]:
    """Make the sleeps of this thread, or of all threads, move a clock instead of taking time.

    If several are active, the one entered last counts. Tasks that are still asleep at the end
    sleep the rest for real.
    """
    skip = _ActiveSkip(simulated, None if threads else get_ident())
    _patch.enter(skip)
    try:
        yield
    finally:
        _patch.leave(skip)
        for sleeps in list(skip.asyncio_sleeps.values()):
            sleeps.end()


def is_asyncio_clock_frozen() -> bool:
    """Return whether freezegun has frozen the clock of event loops: their timers never fire.

    It does so unless it is used with `real_asyncio=True` or `tick=True`.
    """
    if time.monotonic.__module__ != "freezegun.api" or _patch.innermost() is not None:
        return False
    loop = asyncio.new_event_loop()
    try:
        before = loop.time()
        REAL_SLEEP(0.02)
        return loop.time() == before
    finally:
        loop.close()


class _ActiveSkip:
    """One active `skip_sleep`, for one thread or for all (`thread` is None)."""

    def __init__(self, simulated: SimulatedTime, thread: int | None) -> None:
        self.simulated = simulated
        self.thread = thread
        self.asyncio_sleeps: dict[asyncio.AbstractEventLoop, AsyncioSleeps] = {}

    def sleeps_on(self, loop: asyncio.AbstractEventLoop) -> AsyncioSleeps:
        """Return the sleeping tasks of an event loop."""
        if loop not in self.asyncio_sleeps:
            self.asyncio_sleeps[loop] = AsyncioSleeps(loop, self.simulated)
        return self.asyncio_sleeps[loop]


def _sleep(seconds: float, /) -> None:
    """Replace `time.sleep`."""
    skip = _patch.innermost()
    caller = str(sys._getframe(1).f_globals.get("__name__"))
    if skip is None or not is_wait(seconds) or is_ignored(caller):
        _patch.sleep(seconds)
    else:
        skip.simulated.advance_by(float(seconds))


async def _asyncio_sleep(delay: float, result: Any = None) -> Any:
    """Replace `asyncio.sleep`."""
    skip = _patch.innermost()
    task = asyncio.current_task() if skip is not None and is_wait(delay) else None
    if skip is None or task is None:
        return await _patch.asyncio_sleep(delay, result)
    remaining = await skip.sleeps_on(task.get_loop()).sleep(task, float(delay))
    if remaining:
        await _patch.asyncio_sleep(remaining, None)
    return result


_patch: SleepPatch[_ActiveSkip] = SleepPatch(_sleep, _asyncio_sleep)
