"""Locks among the threads of this process, and then among processes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import RLock
from types import TracebackType
from typing import Protocol

from mockbatch.errors import ApiError
from mockbatch.stores.failure import TIMEOUT
from mockbatch.stores.store import Changes, Store, Version
from mockbatch.world.shared.status import ReplicaStatus


class Guarded(Protocol):
    """What the locks of a world guard in this process."""

    status: ReplicaStatus

    def seen(self) -> Version:
        """Return how far the world has been read."""

    def give_up(self, error: ApiError) -> None:
        """Refuse all further commands, because of an error."""


@contextmanager
def asking_store(guarded: Guarded) -> Iterator[None]:
    """Give the world up if the store hangs in the block, so that no other thread waits for it."""
    guarded.status.check()
    try:
        yield
    except ApiError as error:
        if error.name == TIMEOUT:
            guarded.give_up(error)
        raise


class SharedLock:
    """A lock of a shared world, which a thread may acquire several times.

    `local` is the part among the threads of this process. With it held, `entered` is called when
    a thread has acquired the whole, with what has changed since the version that had been seen,
    and `leaving` before it releases it. If the store hangs meanwhile, the world is given up, so
    that the threads that wait for `local` need not wait for the store as well.
    """

    def __init__(
        self,
        store: Store,
        world: str,
        guarded: Guarded,
        name: str,
        entered: Callable[[Version, Changes], None],
        leaving: Callable[[], None],
    ) -> None:
        self.local = RLock()
        self._store = store
        self._world, self._name = world, name
        self._guarded, self._entered, self._leaving = guarded, entered, leaving
        self._depth = 0  # how often the thread that has it has acquired it

    @property
    def is_held(self) -> bool:
        """Whether a thread of this process has it, at least locally."""
        return self._depth > 0

    def acquire(self, blocking: bool = True) -> bool:
        """Acquire the lock, and return whether that succeeded; ApiError 503 without the store."""
        if not self.local.acquire(blocking):
            return False
        is_acquired = False
        try:
            is_acquired = self._depth > 0 or self._enter(blocking)
        finally:
            if not is_acquired:
                self.local.release()
        self._depth += is_acquired
        return is_acquired

    def _enter(self, blocking: bool) -> bool:
        seen = self._guarded.seen()
        changes: Changes | None = None
        with asking_store(self._guarded):
            if blocking:
                changes = self._store.acquire_and_pull(self._world, self._name, seen)
            elif not self._store.try_acquire(self._world, self._name):
                return False
        self._depth += 1  # for what acquires the lock again meanwhile
        try:
            self._entered(seen, changes or self._store.pull(self._world, seen))
        except BaseException:
            self._store.release(self._world, self._name)
            raise
        finally:
            self._depth -= 1
        return True

    @contextmanager
    def with_inner(self, inner: "SharedLock") -> Iterator[None]:
        """Hold this lock, and `inner` too from the beginning if both are free, in one step.

        If they are not, the thread acquires `inner` where it needs it.
        """
        with self.local:
            is_with_inner = self._depth == 0 and self._enter_with(inner)
            if not is_with_inner:
                self.acquire()
            try:
                yield
            finally:
                try:
                    if is_with_inner:
                        inner.release()
                finally:
                    self.release()

    def _enter_with(self, inner: "SharedLock") -> bool:
        inner.local.acquire()
        is_acquired = False
        try:
            is_acquired = inner._depth == 0 and self._enter_both(inner)
        finally:
            if not is_acquired:
                inner.local.release()
        if is_acquired:
            self.local.acquire()
            self._depth += 1
        return is_acquired

    def _enter_both(self, inner: "SharedLock") -> bool:
        seen = self._guarded.seen()
        with asking_store(self._guarded):
            changes = self._store.try_acquire_both(self._world, seen)
        if changes is None:
            return False
        inner._depth += 1
        try:
            inner._entered(seen, changes)
        except BaseException:
            inner._depth -= 1
            for lock in (inner, self):
                self._store.release(self._world, lock._name)
            raise
        return True

    @contextmanager
    def locally(self) -> Iterator[None]:
        """Hold the lock among the threads of this process only, for what changes no store."""
        with self.local:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1

    def release(self) -> None:
        """Release the lock."""
        try:
            if self._depth == 1:
                try:
                    self._leaving()
                finally:
                    self._store.release(self._world, self._name)
        finally:
            self._depth -= 1
            self.local.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None:
        self.release()
