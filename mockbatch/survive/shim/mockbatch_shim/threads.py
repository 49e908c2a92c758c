"""What a thread waits with: which of the sleeping threads wakes next, and when.

A thread that sleeps has a deadline, counted in the seconds skipped so far. The thread with the
earliest deadline moves time there, once no other thread is busy. So threads that sleep at once
share the time, and none misses what happens while another one sleeps longer.

`time.sleep` and `Event.wait` are sleeps. Waiting for another thread with a time limit, as in
`Future.result`, `Queue.get` and `Thread.join`, moves no time, but ends when time has passed it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from math import inf
from types import FrameType
from typing import Any, Callable, Tuple

from .clocks import replace
from .sockets import InFlight
from .world import Skips

Place = Tuple[int, int]  # a frame, and the instruction that it is at

_real_sleep = time.sleep
_real_monotonic = time.monotonic
_real_wait = threading.Event.wait
_real_condition_wait = threading.Condition.wait
_real_join = threading.Thread.join

_SLICE_SECONDS = 0.002
_LONG_SLICE_SECONDS = 0.02
# A thread that is still busy after so many slices does not hold time still any longer. Counted in
# slices, so that a pause of the whole machine does not use all of them up.
_PATIENCE_SLICES = 500
_SHORTEST_WAIT_SECONDS = 0.1
# A thread whose innermost Python function is one of these, in one of these modules, waits for
# another thread.
_PARKED_IN = ("threading", "queue", "selectors", "concurrent", "multiprocessing")
_PARKED_AT = frozenset(
    [
        "wait",
        "join",
        "_wait_for_tstate_lock",
        "_shutdown",
        "get",
        "put",
        "acquire",
        "_worker",
        "select",
        "poll",
        "_recv",
    ]
)
# Monitors of progress bars and of telemetry only look on.
_MONITORS = ("tqdm", "sentry_sdk", "opentelemetry", "posthog", "ddtrace", "debugpy", "pydevd")
# The sleeps and waits of these are for something real: a thread, a process, a socket.
_REAL_SLEEPS = frozenset(("subprocess", "multiprocessing", "selectors", "socketserver")) | {
    *_MONITORS
}
_REAL_WAITS = _REAL_SLEEPS | {"asyncio", "concurrent", "queue", "threading"}


class Sleepers:
    """The threads of this process that sleep in simulated time."""

    def __init__(self, skips: Skips, in_flight: InFlight) -> None:
        self.skips = skips
        self._in_flight = in_flight
        self._deadlines: dict[int, float] = {}
        self.waiting: set[int] = set()  # threads that wait for another one, with a time limit
        # Where the other threads were when they were last looked at, and those that were busy
        # there for too long.
        self._places: dict[int, Place] = {}
        self._background: dict[int, Place] = {}
        self._held_slices = 0  # for how long busy threads have held time still
        self._requests_before = 0

    def begin(self, seconds: float) -> float:
        """Let this thread sleep; return its deadline."""
        with self.skips.lock:
            deadline = self.skips.seconds + seconds
            self._deadlines[threading.get_ident()] = deadline
            return deadline

    def end(self) -> None:
        """Note that this thread is awake."""
        self._deadlines.pop(threading.get_ident(), None)

    def is_over(self, deadline: float) -> bool:
        """Return whether the time of a sleep has come."""
        return self.skips.seconds >= deadline

    def try_to_skip(
        self, deadline: float, *, patient: bool, is_set: Callable[[], bool] = bool
    ) -> bool | None:
        """Move time to the deadline of this thread, if it is the next to wake.

        Return whether that worked; None if it is not time yet, or the thread is awake already.
        With `patient`, threads that are busy for long hold time still as well.
        """
        with self.skips.lock:
            if self.is_over(deadline):
                return True
            if min(self._deadlines.values()) < deadline:
                return None
            if self._is_anyone_busy(patient):
                self._held_slices += 1
                return None
            if is_set():  # by a thread that has ended since
                return None
            self._held_slices = 0
            return self.skips.skip(deadline - self.skips.seconds)

    def waits_for_child(self) -> bool:
        """Return whether a sleep waits for a child process rather than for the server.

        That is so if there is one and this process has asked nothing since its last sleep.
        """
        count, before = self._in_flight.request_count, self._requests_before
        self._requests_before = count
        return count == before and _has_children()

    def forget_threads(self) -> None:
        """Start over in a child process, in which only the forking thread goes on."""
        self.skips.lock = threading.RLock()
        self._deadlines.clear()
        self.waiting.clear()
        self._background.clear()

    def _is_anyone_busy(self, patient: bool) -> bool:
        me = threading.get_ident()
        before, self._places = self._places, {}
        is_over = self._held_slices >= _PATIENCE_SLICES and not patient
        is_anyone_busy = patient and bool(self._in_flight)
        for ident, frame in sys._current_frames().items():
            if ident == me or ident in self._deadlines or ident in self.waiting:
                continue
            place = self._places[ident] = (id(frame), frame.f_lasti)
            # A thread that was elsewhere a moment ago may be about to go on.
            is_parked = _is_parked(frame) and before.get(ident) == place
            if not is_parked and (patient or self._background.get(ident) != place):
                is_anyone_busy = not is_over
        if is_over:
            self._background = dict(self._places)
        return is_anyone_busy


def install(skips: Skips, in_flight: InFlight) -> Sleepers:
    """Replace what threads wait with."""
    sleepers = Sleepers(skips, in_flight)
    replace(time, "sleep", _sleep_with(sleepers))
    for kind, name, function in (
        (threading.Event, "wait", _wait_with(sleepers)),
        (threading.Condition, "wait", _condition_wait_with(sleepers)),
        (threading.Thread, "join", _join_with(sleepers)),
    ):
        setattr(kind, name, function)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=sleepers.forget_threads)
    return sleepers


def _sleep_with(sleepers: Sleepers) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        caller = sys._getframe(2)  # beyond Replacement.__call__
        if not _is_wait(seconds) or _root(caller) in _REAL_SLEEPS or sleepers.waits_for_child():
            _real_sleep(seconds)
            return
        deadline = sleepers.begin(float(seconds))
        try:
            while not sleepers.is_over(deadline):
                skipped = sleepers.try_to_skip(deadline, patient=False)
                if skipped is False:
                    _real_sleep(seconds)
                    return
                if skipped is None:
                    _real_sleep(_SLICE_SECONDS)
        finally:
            sleepers.end()

    return sleep


def _wait_with(sleepers: Sleepers) -> Callable[..., bool]:
    def wait(self: threading.Event, timeout: float | None = None) -> bool:
        if (
            timeout is None
            or not _is_wait(timeout)
            or timeout < _SHORTEST_WAIT_SECONDS
            or not _is_own_wait(sys._getframe(1))
        ):
            return _real_wait(self, timeout)
        real_end = _real_monotonic() + timeout
        deadline = sleepers.begin(float(timeout))
        try:
            while not _real_wait(self, _SLICE_SECONDS):
                if sleepers.is_over(deadline) or _real_monotonic() >= real_end:
                    break
                if sleepers.try_to_skip(deadline, patient=True, is_set=self.is_set) is False:
                    return _real_wait(self, max(real_end - _real_monotonic(), 0))
            return self.is_set()
        finally:
            sleepers.end()

    return wait


def _condition_wait_with(sleepers: Sleepers) -> Callable[..., bool]:
    def wait(self: threading.Condition, timeout: float | None = None) -> bool:
        # No notification is lost in between: who sends one needs the lock.
        return _wait_in_slices(
            sleepers, timeout, lambda seconds: _real_condition_wait(self, seconds)
        )

    return wait


def _join_with(sleepers: Sleepers) -> Callable[..., None]:
    def join(self: threading.Thread, timeout: float | None = None) -> None:
        def is_over(seconds: float | None) -> bool:
            _real_join(self, seconds)
            return not self.is_alive()

        _wait_in_slices(sleepers, timeout, is_over)

    return join


def _wait_in_slices(
    sleepers: Sleepers, timeout: float | None, wait: Callable[[float | None], bool]
) -> bool:
    """Wait for another thread, up to a time limit in simulated or real time."""
    if timeout is None or not _is_wait(timeout) or timeout < _SHORTEST_WAIT_SECONDS:
        return wait(timeout)
    deadline = sleepers.skips.seconds + timeout
    real_end = _real_monotonic() + timeout
    me = threading.get_ident()
    sleepers.waiting.add(me)
    try:
        while not sleepers.is_over(deadline):
            left = real_end - _real_monotonic()
            if wait(max(min(left, _LONG_SLICE_SECONDS), 0)):
                return True
            if left <= _LONG_SLICE_SECONDS:
                return False
        return wait(0)
    finally:
        sleepers.waiting.discard(me)


def _is_own_wait(caller: FrameType) -> bool:
    """Return whether the program waits, or one of its timers."""
    is_timer = caller.f_globals.get("__name__") == "threading" and isinstance(
        caller.f_locals.get("self"), threading.Timer
    )
    return is_timer or _root(caller) not in _REAL_WAITS


def _is_wait(seconds: Any) -> bool:
    """Return whether a sleep takes time and ends; odd values are left to the real function."""
    try:
        return 0 < float(seconds) < inf and not isinstance(seconds, str)
    except (TypeError, ValueError, OverflowError):
        return False


def _root(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def _is_parked(frame: FrameType) -> bool:
    """Return whether a thread waits for another one, and not only until that has started."""
    if _root(frame) not in _PARKED_IN or frame.f_code.co_name not in _PARKED_AT:
        return False
    caller: FrameType | None = frame
    while caller is not None and _root(caller) in ("threading", "mockbatch_shim"):
        if caller.f_code.co_name == "start":
            return False
        caller = caller.f_back
    return True


def _has_children() -> bool:
    if not hasattr(os, "waitid"):
        return False
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except OSError:
        return False
    return True
