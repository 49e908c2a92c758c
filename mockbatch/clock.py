"""Simulated time, and the only place where the real time is read.

A `Clock` is a frozen value: simulated time as a linear function of the process's time. The
process's time is read late, while a request is handled, and by attribute (`time.time()`), so
that freezegun and time-machine in the same process control simulated time too.
"""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime, timezone
from threading import RLock
from types import MappingProxyType, TracebackType
from typing import NamedTuple, Protocol, cast

from msgspec import Struct
from msgspec.structs import replace

MANUAL = "manual"
REALTIME = "realtime"
ON_POLL = "on-poll"

_SPEED = re.compile(r"x(\d+(?:\.\d+)?)")
_MAX_SPEED = 1_000_000.0
#: Simulated time ends before this instant (epoch seconds, in the year 2106): ids hold epoch
#: seconds in four bytes.
END = 2**32
_LAST_INSTANT = float(END - 1)


def wall_time() -> float:
    """Return the process's time in epoch seconds."""
    return time.time()


def monotonic() -> float:
    """Return seconds on a clock that is only good for differences."""
    return time.perf_counter()


def parse_instant(text: str) -> float:
    """Return the epoch seconds of a text that holds epoch seconds or an ISO 8601 time.

    A time without a zone is UTC. Raises ValueError for any other text, and for an instant
    before 1970 or after the end of simulated time.
    """
    try:
        seconds = float(text)
    except ValueError:
        date = datetime.fromisoformat(text.replace("Z", "+00:00"))
        if date.tzinfo is None:
            date = date.replace(tzinfo=timezone.utc)
        seconds = date.timestamp()
    if not 0 <= seconds < END:
        raise ValueError(f"{text!r} is not between 1970 and 2106")
    return seconds


def plan_instant(seconds: int) -> int:
    """Return the instant of something planned, or `END` if it is after simulated time ends.

    The clock stops before `END`, so what is planned for it never happens.
    """
    return min(seconds, END)


def format_instant(seconds: float) -> str:
    """Return epoch seconds in UTC for a person to read, `2024-04-23 17:53:20Z`."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")


class Clock(Struct, frozen=True):
    """Simulated time: `origin` at the wall time `wall_origin`, moving at `speed` from there.

    Both are epoch seconds. `mode` is `manual`, `realtime`, `on-poll` or `xN` (N simulated
    seconds a second). A clock with `is_paused` does not move in any mode.
    """

    mode: str
    origin: float
    wall_origin: float
    is_paused: bool = False

    @property
    def speed(self) -> float:
        """Simulated seconds in a second of wall time; 0 if the clock does not move by itself."""
        return 0.0 if self.is_paused else _speed(self.mode)

    def now(self, wall_now: float) -> float:
        """Return simulated epoch seconds; a clock that runs stops at the end of simulated time."""
        speed = self.speed
        if speed == 0:
            return self.origin
        if speed == 1:
            # One addition of a constant: with no offset this is wall time to the last bit,
            # so an instant frozen on a whole second is exactly that second.
            return min(wall_now + (self.origin - self.wall_origin), _LAST_INSTANT)
        return min(self.origin + (wall_now - self.wall_origin) * speed, _LAST_INSTANT)

    def moved_to(self, instant: float, wall_now: float) -> "Clock":
        """Return the same clock, set to `instant` now."""
        return replace(self, origin=instant, wall_origin=wall_now)

    def with_mode(self, mode: str, wall_now: float) -> "Clock":
        """Return a clock that continues in another mode; ValueError for an invalid mode."""
        return replace(self.moved_to(self.now(wall_now), wall_now), mode=parse_mode(mode))

    def with_pause(self, wall_now: float, *, is_paused: bool) -> "Clock":
        """Return a clock that stops at the present instant, or continues from it."""
        if is_paused == self.is_paused:
            return self
        return replace(self.moved_to(self.now(wall_now), wall_now), is_paused=is_paused)


def start_clock(mode: str, start_time: float | None, wall_now: float) -> Clock:
    """Return a clock that begins at `start_time`, or at wall time if that is None.

    Raises ValueError for an invalid mode.
    """
    mode = parse_mode(mode)
    if start_time is None:
        # Events fall on whole seconds, so a clock that does not move begins on one.
        start_time = wall_now if _speed(mode) else float(int(wall_now))
    return Clock(mode, start_time, wall_now)


def parse_mode(text: str) -> str:
    """Return the normal form of a clock mode; ValueError lists the modes for any other text."""
    if text in (MANUAL, REALTIME, ON_POLL):
        return text
    match = _SPEED.fullmatch(text)
    if match and 0 < float(match[1]) <= _MAX_SPEED:
        return text if float(match[1]) != 1 else REALTIME
    raise ValueError(
        f"invalid clock mode {text!r}: use manual, realtime, on-poll or xN (for example x60)"
    )


def _speed(mode: str) -> float:
    if mode == REALTIME:
        return 1.0
    return float(mode[1:]) if mode.startswith("x") else 0.0


class WorldLock(Protocol):
    """A lock of a world, which a thread may acquire several times."""

    def acquire(self, blocking: bool = True) -> bool:
        """Acquire the lock, and return whether that succeeded."""

    def release(self) -> None:
        """Release the lock."""

    def __enter__(self) -> object: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> bool | None: ...


class ClockState(NamedTuple):
    """All that a world's clock consists of, apart from polls."""

    current: Clock
    last_command: int
    pauses: int


