"""Sleeps that take no time: while `skip_sleep` is in effect they move a simulated clock.

`time.sleep` and `asyncio.sleep` are replaced, in their modules and wherever a module has
bound them to a name. The replacements are the same two functions for ever: whoever keeps one
beyond the end sleeps for real, as do other threads meanwhile.
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

from mockbatch.client.asyncio_sleep import SimulatedTime, Sleepers

# Whose sleeps wait for something real: the machinery of threads, processes and event loops,
# the server, and the test run.
LEFT_ALONE = frozenset(
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
    """Let the sleeps of this thread, or of all, move a clock instead of taking time.

    Of several in effect the one entered last counts. Tasks that still sleep at the end sleep
    the rest for real.
    """
    skip = _Skip(simulated, None if threads else get_ident())
    _patch.enter(skip)
    try:
        yield
    finally:
        _patch.leave(skip)
        for sleepers in list(skip.sleepers.values()):
            sleepers.end()


def asyncio_stands_still() -> bool:
    """Tell whether freezegun stops the event loop's clock, so that its real sleeps never end.

    It does without `real_asyncio=True` or `tick=True`.
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


class _Skip:
    """One `skip_sleep` in effect, for one thread or for all."""

    def __init__(self, simulated: SimulatedTime, thread: int | None) -> None:
        self.simulated = simulated
        self.thread = thread
        self.sleepers: dict[asyncio.AbstractEventLoop, Sleepers] = {}

    def of(self, loop: asyncio.AbstractEventLoop) -> Sleepers:
        """Return the sleepers of a loop."""
        if loop not in self.sleepers:
            self.sleepers[loop] = Sleepers(loop, self.simulated)
        return self.sleepers[loop]


class _Patch:
    """What is replaced in the process, while any `skip_sleep` is in effect.

    The names are the process's, so there is one of this; the worlds stay apart in `_skips`.
    """

    def __init__(self) -> None:
        # What the replacements hand on; other than real where a test had its own there.
        self.sleep: Callable[[float], None] = REAL_SLEEP
        self.asyncio_sleep: Callable[[float, Any], Coroutine[Any, Any, Any]] = REAL_ASYNCIO_SLEEP
        self._lock = Lock()
        self._skips: list[_Skip] = []
        self._replaced: list[tuple[Namespace, str, Any]] = []

    def innermost(self) -> _Skip | None:
        """Return what is in effect for this thread."""
        me = get_ident()
        return next((one for one in reversed(self._skips) if one.thread in (None, me)), None)

    def enter(self, skip: _Skip) -> None:
        """Put one into effect."""
        with self._lock:
            if not self._skips:
                self._replace()
            self._skips.append(skip)

    def leave(self, skip: _Skip) -> None:
        """End one, whether or not it was entered last."""
        with self._lock:
            self._skips.remove(skip)
            if not self._skips:
                self._put_back()

    def _replace(self) -> None:
        # A monkeypatch undone after an earlier end may have put a replacement back.
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
            now = names.get(name)
            if now is _sleep or now is _asyncio_sleep:  # else a test has changed it
                names[name] = value
        self._replaced = []
        self.sleep, self.asyncio_sleep = REAL_SLEEP, REAL_ASYNCIO_SLEEP


def _namespaces() -> Iterator[Namespace]:
    # The standard library binds no sleep for others, and is a third of all names.
    unneeded = sys.stdlib_module_names | LEFT_ALONE
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in unneeded and issubclass(type(module), ModuleType):
            # vars(module) would wake a lazy module.
            names: Namespace = object.__getattribute__(module, "__dict__")
            yield names


def _is_wait(seconds: object) -> bool:
    """Tell whether a sleep takes time and ends; errors for odd values are the real one's."""
    return isinstance(seconds, float | SupportsIndex) and 0 < float(seconds) < inf


def _sleep(seconds: float, /) -> None:
    """Stand in for `time.sleep`."""
    skip = _patch.innermost()
    caller = str(sys._getframe(1).f_globals.get("__name__"))
    if skip is None or not _is_wait(seconds) or caller.partition(".")[0] in LEFT_ALONE:
        _patch.sleep(seconds)
    else:
        skip.simulated.advance_by(float(seconds))


async def _asyncio_sleep(delay: float, result: Any = None) -> Any:
    """Stand in for `asyncio.sleep`."""
    skip = _patch.innermost()
    task = asyncio.current_task() if skip is not None and _is_wait(delay) else None
    if skip is None or task is None:
        return await _patch.asyncio_sleep(delay, result)
    left = await skip.of(task.get_loop()).sleep(task, float(delay))
    if left:
        await _patch.asyncio_sleep(left, None)
    return result


_patch = _Patch()
