"""The webhooks of one world: its endpoints, and what is delivered to them."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from math import inf

from mockbatch.clock import MANUAL, Clock, WorldClock
from mockbatch.errors import api_error
from mockbatch.events import WorldEvent
from mockbatch.ids import Seed
from mockbatch.limits import Limits
from mockbatch.repository import Repository
from mockbatch.typing import Json
from mockbatch.webhooks.delivery import Delivery, DueDelivery
from mockbatch.webhooks.dispatcher import StatusLog, WebhookDispatcher
from mockbatch.webhooks.endpoint import WebhookEndpoint, WebhookEndpoints
from mockbatch.webhooks.event import BATCH_EVENT_TYPES
from mockbatch.webhooks.outbox import Outbox
from mockbatch.webhooks.settings import WebhookSettings
from mockbatch.webhooks.signature import decode_secret
from mockbatch.webhooks.snapshot import NO_WEBHOOKS, WebhooksSnapshot
from mockbatch.webhooks.target import Target, resolve_target
from mockbatch.webhooks.timer import WakeUpTimer

# Bounds of one wait, in seconds of real time. While the process's clock is frozen just before an
# event, shorter waits would be a busy loop. It can also jump forward, as it does when a machine
# wakes up, so longer waits could be late.
SHORTEST_WAIT_SECONDS = 0.05
LONGEST_WAIT_SECONDS = 1.0


class Webhooks:
    """The endpoints and deliveries of a world until its next reset, or until it is replaced.

    `initial` are the webhooks that it begins with; `status_log` has what is logged before them.
    """

    def __init__(
        self,
        clock: WorldClock,
        repository: Repository,
        seed: Seed,
        settings: WebhookSettings,
        status_log: StatusLog | None = None,
        initial: WebhooksSnapshot = NO_WEBHOOKS,
        limits: Limits | None = None,
    ) -> None:
        self._settings = settings
        self._limits = limits or Limits()
        self._seed = seed
        self.endpoints = WebhookEndpoints(seed, self._limits)
        self._timer = WakeUpTimer()
        self._clock = clock
        #: How long a delivery that is due waits: where another process may be at it, not 0.
        self.shortest_wait_seconds = 0.0
        #: Makes the context in which an attempt is recorded whose webhook the receiver has.
        self.after_sending: Callable[[], AbstractContextManager[object]] = nullcontext
        self.outbox = Outbox(repository, self.endpoints)
        self.dispatcher = WebhookDispatcher(
            clock, self.outbox, settings.timeout_seconds, status_log
        )
        self.endpoints.load(initial.endpoints, initial.endpoint_count, initial.secret_count)
        self.outbox.load(initial.deliveries, initial.delivery_count)
        self.outbox.watch(clock.now(), initial.announced)

    def snapshot(self) -> WebhooksSnapshot:
        """Return the endpoints and deliveries as a value."""
        with self._clock.lock:
            now = self._clock.now()
            self.outbox.enqueue_finished(now)
            return WebhooksSnapshot(
                endpoints=tuple(self.endpoints),
                endpoint_count=self.endpoints.endpoint_count,
                secret_count=self.endpoints.secret_count,
                deliveries=self.outbox.deliveries(now),
                delivery_count=self.outbox.count,
                announced=self.outbox.announced(),
            )

    def close(self) -> None:
        """Stop sending."""
        self.outbox.close()
        self._timer.stop()

    # --- endpoints

    def add_configured_endpoint(self) -> None:
        """Add the endpoint of the settings, unless there is one with its URL."""
        target = self._settings.target
        if target is not None and target.url not in {one.target.url for one in self.endpoints}:
            name, types = "mockbatch serve", BATCH_EVENT_TYPES
            self._add_endpoint(name, target, types, self._settings.secret)

    def create_endpoint(self, body: Mapping[str, Json]) -> WebhookEndpoint:
        """Create the endpoint that a request describes; ApiError 400 if its URL is not allowed.

        Without a name, event types or secret it has the defaults.
        """
        secret = body.get("secret")
        _check_secret(secret)
        target = resolve_target(body["url"], self._settings.allowed_hosts)
        types = body.get("event_types", BATCH_EVENT_TYPES)
        return self._add_endpoint(body.get("name", "mockbatch"), target, types, secret)

    def _add_endpoint(
        self, name: str, target: Target, event_types: Sequence[str], secret: str | None
    ) -> WebhookEndpoint:
        with self._clock.command() as now:
            # Batches that finished before are announced to the older endpoints only.
            self.outbox.enqueue_finished(now)
            self._check(self.outbox.count_planned(now, more_endpoints=1))
            endpoint = self.endpoints.add(name, target, event_types, secret, now)
            self.outbox.watch(now)
            return endpoint

    def check_batch(self, now: float) -> None:
        """Raise ApiError 400 if the webhooks of one more batch would exceed a limit."""
        self._check(self.outbox.count_planned(now, more_batches=1))

    def _check(self, planned: int) -> None:
        if planned > self._limits.webhook_deliveries:
            room = "Let time pass until they are sent, or delete an endpoint"
            raise self._limits.error("webhook_deliveries", room)

    def update_endpoint(self, id: str, body: Mapping[str, Json]) -> WebhookEndpoint:
        """Change an endpoint; earlier events follow its old event types."""
        self.endpoints.get(id)
        changes = dict(body)
        if "url" in changes:
            changes["target"] = resolve_target(changes.pop("url"), self._settings.allowed_hosts)
        if "event_types" in changes:
            changes["event_types"] = tuple(dict.fromkeys(changes["event_types"]))
        with self._clock.command() as now:
            self.outbox.enqueue_finished(now)
            return self.endpoints.update(id, changes, now)

    def rotate_secret(self, id: str, *, keep_old: bool) -> WebhookEndpoint:
        """Give an endpoint a new secret."""
        with self._clock.command() as now:
            return self.endpoints.rotate_secret(id, now, keep_old=keep_old)

    def delete_endpoint(self, id: str) -> None:
        """Delete an endpoint, and drop its pending deliveries."""
        with self._clock.command() as now:
            self.outbox.drop_deliveries(self.endpoints.get(id))
            self.endpoints.delete(id)
            self.outbox.watch(now)

    @property
    def version(self) -> tuple[Json, ...]:
        """A value that changes with every change of endpoints and deliveries."""
        return self.outbox.version, *(endpoint.as_json() for endpoint in self.endpoints)

    # --- deliveries

    def send_sample(self, id: str, event_type: str) -> int:
        """Send a sample to an endpoint and return the status code.

        Raises ApiError 400 if the receiver does not respond.
        """
        with self._clock.command() as now:
            endpoint = self.endpoints.get(id)
            due = self.outbox.add_sample(endpoint, event_type, self._seed, now)
        result = self._send_now(due, now).attempts[-1].result
        if result.status_code is None:
            raise api_error("receiver_unreachable", id=id, reason=result.error)
        return result.status_code

    def redeliver(self, id: str) -> Delivery:
        """Attempt a delivery once more now, whatever its status, and return it.

        Raises ApiError 404 if it or its endpoint is gone.
        """
        with self._clock.command() as now:
            due = self.outbox.redelivery(id)
        return self._send_now(due, now)

    def _send_now(self, due: DueDelivery, now: int) -> Delivery:
        attempt = self.dispatcher.send(due, now)
        with self.after_sending(), self._clock.lock:
            return self.outbox.record_attempt(due, attempt, is_redelivery=True)

    def has_delivery(self, id: str) -> bool:
        """Return whether a delivery belongs to this world."""
        return id in self.outbox

    def deliveries_json(self, limit: int, batch_id: str | None = None) -> dict[str, Json]:
        """Return the last deliveries, of a batch or of all, schema webhook_deliveries.json."""
        with self._clock.lock:
            self.outbox.enqueue_finished(self._clock.now())
            return self.outbox.as_json(limit, batch_id)

    def attempts_for(self, batch_id: str) -> tuple[list[WorldEvent], list[WorldEvent]]:
        """Return the past and the next attempts to deliver a batch's events, as events."""
        with self._clock.lock:
            self.outbox.enqueue_finished(self._clock.now())
            deliveries = self.outbox.deliveries_of(batch_id)
        past = [event for delivery in deliveries for event in delivery.past_events()]
        return past, [event for delivery in deliveries for event in delivery.next_events()]

    # --- time

    def schedule_wakeup(self, fire: Callable[[], None]) -> None:
        """Schedule a call of `fire` for the next delivery, if the clock advances by itself.

        On a manual clock it is not called: a delivery waits until a client moves the clock.
        """
        if not self.endpoints and not self._timer.is_set:
            return
        # Under the lock: a thread that looked earlier must not set the timer later.
        with self._clock.reading:
            at, now, clock = self.outbox.next_at(), self._clock.now(), self._clock.current
            self._timer.set(self._wait_seconds(at - now, clock), fire, (at, clock, at <= now))

    def due_at_wall(self, wall_now: float) -> float | None:
        """Return the wall time at which something is to be delivered, None for no such time."""
        if self.outbox.is_under_way:
            return wall_now
        at, now, clock = self.outbox.next_at(), self._clock.now(), self._clock.current
        if clock.mode == MANUAL or at == inf:
            return None
        if at <= now or clock.is_paused:  # the process that paused it may have died
            return wall_now
        return wall_now + (at - now) / clock.speed if clock.speed else None

    def _wait_seconds(self, seconds: float, clock: Clock) -> float | None:
        """Return the real seconds to wait for simulated ones, None for no waiting at all."""
        # A thread that delivers or moves the clock schedules the next wake-up at its end.
        if self.dispatcher.is_busy or clock.is_paused or clock.mode == MANUAL:
            return None
        if seconds <= 0:
            return self.shortest_wait_seconds
        if clock.speed == 0 or seconds == inf:
            return None
        return min(max(seconds / clock.speed, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)


def _check_secret(secret: str | None) -> None:
    """Raise ApiError 400 for a secret that cannot sign."""
    try:
        decode_secret(secret or "")
    except ValueError as error:
        raise api_error("invalid_value", param="secret", reason=error) from None
