"""The clock of one world, the lock under which it moves, and patience with those who wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from mockbatch import clock


class Timekeeper:
    """Keeps simulated time for one world: forward only, commands one by one under its lock."""

    def __init__(self, mode: str, start_time: float | None, lock: RLock) -> None:
        self.lock = lock
        self.clock = clock.start(mode, start_time, clock.wall())
        self._last_command = 0
        self._pauses = 0
        self._waiting: dict[str, tuple[float, int]] = {}

    def now(self) -> float:
        """Return simulated epoch seconds, never before the last command."""
        return max(self.clock.now(clock.wall()), self._last_command)

    def is_behind(self) -> bool:
        """Tell whether the clock was put back behind the last command."""
        return self.clock.now(clock.wall()) < self._last_command

    def set_mode(self, mode: str) -> None:
        """Let the clock go on in another mode; ValueError for none that there is."""
        with self.lock:
            self.clock = self.clock.in_mode(mode, clock.wall())

    def move_to(self, instant: float) -> None:
        """Let the clock go on from an instant that is not past."""
        with self.lock:
            if instant > self.now():  # else one that was put back stays behind
                self.clock = self.clock.moved_to(instant, clock.wall())
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
            self.clock = self.clock.paused(clock.wall(), is_paused=self._pauses > 0)

    @contextmanager
    def command(self) -> Iterator[int]:
        """Hold the lock for a command and yield the whole second on which it falls."""
        with self.lock:
            now = int(self.now())
            yield now
            self._last_command = now

    def times_asked(self, id: str) -> int:
        """Count how often one object was asked for since time last moved, this time included."""
        now = self.now()
        since, times = self._waiting.get(id, (now, 0))
        times = times + 1 if since == now else 1
        self._waiting[id] = now, times
        return times
