"""Deliveries: one event on its way to one endpoint, when it is attempted, and the results."""

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from mockbatch.clock import plan_instant
from mockbatch.events import WorldEvent
from mockbatch.scenarios.distortions import NO_DISTORTION, WebhookDistortion
from mockbatch.typing import Json
from mockbatch.webhooks import signature
from mockbatch.webhooks.endpoint import WebhookEndpoint
from mockbatch.webhooks.event import WebhookEvent

PENDING = "pending"
DELIVERED = "delivered"
FAILED = "failed"  # given up
LOST = "lost"  # by a scenario: never sent
ENDPOINT_DELETED = "dropped"

# Seconds of simulated time. It is published that attempts go on for 72 hours at growing
# intervals; the intervals themselves are not.
FIRST_PAUSE_SECONDS = 15
RETRY_SECONDS = 72 * 3600
# The last attempts of each delivery are kept: there is no limit to redeliveries.
MAX_ATTEMPTS_KEPT = 50
# Source: the user agent of a published delivery of 2025.
USER_AGENT = "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)"
# Signs deliveries whose scenario asks for a wrong signature.
WRONG_SECRET = signature.PREFIX + "bm90IHRoZSBzZWNyZXQgb2YgdGhpcyBlbmRwb2ludA=="


class AttemptResult(Struct, frozen=True):
    """A receiver's response, or the `error` if it has not responded (`status_code` is None)."""

    status_code: int | None = None
    error: str | None = None
    response: str = ""
    has_timed_out: bool = False

    @property
    def is_success(self) -> bool:
        """Whether the receiver has acknowledged the event; a redirect does not."""
        return self.status_code is not None and 200 <= self.status_code < 300


class Attempt(Struct, frozen=True):
    """One attempt to deliver an event.

    `at` is in simulated seconds. `wall` (epoch seconds) and `headers` are those of the request,
    if one was sent.
    """

    at: int
    result: AttemptResult
    wall: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_event(self, delivery_id: str) -> WorldEvent:
        """Return the attempt as an event of the delivery."""
        outcome = "delivered" if self.result.is_success else "failed"
        return WorldEvent(self.at, f"webhook.{outcome}", delivery_id)

    def as_json(self) -> dict[str, Json]:
        """Return the attempt, JSON-ready."""
        return {
            "at": self.at,
            "wall": self.wall,
            "headers": dict(self.headers),
            "status_code": self.result.status_code,
            "error": self.result.error,
            "response": self.result.response,
        }


class Delivery(Struct, frozen=True):
    """An event on its way to an endpoint; `id` is the webhook-id of all its attempts.

    `first_at` and `next_at` are simulated seconds, `next_at` None if no attempt is planned.
    `failures` counts the failed attempts since the last success, `copies` how many
    successful attempts are still required.
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

    def after_attempt(self, attempt: Attempt) -> "Delivery":
        """Return the delivery after an attempt that was due."""
        attempted = self._with_attempt(attempt)
        if attempt.result.is_success:
            copies = max(self.copies - 1, 0)
            next_at = attempt.at if copies else None
            status = PENDING if copies else DELIVERED
            return replace(attempted, copies=copies, failures=0, next_at=next_at, status=status)
        next_at = plan_instant(attempt.at + FIRST_PAUSE_SECONDS * 2**self.failures)
        if next_at > self.first_at + RETRY_SECONDS:
            return replace(attempted, next_at=None, status=FAILED)
        return replace(attempted, failures=self.failures + 1, next_at=next_at, status=PENDING)

    def after_redelivery(self, attempt: Attempt) -> "Delivery":
        """Return the delivery after an attempt that a user asked for.

        A failure leaves the planned retries as they are.
        """
        attempted = self._with_attempt(attempt)
        if attempt.result.is_success:
            return replace(attempted, next_at=None, status=DELIVERED)
        return attempted

    def without_endpoint(self) -> "Delivery":
        """Return the delivery after its endpoint was deleted."""
        return replace(self, next_at=None, status=ENDPOINT_DELETED)

    def past_events(self) -> list[WorldEvent]:
        """Return the attempts as events."""
        return [attempt.as_event(self.id) for attempt in self.attempts]

    def next_events(self) -> list[WorldEvent]:
        """Return the next attempt as an event, if one is planned."""
        if self.next_at is None:
            return []
        return [WorldEvent(self.next_at, "webhook.attempt", self.id)]

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

    def _with_attempt(self, attempt: Attempt) -> "Delivery":
        return replace(self, attempts=(*self.attempts, attempt)[-MAX_ATTEMPTS_KEPT:])


class DueDelivery(NamedTuple):
    """A delivery to attempt now, and its endpoint as it is now."""

    delivery: Delivery
    endpoint: WebhookEndpoint

    def headers(self, at: int, wall: float) -> dict[str, str]:
        """Return the headers of an attempt at a simulated second and at a wall time.

        It is signed with the secrets that are valid at that second. The timestamp is wall time,
        because a receiver compares it with its own clock.

        Source: the names are those of a published delivery of 2025.
        """
        delivery, endpoint = self
        timestamp = int(wall + delivery.distortion.skew)
        secrets = {"own": endpoint.secrets(at), "other": [WRONG_SECRET]}
        signatures = [
            signature.sign(secret, delivery.id, timestamp, delivery.event.body())
            for owner in delivery.distortion.signatures
            for secret in secrets[owner]
        ]
        return {
            "user-agent": USER_AGENT,
            "content-type": "application/json",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signatures),
        }
