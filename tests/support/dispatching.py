"""A webhook dispatcher with its own outbox, whose receivers are functions of the test."""

from collections.abc import Callable
from threading import RLock
from typing import Any

import pytest

from mockbatch.batch.batch import Batch
from mockbatch.clock import WorldClock
from mockbatch.events import WorldEvent
from mockbatch.ids import Seed
from mockbatch.repository import Repository
from mockbatch.typing import Json
from mockbatch.webhooks import dispatcher as dispatcher_module
from mockbatch.webhooks.delivery import Attempt, AttemptResult, Delivery, DueDelivery
from mockbatch.webhooks.dispatcher import DeliveryRun, WebhookDispatcher
from mockbatch.webhooks.endpoint import WebhookEndpoint, WebhookEndpoints
from mockbatch.webhooks.event import BATCH_EVENT_TYPES
from mockbatch.webhooks.outbox import Outbox
from mockbatch.webhooks.target import Target, resolve_target
from tests.support.rival import is_free

TIMEOUT_SECONDS = 7
SUCCESS, FAILURE = AttemptResult(status_code=200), AttemptResult(status_code=500)
TIMED_OUT = AttemptResult(error="no response", has_timed_out=True)
#: How a receiver responds: it gets its URL, the headers and the body.
Receive = Callable[[str, dict[str, str], bytes], AttemptResult]


class GuardedOutbox(Outbox):
    """An outbox that counts the calls made without the world's lock."""

    def __init__(self, repository: Repository, endpoints: WebhookEndpoints, lock: Any) -> None:
        super().__init__(repository, endpoints)
        self._lock = lock
        self.calls = 0
        self.unguarded_calls = 0
        self.before_next_at: Callable[[], object] = lambda: None
        self.after_pop: Callable[[DueDelivery | None], object] = lambda due: None

    def _count_call(self) -> None:
        self.calls += 1
        self.unguarded_calls += is_free(self._lock)

    def next_at(self) -> float:
        """Run `before_next_at`, then do as any outbox."""
        self._count_call()
        self.before_next_at()
        return super().next_at()

    def next_attempt(self, now: float) -> WorldEvent | None:
        """Do as any outbox."""
        self._count_call()
        return super().next_attempt(now)

    def pop_due(self, now: float) -> DueDelivery | None:
        """Do as any outbox, then run `after_pop`."""
        self._count_call()
        due = super().pop_due(now)
        self.after_pop(due)
        return due

    def record_attempt(
        self, due: DueDelivery, attempt: Attempt, *, is_redelivery: bool = False
    ) -> Delivery:
        """Do as any outbox."""
        self._count_call()
        return super().record_attempt(due, attempt, is_redelivery=is_redelivery)


class Dispatching:
    """A dispatcher and all that it needs; its clock begins at `now`."""

    def __init__(self, patch: pytest.MonkeyPatch, now: float, mode: str = "manual") -> None:
        self.now = now
        self.lock = RLock()
        self.clock = WorldClock(mode, now, self.lock)
        self.repository = Repository(validate=False)
        self.endpoints = WebhookEndpoints(Seed.of("test"))
        self.outbox = GuardedOutbox(self.repository, self.endpoints, self.lock)
        self.dispatcher = self.new_dispatcher()
        self.called_urls: list[str] = []
        self.receive: Receive = lambda url, headers, body: SUCCESS
        patch.setattr(dispatcher_module, "post", self._post)

    def _post(
        self, target: Target, headers: dict[str, str], body: bytes, timeout_seconds: float
    ) -> AttemptResult:
        assert timeout_seconds == TIMEOUT_SECONDS
        self.called_urls.append(target.url)
        return self.receive(target.url, headers, body)

    def new_dispatcher(self) -> WebhookDispatcher:
        """Return another dispatcher of the same outbox."""
        return WebhookDispatcher(self.clock, self.outbox, TIMEOUT_SECONDS)

    def new_run(self) -> DeliveryRun:
        """Return another delivery run."""
        return DeliveryRun(self.clock, self.outbox, TIMEOUT_SECONDS)

    def add_endpoint(self, path: str = "") -> WebhookEndpoint:
        """Add an endpoint for all events of batches."""
        target = resolve_target(f"http://127.0.0.1:9/{path}", frozenset())
        endpoint = self.endpoints.add("test", target, BATCH_EVENT_TYPES, None, int(self.now))
        with self.lock:
            self.outbox.watch(0)
        return endpoint

    def add_batches(self, *batches: Batch) -> None:
        """Add batches, whose ends are delivered."""
        with self.lock:
            for batch in batches:
                self.repository.add_batch(batch)

    @property
    def deliveries(self) -> list[dict[str, Json]]:
        """The deliveries, JSON-ready."""
        with self.lock:
            deliveries: list[dict[str, Json]] = self.outbox.as_json(100)["deliveries"]
            return deliveries
