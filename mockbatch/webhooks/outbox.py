"""The webhook deliveries of a world, pending and past."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from math import inf
from types import MappingProxyType

from msgspec.structs import replace

from mockbatch.batch.batch import Batch
from mockbatch.errors import api_error
from mockbatch.events import WorldEvent
from mockbatch.ids import Seed
from mockbatch.repository import Repository
from mockbatch.time_queue import TimeQueue
from mockbatch.typing import Json
from mockbatch.webhooks.delivery import FAILED, LOST, PENDING, Attempt, Delivery, DueDelivery
from mockbatch.webhooks.endpoint import WebhookEndpoint, WebhookEndpoints
from mockbatch.webhooks.event import end_event, end_type, sample_event
from mockbatch.webhooks.finished_batches import FinishedBatches, first_attempt_at

#: Past deliveries that are kept; the oldest go first. Pending ones are all kept.
MAX_FINISHED = 5000


class Outbox:
    """The deliveries of one world, used only under the world's lock.

    While the world has endpoints, a finished batch becomes a delivery to each of those that
    subscribe to its event.
    """

    def __init__(self, repository: Repository, endpoints: WebhookEndpoints) -> None:
        self._repository = repository
        self._endpoints = endpoints
        self._finished: FinishedBatches | None = None
        self._deliveries: dict[str, Delivery] = {}  # oldest first
        self._queue: TimeQueue[Delivery] = TimeQueue()
        self._past: deque[str] = deque()  # ids of deliveries in the order in which they ended
        self._is_closed = False
        self._under_way: set[str] = set()  # ids of deliveries that are being attempted
        #: Called, under the world's lock, with `delivery` or `announced` and an id: of each
        #: delivery that changes or goes, and of each batch whose end is announced.
        self.listeners: list[Callable[[str, str], None]] = []
        self.count = 0
        #: Grows with every delivery that is added or changed.
        self.version = 0

    def __contains__(self, id: str) -> bool:
        return id in self._deliveries

    def load(self, deliveries: Iterable[Delivery], count: int) -> None:
        """Add the deliveries of a snapshot."""
        for delivery in deliveries:
            self._put(delivery)
        self.count = count

    def deliveries(self, now: float) -> tuple[Delivery, ...]:
        """Return the deliveries that are kept, as of now.

        One that is being attempted is due again at once, since the attempt may be lost.
        """
        return tuple(
            replace(delivery, next_at=int(now))
            if delivery.status == PENDING and delivery.next_at is None
            else delivery
            for delivery in self._deliveries.values()
        )

    def announced(self) -> dict[str, str]:
        """Return the ids of the batches whose end was announced, with the type of the event."""
        return {} if self._finished is None else self._finished.announced()

    def watch(self, now: float, announced: Mapping[str, str] = MappingProxyType({})) -> None:
        """Start or stop watching for finished batches, depending on whether endpoints exist.

        `announced` maps the ids of batches whose end was announced before to the event's type.
        """
        if not self._endpoints:
            self._stop_watching()
        elif self._finished is None:
            batches = self._repository.batches.values()
            self._finished = FinishedBatches(batches, now, announced)
            self._repository.batch_listeners.append(self._finished.update)
            self._note_announced()

    def _stop_watching(self) -> None:
        if self._finished is not None:
            self._note_announced()
            self._repository.batch_listeners.remove(self._finished.update)
            self._finished = None

    def enqueue_finished(self, now: float) -> None:
        """Add deliveries for the batches that have finished by now, to the present endpoints."""
        while self._finished is not None and (batch := self._finished.pop_due(now)) is not None:
            self._note("announced", batch.id)
            for endpoint in self._endpoints:
                if end_type(batch) in endpoint.event_types:
                    self._add(_delivery(batch, endpoint, self.count))

    def count_planned(self, now: float, *, more_batches: int = 0, more_endpoints: int = 0) -> int:
        """Return how many deliveries are pending, or will be when the batches have ended.

        It counts as if there were that many more batches and endpoints.
        """
        endpoints = len(self._endpoints) + more_endpoints
        if not endpoints:
            return 0
        if self._finished is None:
            batches = self._repository.batches.values()
            unfinished = sum(not batch.is_final(now) for batch in batches)
        else:
            unfinished = len(self._finished)
        return len(self._queue) + (unfinished + more_batches) * endpoints

    def next_at(self) -> float:
        """Return when there is something to do, infinity for never."""
        if self._is_closed:
            return inf
        finished_at = inf if self._finished is None else self._finished.next_at()
        return min(self._queue.next_at(), finished_at)

    @property
    def is_under_way(self) -> bool:
        """Whether a delivery is being attempted, or was by a process that has died."""
        return bool(self._under_way) and not self._is_closed

    def next_attempt(self, now: float) -> WorldEvent | None:
        """Return the next attempt, for batches that have finished by now."""
        self.enqueue_finished(now)
        delivery = self._queue.first()
        if delivery is None:
            return None
        [attempt] = delivery.next_events()
        return attempt

    def deliveries_of(self, object_id: str) -> list[Delivery]:
        """Return the deliveries of the events of a batch."""
        return [one for one in self._deliveries.values() if one.event.object_id == object_id]

    def pop_due(self, now: float) -> DueDelivery | None:
        """Mark the first due delivery as in progress, and return it; None if none is due."""
        self.enqueue_finished(now)
        delivery = None if self._is_closed else self._queue.pop_due(now)
        if delivery is None:
            return None
        self._deliveries[delivery.id] = replace(delivery, next_at=None)
        self._under_way.add(delivery.id)
        self._note("delivery", delivery.id)
        return self._due(delivery)

    def redelivery(self, id: str) -> DueDelivery:
        """Return a delivery for another attempt; ApiError 404 if it or its endpoint is gone."""
        if id not in self._deliveries:
            raise api_error("no_such_delivery", id=id)
        return self._due(self._deliveries[id])

    def record_attempt(
        self, due: DueDelivery, attempt: Attempt, *, is_redelivery: bool = False
    ) -> Delivery:
        """Record an attempt and return the delivery after it."""
        known = self._deliveries.get(due.delivery.id)
        before = replace(known or due.delivery, url=due.endpoint.target.url)
        # Meanwhile its endpoint may have been deleted, or a redelivery may have succeeded.
        if is_redelivery or before.status != PENDING:
            after = before.after_redelivery(attempt)
        else:
            after = before.after_attempt(attempt)
        if known is not None:
            self._put(after)
        return after

    def add_sample(
        self, endpoint: WebhookEndpoint, event_type: str, seed: Seed, now: int
    ) -> DueDelivery:
        """Add a delivery of a sample event, which is attempted only by a redelivery."""
        number = self.count
        sample_seed = seed.child("webhook sample", number)
        delivery = Delivery(
            id="wh_" + sample_seed.hex(32),
            number=number,
            event=sample_event(event_type, sample_seed, now),
            endpoint_id=endpoint.id,
            url=endpoint.target.url,
            first_at=now,
            next_at=None,
            status=FAILED,
        )
        self._add(delivery)
        return DueDelivery(delivery, endpoint)

    def drop_deliveries(self, endpoint: WebhookEndpoint) -> None:
        """Stop attempting deliveries to an endpoint."""
        for delivery in list(self._deliveries.values()):
            if delivery.endpoint_id == endpoint.id and delivery.status == PENDING:
                self._put(delivery.without_endpoint())

    def close(self) -> None:
        """Stop sending."""
        self._is_closed = True
        self._stop_watching()

    def as_json(self, limit: int, object_id: str | None = None) -> dict[str, Json]:
        """Return the last `limit` deliveries, of a batch or of all; webhook_deliveries.json."""
        kept = list(self._deliveries.values())
        wanted = kept if object_id is None else self.deliveries_of(object_id)
        last = wanted[max(len(wanted) - limit, 0) :]
        return {
            "deliveries": [delivery.as_json() for delivery in last],
            "count": self.count,
            "dropped": self.count - len(kept),
        }

    # --- what other processes do

    def get(self, id: str) -> Delivery | None:
        """Return a delivery, None if it is unknown."""
        return self._deliveries.get(id)

    def announced_end(self, batch_id: str) -> str | None:
        """Return the type of the event by which a batch's end was announced, None if none was."""
        return None if self._finished is None else self._finished.announced_end(batch_id)

    def place(self, id: str, delivery: Delivery | None) -> None:
        """Replace a delivery by what another process has made of it, None to forget it."""
        if delivery is None:
            self._deliveries.pop(id, None)
            self._under_way.discard(id)
            self._queue.remove(id)
            with suppress(ValueError):
                self._past.remove(id)
            return
        self._keep(delivery)  # that process also decides which old ones to drop
        if delivery.status == PENDING and delivery.next_at is None:
            self._under_way.add(id)

    def place_announced(self, batch_id: str, event_type: str | None) -> None:
        """Note that another process has announced the end of a batch."""
        if self._finished is not None and batch_id in self._repository.batches:
            self._finished.place(self._repository.batches[batch_id], event_type)

    def retry_lost(self, now: int) -> None:
        """Attempt again what those were attempting who had the turn before, and have died."""
        for delivery in [self._deliveries[id] for id in self._under_way]:
            self._put(replace(delivery, next_at=now))

    def _note(self, kind: str, id: str) -> None:
        for listener in self.listeners:
            listener(kind, id)

    def _note_announced(self) -> None:
        for id in self.announced() if self.listeners else ():
            self._note("announced", id)

    def _due(self, delivery: Delivery) -> DueDelivery:
        return DueDelivery(delivery, self._endpoints.get(delivery.endpoint_id))

    def _add(self, delivery: Delivery) -> None:
        self.count += 1
        self._put(delivery)

    def _put(self, delivery: Delivery) -> None:
        self._keep(delivery)
        while len(self._past) > MAX_FINISHED:
            oldest = self._deliveries.get(self._past.popleft())
            if oldest is not None and oldest.status != PENDING:
                del self._deliveries[oldest.id]
                self._note("delivery", oldest.id)

    def _keep(self, delivery: Delivery) -> None:
        before = self._deliveries.get(delivery.id)
        self._deliveries[delivery.id] = delivery
        self._under_way.discard(delivery.id)
        self.version += 1
        self._note("delivery", delivery.id)
        if delivery.next_at is None:
            self._queue.remove(delivery.id)
        else:
            self._queue.put(delivery.id, delivery.next_at, delivery.number, delivery)
        if delivery.status != PENDING and (before is None or before.status == PENDING):
            self._past.append(delivery.id)


def _delivery(batch: Batch, endpoint: WebhookEndpoint, number: int) -> Delivery:
    event_type, first_at = str(end_type(batch)), first_attempt_at(batch)
    distortion = batch.schedule.scenario.webhook
    return Delivery(
        id="wh_" + batch.seed.child(event_type, endpoint.id).hex(32),
        number=number,
        event=end_event(batch, event_type, min(first_at, batch.timeline.end.at)),
        endpoint_id=endpoint.id,
        url=endpoint.target.url,
        first_at=first_at,
        next_at=None if distortion.lost else first_at,
        status=LOST if distortion.lost else PENDING,
        scenario=batch.schedule.scenario.name,
        distortion=distortion,
        copies=distortion.copies,
    )
