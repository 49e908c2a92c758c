"""Replaces `time.sleep` and `asyncio.sleep` in the whole process for a while.

They are replaced in their own modules, and in every module that has bound them to a name
(`from time import sleep`). The replacements are always the same two functions: code that keeps
one after the end sleeps for real.
"""

import asyncio
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from math import inf
from threading import Lock, get_ident
from types import ModuleType
from typing import Any, Generic, Protocol, SupportsIndex, TypeVar

__tracebackhide__ = True

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


class HasThread(Protocol):
    """Something that is active in one thread, or in all (`thread` is None)."""

    thread: int | None


Active = TypeVar("Active", bound=HasThread)


class SleepPatch(Generic[Active]):
    """Replaces the sleep functions of the process while anything that wants it is active.

    `fake_sleep` and `fake_asyncio_sleep` are the replacements. There is one patch for each pair
    of them, because the whole process shares its modules. With `rescans`, every module is searched
    for sleeps each time; without, only if modules have been imported since the last search.
    """

    def __init__(
        self,
        fake_sleep: Callable[[float], None],
        fake_asyncio_sleep: Callable[..., Coroutine[Any, Any, Any]],
        *,
        rescans: bool = True,
    ) -> None:
        self._fake_sleep = fake_sleep
        self._fake_asyncio_sleep = fake_asyncio_sleep
        self._rescans = rescans
        # How many modules there were at the last search, and the one imported last.
        self._scanned: tuple[int, ModuleType | None] = 0, None
        self._names: list[tuple[Namespace, str]] = []  # what the last search found
        # What the replacements call: the real functions, or those that a test had put there.
        self.sleep: Callable[[float], None] = REAL_SLEEP
        self.asyncio_sleep: Callable[[float, Any], Coroutine[Any, Any, Any]] = REAL_ASYNCIO_SLEEP
        self._lock = Lock()
        self._active: list[Active] = []
        self._replaced: list[tuple[Namespace, str, Any]] = []

    def innermost(self) -> Active | None:
        """Return what was entered last and covers this thread."""
        me = get_ident()
        return next((one for one in reversed(self._active) if one.thread in (None, me)), None)

    def enter(self, active: Active) -> None:
        """Activate a skip or a watch."""
        with self._lock:
            if not self._active:
                self._replace()
            self._active.append(active)

    def leave(self, active: Active) -> None:
        """Deactivate it, whether or not it was entered last."""
        with self._lock:
            self._active.remove(active)
            if not self._active:
                self._put_back()

    def _replace(self) -> None:
        # A monkeypatch that was undone after an earlier block may have restored a replacement.
        if time.sleep is not self._fake_sleep:
            self.sleep = time.sleep
        if asyncio.sleep is not self._fake_asyncio_sleep:
            self.asyncio_sleep = asyncio.sleep
        fakes: dict[int, Any] = {id(one): self._fake_sleep for one in (REAL_SLEEP, self.sleep)}
        for one in (REAL_ASYNCIO_SLEEP, self.asyncio_sleep):
            fakes[id(one)] = self._fake_asyncio_sleep
        self._replaced = [
            (vars(time), "sleep", self.sleep),
            (vars(asyncio), "sleep", self.asyncio_sleep),
            *self._bound(fakes),
        ]
        for names, name, value in self._replaced:
            names[name] = fakes[id(value)]

    def _bound(self, fakes: dict[int, Any]) -> list[tuple[Namespace, str, Any]]:
        """Return where modules have bound one of these functions to a name."""
        modules = len(sys.modules), next(reversed(sys.modules.values()))
        if self._rescans or modules != self._scanned:
            self._scanned = modules
            self._names = [
                (names, name)
                for names in _namespaces()
                if not fakes.keys().isdisjoint(map(id, names.values()))
                for name, value in list(names.items())
                if id(value) in fakes
            ]
        return [
            (names, name, names[name])
            for names, name in self._names
            if id(names.get(name)) in fakes
        ]

    def _put_back(self) -> None:
        for names, name, value in self._replaced:
            # Otherwise a test has changed it.
            if names.get(name) in (self._fake_sleep, self._fake_asyncio_sleep):
                names[name] = value
        self._replaced = []
        self.sleep, self.asyncio_sleep = REAL_SLEEP, REAL_ASYNCIO_SLEEP


def _namespaces() -> Iterator[Namespace]:
    # The standard library re-exports no sleep, and has a third of all names.
    ignored = sys.stdlib_module_names | IGNORED_MODULES
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] not in ignored and issubclass(type(module), ModuleType):
            # vars(module) would load a lazy module.
            names: Namespace = object.__getattribute__(module, "__dict__")
            yield names


def is_wait(seconds: object) -> bool:
    """Return whether a sleep takes time and ends; odd values are left to the real function."""
    return isinstance(seconds, float | SupportsIndex) and 0 < float(seconds) < inf


def is_ignored(caller: str) -> bool:
    """Return whether a module of that name waits for something real when it sleeps."""
    return caller.partition(".")[0] in IGNORED_MODULES
