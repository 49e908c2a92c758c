"""Contents that are removed some seconds after the last change that used them.

Until then, another process may still read them for a request that began before that change.
"""

import logging
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import IO
from weakref import finalize

from mockbatch.errors import ApiError
from mockbatch.stores.blobs import Blobs
from mockbatch.stores.failure import TIMEOUT

log = logging.getLogger(__name__)

#: How long a content stays at least; at most, it is twice as long.
DELAY_SECONDS = 5.0


class LateRemoval:
    """Blobs whose `remove` only notes what is to be removed.

    A thread removes it later, or `close` does, or the end of the process. What cannot be removed
    stays, and the log says so.
    """

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._unused: deque[tuple[str, str]] = deque()  # worlds and names
        self._is_closed = Event()
        self._lock = Lock()
        self._thread: Thread | None = None
        finalize(self, _remove, blobs, self._unused)

    def put(self, world: str, chunks: Iterable[bytes]) -> str:
        """Keep a content, and return its name."""
        return self._blobs.put(world, chunks)

    def open(self, world: str, name: str) -> IO[bytes]:
        """Return a content, open for reading as a file."""
        return self._blobs.open(world, name)

    def names(self, world: str) -> Sequence[str]:
        """Return the names of all contents of a world."""
        return self._blobs.names(world)

    def remove(self, world: str, name: str) -> None:
        """Remove a content later."""
        with self._lock:
            self._unused.append((world, name))
            if self._thread is None or not self._thread.is_alive():  # it does not survive a fork
                self._thread = Thread(target=self._remove_in_rounds, daemon=True)
                with suppress(RuntimeError):  # too many threads: the next call tries again
                    self._thread.start()

    def remove_noted(self) -> None:
        """Remove now what was noted."""
        _remove(self._blobs, self._unused)

    def close(self) -> None:
        """Remove now what was noted, and from now on without a delay."""
        self._is_closed.set()
        self.remove_noted()

    def _remove_in_rounds(self) -> None:
        while count := self._count():
            self._is_closed.wait(DELAY_SECONDS)
            _remove(self._blobs, self._unused, count)

    def _count(self) -> int:
        """Return how many contents are to be removed; with none, the thread ends."""
        with self._lock:
            if not self._unused:
                self._thread = None
            return len(self._unused)


def _remove(blobs: Blobs, unused: deque[tuple[str, str]], most: int | None = None) -> None:
    """Remove the contents that were noted first, at most so many of them."""
    for _ in range(len(unused) if most is None else most):
        with suppress(IndexError):  # another thread has removed the rest
            _remove_one(blobs, unused, *unused.popleft())


def _remove_one(blobs: Blobs, unused: deque[tuple[str, str]], world: str, name: str) -> None:
    try:
        blobs.remove(world, name)
    except (OSError, ApiError) as error:
        log.warning("a content that nothing uses could not be removed: %s", error)
        if isinstance(error, ApiError) and error.name == TIMEOUT:
            unused.clear()  # each of the others would wait as long
