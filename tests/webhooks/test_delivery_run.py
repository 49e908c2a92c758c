"""The attempts of one delivery run: their order, their time, and what is sent."""

from itertools import count
from typing import TYPE_CHECKING

import pytest

from mockbatch import clock
from mockbatch.batch.batch import Batch
from mockbatch.webhooks import signature
from mockbatch.webhooks.delivery import WRONG_SECRET, AttemptResult
from mockbatch.webhooks.dispatcher import MAX_TIMEOUTS
from tests.support.dispatching import FAILURE, SUCCESS, TIMED_OUT, Dispatching

if TYPE_CHECKING:
    from tests.conftest import Make

HANGING, OTHER = "http://127.0.0.1:9/hanging", "http://127.0.0.1:9/other"
ENDS_AFTER_SECONDS = 124
DAY = 24 * 3600


@pytest.fixture
def end(make: "Make") -> int:
    """Return the second at which batches end."""
    return make.created + ENDS_AFTER_SECONDS


@pytest.fixture
def bench(end: int, monkeypatch: pytest.MonkeyPatch) -> Dispatching:
    """Return a dispatcher at the second at which batches end, without an endpoint."""
    return Dispatching(monkeypatch, end)


def start_batches(make: "Make", count: int, **webhook: object) -> list[Batch]:
    """Return batches of one world, with a distortion of their webhooks."""
    world = make.world()
    return [make.started(world, make.lines(1), webhook=webhook) for _ in range(count)]


