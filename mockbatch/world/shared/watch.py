"""Looks for webhooks that are due in worlds that no request has come for.

Each process sets a timer for the worlds it has served. That is not enough after a restart, and
not where the process that had the timer has died.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from os import getpid
from threading import Event, Lock, Semaphore, Thread

from mockbatch.errors import ApiError
from mockbatch.stores.store import Store
from mockbatch.world.keys import StoredName

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
#: For how many worlds `fire` is called at once.
MOST_AT_ONCE = 16


class DueWatch:
    """A thread that has `fire` called each second for each world in which a webhook is due.

    Each call has a thread of its own: while the receiver of one world does not answer, the others
    get their webhooks. There is never more than one call for a world.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopped = Event()
        self._lock = Lock()
        self._owner: int | None = None  # the process whose thread it is
        self._fire: Callable[[StoredName], None] | None = None
        self._firing: set[str] = set()  # the worlds for which it is being called
        self._room = Semaphore(MOST_AT_ONCE)

    def start(self, fire: Callable[[StoredName], None]) -> None:
        """Start the thread."""
        self._fire = fire
        self.keep_running()

    def keep_running(self) -> None:
        """Start the thread again in a process that was forked from the one that started it."""
        if self._fire is None or self._owner == getpid():
            return
        with self._lock:
            if self._owner != getpid() and not self._stopped.is_set():
                self._owner = getpid()
                self._firing, self._room = set(), Semaphore(MOST_AT_ONCE)
                Thread(target=self._run, name="mockbatch-due-watch", daemon=True).start()

    def stop(self) -> None:
        """Stop the thread, without waiting for what it has fired."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(INTERVAL_SECONDS):
            self._fire_due()
        self._store.close()

    def _fire_due(self) -> None:
        try:
            due = self._store.due()
        except ApiError as error:
            log.debug("cannot look for due webhooks in the store: %s", error.message)
            return
        for world in due:
            if world.name not in self._firing and self._wait_for_room():
                self._start(StoredName.labelled(*world))

    def _wait_for_room(self) -> bool:
        """Wait until one more call may begin; return False if the watch is stopped meanwhile."""
        while not self._room.acquire(timeout=INTERVAL_SECONDS):
            if self._stopped.is_set():
                return False
        return True

    def _start(self, world: StoredName) -> None:
        self._firing.add(world)
        thread = Thread(
            target=self._fire_for, args=(world,), name="mockbatch-due-world", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # too many threads: the next round tries again
            self._end(world)

    def _fire_for(self, world: StoredName) -> None:
        try:
            if self._fire is not None and not self._stopped.is_set():
                with suppress(ApiError):  # of a world that is damaged, or of the store
                    self._fire(world)
        finally:
            self._end(world)

    def _end(self, world: StoredName) -> None:
        self._firing.discard(world)
        self._room.release()
