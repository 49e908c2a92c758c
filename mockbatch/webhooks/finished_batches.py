"""Which batches end when, of those of whose end nobody was told."""

from heapq import heappop, heappush
from math import inf

from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import CANCELLING, FINALIZING
from mockbatch.repository import Repository
from mockbatch.webhooks.event import end_type


class FinishedBatches:
    """The ends of a world's batches, earliest first, as their timelines have them.

    Each is told once. A batch that a command has sent towards another end is told of again.
    """

    def __init__(self, repository: Repository, now: float) -> None:
        self._repository = repository
        # What has ended before is old news, and so is an event that was sent early.
        self._told = {
            batch.id: end_type(batch)
            for batch in repository.batches.values()
            if announce_at(batch) <= now
        }
        self._heap: list[tuple[int, int, str]] = []  # when, number of the batch, its id
        repository.changed.update(repository.batches)

    def next_at(self) -> float:
        """Return when the next end is to be told, infinity for never."""
        while self._repository.changed:
            batch = self._repository.batches[self._repository.changed.pop()]
            if self._is_news(batch):
                heappush(self._heap, (announce_at(batch), batch.number, batch.id))
        # Where a command has changed the end, the former one still stands there.
        while self._heap and not self._is_true(*self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else inf

    def take(self, now: float) -> Batch | None:
        """Return the first batch whose end is to be told by now, None for none."""
        if self.next_at() > now:
            return None
        batch = self._repository.batches[heappop(self._heap)[2]]
        self._told[batch.id] = end_type(batch)
        return batch

    def _is_news(self, batch: Batch) -> bool:
        # One that is repository has no end: what was told of it early is not taken back.
        return end_type(batch) not in (None, self._told.get(batch.id))

    def _is_true(self, at: int, _: int, id: str) -> bool:
        batch = self._repository.batches[id]
        return self._is_news(batch) and announce_at(batch) == at


def first_attempt_at(batch: Batch) -> int:
    """Return when the event of a batch's end sets out to its receivers."""
    *_, before, end = (None, *batch.timeline.transitions)
    at = end.at + batch.schedule.scenario.webhook.delay_for(batch.number)
    if at >= end.at:
        return at
    # It can be early while the end is being prepared, and no earlier.
    is_prepared = before is not None and before.status in (FINALIZING, CANCELLING)
    return max(at, before.at) if is_prepared else end.at


def announce_at(batch: Batch) -> int:
    """Return when a delivery is made of the end of a batch."""
    return min(first_attempt_at(batch), batch.timeline.end.at)
