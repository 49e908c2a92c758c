"""Decides when the sleeping tasks of an event loop wake, on a simulated clock.

A task that sleeps gets a future with a deadline. Time moves to the earliest deadline once no
other task is busy, and wakes that sleeper:

    sleep() -> schedule check -> check -> busy tasks? -- no --> advance to deadline -> wake
                                   ^            |
                                   |           yes
                                   +--- tick (a slice of real time later): sample what tasks
                                        wait for

A task is busy unless it sleeps too, awaits another task, or has waited for the same future for
`SLICES` slices: then it is taken to wait for something that a sleeper will do. So a task whose
HTTP request is under way holds time still until the response is there.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from heapq import heappop, heappush
from itertools import count
from math import inf
from threading import Timer
from typing import Any, Protocol
from weakref import WeakKeyDictionary

__tracebackhide__ = True

# A task that has waited this long for the same future no longer holds time still. Counted in
# slices, so that a pause of the whole machine does not use all of them up.
SLICE_SECONDS = 0.01
SLICES = 5
# After this many slices without a wake-up, tasks that are still busy run in the background.
MAX_SLICES = 500

Task = asyncio.Task[Any]
Waiter = asyncio.Future[Any] | None


class SimulatedTime(Protocol):
    """A clock that sleeps can move; instants are epoch seconds."""

    def now(self) -> float:
        """Return the current instant."""

    def advance_by(self, seconds: float) -> object:
        """Move the clock by a positive number of seconds."""

    def advance_to(self, instant: float) -> float:
        """Move the clock to an instant unless it is past, and return the current one."""


@dataclass(slots=True)
class _Watch:
    """The future that a task was seen waiting for, and for how many slices."""

    waiter: Waiter = None
    slices: int = 0
    is_background: bool = False


class AsyncioSleeps:
    """The sleeping tasks of one event loop, and the rule by which time moves for them."""

    def __init__(self, loop: asyncio.AbstractEventLoop, simulated: SimulatedTime) -> None:
        self._loop = loop
        self._simulated = simulated
        self._now = -inf
        self._heap: list[tuple[float, int, asyncio.Future[float]]] = []
        self._numbers = count()
        self._asleep: dict[Task, asyncio.Future[float]] = {}
        self._awake: WeakKeyDictionary[Task, _Watch] = WeakKeyDictionary()
        self._slices = 0
        self._is_due = self._is_ticking = self._is_over = False

    async def sleep(self, task: Task, seconds: float) -> float:
        """Sleep until time has moved; return the seconds still to be slept for real."""
        self._now = self._simulated.now()
        future: asyncio.Future[float] = self._loop.create_future()
        heappush(self._heap, (self._now + seconds, next(self._numbers), future))
        self._asleep[task] = future
        self._watch(task).slices = 0
        self._watch(task).is_background = False
        self._schedule_check()
        try:
            return await future
        finally:
            del self._asleep[task]

    def end(self) -> None:
        """Stop moving the clock; may be called from any thread."""
        self._is_over = True
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        for deadline, _, future in self._heap:
            if not future.done():
                future.set_result(max(deadline - self._now, 0))

    def _schedule_check(self, _ended: Task | None = None) -> None:
        if not self._is_due:
            self._is_due = True
            # Two iterations of the loop later: by then the end of a task has reached those
            # that wait for it through a gather or a group.
            self._loop.call_soon(lambda: self._loop.call_soon(self._check))

    def _check(self, *, ticked: bool = False) -> None:
        if ticked:
            self._is_ticking = False
        else:
            self._is_due = False
        if self._is_over or not self._heap:
            return
        try:
            if ticked:
                # The test may have moved the clock, or it runs by itself.
                self._now = self._simulated.now()
                self._sample()
            self._wake_due()
            if self._heap and not self._busy_tasks():
                deadline = self._heap[0][0]
                # By rounding, a clock that runs by itself may be slightly before the deadline.
                self._now = max(self._simulated.advance_to(deadline), deadline)
                self._wake_due()
        except Exception as error:  # noqa: BLE001 - raised in the sleeper, as time.sleep would
            _, _, future = heappop(self._heap)
            if not future.done():
                future.set_exception(error)
        if self._heap and not self._is_ticking:
            self._is_ticking = True
            # Not call_later, which uses a clock that freezegun may have frozen.
            timer = Timer(SLICE_SECONDS, self._tick)
            timer.daemon = True
            timer.start()

    def _tick(self) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(partial(self._check, ticked=True))

    def _wake_due(self) -> None:
        while self._heap and (self._heap[0][2].done() or self._heap[0][0] <= self._now):
            _, _, future = heappop(self._heap)
            if not future.done():
                self._slices = 0
                future.set_result(0)

    def _sample(self) -> None:
        """Record, at the end of a slice, what each task waits for."""
        for task in asyncio.all_tasks(self._loop):
            waiter, watch = _waiter(task), self._watch(task)
            watch.slices = watch.slices + 1 if waiter is watch.waiter else 1
            watch.waiter = waiter
        self._slices += 1
        if self._slices >= MAX_SLICES:
            for task in self._busy_tasks():
                self._watch(task).is_background = True

    def _busy_tasks(self) -> list[Task]:
        """Return the tasks that hold time still."""
        return [task for task in asyncio.all_tasks(self._loop) if self._is_busy(task)]

    def _is_busy(self, task: Task) -> bool:
        future = self._asleep.get(task)
        if future is not None and not future.done():
            return False
        waiter, watch = _waiter(task), self._watch(task)
        # A task that awaits another task is judged by that other one.
        if watch.is_background or isinstance(waiter, asyncio.Task):
            return False
        return watch.slices < SLICES or waiter is not watch.waiter

    def _watch(self, task: Task) -> _Watch:
        if task not in self._awake:
            self._awake[task] = _Watch()
            task.add_done_callback(self._schedule_check)
        return self._awake[task]


def _waiter(task: Task) -> Waiter:
    """Return the future that a task waits for, None if it is ready to run."""
    waiter: Waiter = getattr(task, "_fut_waiter", None)
    return None if waiter is None or waiter.done() else waiter
