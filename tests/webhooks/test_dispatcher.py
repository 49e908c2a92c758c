"""The dispatcher: one thread delivers, without the world's lock, until nothing is due."""

import threading
from collections.abc import Callable
from queue import Queue
from typing import TYPE_CHECKING

import pytest

from mockbatch.batch.batch import Batch
from mockbatch.webhooks import dispatcher as dispatcher_module
from mockbatch.webhooks.delivery import AttemptResult
from mockbatch.webhooks.dispatcher import WebhookDispatcher
from tests.support.dispatching import SUCCESS, Dispatching
from tests.support.rival import PATIENCE_SECONDS, Rival, is_free

if TYPE_CHECKING:
    from tests.conftest import Make

URL = "http://127.0.0.1:9/"
ENDS_AFTER_SECONDS = 124
# Sets a `Condition` whose waits are reported; the function says whether a wait ends at once.
ReportWaits = Callable[[Callable[[], bool]], "Queue[str]"]


@pytest.fixture
def batches(make: "Make") -> list[Batch]:
    """Return batches that end at the same second."""
    world = make.world()
    return [make.started(world, make.lines(1)) for _ in range(4)]


@pytest.fixture
def bench(make: "Make", monkeypatch: pytest.MonkeyPatch) -> Dispatching:
    """Return a dispatcher at the second at which the batches end, with one endpoint."""
    bench = Dispatching(monkeypatch, make.created + ENDS_AFTER_SECONDS)
    bench.add_endpoint()
    return bench


def fail(*_: object) -> AttemptResult:
    """Raise an error that no receiver should be able to cause."""
    raise OSError("broken")


class BrokenTurn:
    """A turn that cannot be released the first time, as while its store is down."""

    def __init__(self) -> None:
        self.errors = [OSError("the store is down")]

    def acquire(self) -> None:
        """Take it."""

    def try_acquire(self) -> bool:
        """Take it."""
        return True

    def release(self) -> None:
        """Raise an error, but only once."""
        if self.errors:
            raise self.errors.pop()


class TestDeliverDue:
    """`deliver_due`."""

    def test_everything_that_is_due_is_delivered(
        self, bench: Dispatching, batches: list[Batch]
    ) -> None:
        """At the very second at which the batches end, each is delivered once."""
        bench.add_batches(*batches)
        bench.dispatcher.deliver_due()
        assert bench.called_urls == [URL] * len(batches)
        assert {delivery["status"] for delivery in bench.deliveries} == {"delivered"}
        bench.dispatcher.deliver_due()
        assert len(bench.called_urls) == len(batches)

    def test_nothing_is_delivered_before_its_second(
        self, make: "Make", monkeypatch: pytest.MonkeyPatch, batches: list[Batch]
    ) -> None:
        """A moment before the end no receiver is called."""
        bench = Dispatching(monkeypatch, make.created + ENDS_AFTER_SECONDS - 0.001)
        bench.add_endpoint()
        bench.add_batches(*batches)
        bench.dispatcher.deliver_due()
        assert bench.called_urls == []

    def test_what_a_receiver_makes_due_is_delivered(
        self, bench: Dispatching, batches: list[Batch]
    ) -> None:
        """The receiver's own call delivers nothing; the thread that called the receiver does."""
        first, second, *_ = batches

        def receive(*_: object) -> AttemptResult:
            if len(bench.called_urls) == 1:
                bench.add_batches(second)
                bench.dispatcher.deliver_due()
                assert len(bench.called_urls) == 1
            return SUCCESS

        bench.receive = receive
        bench.add_batches(first)
        bench.dispatcher.deliver_due()
        assert len(bench.called_urls) == 2

    def test_what_becomes_due_at_the_very_end_is_delivered(
        self, bench: Dispatching, batches: list[Batch]
    ) -> None:
        """No other thread would do it: they saw that one is delivering."""
        first, second, *_ = batches
        late = [second]
        bench.outbox.after_pop = lambda due: (
            bench.add_batches(late.pop()) if due is None and late else None
        )
        bench.add_batches(first)
        bench.dispatcher.deliver_due()
        assert len(bench.called_urls) == 2

    def test_an_error_does_not_block_the_next_thread(
        self, bench: Dispatching, batches: list[Batch]
    ) -> None:
        """The next call delivers the rest."""
        first, second, *_ = batches
        bench.add_batches(first, second)
        bench.receive = fail
        with pytest.raises(OSError, match="broken"):
            bench.dispatcher.deliver_due()
        assert not bench.dispatcher.is_busy
        bench.receive = lambda *_: SUCCESS
        bench.dispatcher.deliver_due()
        statuses = [delivery["status"] for delivery in bench.deliveries]
        assert statuses == ["pending", "delivered"]

    def test_a_turn_that_is_not_released_does_not_block_the_next_thread(
        self, bench: Dispatching, batches: list[Batch]
    ) -> None:
        """The call that met the error raises it, and the next call delivers."""
        first, second, *_ = batches
        bench.dispatcher.turn = BrokenTurn()
        bench.add_batches(first)
        with pytest.raises(OSError, match="the store is down"):
            bench.dispatcher.deliver_due()
        assert not bench.dispatcher.is_busy
        bench.add_batches(second)
        bench.dispatcher.deliver_due()
        assert bench.called_urls == [URL] * 2


