"""Who delivers: one at a time, under no lock, until nothing is due any more."""

import threading
from collections.abc import Callable
from queue import Queue
from typing import TYPE_CHECKING

import pytest

from mockbatch.batch.batch import Batch
from mockbatch.webhooks import dispatcher as couriers
from mockbatch.webhooks.delivery import AttemptResult
from mockbatch.webhooks.dispatcher import WebhookDispatcher
from tests.support.deliverer import GOOD, TIMEOUT_SECONDS, Deliverer
from tests.support.rival import PATIENCE_SECONDS, Rival, is_free

if TYPE_CHECKING:
    from tests.conftest import Make

URL = "http://127.0.0.1:9/"
ENDS_AFTER = 124


@pytest.fixture
def batches(make: "Make") -> list[Batch]:
    """Return batches that end on one second."""
    world = make.world()
    return [make.started(world, make.lines(1)) for _ in range(4)]


@pytest.fixture
def deliverer(make: "Make", monkeypatch: pytest.MonkeyPatch) -> Deliverer:
    """Return a courier on the second on which the batches end, with one endpoint."""
    made = Deliverer(monkeypatch, make.created + ENDS_AFTER)
    made.hook()
    return made


class TestSettle:
    """Delivering what is due now."""

    def test_all_that_is_due_is_delivered(self, deliverer: Deliverer, batches: list[Batch]) -> None:
        """On its very second, each once."""
        deliverer.hold(*batches)
        deliverer.courier.deliver_due()
        assert deliverer.called == [URL] * len(batches)
        assert {one["status"] for one in deliverer.deliveries} == {"delivered"}
        deliverer.courier.deliver_due()
        assert len(deliverer.called) == len(batches)

    def test_nothing_is_delivered_before_its_second(
        self, make: "Make", monkeypatch: pytest.MonkeyPatch, batches: list[Batch]
    ) -> None:
        """A moment before the end nobody is called."""
        deliverer = Deliverer(monkeypatch, make.created + ENDS_AFTER - 0.001)
        deliverer.hook()
        deliverer.hold(*batches)
        deliverer.courier.deliver_due()
        assert deliverer.called == []

    def test_what_a_receiver_makes_due_is_delivered(
        self, deliverer: Deliverer, batches: list[Batch]
    ) -> None:
        """Though the receiver itself cannot deliver it."""
        first, second, *_ = batches

        def receive(*_: object) -> AttemptResult:
            if len(deliverer.called) == 1:
                deliverer.hold(second)
                deliverer.courier.deliver_due()
                assert len(deliverer.called) == 1
            return GOOD

        deliverer.receive = receive
        deliverer.hold(first)
        deliverer.courier.deliver_due()
        assert len(deliverer.called) == 2

    def test_what_falls_due_at_the_very_end_is_delivered(
        self, deliverer: Deliverer, batches: list[Batch]
    ) -> None:
        """Nobody else would: they saw that somebody delivers."""
        first, second, *_ = batches
        late = [second]
        deliverer.outbox.after_take = lambda due: (
            deliverer.hold(late.pop()) if due is None and late else None
        )
        deliverer.hold(first)
        deliverer.courier.deliver_due()
        assert len(deliverer.called) == 2

    def test_an_error_leaves_room_for_others(
        self, deliverer: Deliverer, batches: list[Batch]
    ) -> None:
        """Whoever comes next delivers the rest."""
        first, second, *_ = batches
        deliverer.hold(first, second)
        deliverer.receive = broken
        with pytest.raises(OSError, match="broken"):
            deliverer.courier.deliver_due()
        assert not deliverer.courier.is_busy
        deliverer.receive = lambda *_: GOOD
        deliverer.courier.deliver_due()
        assert [one["status"] for one in deliverer.deliveries] == ["pending", "delivered"]


def broken(*_: object) -> AttemptResult:
    """Fail as no receiver should be able to."""
    raise OSError("broken")


class TestLock:
    """The lock of the world, which a slow receiver must not keep from anybody."""

    def test_the_outbox_is_used_under_the_lock_only(
        self, deliverer: Deliverer, batches: list[Batch]
    ) -> None:
        """By who settles, who takes a turn, and who looks what is coming."""
        courier = deliverer.courier
        deliverer.hold(*batches[:2])
        assert courier.coming() is not None
        courier.deliver_due()
        deliverer.hold(*batches[2:])
        with courier.exclusive() as turn:
            turn.deliver()
        assert deliverer.outbox.calls > 10
        assert deliverer.outbox.unguarded == 0

    def test_a_receiver_is_called_without_the_lock(
        self, deliverer: Deliverer, batches: list[Batch]
    ) -> None:
        """Everybody else can go on meanwhile."""
        free: list[bool] = []

        def receive(*_: object) -> AttemptResult:
            free.append(is_free(deliverer.lock))
            return GOOD

        deliverer.receive = receive
        deliverer.hold(*batches)
        deliverer.courier.deliver_due()
        assert free == [True] * len(batches)

    def test_a_turn_is_not_taken_under_the_lock(self, deliverer: Deliverer) -> None:
        """Whoever moves the clock holds it for moments only."""
        with deliverer.courier.exclusive():
            assert is_free(deliverer.lock)


