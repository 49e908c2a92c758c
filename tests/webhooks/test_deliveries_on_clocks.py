"""Who delivers when on which clock, with frozen time and without."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any

import pytest
import time_machine
from freezegun import freeze_time

from mockbatch.client import WorldClient
from mockbatch.testing.servers import LocalServer
from mockbatch.web.app import create_app
from tests.support.receivers import hangs, receiving
from tests.support.webhook_recorder import (
    PATIENCE,
    START,
    WebhookRecorder,
    create_batch,
    server_settings,
    submit,
    wait_until,
)

World = Callable[..., WorldClient]
MoveTo = Callable[[float], None]
NOON = int(datetime(2026, 1, 1, 12, tzinfo=timezone.utc).timestamp())


@contextmanager
def by_freezegun(at: float, *, tick: bool = False) -> Iterator[MoveTo]:
    """Stop time with freezegun, or let it run on from elsewhere."""
    with freeze_time(moment(at), tick=tick, real_asyncio=True) as frozen:
        yield lambda to: frozen.move_to(moment(to))


@contextmanager
def by_time_machine(at: float, *, tick: bool = False) -> Iterator[MoveTo]:
    """Stop time with time-machine, or let it run on from elsewhere."""
    with time_machine.travel(moment(at), tick=tick) as traveller:
        yield lambda to: traveller.move_to(moment(to))


def moment(at: float) -> datetime:
    """Return an instant as both tools take it."""
    return datetime.fromtimestamp(at, timezone.utc)


both_tools = pytest.mark.parametrize("freeze", [by_freezegun, by_time_machine])


def alarms() -> list[str]:
    """Return the threads that wait for a webhook."""
    return [one.name for one in threading.enumerate() if one.name == "mockbatch-webhook-timer"]


class TestFrozen:
    """A clock that follows the process's time, which stands."""

    @both_tools
    def test_nothing_comes_before_its_second(self, world: World, freeze: Any) -> None:
        """Not in an advance by nothing, and not by itself; on its second it comes."""
        with freeze(NOON) as move_to:
            mock = world(clock="realtime", start_time=None)
            recorder = WebhookRecorder(mock)
            mock.webhook(recorder)
            submit(mock)
            move_to(NOON + 123)
            mock.clock.advance(seconds=0)
            threading.Event().wait(0.3)
            assert recorder.events == []
            move_to(NOON + 124)
            mock.clock.advance(seconds=0)
            assert [event.created_at for event in recorder.events] == [NOON + 124]

    @both_tools
    def test_a_signature_holds_whatever_the_year(self, world: World, freeze: Any) -> None:
        """Its time stamp is the frozen time of the receiver, which is in this process."""
        with freeze(NOON) as move_to:
            mock = world(clock="realtime", start_time=None)
            recorder = WebhookRecorder(mock)
            mock.webhook(recorder)
            batch = submit(mock)
            move_to(NOON + 400 * 24 * 3600)
            mock.clock.advance(seconds=0)
            assert recorder.ids == [batch.id]
            assert recorder.received[0].headers["webhook-timestamp"] == str(NOON + 400 * 24 * 3600)

    @both_tools
    def test_a_jump_is_noticed_by_the_next_request(self, world: World, freeze: Any) -> None:
        """Which does not wait for it: a thread delivers, and sees the frozen time as well."""
        with freeze(NOON) as move_to:
            mock = world(clock="realtime", start_time=None)
            recorder = WebhookRecorder(mock)
            mock.webhook(recorder)
            batch = submit(mock)
            move_to(NOON + 3600)
            assert mock.client.batches.retrieve(batch.id).status == "completed"
            wait_until(lambda: recorder.events)
            assert recorder.events[0].created_at == NOON + 124
            assert recorder.received[0].headers["webhook-timestamp"] == str(NOON + 3600)
            # An advance waits for what is under way.
            mock.clock.advance(seconds=0)
            assert [one.status for one in mock.deliveries] == ["delivered"]

    @both_tools
    def test_a_jump_is_noticed_without_a_request(self, world: World, freeze: Any) -> None:
        """Though the thread had set out to wait for two minutes."""
        with freeze(NOON) as move_to:
            mock = world(clock="realtime", start_time=None)
            recorder = WebhookRecorder(mock)
            mock.webhook(recorder)
            batch = submit(mock)
            move_to(NOON + 124)
            wait_until(lambda: recorder.ids == [batch.id])

    @both_tools
    def test_time_put_back_brings_nothing_early(self, world: World, freeze: Any) -> None:
        """Not even after an advance by 0 seconds; and what was delivered stays delivered."""
        with freeze(NOON) as move_to:
            mock = world(clock="realtime", start_time=None)
            recorder = WebhookRecorder(mock)
            mock.webhook(recorder)
            batch = submit(mock)
            for at, count in ((-3600, 0), (123, 0), (124, 1), (0, 1)):
                move_to(NOON + at)
                mock.clock.advance(seconds=0)
                assert len(recorder.events) == count
            assert mock.client.batches.retrieve(batch.id).status == "completed"

    @both_tools
    def test_retries_that_a_jump_has_passed_come_at_once(self, world: World, freeze: Any) -> None:
        """Three days in one jump are fifteen attempts, at the instants that they had."""
        with freeze(NOON) as move_to:
            mock = world(clock="realtime", start_time=None)
            mock.webhook(lambda _: 500)
            submit(mock)
            move_to(NOON + 4 * 24 * 3600)
            mock.clock.advance(seconds=0)
            [delivery] = mock.deliveries
        assert [attempt.at - NOON - 124 for attempt in delivery.attempts] == [
            15 * (2**number - 1) for number in range(15)
        ]


