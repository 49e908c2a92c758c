"""The status changes of a world that have not been logged yet."""

import logging

from mockbatch.batch.batch import Batch
from mockbatch.clock import WorldClock
from mockbatch.events import STATUS_EVENT_TYPES, WorldEvent
from mockbatch.repository import Repository
from mockbatch.time_queue import TimeQueue

log = logging.getLogger(__name__)


class StatusLog:
    """Logs each status change of a world's batches once, after it has happened.

    The log calls the world `world_name`. It costs nothing until the first call of `pop_changes`;
    changes before that are not reported.
    """

    def __init__(self, world_name: str, clock: WorldClock, repository: Repository) -> None:
        self.world_name = world_name
        self._clock = clock
        # Dropped at the start: from then on the repository refers to the log, and a reference
        # cycle would keep the files of a world that has been reset.
        self._repository: Repository | None = repository
        self._queue: TimeQueue[Batch] = TimeQueue()
        self._logged: dict[str, int] = {}  # batch id -> number of transitions that were logged

    def log_changes(self) -> None:
        """Log the status changes since the last call, if there is a log."""
        if log.isEnabledFor(logging.INFO):
            for event in self.pop_changes():
                fields = {**event.as_json(), "world": self.world_name}
                log.info("%(type)s %(id)s", fields, extra={"fields": fields})

    def pop_changes(self) -> list[WorldEvent]:
        """Return the status changes since the last call, in order of time."""
        with self._clock.reading:
            now = self._clock.now()
            if self._repository is not None:
                self._start(self._repository, now)
                self._repository = None
            changes = []
            while (batch := self._queue.pop_due(now)) is not None:
                change = batch.timeline.transitions[self._logged[batch.id]]
                changes.append(WorldEvent(change.at, STATUS_EVENT_TYPES[change.status], batch.id))
                self._logged[batch.id] += 1
                self._update(batch)
            return changes

    def _start(self, repository: Repository, now: float) -> None:
        for batch in repository.batches.values():
            self._logged[batch.id] = len(batch.timeline.between(0, now))
            self._update(batch)
        repository.batch_listeners.append(self._update)

    def _update(self, batch: Batch) -> None:
        # A command keeps the transitions that have happened and replaces those to come.
        planned = batch.timeline.transitions[self._logged.setdefault(batch.id, 0) :]
        if planned:
            self._queue.put(batch.id, planned[0].at, batch.number, batch)
        else:
            self._queue.remove(batch.id)
