"""The webhooks of one world: its endpoints, and what is sent to them."""

from collections.abc import Callable, Mapping
from math import inf

from mockbatch.clock import MANUAL, Clock, WorldClock
from mockbatch.errors import api_error
from mockbatch.events import WorldEvent
from mockbatch.ids import Seed
from mockbatch.repository import Repository
from mockbatch.typing import Json
from mockbatch.webhooks import event, signature
from mockbatch.webhooks import target as address
from mockbatch.webhooks.delivery import Delivery
from mockbatch.webhooks.dispatcher import WebhookDispatcher
from mockbatch.webhooks.endpoint import WebhookEndpoint
from mockbatch.webhooks.endpoints import WebhookEndpoints
from mockbatch.webhooks.outbox import DueDelivery, Outbox
from mockbatch.webhooks.settings import WebhookSettings
from mockbatch.webhooks.timer import WakeUpTimer

# Seconds of real time. A clock that was frozen just before an event never reaches it; one that
# is put forward, as the process's time is when a machine wakes up, reaches it at once.
SHORTEST_WAIT = 0.05
LONGEST_WAIT = 1.0


class Webhooks:
    """The endpoints and deliveries of a world, from its beginning to its end or next reset."""

    def __init__(
        self, clock: WorldClock, repository: Repository, seed: Seed, settings: WebhookSettings
    ) -> None:
        self._settings = settings
        self._seed = seed
        self.endpoints = WebhookEndpoints(seed)
        self._alarm = WakeUpTimer()
        self._begin(clock, repository)
        if settings.target is not None:
            self._add("mockbatch serve", settings.target, event.BATCH_EVENT_TYPES, settings.secret)

    def _begin(self, clock: WorldClock, repository: Repository) -> None:
        self._clock = clock
        self._outbox = Outbox(repository, self.endpoints)
        self.dispatcher = WebhookDispatcher(clock, self._outbox, self._settings.timeout)
        self._outbox.look(clock.now())

    def restart(self, clock: WorldClock, repository: Repository) -> None:
        """Go on with the same endpoints in another state, whose past is no news."""
        self._outbox.close()
        self._begin(clock, repository)

    def close(self) -> None:
        """Send nothing any more."""
        self._outbox.close()
        self._alarm.stop()

    # --- endpoints

    def create_endpoint(self, body: Mapping[str, Json]) -> WebhookEndpoint:
        """Add the endpoint that a body describes; ApiError 400 when it must not be called."""
        secret = body.get("secret")
        _check(secret)
        target = address.resolve_target(body["url"], self._settings.allowed_hosts)
        types = body.get("event_types", event.BATCH_EVENT_TYPES)
        return self._add(body.get("name", "mockbatch"), target, types, secret)

    def _add(
        self, name: str, target: address.Target, types: Json, secret: str | None
    ) -> WebhookEndpoint:
        with self._clock.command() as now:
            # What has happened before is not for it.
            self._outbox.tell(now)
            endpoint = self.endpoints.add(name, target, types, secret, now)
            self._outbox.look(now)
            return endpoint

    def update_endpoint(self, id: str, body: Mapping[str, Json]) -> WebhookEndpoint:
        """Change an endpoint as a body says; what has happened before goes by what it was."""
        self.endpoints.endpoint(id)
        changes = dict(body)
        if "url" in changes:
            changes["target"] = address.resolve_target(
                changes.pop("url"), self._settings.allowed_hosts
            )
        if "event_types" in changes:
            changes["event_types"] = tuple(dict.fromkeys(changes["event_types"]))
        with self._clock.command() as now:
            self._outbox.tell(now)
            return self.endpoints.update(id, changes, now)

    def rotate_secret(self, id: str, *, keep_old: bool) -> WebhookEndpoint:
        """Give an endpoint a new secret."""
        with self._clock.command() as now:
            return self.endpoints.rotate(id, now, keep_old=keep_old)

    def delete_endpoint(self, id: str) -> None:
        """Let an endpoint go, and what was on its way to it."""
        with self._clock.command() as now:
            self._outbox.drop(self.endpoints.endpoint(id))
            self.endpoints.delete(id)
            self._outbox.look(now)

    # --- deliveries

    def send_sample(self, id: str, kind: str) -> int:
        """Send an endpoint a sample; return its status, ApiError 400 when it gives none."""
        with self._clock.command() as now:
            due = self._outbox.sample(self.endpoints.endpoint(id), kind, self._seed, now)
        answer = self._extra(due, now).attempts[-1].answer
        if answer.status_code is None:
            raise api_error("receiver_unreachable", id=id, reason=answer.error)
        return answer.status_code

    def redeliver(self, id: str) -> Delivery:
        """Try a delivery once more, now, whatever came of it before."""
        with self._clock.command() as now:
            due = self._outbox.again(id)
        return self._extra(due, now)

    def _extra(self, due: DueDelivery, now: int) -> Delivery:
        attempt = self.dispatcher.round().call(due, now)
        with self._clock.lock:
            return self._outbox.note(due, attempt, asked=True)

    def has_delivery(self, id: str) -> bool:
        """Tell whether a delivery is one of this world's."""
        return id in self._outbox

    def deliveries_json(self, limit: int) -> dict[str, Json]:
        """Return the last deliveries, schema webhook_deliveries.json."""
        with self._clock.lock:
            self._outbox.tell(self._clock.now())
            return self._outbox.as_json(limit)

    def attempts_for(self, id: str) -> tuple[list[WorldEvent], list[WorldEvent]]:
        """Return the attempts to tell of a batch: those made, and those to come."""
        with self._clock.lock:
            self._outbox.tell(self._clock.now())
            deliveries = self._outbox.about(id)
        made = [attempt for one in deliveries for attempt in one.happened()]
        return made, [attempt for one in deliveries for attempt in one.coming()]

    # --- time

    def schedule_wakeup(self, ring: Callable[[], None]) -> None:
        """Let somebody ring when something is due and nobody has to ask for it.

        On a manual clock nobody rings: what is due waits for whoever moves it.
        """
        if not self.endpoints and not self._alarm.is_set:
            return
        # Set under the lock: who looked earlier must not set it later.
        with self._clock.lock:
            at, now, running = self._outbox.next_at(), self._clock.now(), self._clock.current
            self._alarm.set(self._wait(at - now, running), ring, (at, running, at <= now))

    def _wait(self, seconds: float, running: Clock) -> float | None:
        """Return for how long to wait for an instant in simulated seconds, None for no time."""
        # Whoever delivers, or moves the clock, sets the alarm again in the end.
        if self.dispatcher.is_busy or running.is_paused or running.mode == MANUAL:
            return None
        if seconds <= 0:
            return 0
        if running.speed == 0 or seconds == inf:
            return None
        return min(max(seconds / running.speed, SHORTEST_WAIT), LONGEST_WAIT)


def _check(secret: str | None) -> None:
    """Raise ApiError 400 for a secret that cannot sign."""
    try:
        signature.decode_secret(secret or "")
    except ValueError as error:
        raise api_error("invalid_value", param="secret", reason=error) from None
