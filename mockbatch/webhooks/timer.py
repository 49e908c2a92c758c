"""A thread that waits where the clock runs by itself and nobody may be asking."""

from collections.abc import Callable
from threading import Lock, Timer


class WakeUpTimer:
    """Rings once, after seconds of real time that somebody else has computed.

    It reads no clock itself: under freezegun a thread sees another time than a request.
    There is a thread only while it is set.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._timer: Timer | None = None
        self._set_for: object = None
        self._is_stopped = False

    @property
    def is_set(self) -> bool:
        """Whether it is to ring, or has rung last."""
        return self._timer is not None

    def set(self, seconds: float | None, ring: Callable[[], None], why: object) -> None:
        """Ring after so many seconds, None for not at all; set for the same `why`, it stays."""
        with self._lock:
            if self._is_stopped or (seconds is not None and why == self._set_for):
                return
            self._clear()
            if seconds is not None:
                self._set_for = why
                self._timer = Timer(seconds, self._ring, (ring,))
                self._timer.daemon = True
                self._timer.name = "mockbatch-alarm"
                self._timer.start()

    def stop(self) -> None:
        """Ring no more."""
        with self._lock:
            self._is_stopped = True
            self._clear()

    def _ring(self, ring: Callable[[], None]) -> None:
        with self._lock:
            self._set_for = None
        ring()

    def _clear(self) -> None:
        self._set_for = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
