"""The clocks of the process: they run ahead of the real ones by what was skipped."""

from __future__ import annotations

import datetime
import gc
import time
from contextlib import suppress
from typing import Any, Callable

from .world import Skips

_real = {name: getattr(time, name) for name in dir(time)}
_SHIFTED = ("time", "monotonic", "perf_counter")
# Those that count from an instant; the others count what a process or thread has used.
_SHIFTED_CLOCKS = {
    getattr(time, name)
    for name in ("CLOCK_REALTIME", "CLOCK_MONOTONIC", "CLOCK_MONOTONIC_RAW", "CLOCK_BOOTTIME")
    if hasattr(time, name)
}


class Replacement:
    """Stands for a function of C: as an attribute of a class, it does not become a method."""

    def __init__(self, real: Any, call: Callable[..., Any]) -> None:
        self.__wrapped__ = real
        self.__name__ = self.__qualname__ = real.__name__
        self.__module__ = real.__module__
        self.__doc__ = real.__doc__
        self.call = call

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call what stands for the function."""
        return self.call(*args, **options)

    def __repr__(self) -> str:
        return repr(self.__wrapped__)

    def __reduce__(self) -> str:
        return str(self.__name__)


def replace(module: Any, name: str, call: Callable[..., Any]) -> None:
    """Replace a function of a module, unless this Python has none of that name."""
    if hasattr(module, name):
        setattr(module, name, Replacement(getattr(module, name), call))


def install(skips: Skips) -> None:
    """Shift the clocks of `time` and `datetime`."""
    for name in _SHIFTED:
        replace(time, name, _shift(_real[name], skips))
        replace(time, name + "_ns", _shift_ns(_real[name + "_ns"], skips))
    _replace_clock_gettime(skips)
    now = _shift(_real["time"], skips)
    for name in ("localtime", "gmtime", "ctime"):
        replace(time, name, _from_seconds(_real[name], now))
    for name in ("asctime", "strftime"):
        replace(time, name, _from_time_tuple(_real[name], now))
    _replace_datetime(now)


def _shift(real: Callable[[], float], skips: Skips) -> Callable[[], float]:
    return lambda: real() + skips.seconds


def _shift_ns(real: Callable[[], int], skips: Skips) -> Callable[[], int]:
    return lambda: real() + round(skips.seconds * 1e9)


def _from_seconds(
    real: Callable[..., Any], now: Callable[[], float]
) -> Callable[[float | None], Any]:
    """Return a function whose instant is now by default."""

    def call(seconds: float | None = None) -> Any:
        return real(now() if seconds is None else seconds)

    return call


def _from_time_tuple(real: Callable[..., str], now: Callable[[], float]) -> Callable[..., str]:
    """Return a function whose last argument is the local time by default."""
    argument_count = {"asctime": 1, "strftime": 2}[real.__name__]

    def call(*given: Any) -> str:
        missing = len(given) == argument_count - 1
        return real(*given, _real["localtime"](now())) if missing else real(*given)

    return call


def _replace_clock_gettime(skips: Skips) -> None:
    def gettime(clock: int) -> float:
        shift = skips.seconds if clock in _SHIFTED_CLOCKS else 0
        return float(_real["clock_gettime"](clock) + shift)

    def gettime_ns(clock: int) -> int:
        shift = round(skips.seconds * 1e9) if clock in _SHIFTED_CLOCKS else 0
        return int(_real["clock_gettime_ns"](clock) + shift)

    replace(time, "clock_gettime", gettime)
    replace(time, "clock_gettime_ns", gettime_ns)


def _replace_datetime(current: Callable[[], float]) -> None:
    """Replace `datetime.now` and `utcnow` in the class itself.

    A subclass in its place would change what isinstance, pickle and extensions of C see.
    `datetime.today` and `date.today` call `time.time` by themselves.
    """

    def now(cls: Any, tz: datetime.tzinfo | None = None) -> Any:
        return cls.fromtimestamp(current(), tz)

    def utcnow(cls: Any) -> Any:
        return cls.fromtimestamp(current(), datetime.timezone.utc).replace(tzinfo=None)

    methods = {"now": classmethod(now), "utcnow": classmethod(utcnow)}
    try:
        for name, method in methods.items():
            setattr(datetime.datetime, name, method)  # works if the class is one of Python
    except TypeError:
        # What the read-only view of the attributes of a class of C refers to.
        [attributes] = gc.get_referents(datetime.datetime.__dict__)
        attributes.update(methods)
        with suppress(ImportError):
            from ctypes import py_object, pythonapi

            pythonapi.PyType_Modified(py_object(datetime.datetime))
