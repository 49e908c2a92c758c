"""The next status change of a world, and its newest unfinished batch, at any number of batches."""

from mockbatch.batch.batch import Batch
from mockbatch.clock import WorldClock
from mockbatch.events import STATUS_EVENT_TYPES, WorldEvent
from mockbatch.repository import Repository
from mockbatch.time_queue import TimeQueue


class Upcoming:
    """What the batches of one world wait for.

    Each batch is queued with its next status change, and leaves the queue when it has none. The
    cost of a call depends only on the changes since the last call, not on the number of batches.
    """

    def __init__(self, clock: WorldClock, repository: Repository) -> None:
        # No reference to the repository, which refers to this listener: a reference cycle would
        # keep the files of a world that has been reset.
        self._clock = clock
        self._queue: TimeQueue[Batch] = TimeQueue()
        self._unfinished: dict[str, Batch] = {}  # oldest first; finished ones are removed lazily
        repository.batch_listeners.append(self._update)

    def next_change(self) -> WorldEvent | None:
        """Return the next status change of any batch, None if none is planned."""
        with self._clock.reading:
            now = self._clock.now()
            while (due := self._queue.pop_due(now)) is not None:
                self._enqueue(due, now)
            batch = self._queue.first()
            if batch is None:
                return None
            change = batch.timeline.after(now)[0]
            return WorldEvent(change.at, STATUS_EVENT_TYPES[change.status], batch.id)

    def newest_unfinished_batch(self) -> Batch | None:
        """Return the newest batch that has not ended, None if all have."""
        with self._clock.reading:
            now = self._clock.now()
            while self._unfinished:
                batch = self._unfinished[next(reversed(self._unfinished))]
                if not batch.is_final(now):
                    return batch
                del self._unfinished[batch.id]
            return None

    def _update(self, batch: Batch) -> None:
        now = self._clock.now()
        if batch.id in self._unfinished or not batch.is_final(now):
            self._unfinished[batch.id] = batch
        self._enqueue(batch, now)

    def _enqueue(self, batch: Batch, now: float) -> None:
        coming = batch.timeline.after(now)
        if coming:
            self._queue.put(batch.id, coming[0].at, batch.number, batch)
        else:
            self._queue.remove(batch.id)
