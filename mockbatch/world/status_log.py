"""Which status changes of a world have not been logged yet."""

from collections.abc import Iterator

from mockbatch.batch.batch import Batch
from mockbatch.events import STATUS_EVENT_TYPES, WorldEvent
from mockbatch.repository import Repository
from mockbatch.webhooks.time_queue import TimeQueue


class StatusLog:
    """Yields each status change of a world's batches once, when it has happened.

    Used only under the world's lock. The status changes before it was created are not yielded.
    """

    def __init__(self, repository: Repository, now: float) -> None:
        self._logged: dict[str, int] = {}  # batch id -> transitions that were logged
        self._queue: TimeQueue[Batch] = TimeQueue()
        for batch in repository.batches.values():
            self._logged[batch.id] = len(batch.timeline.transitions) - len(
                batch.timeline.after(now)
            )
            self._update(batch)
        repository.batch_listeners.append(self._update)

    def pop_changes(self, now: float) -> Iterator[WorldEvent]:
        """Yield the status changes up to an instant that were not yielded before, in order."""
        while (batch := self._queue.pop_due(now)) is not None:
            change = batch.timeline.transitions[self._logged[batch.id]]
            self._logged[batch.id] += 1
            self._update(batch)
            yield WorldEvent(change.at, STATUS_EVENT_TYPES[change.status], batch.id)

    def _update(self, batch: Batch) -> None:
        # A command keeps the transitions that have happened and replaces those to come.
        coming = batch.timeline.transitions[self._logged.setdefault(batch.id, 0) :]
        if coming:
            self._queue.put(batch.id, coming[0].at, batch.number, batch)
        else:
            self._queue.remove(batch.id)
