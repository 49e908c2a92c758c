"""A thread that waits for the next webhook while the clock runs by itself."""

from collections.abc import Callable
from threading import Lock, Timer


class WakeUpTimer:
    """Calls a function once, after some seconds of real time.

    The seconds are computed by a request, not here: under freezegun the timer's thread
    sees another time than a request does. The thread exists only while the timer is set.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._timer: Timer | None = None
        self._key: object = None
        self._is_stopped = False

    @property
    def is_set(self) -> bool:
        """Whether the timer has been set since it was last cleared."""
        return self._timer is not None

    def set(self, seconds: float | None, fire: Callable[[], None], key: object) -> None:
        """Call `fire` after some seconds; None clears the timer.

        Setting it again for an equal key, before it has fired, changes nothing.
        """
        with self._lock:
            if self._is_stopped or (seconds is not None and key == self._key):
                return
            self._clear()
            if seconds is not None:
                self._key = key
                self._timer = Timer(seconds, self._fire, (fire,))
                self._timer.daemon = True
                self._timer.name = "mockbatch-webhook-timer"
                self._timer.start()

    def stop(self) -> None:
        """Clear the timer for good."""
        with self._lock:
            self._is_stopped = True
            self._clear()

    def _fire(self, fire: Callable[[], None]) -> None:
        with self._lock:
            self._key = None
        fire()

    def _clear(self) -> None:
        self._key = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