class TestTicking:
    """A clock that follows the process's time, which runs on from elsewhere."""

    @both_tools
    def test_an_event_comes_by_itself_and_not_early(self, world: World, freeze: Any) -> None:
        """Its signature holds by the clock of the receiver, on which its second has come."""
        with freeze(NOON, tick=True) as move_to:
            mock = world(clock="realtime", start_time=None)
            recorder = WebhookRecorder(mock)
            arrived: list[float] = []

            def receive(received: Any) -> None:
                arrived.append(time.time())
                recorder(received)

            mock.webhook(receive)
            end = submit(mock).created_at + 124
            move_to(end - 1)
            wait_until(lambda: recorder.events)
        assert [event.created_at for event in recorder.events] == [end]
        assert end <= arrived[0] < end + PATIENCE
        assert end <= int(recorder.received[0].headers["webhook-timestamp"]) <= arrived[0]


class TestRunning:
    """A clock that runs by itself, without a client that polls."""

    def test_an_event_comes_by_itself_and_on_time(self, world: World) -> None:
        """Two simulated minutes at sixty times the speed are two seconds."""
        mock = world(clock="x60")
        recorder = WebhookRecorder(mock)
        arrived: list[float] = []

        def receive(received: Any) -> None:
            arrived.append(time.perf_counter())
            recorder(received)

        mock.webhook(receive)
        begun = time.perf_counter()
        batch = submit(mock)
        wait_until(lambda: recorder.events)
        assert recorder.ids == [batch.id]
        # As late as a slow machine may be; 124 seconds would be those of another clock.
        assert 124 / 60 - 1 / 60 <= arrived[0] - begun < PATIENCE

    def test_many_events_come_by_themselves(self, world: World) -> None:
        """In order, each once, with one thread that waits."""
        mock = world(clock="x600")
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        file_id = submit(mock).input_file_id
        for _ in range(49):
            create_batch(mock, file_id)
        # The one that rings sets the next, and ends.
        wait_until(lambda: len(alarms()) <= 1)
        wait_until(lambda: len(recorder.events) == 50)
        threading.Event().wait(0.2)
        assert len(recorder.ids) == len(set(recorder.ids)) == 50

    def test_retries_come_by_themselves(self, world: World) -> None:
        """With their pauses divided by the speed."""
        mock = world(clock="x1000")
        recorder = WebhookRecorder(mock, lambda _: 500 if len(recorder.events) < 4 else 200)
        mock.webhook(recorder)
        submit(mock)
        wait_until(lambda: len(recorder.events) == 4)
        mock.clock.advance(seconds=0)
        assert [one.status for one in mock.deliveries] == ["delivered"]

    def test_an_earlier_end_is_not_waited_for_the_later_one(self, world: World) -> None:
        """A command sets the alarm anew."""
        mock = world(clock="x60")
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        later = submit(mock, scenario="happy", in_progress="100000")
        sooner = create_batch(mock, later.input_file_id)
        wait_until(lambda: recorder.events)
        assert recorder.ids == [sooner.id]

    def test_a_timer_delivers_what_a_command_has_made_due(self, hasty_world: World) -> None:
        """The response does not wait for the receiver, although that hangs."""
        mock = hasty_world(clock="realtime")
        with receiving(hangs) as receiver:
            mock.webhook(receiver.url)
            batch = submit(mock, scenario="instant")
            assert batch.status == "completed"
            wait_until(lambda: receiver.requests)

    def test_the_clock_stands_while_an_advance_delivers(self, world: World) -> None:
        """Whatever a receiver takes is no simulated time; behind the target it runs on."""
        mock = world(clock="x1000")
        seen = []

        def slow(_: Any) -> None:
            seen.append(mock.clock.now)
            threading.Event().wait(0.1)
            seen.append(mock.clock.now)

        mock.webhook(WebhookRecorder(mock, slow))
        batch = submit(mock, scenario="happy", in_progress="50000")
        now = mock.clock.advance(seconds=60_000).now
        assert seen == [batch.created_at + 50_063] * 2
        wait_until(lambda: mock.clock.now > now)

    def test_no_thread_waits_without_an_endpoint(self, world: World) -> None:
        """Nor with one under a clock that stands."""
        wait_until(lambda: not alarms())
        submit(world(clock="x2"))
        mock = world()
        mock.webhook(WebhookRecorder(mock))
        submit(mock)
        assert not alarms()

    @pytest.mark.parametrize("end", ["close", "reset", "delete", "stop"])
    def test_the_thread_ends_with_what_it_waits_for(self, world: World, end: str) -> None:
        """The world, its past, its endpoint, or the clock's own running."""
        wait_until(lambda: not alarms())
        mock = world(clock="x2")
        endpoint = mock.webhook(WebhookRecorder(mock))
        submit(mock)
        wait_until(lambda: len(alarms()) == 1)
        if end == "close":
            mock.close()
        elif end == "reset":
            mock.reset()
        elif end == "delete":
            mock.client.webhooks.delete(endpoint.id)
        else:
            mock.clock.mode = "manual"
        wait_until(lambda: not alarms())

    def test_the_thread_ends_with_the_server(self) -> None:
        """Even if its worlds were never closed."""
        wait_until(lambda: not alarms())
        server = LocalServer(create_app(server_settings()))
        mock = server.world(clock="realtime")
        mock.webhook("http://127.0.0.1:9/")
        submit(mock)
        wait_until(lambda: len(alarms()) == 1)
        server.close()
        wait_until(lambda: not alarms())

    def test_a_hanging_receiver_of_one_world_delays_no_other(self, hasty_world: World) -> None:
        """Each has an alarm of its own."""
        slow, quick = hasty_world(clock="x1000"), hasty_world(clock="x1000", seed=1)
        recorder = WebhookRecorder(quick)
        with receiving(hangs) as receiver:
            slow.webhook(receiver.url)
            submit(slow)
            wait_until(lambda: receiver.requests)
            quick.webhook(recorder)
            submit(quick)
            wait_until(lambda: recorder.events)


