"""The attempts of one round: in which order, when, with what, and of whom no more."""

from itertools import count
from typing import TYPE_CHECKING

import pytest

from mockbatch import clock
from mockbatch.batch.batch import Batch
from mockbatch.webhooks import signature
from mockbatch.webhooks.delivery import Attempt, AttemptResult
from mockbatch.webhooks.round import MAX_TIMEOUTS, OTHER_SECRET
from tests.support.deliverer import BAD, GOOD, TIMED_OUT, Deliverer

if TYPE_CHECKING:
    from tests.conftest import Make

HANGING, OTHER = "http://127.0.0.1:9/hanging", "http://127.0.0.1:9/other"
ENDS_AFTER = 124
DAY = 24 * 3600


@pytest.fixture
def end(make: "Make") -> int:
    """Return the second on which batches end."""
    return make.created + ENDS_AFTER


@pytest.fixture
def deliverer(end: int, monkeypatch: pytest.MonkeyPatch) -> Deliverer:
    """Return a deliverer on the second on which batches end, without an endpoint."""
    return Deliverer(monkeypatch, end)


def started(make: "Make", count: int, **webhook: object) -> list[Batch]:
    """Return batches of one world, with a distortion of their webhooks."""
    world = make.world()
    return [make.started(world, make.lines(1), webhook=webhook) for _ in range(count)]