class Polls(NamedTuple):
    """When an object was polled last, and how often without time moving in between."""

    at: float
    number: int


class WorldClock:
    """The clock of one world, which never goes back to before the last command.

    Commands run one at a time: each holds `lock`, the lock of the world. A command that takes long
    to compute its change holds `planning` meanwhile, and `lock` only for the change. Whatever
    moves the clock holds both, so that time does not pass a plan. `planning` is acquired first.
    `reading` is for what reads the world and changes nothing in it: `lock`, unless that is slow.
    `polls` has, by id, how often each object had been polled at the start time.
    """

    def __init__(
        self,
        mode: str,
        start_time: float | None,
        lock: WorldLock,
        planning: WorldLock | None = None,
        reading: "RLock | None" = None,
        polls: Mapping[str, int] = MappingProxyType({}),
        skew_seconds: float = 0.0,
    ) -> None:
        self.lock = lock
        self.planning = planning or RLock()
        self.reading = reading or cast("RLock", lock)
        #: Makes the context in which a poll of an object is counted.
        self.count_in: Callable[[str], AbstractContextManager[object]] = lambda _: nullcontext()
        #: By how much the wall time of the world is ahead of the time of this process.
        self.skew_seconds = skew_seconds
        self._current = start_clock(mode, start_time, self.wall())
        self._last_command = 0
        self._pauses = 0
        #: The last polls of each object, by its id.
        self.last_polls = {id: Polls(self.now(), number) for id, number in polls.items()}

    @property
    def current(self) -> Clock:
        """The clock as a value, replaced when it is set, moved or paused."""
        return self._current

    @property
    def mode(self) -> str:
        """`manual`, `realtime`, `on-poll` or `xN`."""
        return self._current.mode

    def now(self) -> float:
        """Return simulated epoch seconds, never before the last command."""
        return max(self._current.now(self.wall()), self._last_command)

    def is_behind(self) -> bool:
        """Return whether the clock was set back behind the last command."""
        return self._current.now(self.wall()) < self._last_command

    def state(self) -> ClockState:
        """Return the clock as a value."""
        return ClockState(self._current, self._last_command, self._pauses)

    def restore(self, state: ClockState) -> None:
        """Become the clock of a value."""
        self._current, self._last_command, self._pauses = state

    def end_pauses(self) -> None:
        """Let the clock go on after a crash of those that paused it."""
        self._count_pauses(-self._pauses)

    def wall(self) -> float:
        """Return the wall time of the world."""
        return wall_time() + self.skew_seconds

    def set_mode(self, mode: str) -> None:
        """Continue in another mode; ValueError for an invalid mode."""
        with self.lock:
            self._current = self._current.with_mode(mode, self.wall())

    def move_to(self, instant: float) -> None:
        """Move the clock to an instant; one that is past does not move it back."""
        with self.lock:
            if instant > self.now():  # a clock that was set back stays behind
                self._current = self._current.moved_to(instant, self.wall())
            # The events up to this instant have been reported, so it cannot be undone.
            self._last_command = max(self._last_command, int(instant))

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Stop the clock for the `with` block; afterwards it continues from where it then is."""
        self._count_pauses(1)
        try:
            yield
        finally:
            self._count_pauses(-1)

    def _count_pauses(self, change: int) -> None:
        with self.lock:
            self._pauses = max(0, self._pauses + change)
            self._current = self._current.with_pause(self.wall(), is_paused=self._pauses > 0)

    @contextmanager
    def command(self) -> Iterator[int]:
        """Hold the lock for a command, and yield the whole second at which it happens."""
        with self.lock:
            now = int(self.now())
            yield now
            self._last_command = now

    def count_poll(self, id: str, *, go_on: bool = False) -> int:
        """Return how often an object has been polled since time last moved, this time included.

        With `go_on` the count goes on although time has moved.
        """
        with self.count_in(id):
            now = self.now()
            polled_at, count = self.last_polls.get(id, (now, 0))
            count = count + 1 if go_on or polled_at == now else 1
            self.last_polls[id] = Polls(now, count)
            return count

    def polls(self) -> dict[str, int]:
        """Return how often each object has been polled since time last moved."""
        now = self.now()
        return {id: count for id, (at, count) in self.last_polls.copy().items() if at == now}
