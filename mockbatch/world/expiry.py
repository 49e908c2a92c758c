"""Removes what has expired in a world, on any type of clock."""

from mockbatch.clock import WorldClock
from mockbatch.repository import Repository
from mockbatch.world.uploads import Uploads


class Expiry:
    """Removes what no client can reach any more: files, outputs, inputs and parts."""

    def __init__(self, clock: WorldClock, repository: Repository, uploads: Uploads) -> None:
        self._clock = clock
        self._repository = repository
        self._uploads = uploads

    def release(self) -> None:
        """Remove what has expired by now; this is cheap if nothing has.

        Every request begins with this. If another thread has the lock of the world, the removal
        is left to the next request.
        """
        if self._clock.now() < min(self._repository.next_due, self._uploads.next_due):
            return
        if self._clock.lock.acquire(blocking=False):
            try:
                # A command, so that time cannot go back to before the removal.
                with self._clock.command() as now:
                    self._repository.remove_expired(now)
                    self._uploads.release_parts(now)
            finally:
                self._clock.lock.release()
