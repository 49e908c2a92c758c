"""The batches of a world whose end has not been announced yet."""

from collections.abc import Iterable, Mapping

from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import CANCELLING, FINALIZING
from mockbatch.clock import plan_instant
from mockbatch.time_queue import TimeQueue
from mockbatch.webhooks.event import end_type


class FinishedBatches:
    """Batches by the second at which their end is to be announced, each announced once.

    A batch is here as soon as its end is planned. If a command changes its end, the new end is
    announced as well, even if the first one was announced early. `announced` maps the ids of
    batches whose end was announced before to the type of its event.
    """

    def __init__(self, batches: Iterable[Batch], now: float, announced: Mapping[str, str]) -> None:
        self._announced: dict[str, str | None] = dict(announced)
        self._queue: TimeQueue[Batch] = TimeQueue()
        for batch in batches:
            if batch.id not in announced and announce_at(batch) <= now:
                # It ended before anyone watched, or its event was sent early.
                self._announced[batch.id] = end_type(batch)
            self.update(batch)

    def __len__(self) -> int:
        """Return how many ends are planned."""
        return len(self._queue)

    def update(self, batch: Batch) -> None:
        """Plan the announcement of a batch that is new, or that a command has changed."""
        # A held batch has no planned end. If its end was announced early, it stays announced.
        if end_type(batch) in (None, self._announced.get(batch.id)):
            self._queue.remove(batch.id)
        else:
            self._queue.put(batch.id, announce_at(batch), batch.number, batch)

    def announced(self) -> dict[str, str]:
        """Return the ids of the batches whose end was announced, with the type of the event."""
        return {id: name for id, name in self._announced.items() if name is not None}

    def announced_end(self, id: str) -> str | None:
        """Return the type of the event by which a batch's end was announced, None if none was."""
        return self._announced.get(id)

    def place(self, batch: Batch, event_type: str | None) -> None:
        """Note which end of a batch another process has announced, None for no end."""
        self._announced[batch.id] = event_type
        self.update(batch)

    def next_at(self) -> float:
        """Return when the next end is to be announced, infinity for never."""
        return self._queue.next_at()

    def pop_due(self, now: float) -> Batch | None:
        """Return the first batch whose end is to be announced by now, None if there is none."""
        batch = self._queue.pop_due(now)
        if batch is not None:
            self._announced[batch.id] = end_type(batch)
        return batch


def first_attempt_at(batch: Batch) -> int:
    """Return the second at which the event of a batch's end is first sent."""
    *_, before, end = (None, *batch.timeline.transitions)
    at = plan_instant(end.at + batch.schedule.scenario.webhook.delay_for(batch.number))
    if at >= end.at:
        return at
    # An event can be early while the batch is finalizing or cancelling, and not earlier.
    is_ending = before is not None and before.status in (FINALIZING, CANCELLING)
    return max(at, before.at) if is_ending else end.at


def announce_at(batch: Batch) -> int:
    """Return the second at which the deliveries of a batch's end are created."""
    return min(first_attempt_at(batch), batch.timeline.end.at)
