"""Another thread that comes in the middle of what this one does."""

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 30


class Rival(Generic[T]):
    """A thread that does one thing, begun in the middle of what another thread does.

    Where a lock that `lock` has made keeps the two apart, the rival waits for it; without
    the lock it is done before the other thread goes on. Neither is left to chance.
    """

    def __init__(self, act: Callable[[], T]) -> None:
        self._act = act
        self._other_goes_on = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._returned: list[T] = []

    def _run(self) -> None:
        try:
            self._returned.append(self._act())
        finally:
            self.let_go_on()

    def let_go_on(self) -> None:
        """Let the other thread go on, though this one is not done; called by the rival."""
        self._other_goes_on.set()

    def begin(self) -> None:
        """Begin, unless it has begun; come back when it is done, waits, or lets this one go on."""
        if self._thread.ident is None:
            self._thread.start()
            assert self._other_goes_on.wait(PATIENCE_SECONDS)

    def end(self) -> T:
        """Wait for its end, and return what it has returned."""
        self._thread.join(PATIENCE_SECONDS)
        [returned] = self._returned
        return returned

    def lock(self) -> "WatchedLock":
        """Return a lock that tells when this thread waits for it; its owner may take it again."""
        return WatchedLock(self.let_go_on)


class WatchedLock:
    """A reentrant lock that calls a function before it lets a thread wait."""

    def __init__(self, before_wait: Callable[[], None]) -> None:
        self._before_wait = before_wait
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        if not self._lock.acquire(blocking=False):
            self._before_wait()
            self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def is_free(lock: Any) -> bool:
    """Return whether another thread could take a lock now."""
    found: list[bool] = []

    def look() -> None:
        found.append(lock.acquire(blocking=False))
        if found[0]:
            lock.release()

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found[0]
