"""Looks for webhooks that are due in worlds that no request has come for.

Each process sets a timer for the worlds it has served. That is not enough after a restart, and
not where the process that had the timer has died.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from os import getpid
from threading import Event, Lock, Thread

from mockbatch.errors import ApiError
from mockbatch.stores.store import Store
from mockbatch.world.keys import StoredName

log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0


class DueWatch:
    """A thread that calls `fire` each second for each world in which a webhook is due."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._stopped = Event()
        self._lock = Lock()
        self._owner: int | None = None  # the process whose thread it is
        self._fire: Callable[[StoredName], None] | None = None

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
            for world in self._store.due():
                if self._fire is not None and not self._stopped.is_set():
                    with suppress(ApiError):  # of a world that is damaged; others are not
                        self._fire(StoredName.labelled(*world))
        except ApiError as error:
            log.debug("cannot look for due webhooks in the store: %s", error.message)
