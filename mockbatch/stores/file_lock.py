"""Locks that processes of one machine share; the system frees those of a process that has died.

A process that has been stopped keeps its locks. So a holder touches the files of its locks again
and again, and others give up on a lock whose file nobody touches.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Lock, Thread, get_ident

from mockbatch.stores.failure import state_unavailable
from mockbatch.stores.store import WAIT_SECONDS
from mockbatch.stores.waits import wait_repeatedly

try:
    import fcntl
except ImportError:  # on Windows
    fcntl = None  # type: ignore[assignment]

IS_SUPPORTED = fcntl is not None

_FIRST_WAIT_SECONDS = 0.0002
_LONGEST_WAIT_SECONDS = 0.005
# How often a process touches the files of its locks, and after how often without one it stops.
_TOUCH_SECONDS = 0.25
_IDLE_ROUNDS = 40


@contextmanager
def lock_folder(folder: str) -> Iterator[None]:
    """Hold a lock on a folder itself, which leaves no file; OSError if it is not to be had."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _wait_for_flock(descriptor)
        yield
    finally:
        os.close(descriptor)


def _wait_for_flock(descriptor: int) -> None:
    waited, waits = 0.0, wait_repeatedly(_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS)
    while not _flock(descriptor):
        if waited >= WAIT_SECONDS:
            raise TimeoutError(f"another process keeps it for {WAIT_SECONDS:g} seconds")
        waited += next(waits)


def _flock(descriptor: int) -> bool:
    """Lock an open file or folder if it is free, and return whether it was."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class FileLocks:
    """Locks by name, each a file in a folder; the thread that has acquired one releases it."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.fspath(folder)
        # By name and thread: when a file was removed, two threads may hold a lock of that name.
        self._held: dict[tuple[str, int], int] = {}
        self._stopped: dict[str, int] = {}  # name -> when its file was touched last
        self._lock = Lock()
        self._touching: Thread | None = None

    def acquire(self, name: str, seconds: float | None) -> None:
        """Acquire a lock, waiting at most so long; ApiError 503 if another process keeps it.

        If that process has stopped, the wait is shorter: WAIT_SECONDS, and none the next time.
        """
        waits = wait_repeatedly(_FIRST_WAIT_SECONDS, _LONGEST_WAIT_SECONDS)
        waited, unchanged, wait, touched = 0.0, 0.0, 0.0, -1
        while not self.try_acquire(name):
            before, touched = touched, self._touched_at(name)
            unchanged = unchanged + wait if touched == before else 0.0
            if unchanged >= WAIT_SECONDS or self._stopped.get(name) == touched:
                self._stopped[name] = touched
                raise state_unavailable("a process that is changing it has stopped")
            if seconds is not None and waited >= seconds:
                raise state_unavailable(f"another process is busy with it for {seconds:g} seconds")
            wait = next(waits)
            waited += wait
        self._stopped.pop(name, None)

    def try_acquire(self, name: str) -> bool:
        """Acquire a lock if it is free, and return whether it was."""
        try:
            descriptor = self._try_open(name)
        except OSError as error:
            raise state_unavailable(error.strerror) from error
        if descriptor is None:
            return False
        with self._lock:
            self._held[name, get_ident()] = descriptor
            if self._touching is None or not self._touching.is_alive():
                self._touching = Thread(target=self._touch_held, daemon=True)
                with suppress(RuntimeError):  # too many threads: the next lock tries again
                    self._touching.start()
        return True

    def _try_open(self, name: str) -> int | None:
        """Return the descriptor of the locked file, None if another process has it."""
        while True:
            descriptor = self._open(name)
            is_locked = False
            try:
                if not _flock(descriptor):
                    return None
                os.utime(descriptor)
                is_locked = self._is_there(name, descriptor)
                if is_locked:
                    return descriptor
            finally:
                if not is_locked:
                    os.close(descriptor)

    def _is_there(self, name: str, descriptor: int) -> bool:
        """Return whether an open file still has its name: another one may have it meanwhile."""
        try:
            return os.path.samestat(os.stat(self._path(name)), os.fstat(descriptor))  # noqa: PTH116
        except FileNotFoundError:
            return False

    def release(self, name: str) -> None:
        """Release a lock."""
        with self._lock:
            os.close(self._held.pop((name, get_ident())))

    def remove_all(self, beginning: str) -> None:
        """Remove the files of all locks whose names start so; a holder keeps its lock.

        A file that cannot be removed stays: the change that made it useless is stored.
        """
        with suppress(OSError):
            for path in Path(self._folder).glob(f"{beginning}*"):
                path.unlink(missing_ok=True)

    def make_folder(self) -> None:
        """Make the folder, unless it is there; OSError if the folder around it is not."""
        with suppress(FileExistsError):
            os.mkdir(self._folder, 0o700)  # noqa: PTH102

    def _open(self, name: str) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        try:
            return os.open(self._path(name), flags, 0o600)
        except FileNotFoundError:  # someone has removed the folder
            self.make_folder()
            return os.open(self._path(name), flags, 0o600)

    def _path(self, name: str) -> str:
        return f"{self._folder}/{name}"

    def _touched_at(self, name: str) -> int:
        try:
            return Path(self._path(name)).stat().st_mtime_ns
        except FileNotFoundError:  # removed since; so the lock is free
            return 0
        except OSError as error:
            raise state_unavailable(error.strerror) from error

    def _touch_held(self) -> None:
        """Touch the files of all locks until there has been none for a while."""
        idle = 0
        while idle < _IDLE_ROUNDS:
            Event().wait(_TOUCH_SECONDS)
            with self._lock:
                for descriptor in self._held.values():
                    with suppress(OSError):
                        os.utime(descriptor)
                idle = 0 if self._held else idle + 1
                if idle == _IDLE_ROUNDS:
                    self._touching = None
