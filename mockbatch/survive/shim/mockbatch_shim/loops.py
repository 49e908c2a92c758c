"""The timers of asyncio: an event loop that has nothing to do but wait for one moves time there.

It does so once no request is in flight and nothing has happened for a moment; at once if each of
its tasks sleeps. That covers `asyncio.sleep`, `wait_for`, `timeout` and `call_later`.
"""

from __future__ import annotations

import selectors
import sys
import time
from math import ceil
from typing import Any, Callable, List

from .sockets import InFlight
from .threads import Sleepers

_real_monotonic = time.monotonic

# For how long nothing must have happened before a sleep ends, and before a time limit is over: an
# answer that is arriving may pause.
_QUIET_SECONDS = 0.02
_QUIET_SECONDS_OF_LIMITS = 0.2
_SLICE_SECONDS = 0.002
_SHORTEST_WAIT_SECONDS = 0.005
_NAMES = ("SelectSelector", "PollSelector", "EpollSelector", "DevpollSelector", "KqueueSelector")

Select = Callable[..., List[Any]]


def install(sleepers: Sleepers, in_flight: InFlight) -> None:
    """Replace what an event loop waits with."""
    for name in _NAMES:
        kind = getattr(selectors, name, None)
        if kind is not None and "select" in vars(kind):
            kind.select = _select_with(kind.select, sleepers, in_flight)


def _select_with(real_select: Select, sleepers: Sleepers, in_flight: InFlight) -> Select:
    def select(self: Any, timeout: float | None = None) -> list[Any]:
        loop = _loop_of(sys._getframe(1))
        if loop is None or timeout is None or timeout < _SHORTEST_WAIT_SECONDS:
            return real_select(self, timeout)
        end = _real_monotonic() + timeout
        quiet_since = _real_monotonic()
        deadline = sleepers.begin(_round_wait(timeout))
        try:
            is_alone, patient = _all_tasks_sleep(loop), not _is_sleep(loop._scheduled[0])
            quiet_seconds = _QUIET_SECONDS_OF_LIMITS if patient else _QUIET_SECONDS
            while True:
                wait = 0 if is_alone else min(_SLICE_SECONDS, max(end - _real_monotonic(), 0))
                events = real_select(self, wait)
                now = _real_monotonic()
                if events or now >= end or sleepers.is_over(deadline):
                    return events
                is_quiet = is_alone or now - quiet_since >= quiet_seconds
                may_skip = is_quiet and not in_flight
                if may_skip and sleepers.try_to_skip(deadline, patient=patient) is False:
                    return real_select(self, max(end - _real_monotonic(), 0))
                is_alone = False
        finally:
            sleepers.end()

    return select


def _round_wait(seconds: float) -> float:
    """Undo what preparing to wait has taken, so that equal runs move time equally."""
    steps = 10 if seconds > 1 else 1000  # in a second
    return ceil(round(seconds * steps, 4)) / steps


def _loop_of(caller: Any) -> Any:
    """Return the event loop that calls, None if something else does."""
    if caller.f_globals.get("__name__") != "asyncio.base_events":
        return None
    return caller.f_locals.get("self")


def _is_sleep(timer: Any) -> bool:
    """Return whether a timer ends an `asyncio.sleep`."""
    return getattr(timer._callback, "__name__", "") == "_set_result_unless_cancelled"


def _all_tasks_sleep(loop: Any) -> bool:
    """Return whether each task waits for a timer, or for another task that does."""
    asyncio = sys.modules["asyncio"]
    timed = {id(future) for handle in list(loop._scheduled) for future in (handle._args or ())[:1]}
    for task in asyncio.all_tasks(loop):
        waiter = getattr(task, "_fut_waiter", None)
        is_group = isinstance(waiter, asyncio.Task) or type(waiter).__name__ == "_GatheringFuture"
        if not is_group and id(waiter) not in timed:
            return False
    return True
