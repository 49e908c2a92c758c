"""A courier with an outbox of its own, whose receivers are functions of the test."""

from collections.abc import Callable
from threading import RLock
from typing import Any

import pytest

from mockbatch.batch.batch import Batch
from mockbatch.clock import WorldClock
from mockbatch.ids import Seed
from mockbatch.repository import Repository
from mockbatch.typing import Json
from mockbatch.webhooks import round as rounds
from mockbatch.webhooks import target as address
from mockbatch.webhooks.delivery import Attempt, AttemptResult, Delivery
from mockbatch.webhooks.dispatcher import WebhookDispatcher
from mockbatch.webhooks.endpoint import WebhookEndpoint
from mockbatch.webhooks.endpoints import WebhookEndpoints
from mockbatch.webhooks.event import BATCH_EVENT_TYPES
from mockbatch.webhooks.outbox import DueDelivery, Outbox
from tests.support.rival import is_free

TIMEOUT_SECONDS = 7
GOOD, BAD = AttemptResult(status_code=200), AttemptResult(status_code=500)
TIMED_OUT = AttemptResult(error="no answer", timed_out=True)
#: How a receiver answers: it is given its URL, the headers and the body.
Receive = Callable[[str, dict[str, str], bytes], AttemptResult]


class GuardedOutbox(Outbox):
    """An outbox that counts the calls that come without the lock of the world."""

    def __init__(self, held: Repository, endpoints: WebhookEndpoints, lock: Any) -> None:
        super().__init__(held, endpoints)
        self._lock = lock
        self.calls = 0
        self.unguarded = 0
        self.before_next_at: Callable[[], object] = lambda: None
        self.after_take: Callable[[DueDelivery | None], object] = lambda due: None

    def _look(self) -> None:
        self.calls += 1
        self.unguarded += is_free(self._lock)

    def next_at(self) -> float:
        """Do as any outbox does, when the test has done something."""
        self._look()
        self.before_next_at()
        return super().next_at()

    def coming(self, now: float) -> Any:
        """Do as any outbox does."""
        self._look()
        return super().coming(now)

    def take(self, now: float) -> DueDelivery | None:
        """Do as any outbox does, and let the test do something then."""
        self._look()
        due = super().take(now)
        self.after_take(due)
        return due

    def note(self, due: DueDelivery, attempt: Attempt, *, asked: bool = False) -> Delivery:
        """Do as any outbox does."""
        self._look()
        return super().note(due, attempt, asked=asked)


class Deliverer:
    """A courier, and all that it needs; `now` is when it begins."""

    def __init__(self, patch: pytest.MonkeyPatch, now: float, mode: str = "manual") -> None:
        self.now = now
        self.lock = RLock()
        self.time = WorldClock(mode, now, self.lock)
        self.held = Repository(validate=False)
        self.endpoints = WebhookEndpoints(Seed.of("test"))
        self.outbox = GuardedOutbox(self.held, self.endpoints, self.lock)
        self.courier = WebhookDispatcher(self.time, self.outbox, TIMEOUT_SECONDS)
        self.called: list[str] = []
        self.receive: Receive = lambda url, headers, body: GOOD
        patch.setattr(rounds, "post", self._call)

    def _call(
        self, target: address.Target, headers: dict[str, str], body: bytes, timeout: float
    ) -> AttemptResult:
        assert timeout == TIMEOUT_SECONDS
        self.called.append(target.url)
        return self.receive(target.url, headers, body)

    def hook(self, path: str = "") -> WebhookEndpoint:
        """Add an endpoint."""
        target = address.resolve_target(f"http://127.0.0.1:9/{path}", frozenset())
        endpoint = self.endpoints.add("test", target, BATCH_EVENT_TYPES, None, int(self.now))
        with self.lock:
            self.outbox.look(0)
        return endpoint

    def hold(self, *batches: Batch) -> None:
        """Have batches whose ends are told."""
        with self.lock:
            for batch in batches:
                self.held.add(batch)

    @property
    def deliveries(self) -> list[dict[str, Json]]:
        """What came of what was delivered."""
        with self.lock:
            shown: list[dict[str, Json]] = self.outbox.as_json(100)["deliveries"]
            return shown
