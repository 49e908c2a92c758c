"""Sleeps that move a simulated clock instead of taking time, while `skip_sleep` is active.

`time.sleep` and `asyncio.sleep` are replaced in their own modules, and in every module that has
bound them to a name (`from time import sleep`). The replacements are always the same two
functions: code that keeps one after the end sleeps for real, and so do other threads meanwhile.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from math import inf
from threading import Lock, get_ident
from types import ModuleType
from typing import Any, SupportsIndex

from mockbatch.client.asyncio_sleep import AsyncioSleeps, SimulatedTime

# Sleeps of these modules wait for something real: threads, processes, event loops, the server
# and the test run itself.
IGNORED_MODULES = frozenset(
    {
        *("asyncio", "concurrent", "multiprocessing", "queue", "selectors", "socketserver"),
        *("subprocess", "threading", "time"),
        *("cheroot", "flask", "mockbatch", "werkzeug"),
        *("_pytest", "execnet", "freezegun", "time_machine", "xdist"),
    }
)

Namespace = dict[str, Any]

REAL_SLEEP = time.sleep
REAL_ASYNCIO_SLEEP = asyncio.sleep


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


class _SleepPatch:
    """Replaces the sleep functions of the process while any `skip_sleep` is active.

    There is one of it, for module names belong to the process; each active skip has its own
    clock.
    """

    def __init__(self) -> None:
        # What the replacements call: the real functions, or those that a test had put there.
        self.sleep: Callable[[float], None] = REAL_SLEEP
        self.asyncio_sleep: Callable[[float, Any], Coroutine[Any, Any, Any]] = REAL_ASYNCIO_SLEEP
        self._lock = Lock()
        self._skips: list[_ActiveSkip] = []
        self._replaced: list[tuple[Namespace, str, Any]] = []

    def innermost(self) -> _ActiveSkip | None:
        """Return the active skip that was entered last and covers this thread."""
        me = get_ident()
        return next((skip for skip in reversed(self._skips) if skip.thread in (None, me)), None)

    def enter(self, skip: _ActiveSkip) -> None:
        """Activate a skip."""
        with self._lock:
            if not self._skips:
                self._replace()
            self._skips.append(skip)

    def leave(self, skip: _ActiveSkip) -> None:
        """Deactivate a skip, whether or not it was entered last."""
        with self._lock:
            self._skips.remove(skip)
            if not self._skips:
                self._put_back()

    def _replace(self) -> None:
        # Undoing a monkeypatch after an earlier skip may have put a replacement back.
        if time.sleep is not _sleep:
            self.sleep = time.sleep
        if asyncio.sleep is not _asyncio_sleep:
            self.asyncio_sleep = asyncio.sleep
        fakes: dict[int, Any] = {id(sleep): _sleep for sleep in (REAL_SLEEP, self.sleep)}
        for asyncio_sleep in (REAL_ASYNCIO_SLEEP, self.asyncio_sleep):
            fakes[id(asyncio_sleep)] = _asyncio_sleep
        self._replaced = [
            (vars(time), "sleep", self.sleep),
            (vars(asyncio), "sleep", self.asyncio_sleep),
        ]
        self._replaced += [
            (names, name, value)
            for names in _namespaces()
            if not fakes.keys().isdisjoint(map(id, names.values()))
            for name, value in list(names.items())
            if id(value) in fakes
        ]
        for names, name, value in self._replaced:
            names[name] = fakes[id(value)]

    def _put_back(self) -> None:
        for names, name, value in self._replaced:
            current = names.get(name)
            if current is _sleep or current is _asyncio_sleep:  # otherwise a test changed it
                names[name] = value
        self._replaced = []
        self.sleep, self.asyncio_sleep = REAL_SLEEP, REAL_ASYNCIO_SLEEP


def _namespaces() -> Iterator[Namespace]:
    # The standard library re-exports no sleep, and holds a third of all names.
    ignored = sys.stdlib_module_names | IGNORED_MODULES
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in ignored and issubclass(type(module), ModuleType):
            # vars(module) would wake a lazy module.
            names: Namespace = object.__getattribute__(module, "__dict__")
            yield names


def _is_wait(seconds: object) -> bool:
    """Return whether a sleep takes time and ends; odd values are left to the real function."""
    return isinstance(seconds, float | SupportsIndex) and 0 < float(seconds) < inf


def _sleep(seconds: float, /) -> None:
    """Replace `time.sleep`."""
    skip = _patch.innermost()
    caller = str(sys._getframe(1).f_globals.get("__name__"))
    if skip is None or not _is_wait(seconds) or caller.partition(".")[0] in IGNORED_MODULES:
        _patch.sleep(seconds)
    else:
        skip.simulated.advance_by(float(seconds))


async def _asyncio_sleep(delay: float, result: Any = None) -> Any:
    """Replace `asyncio.sleep`."""
    skip = _patch.innermost()
    task = asyncio.current_task() if skip is not None and _is_wait(delay) else None
    if skip is None or task is None:
        return await _patch.asyncio_sleep(delay, result)
    remaining = await skip.sleeps_on(task.get_loop()).sleep(task, float(delay))
    if remaining:
        await _patch.asyncio_sleep(remaining, None)
    return result


_patch = _SleepPatch()
