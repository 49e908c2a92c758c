"""The turn of one process to deliver the webhooks of a world."""

from collections.abc import Callable

from mockbatch.stores.store import Store, delivery_lock
from mockbatch.world.shared.lock import Guarded, asking_store


class SharedTurn:
    """What one process at a time has to deliver the webhooks of a world.

    Each incarnation of the world has its own, so that a delivery from before a reset holds up none
    after it. `taken` is called when this process has acquired it. The thread that acquires it
    releases it.
    """

    def __init__(
        self, store: Store, world: str, guarded: Guarded, taken: Callable[[], None]
    ) -> None:
        self._store, self._world, self._guarded = store, world, guarded
        self._taken = taken
        self._held: str | None = None
        #: The id of the incarnation of the world, once it is known.
        self.incarnation = 0

    def acquire(self) -> None:
        """Wait until no other process has it."""
        lock = delivery_lock(self.incarnation)
        with asking_store(self._guarded):
            self._store.acquire(self._world, lock)
        self._begin(lock)

    def try_acquire(self) -> bool:
        """Take it if no other process has it, and return whether that succeeded."""
        lock = delivery_lock(self.incarnation)
        with asking_store(self._guarded):
            if not self._store.try_acquire(self._world, lock):
                return False
        self._begin(lock)
        return True

    def _begin(self, lock: str) -> None:
        self._held = lock
        try:
            self._taken()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Let other processes have it, if this one has it."""
        lock, self._held = self._held, None
        if lock is not None:
            self._store.release(self._world, lock)
