"""One event on its way to one endpoint: when it is tried, and what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mockbatch import events
from mockbatch.scenarios.distortions import NO_DISTORTION, WebhookDistortion
from mockbatch.typing import Json
from mockbatch.webhooks.event import WebhookEvent

PENDING = "pending"
DELIVERED = "delivered"
FAILED = "failed"  # given up
LOST = "lost"
ENDPOINT_DELETED = "dropped"  # its endpoint is gone

# Seconds of simulated time. That attempts go on for 72 hours, ever more rarely, is published;
# how rarely is not.
FIRST_PAUSE_SECONDS = 15
RETRY_SECONDS = 72 * 3600
# Redeliveries can be asked for without end.
MAX_ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """What came of a call: `status_code` is None and `error` says why when nothing did."""

    status_code: int | None = None
    error: str | None = None
    response: str = ""
    timed_out: bool = False

    @property
    def is_good(self) -> bool:
        """Whether the receiver has taken the event; a redirect is no answer to it."""
        return self.status_code is not None and 200 <= self.status_code < 300


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: `at` in simulated seconds, `wall` and headers if anybody was called."""

    at: int
    answer: AttemptResult
    wall: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def happened(self, id: str) -> events.WorldEvent:
        """Return what happened to the delivery of that id."""
        came = "delivered" if self.answer.is_good else "failed"
        return events.WorldEvent(self.at, f"webhook.{came}", id)

    def as_json(self) -> dict[str, Json]:
        """Return the attempt, JSON-ready."""
        return {
            "at": self.at,
            "wall": self.wall,
            "headers": dict(self.headers),
            "status_code": self.answer.status_code,
            "error": self.answer.error,
            "response": self.answer.response,
        }


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event on its way to an endpoint; `id` is its webhook-id, the same each time.

    `first_at` and `next_at` are simulated seconds, `next_at` None when nothing is to come.
    `failures` counts attempts since the last good one, `copies` good ones still to come.
    """

    id: str
    number: int
    event: WebhookEvent
    endpoint_id: str
    url: str
    first_at: int
    next_at: int | None
    scenario: str | None = None
    distortion: WebhookDistortion = NO_DISTORTION
    status: str = PENDING
    copies: int = 1
    failures: int = 0
    attempts: tuple[Attempt, ...] = ()

    def tried(self, attempt: Attempt) -> "Delivery":
        """Return the delivery after an attempt that was due."""
        tried = self._noted(attempt)
        if attempt.answer.is_good:
            left = max(self.copies - 1, 0)
            next_at = attempt.at if left else None
            status = PENDING if left else DELIVERED
            return replace(tried, copies=left, failures=0, next_at=next_at, status=status)
        next_at = attempt.at + FIRST_PAUSE_SECONDS * 2**self.failures
        if next_at > self.first_at + RETRY_SECONDS:
            return replace(tried, next_at=None, status=FAILED)
        return replace(tried, failures=self.failures + 1, next_at=next_at, status=PENDING)

    def again(self, attempt: Attempt) -> "Delivery":
        """Return the delivery after an attempt that somebody asked for."""
        noted = self._noted(attempt)
        if attempt.answer.is_good:
            return replace(noted, next_at=None, status=DELIVERED)
        return noted

    def without_endpoint(self) -> "Delivery":
        """Return the delivery when its endpoint is gone."""
        return replace(self, next_at=None, status=ENDPOINT_DELETED)

    def happened(self) -> list[events.WorldEvent]:
        """Return what has happened to it."""
        return [attempt.happened(self.id) for attempt in self.attempts]

    def coming(self) -> list[events.WorldEvent]:
        """Return the attempt that comes next, if there is one."""
        if self.next_at is None:
            return []
        return [events.WorldEvent(self.next_at, "webhook.attempt", self.id)]

    def as_json(self) -> dict[str, Json]:
        """Return the delivery, schema webhook_delivery.json."""
        return {
            "id": self.id,
            "event": self.event.as_json(),
            "endpoint_id": self.endpoint_id,
            "url": self.url,
            "body": self.event.body().decode(),
            "scenario": self.scenario,
            "status": self.status,
            "next_attempt_at": self.next_at,
            "attempts": [attempt.as_json() for attempt in self.attempts],
        }

    def _noted(self, attempt: Attempt) -> "Delivery":
        return replace(self, attempts=(*self.attempts, attempt)[-MAX_ATTEMPTS:])
