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
from mockbatch.webhooks.dispatcher import Courier
from mockbatch.webhooks.endpoint import Endpoint
from mockbatch.webhooks.endpoints import Endpoints
from mockbatch.webhooks.outbox import Due, Outbox
from mockbatch.webhooks.settings import WebhookSettings
from mockbatch.webhooks.timer import Alarm

# Seconds of real time. A clock that was frozen just before an event never reaches it; one that
# is put forward, as the process's time is when a machine wakes up, reaches it at once.
SHORTEST_WAIT = 0.05
LONGEST_WAIT = 1.0


class Webhooks:
    """The endpoints and deliveries of a world, from its beginning to its end or next reset."""

    def __init__(
        self, timekeeper: WorldClock, held: Repository, seed: Seed, settings: WebhookSettings
    ) -> None:
        self._settings = settings
        self._seed = seed
        self.endpoints = Endpoints(seed)
        self._alarm = Alarm()
        self._begin(timekeeper, held)
        if settings.target is not None:
            self._add("mockbatch serve", settings.target, event.OF_BATCHES, settings.secret)

    def _begin(self, timekeeper: WorldClock, held: Repository) -> None:
        self._time = timekeeper
        self._outbox = Outbox(held, self.endpoints)
        self.courier = Courier(timekeeper, self._outbox, self._settings.timeout)
        self._outbox.look(timekeeper.now())

    def moved(self, timekeeper: WorldClock, held: Repository) -> None:
        """Go on with the same endpoints in another state, whose past is no news."""
        self._outbox.close()
        self._begin(timekeeper, held)

    def close(self) -> None:
        """Send nothing any more."""
        self._outbox.close()
        self._alarm.stop()

    # --- endpoints

    def create(self, body: Mapping[str, Json]) -> Endpoint:
        """Add the endpoint that a body describes; ApiError 400 when it must not be called."""
        secret = body.get("secret")
        _check(secret)
        target = address.target(body["url"], self._settings.allowed_hosts)
        types = body.get("event_types", event.OF_BATCHES)
        return self._add(body.get("name", "mockbatch"), target, types, secret)

    def _add(self, name: str, target: address.Target, types: Json, secret: str | None) -> Endpoint:
        with self._time.command() as now:
            # What has happened before is not for it.
            self._outbox.tell(now)
            endpoint = self.endpoints.add(name, target, types, secret, now)
            self._outbox.look(now)
            return endpoint

    def update(self, id: str, body: Mapping[str, Json]) -> Endpoint:
        """Change an endpoint as a body says; what has happened before goes by what it was."""
        self.endpoints.endpoint(id)
        changes = dict(body)
        if "url" in changes:
            changes["target"] = address.target(changes.pop("url"), self._settings.allowed_hosts)
        if "event_types" in changes:
            changes["event_types"] = tuple(dict.fromkeys(changes["event_types"]))
        with self._time.command() as now:
            self._outbox.tell(now)
            return self.endpoints.update(id, changes, now)

    def rotate(self, id: str, *, keep_old: bool) -> Endpoint:
        """Give an endpoint a new secret."""
        with self._time.command() as now:
            return self.endpoints.rotate(id, now, keep_old=keep_old)

    def delete(self, id: str) -> None:
        """Let an endpoint go, and what was on its way to it."""
        with self._time.command() as now:
            self._outbox.drop(self.endpoints.endpoint(id))
            self.endpoints.delete(id)
            self._outbox.look(now)

    # --- deliveries

    def test(self, id: str, kind: str) -> int:
        """Send an endpoint a sample; return its status, ApiError 400 when it gives none."""
        with self._time.command() as now:
            due = self._outbox.sample(self.endpoints.endpoint(id), kind, self._seed, now)
        answer = self._extra(due, now).attempts[-1].answer
        if answer.status_code is None:
            raise api_error("receiver_unreachable", id=id, reason=answer.error)
        return answer.status_code

    def redeliver(self, id: str) -> Delivery:
        """Try a delivery once more, now, whatever came of it before."""
        with self._time.command() as now:
            due = self._outbox.again(id)
        return self._extra(due, now)

    def _extra(self, due: Due, now: int) -> Delivery:
        attempt = self.courier.round().call(due, now)
        with self._time.lock:
            return self._outbox.note(due, attempt, asked=True)

    def knows(self, id: str) -> bool:
        """Tell whether a delivery is one of this world's."""
        return id in self._outbox

    def deliveries(self, limit: int) -> dict[str, Json]:
        """Return the last deliveries, schema webhook_deliveries.json."""
        with self._time.lock:
            self._outbox.tell(self._time.now())
            return self._outbox.as_json(limit)

    def about(self, id: str) -> tuple[list[WorldEvent], list[WorldEvent]]:
        """Return the attempts to tell of a batch: those made, and those to come."""
        with self._time.lock:
            self._outbox.tell(self._time.now())
            deliveries = self._outbox.about(id)
        made = [attempt for one in deliveries for attempt in one.happened()]
        return made, [attempt for one in deliveries for attempt in one.coming()]

    # --- time

    def set_alarm(self, ring: Callable[[], None]) -> None:
        """Let somebody ring when something is due and nobody has to ask for it.

        On a manual clock nobody rings: what is due waits for whoever moves it.
        """
        if not self.endpoints and not self._alarm.is_set:
            return
        # Set under the lock: who looked earlier must not set it later.
        with self._time.lock:
            at, now, running = self._outbox.next_at(), self._time.now(), self._time.clock
            self._alarm.set(self._wait(at - now, running), ring, (at, running, at <= now))

    def _wait(self, seconds: float, running: Clock) -> float | None:
        """Return for how long to wait for an instant in simulated seconds, None for no time."""
        # Whoever delivers, or moves the clock, sets the alarm again in the end.
        if self.courier.is_busy or running.is_paused or running.mode == MANUAL:
            return None
        if seconds <= 0:
            return 0
        if running.speed == 0 or seconds == inf:
            return None
        return min(max(seconds / running.speed, SHORTEST_WAIT), LONGEST_WAIT)


def _check(secret: str | None) -> None:
    """Raise ApiError 400 for a secret that cannot sign."""
    try:
        signature.key(secret or "")
    except ValueError as error:
        raise api_error("invalid_value", param="secret", reason=error) from None
