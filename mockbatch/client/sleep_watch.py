"""Notices a test that really sleeps while its batches wait for a clock that stands still."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import get_ident
from types import FrameType
from typing import Any, NamedTuple

from mockbatch import clock
from mockbatch.client.sleep_patch import SleepPatch, is_ignored, is_wait

__tracebackhide__ = True

# How long a test may sleep in all before it fails.
PATIENCE_SECONDS = 5
# The SDKs sleep before they repeat a request, which has nothing to do with a batch.
_SDKS = frozenset({"openai", "portkey_ai", "anthropic"})
_MAX_FRAMES = 10


class StandingClock(NamedTuple):
    """A simulated clock that only the test moves, and a batch that waits for it."""

    now: float
    batch_id: str
    status: str


class SleepWatch:
    """Adds up the real sleeps of a thread, and calls `fail` with a message when it hangs.

    `read_clock` returns None if the clock moves by itself or no batch is unfinished. `message`
    is that of the failure, kept for a test that catches the failure.
    """

    def __init__(
        self, read_clock: Callable[[], StandingClock | None], fail: Callable[[str], object]
    ) -> None:
        self.thread = get_ident()
        self.message: str | None = None
        self._read_clock = read_clock
        self._fail = fail
        self._stood_at: float | None = None
        self._slept_seconds = 0.0
        self._slept_until = 0.0

    def before_sleep(self, seconds: float) -> None:
        """Count a sleep of the whole thread, which nothing can end early."""
        self._count(seconds)

    def after_asyncio_sleep(self, seconds: float) -> None:
        """Count the part of a task's sleep during which no other task was asleep.

        It is counted afterwards: the test may go on and end while a task in the background
        sleeps.
        """
        now = clock.monotonic()
        since = max(self._slept_until, now - seconds)
        self._slept_until = now
        self._count(now - since)

    def end(self) -> None:
        """Stop watching; a task may still be asleep."""
        self._read_clock = lambda: None

    def _count(self, seconds: float) -> None:
        standing = self._read_clock()
        now = None if standing is None else standing.now
        if now != self._stood_at:
            self._stood_at, self._slept_seconds = now, 0
        self._slept_seconds += seconds
        # A timer may be early by the resolution of its clock.
        if standing is not None and self._slept_seconds > PATIENCE_SECONDS - 0.1:
            self.message = self.message or _describe(standing, self._slept_seconds)
            self._fail(self.message)


@contextmanager
def watch_sleep(watch: SleepWatch) -> Iterator[None]:
    """Show `watch` the sleeps of this thread that `skip_sleep` does not skip."""
    _patch.enter(watch)
    try:
        yield
    finally:
        _patch.leave(watch)
        watch.end()


def _describe(standing: StandingClock, seconds: float) -> str:
    return (
        f"The test sleeps for real ({seconds:.3g} s in all with this sleep) while the simulated "
        f"clock stands still until the test moves it, so batch '{standing.batch_id}' stays "
        f"'{standing.status}' for ever. Use @pytest.mark.mockbatch(skip_sleep=True) or wrap the "
        "polling loop in skip_sleep(), move the clock with advance() or run_until(), or choose "
        'clock="on-poll". If the test means to wait for something real, mark it with '
        "real_sleep=True, or set mockbatch_real_sleep in the ini file."
    )


def _counts(seconds: object, caller: FrameType | None) -> bool:
    """Return whether the code under test made this call."""
    if not is_wait(seconds) or caller is None or is_ignored(_module(caller)):
        return False
    frames = 0
    while caller is not None and frames < _MAX_FRAMES:
        if _module(caller).partition(".")[0] in _SDKS:
            return False
        caller, frames = caller.f_back, frames + 1
    return True


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__"))


def _is_real(sleep: Callable[..., Any]) -> bool:
    # A test may have put a function of its own there, which takes no time.
    module = str(getattr(sleep, "__module__", ""))
    return module in ("time", "asyncio.tasks") or module.startswith("mockbatch.client.")


def _sleep(seconds: float, /) -> None:
    """Replace `time.sleep`."""
    watch = _patch.innermost()
    if watch is not None and _is_real(_patch.sleep) and _counts(seconds, sys._getframe(1)):
        watch.before_sleep(float(seconds))
    _patch.sleep(seconds)


async def _asyncio_sleep(delay: float, result: Any = None) -> Any:
    """Replace `asyncio.sleep`."""
    watch = _patch.innermost()
    real = _patch.asyncio_sleep
    if watch is None or not _is_real(real) or not _counts(delay, sys._getframe(1)):
        return await real(delay, result)
    first = min(float(delay), PATIENCE_SECONDS)
    await real(first, None)
    watch.after_asyncio_sleep(first)
    return await real(delay - first, result) if delay > first else result


_patch: SleepPatch[SleepWatch] = SleepPatch(_sleep, _asyncio_sleep, rescans=False)
