"""The simulated clock, and the only place that asks what time it really is.

A clock is a frozen value: simulated time is a straight line over wall time. Wall time is
read by attribute and late, while a request is handled, so that freezegun and time-machine
in the same process drive it too.
"""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from threading import RLock

MANUAL = "manual"
REALTIME = "realtime"
ON_POLL = "on-poll"

_FASTER = re.compile(r"x(\d+(?:\.\d+)?)")
_FASTEST = 1_000_000.0
# Instants are before this: ids carry epoch seconds in four bytes. It falls into 2106.
END = 2**32


def wall_time() -> float:
    """Return the process's time in epoch seconds."""
    return time.time()


def monotonic() -> float:
    """Return seconds on a clock that is only good for differences."""
    return time.perf_counter()


@dataclass(frozen=True, slots=True)
class Clock:
    """Simulated time: `origin` when the wall clock says `wall_origin`, moving at `speed`.

    `mode` is one of `manual`, `realtime`, `on-poll` and `xN` (N simulated seconds a second).
    One that `is_paused` stands still, whatever its mode.
    """

    mode: str
    origin: float
    wall_origin: float
    is_paused: bool = False

    @property
    def speed(self) -> float:
        """Simulated seconds in a second of wall time; 0 for a clock that stands still."""
        return 0.0 if self.is_paused else _speed(self.mode)

    def now(self, wall_now: float) -> float:
        """Return simulated epoch seconds."""
        speed = self.speed
        if speed == 0:
            return self.origin
        if speed == 1:
            # One addition of a constant: with no offset this is wall time to the last bit,
            # so that an instant frozen on a whole second is that second.
            return wall_now + (self.origin - self.wall_origin)
        return self.origin + (wall_now - self.wall_origin) * speed

    def moved_to(self, instant: float, wall_now: float) -> "Clock":
        """Return the same clock, saying `instant` now."""
        return replace(self, origin=instant, wall_origin=wall_now)

    def paused(self, wall_now: float, *, is_paused: bool) -> "Clock":
        """Return a clock that stands at the same instant, or goes on from it."""
        if is_paused == self.is_paused:
            return self
        return replace(self.moved_to(self.now(wall_now), wall_now), is_paused=is_paused)

    def with_mode(self, mode: str, wall_now: float) -> "Clock":
        """Return a clock of another mode that goes on from the same instant."""
        return replace(self.moved_to(self.now(wall_now), wall_now), mode=parse_mode(mode))


def start(mode: str, start_time: float | None, wall_now: float) -> Clock:
    """Make a clock that begins at `start_time`, or at wall time when that is None."""
    mode = parse_mode(mode)
    if start_time is None:
        # A clock that stands still stands on a whole second, where events are.
        start_time = wall_now if _speed(mode) else float(int(wall_now))
    return Clock(mode, start_time, wall_now)


def parse_mode(text: str) -> str:
    """Return the mode's normal form; ValueError says which modes there are."""
    if text in (MANUAL, REALTIME, ON_POLL):
        return text
    match = _FASTER.fullmatch(text)
    if match and 0 < float(match[1]) <= _FASTEST:
        return text if float(match[1]) != 1 else REALTIME
    raise ValueError(f"{text!r} is no clock mode: use manual, realtime, on-poll or xN (x60)")


def parse_instant(text: str) -> float:
    """Return epoch seconds from epoch seconds or ISO 8601 text; without a zone it is UTC."""
    try:
        instant = float(text)
    except ValueError:
        moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        instant = moment.timestamp()
    if not 0 <= instant < END:
        raise ValueError(f"{text!r} is not between 1970 and 2106")
    return instant


def _speed(mode: str) -> float:
    if mode == REALTIME:
        return 1.0
    return float(mode[1:]) if mode.startswith("x") else 0.0


class WorldClock:
    """Keeps simulated time for one world: forward only, commands one by one under its lock."""

    def __init__(self, mode: str, start_time: float | None, lock: RLock) -> None:
        self.lock = lock
        self.clock = start(mode, start_time, wall_time())
        self._last_command = 0
        self._pauses = 0
        self._waiting: dict[str, tuple[float, int]] = {}

    def now(self) -> float:
        """Return simulated epoch seconds, never before the last command."""
        return max(self.clock.now(wall_time()), self._last_command)

    def is_behind(self) -> bool:
        """Tell whether the clock was put back behind the last command."""
        return self.clock.now(wall_time()) < self._last_command

    def set_mode(self, mode: str) -> None:
        """Let the clock go on in another mode; ValueError for none that there is."""
        with self.lock:
            self.clock = self.clock.with_mode(mode, wall_time())

    def move_to(self, instant: float) -> None:
        """Let the clock go on from an instant that is not past."""
        with self.lock:
            if instant > self.now():  # else one that was put back stays behind
                self.clock = self.clock.moved_to(instant, wall_time())
            # What has been told to happen on the way is not taken back.
            self._last_command = max(self._last_command, int(instant))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Let the clock stand where it is put, and run on from there in the end."""
        self._pause(1)
        try:
            yield
        finally:
            self._pause(-1)

    def _pause(self, more: int) -> None:
        with self.lock:
            self._pauses += more
            self.clock = self.clock.paused(wall_time(), is_paused=self._pauses > 0)

    @contextmanager
    def command(self) -> Iterator[int]:
        """Hold the lock for a command and yield the whole second on which it falls."""
        with self.lock:
            now = int(self.now())
            yield now
            self._last_command = now

    def count_poll(self, id: str) -> int:
        """Count how often one object was asked for since time last moved, this time included."""
        now = self.now()
        since, times = self._waiting.get(id, (now, 0))
        times = times + 1 if since == now else 1
        self._waiting[id] = now, times
        return times