class TestOrder:
    """When attempts are made."""

    def test_attempts_come_in_order_of_their_instants(
        self, make: "Make", end: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An early event of a later batch, and a retry, come where they belong."""
        deliverer = Deliverer(monkeypatch, end + 20)
        deliverer.hook()
        # Of two worlds: the first batch of one and the second of the other share no id.
        [late] = started(make, 1, delay=17)
        _, soon = started(make, 2)
        answers = iter([BAD, GOOD, GOOD])
        deliverer.receive = lambda *_: next(answers)
        deliverer.hold(late, soon)
        told = deliverer.courier.round().deliver()
        ids = {one["event"]["data"]["id"]: one["id"] for one in deliverer.deliveries}
        assert [(event.at - end, event.type, event.id) for event in told] == [
            (0, "webhook.failed", ids[soon.id]),
            (15, "webhook.delivered", ids[soon.id]),
            (17, "webhook.delivered", ids[late.id]),
        ]

    def test_an_attempt_is_noted_at_the_instant_that_it_was_due(
        self, make: "Make", end: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However late somebody delivers; the time stamp is that of the process."""
        monkeypatch.setattr(clock, "wall_time", lambda: 1_000.9)
        deliverer = Deliverer(monkeypatch, end + DAY)
        deliverer.hook()
        deliverer.hold(*started(make, 1))
        deliverer.courier.round().deliver()
        [delivery] = deliverer.deliveries
        [attempt] = delivery["attempts"]
        assert (attempt["at"], attempt["wall"]) == (end, 1_000.9)
        assert attempt["headers"]["webhook-timestamp"] == "1000"

    def test_what_was_told_is_not_taken_back(
        self, make: "Make", end: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A receiver that puts the process's clock back finds the batch ended all the same."""
        wall = float(end)
        monkeypatch.setattr(clock, "wall_time", lambda: wall)
        deliverer = Deliverer(monkeypatch, end, mode="realtime")
        deliverer.hook()
        deliverer.hold(*started(make, 1))
        assert len(deliverer.courier.round().deliver()) == 1
        wall -= 3600
        assert deliverer.time.now() == end

    def test_the_outbox_is_used_under_the_lock_only(
        self, make: "Make", deliverer: Deliverer
    ) -> None:
        """To look up what is next, and to note what came of it."""
        deliverer.hook()
        deliverer.hold(*started(make, 2))
        deliverer.courier.round().deliver()
        assert (deliverer.outbox.calls, deliverer.outbox.unguarded) == (5, 0)


class TestFailures:
    """Attempts of which is clear beforehand what comes of them."""

    def test_the_first_attempts_can_reach_nobody(
        self, make: "Make", end: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As many as the scenario says; nobody is called, and the reason names the scenario."""
        deliverer = Deliverer(monkeypatch, end + 3600)
        deliverer.hook()
        deliverer.hold(*started(make, 1, failures=2))
        deliverer.courier.round().deliver()
        [delivery] = deliverer.deliveries
        first, second, third = delivery["attempts"]
        assert len(deliverer.called) == 1
        assert first["error"] == second["error"] == "reached nobody, as made has it"
        assert (first["wall"], first["headers"], first["status_code"]) == (None, {}, None)
        assert (third["at"], third["status_code"]) == (end + 45, 200)

    def test_one_that_hangs_is_called_three_times_in_a_round(
        self, make: "Make", deliverer: Deliverer
    ) -> None:
        """Others are called as ever, and in the next round it is called again."""
        for path in ("hanging", "other"):
            deliverer.hook(path)
        deliverer.receive = lambda url, *_: TIMED_OUT if url == HANGING else GOOD
        batches = started(make, 10)
        for ended in (batches[:5], batches[5:]):
            deliverer.called.clear()
            deliverer.hold(*ended)
            deliverer.courier.round().deliver()
            assert deliverer.called.count(HANGING) == MAX_TIMEOUTS == 3
            assert deliverer.called.count(OTHER) == 5
        uncalled = [
            attempt["wall"]
            for one in deliverer.deliveries
            for attempt in one["attempts"]
            if attempt["error"] == "not called: 3 calls had no answer"
        ]
        assert uncalled == [None] * 4

    def test_one_that_answers_badly_is_called_without_end(
        self, make: "Make", deliverer: Deliverer
    ) -> None:
        """A bad answer, or a refused connection, costs no time."""
        deliverer.hook("other")
        answers = count()
        deliverer.receive = lambda *_: BAD if next(answers) % 2 else AttemptResult(error="refused")
        deliverer.hold(*started(make, 8))
        deliverer.courier.round().deliver()
        assert len(deliverer.called) == 8

    def test_timeouts_add_up_between_good_answers(self, make: "Make", deliverer: Deliverer) -> None:
        """A round waits three times for one receiver and no more."""
        deliverer.hook("hanging")
        answers = iter([TIMED_OUT, GOOD, TIMED_OUT, GOOD, TIMED_OUT])
        deliverer.receive = lambda *_: next(answers)
        deliverer.hold(*started(make, 8))
        deliverer.courier.round().deliver()
        assert len(deliverer.called) == 5


class TestSignatures:
    """What an attempt is signed with."""

    @pytest.mark.parametrize(("skew", "timestamp"), [(0, 1000), (-600, 400), (600, 1600)])
    def test_a_scenario_can_make_the_time_stamp_wrong(
        self,
        make: "Make",
        deliverer: Deliverer,
        monkeypatch: pytest.MonkeyPatch,
        skew: int,
        timestamp: int,
    ) -> None:
        """The signature holds for the time stamp that is sent, and for the body."""
        monkeypatch.setattr(clock, "wall_time", lambda: 1000.5)
        endpoint = deliverer.hook()
        bodies: list[bytes] = []

        def receive(url: str, headers: dict[str, str], body: bytes) -> AttemptResult:
            bodies.append(body)
            return GOOD

        deliverer.receive = receive
        deliverer.hold(*started(make, 1, skew=skew))
        deliverer.courier.round().deliver()
        [delivery] = deliverer.deliveries
        headers = delivery["attempts"][0]["headers"]
        assert (headers["webhook-id"], headers["webhook-timestamp"]) == (
            delivery["id"],
            str(timestamp),
        )
        assert headers["webhook-signature"] == signature.sign(
            endpoint.secret, delivery["id"], timestamp, bodies[0]
        )

    @pytest.mark.parametrize("whose", [["own"], ["other"], ["other", "own"], ["own", "other"]])
    def test_a_scenario_says_with_which_secrets(
        self,
        make: "Make",
        deliverer: Deliverer,
        monkeypatch: pytest.MonkeyPatch,
        whose: list[str],
    ) -> None:
        """In the order in which it names them."""
        monkeypatch.setattr(clock, "wall_time", lambda: 1000)
        secrets = {"own": deliverer.hook().secret, "other": OTHER_SECRET}
        deliverer.hold(*started(make, 1, signatures=whose))
        deliverer.courier.round().deliver()
        [delivery] = deliverer.deliveries
        assert delivery["attempts"][0]["headers"]["webhook-signature"].split() == [
            signature.sign(secrets[one], delivery["id"], 1000, delivery["body"].encode())
            for one in whose
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
        """However late somebody delivers; the new signature comes first."""
        monkeypatch.setattr(clock, "wall_time", lambda: 1000)
        deliverer = Deliverer(monkeypatch, end + 3 * DAY)
        endpoint = deliverer.hook()
        rotated = deliverer.endpoints.rotate(endpoint.id, end - days_ago * DAY, keep_old=True)
        deliverer.hold(*started(make, 1))
        deliverer.courier.round().deliver()
        [delivery] = deliverer.deliveries
        signatures = delivery["attempts"][0]["headers"]["webhook-signature"].split()
        assert signatures == [
            signature.sign(secret, delivery["id"], 1000, delivery["body"].encode())
            for secret in (rotated.secret, endpoint.secret)[:count]
        ]


def test_an_attempt_tells_whether_it_was_taken() -> None:
    """Any status of the 200s is a delivery."""
    told = [Attempt(7, AttemptResult(status_code=status)).happened("wh_1") for status in (204, 302)]
    assert [(event.at, event.type, event.id) for event in told] == [
        (7, "webhook.delivered", "wh_1"),
        (7, "webhook.failed", "wh_1"),
    ]
