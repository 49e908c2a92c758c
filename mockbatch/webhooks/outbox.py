"""What a world has to send: the ends of its batches, and deliveries until they are over.

Everything here happens under the lock of the world.
"""

from collections import deque
from dataclasses import replace
from heapq import heappop, heappush
from math import inf
from typing import NamedTuple

from mockbatch.batch.batch import Batch
from mockbatch.errors import api_error
from mockbatch.events import WorldEvent
from mockbatch.ids import Seed
from mockbatch.repository import Repository
from mockbatch.typing import Json
from mockbatch.webhooks.delivery import ENDPOINT_DELETED, FAILED, LOST, PENDING, Attempt, Delivery
from mockbatch.webhooks.endpoint import WebhookEndpoint
from mockbatch.webhooks.endpoints import WebhookEndpoints
from mockbatch.webhooks.event import end_event, end_type, sample_event
from mockbatch.webhooks.finished_batches import FinishedBatches, first_attempt_at

# Deliveries that are over; the oldest go when there are more. Those under way all stay.
MAX_FINISHED = 5000


class DueDelivery(NamedTuple):
    """A delivery to be attempted, and its endpoint as it is at that time."""

    delivery: Delivery
    endpoint: WebhookEndpoint


class Outbox:
    """The deliveries of one world; ends of batches become such while it has endpoints."""

    def __init__(self, repository: Repository, endpoints: WebhookEndpoints) -> None:
        self._repository = repository
        self._endpoints = endpoints
        self._ends: FinishedBatches | None = None
        self._deliveries: dict[str, Delivery] = {}  # in order of making
        self._queue: list[tuple[int, int, str]] = []  # when, number of the delivery, its id
        self._over: deque[str] = deque()
        self._is_closed = False
        self.count = 0

    def __contains__(self, id: str) -> bool:
        return id in self._deliveries

    def look(self, now: float) -> None:
        """Look for ends from now on, if there are endpoints, and for none if there is none."""
        if not self._endpoints:
            self._ends = None
        elif self._ends is None:
            self._ends = FinishedBatches(self._repository, now)

    def tell(self, now: float) -> None:
        """Make deliveries of what has ended by now, for the endpoints that there are."""
        while self._ends is not None and (batch := self._ends.take(now)) is not None:
            for endpoint in self._endpoints:
                if end_type(batch) in endpoint.event_types:
                    self._add(_delivery(batch, endpoint, self.count))

    def next_at(self) -> float:
        """Return when something is to be done, infinity for never."""
        if self._is_closed:
            return inf
        return min(self._queued_at(), inf if self._ends is None else self._ends.next_at())

    def coming(self, now: float) -> WorldEvent | None:
        """Return the attempt that comes next, of what has ended by now."""
        self.tell(now)
        if self._queued_at() == inf:
            return None
        [coming] = self._deliveries[self._queue[0][2]].coming()
        return coming

    def about(self, id: str) -> list[Delivery]:
        """Return the deliveries that tell of a batch."""
        return [one for one in self._deliveries.values() if one.event.about == id]

    def take(self, now: float) -> DueDelivery | None:
        """Return the delivery that is due first, under way from now on; None when none is due."""
        self.tell(now)
        if self._is_closed or self._queued_at() > now:
            return None
        delivery = self._deliveries[heappop(self._queue)[2]]
        self._deliveries[delivery.id] = replace(delivery, next_at=None)
        return self._due(delivery)

    def again(self, id: str) -> DueDelivery:
        """Return a delivery for one more attempt; ApiError 404 when it or its endpoint is gone."""
        if id not in self._deliveries:
            raise api_error("no_such_delivery", id=id)
        return self._due(self._deliveries[id])

    def note(self, due: DueDelivery, attempt: Attempt, *, asked: bool = False) -> Delivery:
        """Write an attempt down; one that was `asked` for changes no plan unless it is good."""
        found = self._deliveries.get(due.delivery.id)
        before = replace(found or due.delivery, url=due.endpoint.target.url)
        # Its endpoint may be gone by now, or somebody has sent it again meanwhile.
        is_extra = asked or before.status != PENDING
        after = before.again(attempt) if is_extra else before.tried(attempt)
        if found is not None:
            self._put(after)
        return after

    def sample(self, endpoint: WebhookEndpoint, kind: str, seed: Seed, now: int) -> DueDelivery:
        """Return a new delivery of a sample, which is tried only when somebody asks."""
        number = self.count
        own = seed.child("webhook sample", number)
        delivery = Delivery(
            id="wh_" + own.hex(32),
            number=number,
            event=sample_event(kind, own, now),
            endpoint_id=endpoint.id,
            url=endpoint.target.url,
            first_at=now,
            next_at=None,
            status=FAILED,
        )
        self._add(delivery)
        return DueDelivery(delivery, endpoint)

    def _add(self, delivery: Delivery) -> None:
        self.count += 1
        self._put(delivery)

    def drop(self, endpoint: WebhookEndpoint) -> None:
        """Try no delivery to an endpoint any more."""
        for delivery in list(self._deliveries.values()):
            if delivery.endpoint_id == endpoint.id and delivery.status == PENDING:
                self._put(replace(delivery, next_at=None, status=ENDPOINT_DELETED))

    def close(self) -> None:
        """Send nothing any more."""
        self._is_closed = True

    def as_json(self, limit: int) -> dict[str, Json]:
        """Return the last `limit` deliveries, schema webhook_deliveries.json."""
        kept = list(self._deliveries.values())
        return {
            "deliveries": [one.as_json() for one in kept[max(len(kept) - limit, 0) :]],
            "count": self.count,
            "dropped": self.count - len(kept),
        }

    def _due(self, delivery: Delivery) -> DueDelivery:
        return DueDelivery(delivery, self._endpoints.endpoint(delivery.endpoint_id))

    def _put(self, delivery: Delivery) -> None:
        before = self._deliveries.get(delivery.id)
        self._deliveries[delivery.id] = delivery
        if delivery.next_at is not None and (before is None or before.next_at != delivery.next_at):
            heappush(self._queue, (delivery.next_at, delivery.number, delivery.id))
        if delivery.status != PENDING and (before is None or before.status == PENDING):
            self._over.append(delivery.id)
        while len(self._over) > MAX_FINISHED:
            oldest = self._deliveries.get(self._over.popleft())
            if oldest is not None and oldest.status != PENDING:
                del self._deliveries[oldest.id]

    def _queued_at(self) -> float:
        while self._queue and not self._is_true(*self._queue[0]):
            heappop(self._queue)
        return self._queue[0][0] if self._queue else inf

    def _is_true(self, at: int, _: int, id: str) -> bool:
        delivery = self._deliveries.get(id)
        return delivery is not None and delivery.next_at == at


def _delivery(batch: Batch, endpoint: WebhookEndpoint, number: int) -> Delivery:
    kind, first_at = str(end_type(batch)), first_attempt_at(batch)
    distortion = batch.schedule.scenario.webhook
    return Delivery(
        id="wh_" + batch.seed.child(kind, endpoint.id).hex(32),
        number=number,
        event=end_event(batch, kind, min(first_at, batch.timeline.end.at)),
        endpoint_id=endpoint.id,
        url=endpoint.target.url,
        first_at=first_at,
        next_at=None if distortion.lost else first_at,
        status=LOST if distortion.lost else PENDING,
        scenario=batch.schedule.scenario.name,
        distortion=distortion,
        copies=distortion.copies,
    )
