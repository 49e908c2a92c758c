"""The attempts of one advance, or of one look at what is due."""

from collections import Counter

from mockbatch import clock
from mockbatch.clock import WorldClock
from mockbatch.events import WorldEvent
from mockbatch.webhooks import signature
from mockbatch.webhooks.delivery import Attempt, AttemptResult
from mockbatch.webhooks.outbox import DueDelivery, Outbox
from mockbatch.webhooks.sender import post

# Then a receiver is taken to hang, and is not called again in the same round.
MAX_TIMEOUTS = 3
USER_AGENT = "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)"
# Signs where a signature shall be wrong.
OTHER_SECRET = signature.PREFIX + "bm90IHRoZSBzZWNyZXQgb2YgdGhpcyBlbmRwb2ludA=="


class DeliveryRun:
    """Makes attempts, one after the other, without the lock of the world."""

    def __init__(self, clock: WorldClock, outbox: Outbox, timeout: float) -> None:
        self._clock = clock
        self._outbox = outbox
        self._timeout = timeout
        self._timeouts: Counter[str] = Counter()

    def deliver(self) -> list[WorldEvent]:
        """Deliver what is due by now, in the order of its instants; return what came of it."""
        told = []
        while (due := self._next()) is not None:
            attempt = self._attempt(due, due.delivery.next_at or 0)
            with self._clock.command():  # what was told is not taken back by a clock put back
                self._outbox.note(due, attempt)
            told.append(attempt.happened(due.delivery.id))
        return told

    def _next(self) -> DueDelivery | None:
        with self._clock.lock:
            return self._outbox.take(self._clock.now())

    def _attempt(self, due: DueDelivery, at: int) -> Attempt:
        """Make an attempt, unless it is clear beforehand what comes of it."""
        delivery, endpoint = due
        if len(delivery.attempts) < delivery.distortion.failures:
            return Attempt(
                at, AttemptResult(error=f"reached nobody, as {delivery.scenario} has it")
            )
        if self._timeouts[endpoint.id] >= MAX_TIMEOUTS:
            return Attempt(
                at, AttemptResult(error=f"not called: {MAX_TIMEOUTS} calls had no answer")
            )
        return self.call(due, at)

    def call(self, due: DueDelivery, at: int) -> Attempt:
        """Call a receiver, at a second of simulated time."""
        delivery, endpoint = due
        wall = clock.wall_time()
        headers = signed_headers(due, at, wall)
        answer = post(endpoint.target, headers, delivery.event.body(), self._timeout)
        self._timeouts[endpoint.id] += answer.timed_out
        return Attempt(at, answer, wall, headers)


def signed_headers(due: DueDelivery, at: int, wall: float) -> dict[str, str]:
    """Return the headers of an attempt; a receiver compares the time stamp with its own clock.

    Source: the names and the user agent are those of a published delivery of 2025.
    """
    delivery, endpoint = due
    timestamp = int(wall + delivery.distortion.skew)
    secrets = {"own": endpoint.secrets(at), "other": [OTHER_SECRET]}
    signatures = [
        signature.sign(secret, delivery.id, timestamp, delivery.event.body())
        for whose in delivery.distortion.signatures
        for secret in secrets[whose]
    ]
    return {
        "user-agent": USER_AGENT,
        "content-type": "application/json",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