class TestLock:
    """The lock of the world, which a slow receiver must not keep from other threads."""

    def test_the_outbox_is_used_only_under_the_lock(
        self, bench: Dispatching, batches: list[Batch]
    ) -> None:
        """To look for the next attempt, to deliver what is due, and in an exclusive run."""
        bench.add_batches(*batches[:2])
        assert bench.dispatcher.next_attempt() is not None
        bench.dispatcher.deliver_due()
        bench.add_batches(*batches[2:])
        with bench.dispatcher.exclusive() as run:
            run.deliver_due()
        assert bench.outbox.calls > 10
        assert bench.outbox.unguarded_calls == 0

    def test_a_receiver_is_called_without_the_lock(
        self, bench: Dispatching, batches: list[Batch]
    ) -> None:
        """Other threads can use the world meanwhile."""
        free: list[bool] = []

        def receive(*_: object) -> AttemptResult:
            free.append(is_free(bench.lock))
            return SUCCESS

        bench.receive = receive
        bench.add_batches(*batches)
        bench.dispatcher.deliver_due()
        assert free == [True] * len(batches)

    def test_an_exclusive_run_does_not_hold_the_lock(self, bench: Dispatching) -> None:
        """An advance holds the lock only for moments."""
        with bench.dispatcher.exclusive():
            assert is_free(bench.lock)


