"""Locks that processes of one machine share; the system frees those of a process that has died."""

import os
from pathlib import Path
from threading import Event

from mockbatch.stores.failure import state_unavailable

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

IS_SUPPORTED = fcntl is not None

# Waits double from the first to the longest one.
_FIRST_WAIT_SECONDS = 0.0002
_LONGEST_WAIT_SECONDS = 0.005


class FileLocks:
    """Locks by name, each a file in a folder; at most one thread of a process asks for a name."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.fspath(folder)
        self._held: dict[str, int] = {}  # name -> descriptor of its file

    def acquire(self, name: str, seconds: float | None) -> None:
        """Acquire a lock, waiting at most so long; ApiError 503 if another process keeps it."""
        waited, wait = 0.0, _FIRST_WAIT_SECONDS
        while not self.try_acquire(name):
            if seconds is not None and waited >= seconds:
                raise state_unavailable(f"another process is busy with it for {seconds:g} seconds")
            # Not time.sleep, which clients in the same process may have patched.
            Event().wait(wait)
            waited += wait
            wait = min(2 * wait, _LONGEST_WAIT_SECONDS)

    def try_acquire(self, name: str) -> bool:
        """Acquire a lock if it is free, and return whether it was."""
        try:
            path = f"{self._folder}/{name}"
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise state_unavailable(error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                return False
            raise state_unavailable(error) from error
        self._held[name] = descriptor
        return True

    def release(self, name: str) -> None:
        """Release a lock."""
        os.close(self._held.pop(name))
