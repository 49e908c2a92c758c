"""The sleeping tasks of an event loop, for whom a simulated clock moves instead of a real one."""

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

# How long a task may wait for one and the same thing before sleepers no longer wait for it.
# Counted in slices, so that a machine that stops for a while does not use all of them up.
SLICE_SECONDS = 0.01
SLICES = 5
# How long sleepers wait at most for tasks that neither sleep nor wait for long.
MOST_SLICES = 500

Task = asyncio.Task[Any]
Waiter = asyncio.Future[Any] | None


class SimulatedTime(Protocol):
    """A clock that sleeps move; instants are its epoch seconds."""

    def now(self) -> float:
        """Return the present instant."""

    def advance_by(self, seconds: float) -> object:
        """Move the clock by a positive number of seconds."""

    def advance_to(self, instant: float) -> float:
        """Move the clock to an instant unless it is past, and return the present one."""


@dataclass(slots=True)
class _Watch:
    """What a task that is awake was found waiting for, and for how many slices."""

    waiter: Waiter = None
    slices: int = 0
    is_background: bool = False


class Sleepers:
    """The tasks of one event loop that sleep.

    Time moves to the earliest deadline when nobody could want it to stand: every other task
    sleeps too, or has waited so long for one thing that it is taken to wait for a sleeper. A
    task whose request is under way is therefore waited for.
    """

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
        """Sleep until time has moved; returns the seconds still to be slept for real."""
        self._now = self._simulated.now()
        future: asyncio.Future[float] = self._loop.create_future()
        heappush(self._heap, (self._now + seconds, next(self._numbers), future))
        self._asleep[task] = future
        self._watch(task).slices = 0
        self._watch(task).is_background = False
        self._soon()
        try:
            return await future
        finally:
            del self._asleep[task]

    def end(self) -> None:
        """Let nobody move the clock any more; may be called by any thread."""
        self._is_over = True
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._release)

    def _release(self) -> None:
        for deadline, _, future in self._heap:
            if not future.done():
                future.set_result(max(deadline - self._now, 0))

    def _soon(self, _ended: Task | None = None) -> None:
        if not self._is_due:
            self._is_due = True
            # The next turn but one: then what a task's end sets off, such as the end of a
            # gather or a group, has reached whoever waits for it.
            self._loop.call_soon(lambda: self._loop.call_soon(self._turn))

    def _turn(self, *, ticked: bool = False) -> None:
        if ticked:
            self._is_ticking = False
        else:
            self._is_due = False
        if self._is_over or not self._heap:
            return
        try:
            if ticked:
                # Somebody else may have moved the clock, or it runs by itself.
                self._now = self._simulated.now()
                self._look()
            self._wake()
            if self._heap and not self._busy():
                deadline = self._heap[0][0]
                # Where a clock runs by itself, rounding may leave it a touch before.
                self._now = max(self._simulated.advance_to(deadline), deadline)
                self._wake()
        except Exception as error:  # noqa: BLE001 - the sleeper is told, as time.sleep's caller is
            _, _, future = heappop(self._heap)
            if not future.done():
                future.set_exception(error)
        if self._heap and not self._is_ticking:
            self._is_ticking = True
            # Not call_later: its clock stands still where freezegun has stopped it.
            timer = Timer(SLICE_SECONDS, self._ring)
            timer.daemon = True
            timer.start()

    def _ring(self) -> None:
        with suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(partial(self._turn, ticked=True))

    def _wake(self) -> None:
        while self._heap and (self._heap[0][2].done() or self._heap[0][0] <= self._now):
            _, _, future = heappop(self._heap)
            if not future.done():
                self._slices = 0
                future.set_result(0)

    def _look(self) -> None:
        """Take down what everybody waits for, at the end of a slice."""
        for task in asyncio.all_tasks(self._loop):
            waiter, watch = _waiter(task), self._watch(task)
            watch.slices = watch.slices + 1 if waiter is watch.waiter else 1
            watch.waiter = waiter
        self._slices += 1
        if self._slices >= MOST_SLICES:
            for task in self._busy():
                self._watch(task).is_background = True

    def _busy(self) -> list[Task]:
        """Return the tasks for whose sake time must stand."""
        return [task for task in asyncio.all_tasks(self._loop) if self._is_busy(task)]

    def _is_busy(self, task: Task) -> bool:
        future = self._asleep.get(task)
        if future is not None and not future.done():
            return False
        waiter, watch = _waiter(task), self._watch(task)
        # Who waits for another task is as busy as that one.
        if watch.is_background or isinstance(waiter, asyncio.Task):
            return False
        return watch.slices < SLICES or waiter is not watch.waiter

    def _watch(self, task: Task) -> _Watch:
        if task not in self._awake:
            self._awake[task] = _Watch()
            task.add_done_callback(self._soon)
        return self._awake[task]


def _waiter(task: Task) -> Waiter:
    """Return what a task waits for, None when its turn comes without more ado."""
    waiter: Waiter = getattr(task, "_fut_waiter", None)
    return None if waiter is None or waiter.done() else waiter