class TestOnPoll:
    """A clock that a poller moves."""

    def test_a_poll_waits_for_no_receiver(self, hasty_world: World) -> None:
        """It says what is, and the alarm tells the receiver."""
        mock = hasty_world(clock="on-poll")
        entered = threading.Event()

        def hang(connection: Any) -> None:
            entered.set()
            hangs(connection)

        with receiving(hang) as receiver:
            mock.webhook(receiver.url)
            batch = submit(mock)
            statuses = [mock.client.batches.retrieve(batch.id).status for _ in range(3)]
            assert statuses == ["in_progress", "finalizing", "completed"]
            assert entered.wait(20)

    def test_an_event_comes_of_itself(self, world: World) -> None:
        """After the poll that has reached its instant."""
        mock = world(clock="on-poll")
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        batch = submit(mock)
        for _ in range(3):
            mock.client.batches.retrieve(batch.id)
        wait_until(lambda: recorder.events)
        assert recorder.events[0].created_at == START + 124


class TestStanding:
    """A clock that only commands move."""

    def test_what_an_ordinary_call_makes_due_waits_for_the_next_advance(
        self, mock: WorldClient
    ) -> None:
        """Even by 0 seconds, so that a test knows when its receiver has responded."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        batch = submit(mock, scenario="instant")
        assert recorder.events == []
        assert [one.status for one in mock.deliveries] == ["pending"]
        coming = mock.clock.next_event
        assert coming is not None
        assert (coming.at, coming.type) == (START, "webhook.attempt")
        mock.clock.advance_to_next()
        assert recorder.ids == [batch.id]

    @pytest.mark.parametrize(
        ("command", "kind"),
        [("complete", "completed"), ("expire", "expired"), ("fail", "failed")],
    )
    def test_a_control_command_delivers(self, mock: WorldClient, command: str, kind: str) -> None:
        """When it has answered, so has the receiver."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        batch = submit(mock)
        getattr(mock, command)(batch)
        assert recorder.types == [f"batch.{kind}"]

    def test_skipped_sleeps_deliver(self, mock: WorldClient) -> None:
        """A polling loop that also has a receiver."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        batch = submit(mock)
        with mock.skip_sleep():
            while mock.client.batches.retrieve(batch.id).status != "completed":
                time.sleep(60)
        assert recorder.ids == [batch.id]