class TestExclusive:
    """The exclusive run of an advance, which delivers on its way."""

    def test_what_became_due_meanwhile_is_delivered_at_its_end(
        self, bench: Dispatching, batches: list[Batch]
    ) -> None:
        """Other threads leave it to the exclusive run."""
        with bench.dispatcher.exclusive():
            bench.add_batches(*batches)
            bench.dispatcher.deliver_due()
            assert bench.dispatcher.is_busy
            assert bench.called_urls == []
        assert bench.called_urls == [URL] * len(batches)
        assert not bench.dispatcher.is_busy

    def test_an_error_ends_it(self, bench: Dispatching, batches: list[Batch]) -> None:
        """What is due is delivered all the same, and other runs can begin."""
        bench.add_batches(*batches)
        with pytest.raises(OSError, match="broken"), bench.dispatcher.exclusive():
            fail()
        assert not bench.dispatcher.is_busy
        assert bench.called_urls == [URL] * len(batches)

    def test_a_turn_that_is_not_released_does_not_block_the_next_run(
        self, bench: Dispatching, batches: list[Batch], report_waits: ReportWaits
    ) -> None:
        """The run that met the error raises it, and the next one begins without waiting."""
        reports = report_waits(lambda: False)
        bench.dispatcher.turn = BrokenTurn()
        with pytest.raises(OSError, match="the store is down"), bench.dispatcher.exclusive():
            pass
        bench.add_batches(*batches)
        threading.Thread(target=run_once, args=(bench.dispatcher, reports), daemon=True).start()
        assert reports.get(timeout=PATIENCE_SECONDS) == "runs"
        assert reports.get(timeout=PATIENCE_SECONDS) == "ends"
        assert bench.called_urls == [URL] * len(batches)

    def test_a_nested_run_does_not_wait(
        self, bench: Dispatching, batches: list[Batch], report_waits: ReportWaits
    ) -> None:
        """It delivers what is due, and the outer run continues after it."""
        reports = report_waits(lambda: False)
        dispatcher = bench.dispatcher
        bench.add_batches(*batches)

        def deliver() -> None:
            with dispatcher.exclusive(is_nested=True) as run:
                reports.put(f"delivered {len(run.deliver_due())}")

        with dispatcher.exclusive():
            receiver = threading.Thread(target=deliver, daemon=True)
            receiver.start()
            assert reports.get(timeout=PATIENCE_SECONDS) == f"delivered {len(batches)}"
            receiver.join(PATIENCE_SECONDS)
            assert dispatcher.is_busy

    def test_a_second_run_waits_for_the_end_of_the_first(
        self, bench: Dispatching, report_waits: ReportWaits
    ) -> None:
        """Then it begins."""
        reports = report_waits(lambda: False)
        dispatcher = bench.dispatcher
        with dispatcher.exclusive():
            threading.Thread(target=run_once, args=(dispatcher, reports), daemon=True).start()
            assert reports.get(timeout=PATIENCE_SECONDS) == "waits"
            assert reports.empty()
        assert reports.get(timeout=PATIENCE_SECONDS) == "runs"
        assert reports.get(timeout=PATIENCE_SECONDS) == "ends"

    def test_a_thread_woken_while_another_delivers_waits_again(
        self, bench: Dispatching, report_waits: ReportWaits
    ) -> None:
        """A third thread may have been quicker."""
        wakes_too_early = iter([True])
        reports = report_waits(lambda: next(wakes_too_early, False))
        dispatcher = bench.dispatcher
        with dispatcher.exclusive():
            threading.Thread(target=run_once, args=(dispatcher, reports), daemon=True).start()
            assert reports.get(timeout=PATIENCE_SECONDS) == "waits"
            assert reports.get(timeout=PATIENCE_SECONDS) == "waits"
        assert reports.get(timeout=PATIENCE_SECONDS) == "runs"
        assert reports.get(timeout=PATIENCE_SECONDS) == "ends"

    def test_it_does_not_begin_while_another_thread_begins_to_deliver(
        self, monkeypatch: pytest.MonkeyPatch, bench: Dispatching, batches: list[Batch]
    ) -> None:
        """Both take the same lock before they find that no thread is delivering."""
        delivered = threading.Event()
        runs: list[str] = []
        seen: list[list[str]] = []

        def act() -> None:
            with bench.dispatcher.exclusive():
                runs.append("begun")
                rival.let_go_on()
                delivered.wait(PATIENCE_SECONDS)

        def receive(*_: object) -> AttemptResult:
            seen.append(list(runs))
            return SUCCESS

        class Watched(threading.Condition):
            def __enter__(self) -> bool:
                if not self.acquire(blocking=False):
                    rival.let_go_on()
                    self.acquire()
                return True

        rival = Rival(act)
        monkeypatch.setattr(dispatcher_module, "Condition", Watched)
        bench.dispatcher = bench.new_dispatcher()
        bench.outbox.before_next_at = rival.begin
        bench.receive = receive
        bench.add_batches(batches[0])
        bench.dispatcher.deliver_due()
        delivered.set()
        rival.end()
        assert (seen, runs) == ([[]], ["begun"])


def run_once(dispatcher: WebhookDispatcher, reports: "Queue[str]") -> None:
    """Enter an exclusive run and leave it, and report both."""
    with dispatcher.exclusive():
        reports.put("runs")
    reports.put("ends")


@pytest.fixture
def report_waits(monkeypatch: pytest.MonkeyPatch, bench: Dispatching) -> ReportWaits:
    """Report each wait for an exclusive run, and let it end at once where the test wants that."""

    def watch(wakes_at_once: Callable[[], bool]) -> "Queue[str]":
        reports: Queue[str] = Queue()

        class Watched(threading.Condition):
            def wait(self, timeout: float | None = None) -> bool:
                reports.put("waits")
                return wakes_at_once() or super().wait(timeout)

        monkeypatch.setattr(dispatcher_module, "Condition", Watched)
        bench.dispatcher = bench.new_dispatcher()
        return reports

    return watch