class TestOrder:
    """When attempts are made."""

    def test_attempts_are_made_in_order_of_time(
        self, make: "Make", end: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A retry comes before the delayed event of another batch, if it is due before."""
        bench = Dispatching(monkeypatch, end + 20)
        bench.add_endpoint()
        # The first batch of one world and the second of another: their ids differ.
        [late] = start_batches(make, 1, delay=17)
        _, soon = start_batches(make, 2)
        results = iter([FAILURE, SUCCESS, SUCCESS])
        bench.receive = lambda *_: next(results)
        bench.add_batches(late, soon)
        events = bench.new_run().deliver_due()
        ids = {delivery["event"]["data"]["id"]: delivery["id"] for delivery in bench.deliveries}
        assert [(event.at - end, event.type, event.id) for event in events] == [
            (0, "webhook.failed", ids[soon.id]),
            (15, "webhook.delivered", ids[soon.id]),
            (17, "webhook.delivered", ids[late.id]),
        ]

    def test_an_attempt_has_the_second_at_which_it_was_due(
        self, make: "Make", end: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However late it is made; its timestamp is the process's time."""
        monkeypatch.setattr(clock, "wall_time", lambda: 1_000.9)
        bench = Dispatching(monkeypatch, end + DAY)
        bench.add_endpoint()
        bench.add_batches(*start_batches(make, 1))
        bench.new_run().deliver_due()
        [delivery] = bench.deliveries
        [attempt] = delivery["attempts"]
        assert (attempt["at"], attempt["wall"]) == (end, 1_000.9)
        assert attempt["headers"]["webhook-timestamp"] == "1000"

    def test_the_clock_does_not_go_back_behind_an_attempt(
        self, make: "Make", end: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A receiver that sets the process's clock back still finds the batch finished."""
        wall = float(end)
        monkeypatch.setattr(clock, "wall_time", lambda: wall)
        bench = Dispatching(monkeypatch, end, mode="realtime")
        bench.add_endpoint()
        bench.add_batches(*start_batches(make, 1))
        assert len(bench.new_run().deliver_due()) == 1
        wall -= 3600
        assert bench.clock.now() == end

    def test_the_outbox_is_used_only_under_the_lock(self, make: "Make", bench: Dispatching) -> None:
        """To look for the next delivery, and to record the attempt."""
        bench.add_endpoint()
        bench.add_batches(*start_batches(make, 2))
        bench.new_run().deliver_due()
        assert (bench.outbox.calls, bench.outbox.unguarded_calls) == (5, 0)


class TestFailures:
    """Attempts that fail without a request, and attempts that time out."""

    def test_a_scenario_can_let_the_first_attempts_fail(
        self, make: "Make", end: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As many as it says; the receiver is not called, and the error names the scenario."""
        bench = Dispatching(monkeypatch, end + 3600)
        bench.add_endpoint()
        bench.add_batches(*start_batches(make, 1, failures=2))
        bench.new_run().deliver_due()
        [delivery] = bench.deliveries
        first, second, third = delivery["attempts"]
        assert len(bench.called_urls) == 1
        assert first["error"] == "not sent: scenario made lets this attempt fail"
        assert second["error"] == first["error"]
        assert (first["wall"], first["headers"], first["status_code"]) == (None, {}, None)
        assert (third["at"], third["status_code"]) == (end + 45, 200)

    def test_a_receiver_that_hangs_is_called_three_times_in_a_run(
        self, make: "Make", bench: Dispatching
    ) -> None:
        """Other receivers are called as ever, and in the next run it is called again."""
        for path in ("hanging", "other"):
            bench.add_endpoint(path)
        bench.receive = lambda url, *_: TIMED_OUT if url == HANGING else SUCCESS
        batches = start_batches(make, 10)
        for finished in (batches[:5], batches[5:]):
            bench.called_urls.clear()
            bench.add_batches(*finished)
            bench.new_run().deliver_due()
            assert bench.called_urls.count(HANGING) == MAX_TIMEOUTS == 3
            assert bench.called_urls.count(OTHER) == 5
        not_sent = [
            attempt["wall"]
            for delivery in bench.deliveries
            for attempt in delivery["attempts"]
            if attempt["error"] == "not sent: the receiver has timed out 3 times"
        ]
        assert not_sent == [None] * 4

    def test_a_receiver_that_responds_badly_is_always_called(
        self, make: "Make", bench: Dispatching
    ) -> None:
        """A bad response, or a refused connection, takes no time."""
        bench.add_endpoint("other")
        numbers = count()
        refused = AttemptResult(error="refused")
        bench.receive = lambda *_: FAILURE if next(numbers) % 2 else refused
        bench.add_batches(*start_batches(make, 8))
        bench.new_run().deliver_due()
        assert len(bench.called_urls) == 8

    def test_successes_do_not_reset_the_count_of_timeouts(
        self, make: "Make", bench: Dispatching
    ) -> None:
        """A run waits three times for one receiver, and no more."""
        bench.add_endpoint("hanging")
        results = iter([TIMED_OUT, SUCCESS, TIMED_OUT, SUCCESS, TIMED_OUT])
        bench.receive = lambda *_: next(results)
        bench.add_batches(*start_batches(make, 8))
        bench.new_run().deliver_due()
        assert len(bench.called_urls) == 5


class TestSignatures:
    """What signs an attempt."""

    @pytest.mark.parametrize(("skew", "timestamp"), [(0, 1000), (-600, 400), (600, 1600)])
    def test_a_scenario_can_skew_the_timestamp(
        self,
        make: "Make",
        bench: Dispatching,
        monkeypatch: pytest.MonkeyPatch,
        skew: int,
        timestamp: int,
    ) -> None:
        """The signature is right for the timestamp and the body that are sent."""
        monkeypatch.setattr(clock, "wall_time", lambda: 1000.5)
        endpoint = bench.add_endpoint()
        bodies: list[bytes] = []

        def receive(url: str, headers: dict[str, str], body: bytes) -> AttemptResult:
            bodies.append(body)
            return SUCCESS

        bench.receive = receive
        bench.add_batches(*start_batches(make, 1, skew=skew))
        bench.new_run().deliver_due()
        [delivery] = bench.deliveries
        headers = delivery["attempts"][0]["headers"]
        assert headers["webhook-id"] == delivery["id"]
        assert headers["webhook-timestamp"] == str(timestamp)
        assert headers["webhook-signature"] == signature.sign(
            endpoint.secret, delivery["id"], timestamp, bodies[0]
        )

    @pytest.mark.parametrize("owners", [["own"], ["other"], ["other", "own"], ["own", "other"]])
    def test_a_scenario_chooses_the_secrets(
        self,
        make: "Make",
        bench: Dispatching,
        monkeypatch: pytest.MonkeyPatch,
        owners: list[str],
    ) -> None:
        """In the order in which it names them."""
        monkeypatch.setattr(clock, "wall_time", lambda: 1000)
        secrets = {"own": bench.add_endpoint().secret, "other": WRONG_SECRET}
        bench.add_batches(*start_batches(make, 1, signatures=owners))
        bench.new_run().deliver_due()
        [delivery] = bench.deliveries
        assert delivery["attempts"][0]["headers"]["webhook-signature"].split() == [
            signature.sign(secrets[owner], delivery["id"], 1000, delivery["body"].encode())
            for owner in owners
        ]

    @pytest.mark.parametrize(("days_ago", "count"), [(0, 2), (1, 1)])
    def test_an_old_secret_signs_what_was_due_while_it_was_valid(
        self,
        make: "Make",
        end: int,
        monkeypatch: pytest.MonkeyPatch,
        days_ago: int,
        count: int,
    ) -> None:
        """However late it is delivered; the new secret's signature comes first."""
        monkeypatch.setattr(clock, "wall_time", lambda: 1000)
        bench = Dispatching(monkeypatch, end + 3 * DAY)
        endpoint = bench.add_endpoint()
        rotated = bench.endpoints.rotate_secret(endpoint.id, end - days_ago * DAY, keep_old=True)
        bench.add_batches(*start_batches(make, 1))
        bench.new_run().deliver_due()
        [delivery] = bench.deliveries
        signatures = delivery["attempts"][0]["headers"]["webhook-signature"].split()
        assert signatures == [
            signature.sign(secret, delivery["id"], 1000, delivery["body"].encode())
            for secret in (rotated.secret, endpoint.secret)[:count]
        ]