class TestTurn:
    """The turn of an advance, which delivers on its way."""

    def test_what_fell_due_meanwhile_is_delivered_at_its_end(
        self, deliverer: Deliverer, batches: list[Batch]
    ) -> None:
        """Others left it to the one whose turn it is."""
        with deliverer.courier.exclusive():
            deliverer.hold(*batches)
            deliverer.courier.deliver_due()
            assert deliverer.courier.is_busy
            assert deliverer.called == []
        assert deliverer.called == [URL] * len(batches)
        assert not deliverer.courier.is_busy

    def test_an_error_ends_it(self, deliverer: Deliverer, batches: list[Batch]) -> None:
        """What is due is delivered all the same, and others have their turn."""
        deliverer.hold(*batches)
        with pytest.raises(OSError, match="broken"), deliverer.courier.exclusive():
            broken()
        assert not deliverer.courier.is_busy
        assert deliverer.called == [URL] * len(batches)

    def test_a_nested_one_waits_for_nobody(
        self,
        deliverer: Deliverer,
        batches: list[Batch],
        waits: Callable[[Callable[[], bool]], "Queue[str]"],
    ) -> None:
        """It delivers what is due, and at its end the outer turn goes on."""
        told = waits(lambda: False)
        courier = deliverer.courier
        deliverer.hold(*batches)

        def deliver() -> None:
            with courier.exclusive(is_nested=True) as turn:
                told.put(f"delivers {len(turn.deliver())}")

        with courier.exclusive():
            receiver = threading.Thread(target=deliver, daemon=True)
            receiver.start()
            assert told.get(timeout=PATIENCE_SECONDS) == f"delivers {len(batches)}"
            receiver.join(PATIENCE_SECONDS)
            assert courier.is_busy

    def test_a_second_one_waits_for_the_end_of_the_first(
        self, deliverer: Deliverer, waits: Callable[[Callable[[], bool]], "Queue[str]"]
    ) -> None:
        """And then has its own."""
        told = waits(lambda: False)
        courier = deliverer.courier
        with courier.exclusive():
            threading.Thread(target=take_turn, args=(courier, told), daemon=True).start()
            assert told.get(timeout=PATIENCE_SECONDS) == "waits"
            assert told.empty()
        assert told.get(timeout=PATIENCE_SECONDS) == "has its turn"
        assert told.get(timeout=PATIENCE_SECONDS) == "ends"

    def test_who_is_woken_while_somebody_delivers_waits_on(
        self, deliverer: Deliverer, waits: Callable[[Callable[[], bool]], "Queue[str]"]
    ) -> None:
        """A third one may have been quicker."""
        woken_for_nothing = iter([True])
        told = waits(lambda: next(woken_for_nothing, False))
        courier = deliverer.courier
        with courier.exclusive():
            threading.Thread(target=take_turn, args=(courier, told), daemon=True).start()
            assert told.get(timeout=PATIENCE_SECONDS) == "waits"
            assert told.get(timeout=PATIENCE_SECONDS) == "waits"
        assert told.get(timeout=PATIENCE_SECONDS) == "has its turn"
        assert told.get(timeout=PATIENCE_SECONDS) == "ends"

    def test_it_does_not_begin_while_somebody_begins_to_settle(
        self, monkeypatch: pytest.MonkeyPatch, deliverer: Deliverer, batches: list[Batch]
    ) -> None:
        """Both ask for the same lock before they find out that nobody delivers."""
        settled = threading.Event()
        turns: list[str] = []
        seen: list[list[str]] = []

        def act() -> None:
            with deliverer.courier.exclusive():
                turns.append("begun")
                rival.let_go_on()
                settled.wait(PATIENCE_SECONDS)

        def receive(*_: object) -> AttemptResult:
            seen.append(list(turns))
            return GOOD

        class Watched(threading.Condition):
            def __enter__(self) -> bool:
                if not self.acquire(blocking=False):
                    rival.let_go_on()
                    self.acquire()
                return True

        rival = Rival(act)
        monkeypatch.setattr(couriers, "Condition", Watched)
        deliverer.courier = WebhookDispatcher(deliverer.time, deliverer.outbox, TIMEOUT_SECONDS)
        deliverer.outbox.before_next_at = rival.begin
        deliverer.receive = receive
        deliverer.hold(batches[0])
        deliverer.courier.deliver_due()
        settled.set()
        rival.end()
        assert (seen, turns) == ([[]], ["begun"])


def take_turn(courier: WebhookDispatcher, told: "Queue[str]") -> None:
    """Take a turn, and tell of it."""
    with courier.exclusive():
        told.put("has its turn")
    told.put("ends")


@pytest.fixture
def waits(
    monkeypatch: pytest.MonkeyPatch, deliverer: Deliverer
) -> Callable[[Callable[[], bool]], "Queue[str]"]:
    """Have a courier tell when somebody waits for a turn, and wake who shall be woken at once."""

    def watch(is_woken: Callable[[], bool]) -> "Queue[str]":
        told: Queue[str] = Queue()

        class Watched(threading.Condition):
            def wait(self, timeout: float | None = None) -> bool:
                told.put("waits")
                return is_woken() or super().wait(timeout)

        monkeypatch.setattr(couriers, "Condition", Watched)
        deliverer.courier = WebhookDispatcher(deliverer.time, deliverer.outbox, TIMEOUT_SECONDS)
        return told

    return watch
