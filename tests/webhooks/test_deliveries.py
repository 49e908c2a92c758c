"""Deliveries over a socket to a receiver that stands on the real SDK, as time is moved."""

import json
import threading
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest

from mockbatch.client import ControlError, WorldClient
from mockbatch.testing.servers import LocalServer
from tests.support.receivers import Behaviour, answers, closes, drips, hangs, receiving
from tests.support.webhook_recorder import (
    PATIENCE,
    START,
    TIMEOUT,
    WebhookRecorder,
    create_batch,
    submit,
    wait_until,
)

DAY = 24 * 3600
World = Callable[..., WorldClient]


class TestEvents:
    """The events, in the SDK's own types."""

    @pytest.mark.parametrize(
        ("scenario", "kind", "after"),
        [
            ("happy", "batch.completed", 124),
            ("validation_failed", "batch.failed", 62),
            ("expired_partial", "batch.expired", DAY),
        ],
    )
    def test_an_end_is_reported(
        self, mock: WorldClient, scenario: str, kind: str, after: int
    ) -> None:
        """At its instant, with the id of the batch and nothing more."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        batch = submit(mock, scenario=scenario)
        mock.clock.advance_to(START + after - 1)
        assert recorder.events == []
        mock.clock.advance(seconds=1)
        [event] = recorder.events
        assert (event.type, event.object, event.created_at) == (kind, "event", START + after)
        assert event.data.to_dict() == {"id": batch.id}
        assert type(event).__name__.startswith(kind.replace(".", " ").title().replace(" ", ""))

    def test_a_cancelled_batch_is_reported(self, mock: WorldClient) -> None:
        """When the cancelling is over."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        batch = submit(mock)
        mock.client.batches.cancel(batch.id)
        mock.clock.run_until(batch, "cancelled")
        assert [(event.type, event.created_at) for event in recorder.events] == [
            ("batch.cancelled", START + 605)
        ]

    def test_headers_are_those_of_the_service(self, mock: WorldClient) -> None:
        """With the time stamp of this process, though a year has passed in the simulation."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        mock.clock.advance(days=365)
        submit(mock)
        mock.clock.advance(hours=1)
        headers = recorder.received[0].headers
        assert headers["user-agent"] == "OpenAI/1.0 (+https://platform.openai.com/docs/webhooks)"
        assert headers["content-type"] == "application/json"
        assert headers["webhook-id"].startswith("wh_")
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        assert headers["webhook-signature"].startswith("v1,")

    def test_an_advance_lists_what_was_delivered(self, mock: WorldClient) -> None:
        """Behind the status change that it tells of."""
        mock.webhook(WebhookRecorder(mock))
        batch = submit(mock)
        advanced = mock.clock.advance(hours=1)
        [delivery] = mock.deliveries
        assert [(event.at - START, event.type, event.id) for event in advanced.events[2:]] == [
            (124, "batch.completed", batch.id),
            (124, "webhook.delivered", delivery.id),
        ]
        assert advanced.event_count == 4

    def test_an_attempt_is_an_event_to_which_the_clock_can_go(self, mock: WorldClient) -> None:
        """The next one is announced beforehand, and reached."""
        with receiving(answers(500)) as receiver:
            mock.webhook(receiver.url)
            batch = submit(mock)
            mock.clock.run_until(batch)
            coming = mock.clock.next_event
            assert coming is not None
            assert (coming.at, coming.type) == (START + 124 + 15, "webhook.attempt")
            advanced = mock.clock.advance_to_next()
        assert [(event.at, event.type) for event in advanced.events] == [
            (coming.at, "webhook.failed")
        ]

    def test_an_attempt_comes_before_the_other_included_events(self, mock: WorldClient) -> None:
        """The next event of all, though expiries count as well."""
        mock.webhook(lambda _: 500)
        mock.clock.run_until(submit(mock))
        body = {"next_event": True, "include": ["expiry"]}
        advanced = mock.call("POST", "/_mock/clock/advance", body)
        assert [event["type"] for event in advanced["events"]] == ["webhook.failed"]

    def test_a_timeline_tells_attempts(self, mock: WorldClient) -> None:
        """Those made, and the one that comes, of the batch in question alone."""
        recorder = WebhookRecorder(mock, lambda _: 500 if len(recorder.events) < 3 else 200)
        mock.webhook(recorder)
        batch = submit(mock)
        mock.clock.run_until(batch)
        create_batch(mock, batch.input_file_id, scenario="instant")
        [delivery, _] = mock.deliveries
        assert mock.timeline(batch)["past"][-2:] == [
            {"at": START + 124, "type": "batch.completed"},
            {"at": START + 124, "type": "webhook.failed", "id": delivery.id},
        ]
        assert mock.timeline(batch)["coming"] == [
            {"at": START + 139, "type": "webhook.attempt", "id": delivery.id}
        ]
        mock.clock.advance(hours=1)
        assert mock.timeline(batch)["past"][-1]["type"] == "webhook.delivered"
        assert mock.timeline(batch)["coming"] == []

    def test_a_timeline_tells_an_attempt_before_the_end_in_its_place(
        self, mock: WorldClient
    ) -> None:
        """An event may arrive before the end."""
        mock.webhook(WebhookRecorder(mock))
        batch = submit(mock, scenario="webhook_before_visible")
        mock.clock.run_until(batch)
        assert [event["type"] for event in mock.timeline(batch)["past"][-3:]] == [
            "batch.finalizing",
            "webhook.delivered",
            "batch.completed",
        ]


class TestWhoCallsBack:
    """A receiver that calls the mock while its delivery is under way."""

    def test_it_sees_the_instant_of_its_event(self, mock: WorldClient) -> None:
        """Of each of two, a day apart, whatever the jump; and the batch as it is then."""
        seen = []

        def look(event: Any) -> None:
            status = mock.client.batches.retrieve(event.data.id).status
            seen.append((mock.clock.now - START, status))

        mock.webhook(WebhookRecorder(mock, look))
        submit(mock)
        submit(mock, scenario="expired_empty")
        mock.clock.advance(days=3)
        assert seen == [(124, "completed"), (DAY, "expired")]
        assert mock.clock.now == START + 3 * DAY

    def test_what_it_starts_goes_on_from_there(self, mock: WorldClient) -> None:
        """A chain of batches, each started by the end of the one before, in one advance."""

        def next_one(event: Any) -> None:
            if len(recorder.events) < 5:
                create_batch(mock, file_id)

        recorder = WebhookRecorder(mock, next_one)
        mock.webhook(recorder)
        file_id = submit(mock).input_file_id
        advanced = mock.clock.advance(hours=1)
        assert [event.created_at - START for event in recorder.events] == [
            124 * number for number in (1, 2, 3, 4, 5)
        ]
        # A command's own doing, as creation is, is no event of an advance.
        assert advanced.event_count == 5 * 4

    def test_what_it_cancels_is_cancelled(self, mock: WorldClient) -> None:
        """In the same advance, and the end that was planned never comes."""

        def cancel(event: Any) -> None:
            if event.data.id == first.id:
                mock.client.batches.cancel(second.id)

        recorder = WebhookRecorder(mock, cancel)
        mock.webhook(recorder)
        first = submit(mock)
        second = submit(mock, scenario="happy", in_progress="1000")
        mock.clock.advance(hours=1)
        assert [(event.type, event.created_at - START) for event in recorder.events] == [
            ("batch.completed", 124),
            ("batch.cancelled", 124 + 605),
        ]

    def test_what_it_puts_off_is_waited_for(self, mock: WorldClient) -> None:
        """`run_until` goes on to the end that a batch has by then."""

        def put_off(event: Any) -> None:
            if event.data.id == first.id:
                mock.hold(second)

        mock.webhook(WebhookRecorder(mock, put_off))
        first = submit(mock)
        second = submit(mock, scenario="happy", in_progress="1000")
        mock.clock.run_until(second, "expired")
        assert mock.clock.now == START + DAY

    def test_what_it_completes_is_delivered_in_the_same_advance(self, mock: WorldClient) -> None:
        """A command of the control API does not wait for the delivery that its caller is in."""

        def complete(event: Any) -> None:
            if event.data.id == first.id:
                mock.complete(second)

        recorder = WebhookRecorder(mock, complete)
        mock.webhook(recorder)
        first, second = submit(mock), submit(mock, scenario="stuck_in_progress")
        mock.clock.advance(hours=1)
        assert recorder.ids == [first.id, second.id]
        assert [one.status for one in mock.deliveries] == ["delivered"] * 2

    def test_it_may_move_the_clock(self, mock: WorldClient) -> None:
        """A function that sleeps in simulated time delays no response."""
        recorder = WebhookRecorder(mock, lambda _: mock.clock.advance(seconds=10))
        mock.webhook(recorder)
        submit(mock)
        mock.clock.advance_to(START + 124)
        assert mock.clock.now == START + 134
        assert [one.attempts[-1].status_code for one in mock.deliveries] == [200]

    def test_in_another_world_it_waits_as_anybody_does(self, world: World) -> None:
        """For the delivery that is under way there: its own is not."""
        here, there = world(), world(seed=1)
        entered, released = threading.Event(), threading.Event()
        order = []

        def hang(_: Any) -> None:
            entered.set()
            released.wait(PATIENCE)
            order.append("answered there")

        def move(_: Any) -> None:
            threading.Timer(0.3, released.set).start()
            there.clock.advance(seconds=1)
            order.append("moved on from here")

        here.webhook(move)
        there.webhook(hang)
        for mock in (here, there):
            submit(mock)
        advance = threading.Thread(target=there.clock.advance, kwargs={"seconds": 124})
        advance.start()
        assert entered.wait(PATIENCE)
        here.clock.advance(seconds=124)
        advance.join()
        assert order == ["answered there", "moved on from here"]

    def test_one_that_moves_the_clock_in_secret_runs_out_of_time(self, hasty: WorldClient) -> None:
        """The server cannot relate the advance to the delivery: it waits, but not for ever."""
        moving: list[threading.Thread] = []

        def move(_: Any) -> None:
            thread = threading.Thread(target=hasty.clock.advance, kwargs={"seconds": 10})
            thread.start()
            moving.append(thread)
            thread.join()

        hasty.webhook(WebhookRecorder(hasty, move))
        submit(hasty)
        hasty.clock.advance_to(START + 124)
        wait_until(lambda: moving)
        moving[0].join()
        assert hasty.clock.now == START + 134
        [delivery] = hasty.deliveries
        assert delivery.attempts[0].error == "no response within 0.25 seconds"

    def test_it_may_empty_the_world(self, mock: WorldClient) -> None:
        """Nothing of the old one is delivered any more, and the advance ends."""
        recorder = WebhookRecorder(mock, lambda _: mock.reset())
        mock.webhook(recorder)
        submit(mock)
        submit(mock)
        mock.clock.advance(hours=1)
        assert len(recorder.events) == 1
        assert (mock.deliveries, mock.clock.now) == ([], START)

    def test_it_may_delete_its_endpoint(self, mock: WorldClient) -> None:
        """What is left for it is dropped."""

        def delete(_: Any) -> None:
            mock.client.webhooks.delete(endpoint.id)

        recorder = WebhookRecorder(mock, delete)
        endpoint = mock.webhook(recorder)
        submit(mock)
        submit(mock)
        mock.clock.advance(hours=1)
        assert len(recorder.events) == 1
        assert [one.status for one in mock.deliveries] == ["delivered", "dropped"]


class TestBadReceivers:
    """No delivery is lost, and other receivers do not wait."""

    @pytest.mark.parametrize("behave", [answers(500), answers(302, "Location: /"), closes])
    def test_what_is_not_taken_comes_again_for_three_days(
        self, mock: WorldClient, behave: Behaviour
    ) -> None:
        """Fifteen attempts in one advance, each at its simulated instant, then no more."""
        with receiving(behave) as receiver:
            mock.webhook(receiver.url)
            batch = submit(mock)
            mock.clock.run_until(batch)
            advanced = mock.clock.advance(hours=72)
            assert len(receiver.requests) == 15
            mock.clock.advance(days=30)
            assert len(receiver.requests) == 15
        assert [event.at - START - 124 for event in advanced.events] == [
            15 * (2**number - 1) for number in range(1, 15)
        ]
        [delivery] = mock.deliveries
        assert (delivery.status, delivery.next_attempt_at) == ("failed", None)

    def test_what_is_taken_in_the_end_comes_no_more(self, mock: WorldClient) -> None:
        """With the same webhook-id and body at each attempt, signed anew."""
        recorder = WebhookRecorder(mock, lambda _: 500 if len(recorder.events) < 4 else 204)
        mock.webhook(recorder)
        submit(mock)
        mock.clock.advance(hours=72)
        assert len({received.headers["webhook-id"] for received in recorder.received}) == 1
        assert len({received.body for received in recorder.received}) == 1
        [delivery] = mock.deliveries
        assert [attempt.status_code for attempt in delivery.attempts] == [500, 500, 500, 204]

    @pytest.mark.parametrize("behave", [hangs, drips])
    def test_one_that_hangs_is_called_three_times_in_an_advance(
        self, hasty: WorldClient, behave: Behaviour
    ) -> None:
        """Then its attempts fail without a call, and in the next advance it is called again."""
        with receiving(behave) as receiver:
            hasty.webhook(receiver.url)
            for _ in range(3):
                submit(hasty)
            begun = time.perf_counter()
            hasty.clock.advance(hours=1)
            wait_until(
                lambda: len(receiver.requests) == 3
            )  # what was sent in time may be read later
            assert 3 * TIMEOUT <= time.perf_counter() - begun < 3 * TIMEOUT + PATIENCE
            hasty.clock.advance(hours=1)
            wait_until(lambda: len(receiver.requests) == 6)
        errors = {attempt.error for one in hasty.deliveries for attempt in one.attempts}
        assert errors == {
            "no response within 0.25 seconds",
            "not sent: the receiver has timed out 3 times",
        }
        assert {one.status for one in hasty.deliveries} == {"pending"}

    @pytest.mark.parametrize("behave", [hangs, closes, answers(302, "Location: /"), answers(500)])
    def test_one_that_comes_to_its_senses_has_lost_nothing(
        self, hasty: WorldClient, behave: Behaviour
    ) -> None:
        """Whatever it did at first, each event arrives within the three days."""
        calls = count()

        def at_last(connection: Any) -> None:
            (behave if next(calls) < 6 else answers(200))(connection)

        with receiving(at_last) as receiver:
            hasty.webhook(receiver.url)
            batches = [submit(hasty).id for _ in range(4)]
            for _ in range(18):  # after three calls without an answer, an advance makes no more
                hasty.clock.advance(hours=4)
        recorder = [(one.event["data"]["id"], one.status) for one in hasty.deliveries]
        assert recorder == [(id, "delivered") for id in batches]

    def test_another_receiver_gets_what_one_that_hangs_does_not(self, hasty: WorldClient) -> None:
        """All of it, in the same advance."""
        recorder = WebhookRecorder(hasty)
        with receiving(hangs) as receiver:
            hasty.webhook(receiver.url)
            hasty.webhook(recorder)
            batches = [submit(hasty).id for _ in range(5)]
            hasty.clock.advance(hours=1)
        # On a slow machine an answer may come too late, and the same event again.
        assert list(dict.fromkeys(recorder.ids)) == batches

    def test_an_ordinary_call_does_not_wait(self, mock: WorldClient) -> None:
        """While a receiver takes its time, retrieve and create are answered."""
        entered, released = threading.Event(), threading.Event()

        def hang(_: Any) -> None:
            entered.set()
            released.wait(PATIENCE)

        mock.webhook(WebhookRecorder(mock, hang))
        batch = submit(mock)
        advance = threading.Thread(target=mock.clock.advance, kwargs={"seconds": 124})
        advance.start()
        assert entered.wait(PATIENCE)
        assert mock.client.batches.retrieve(batch.id).status == "completed"
        create_batch(mock, batch.input_file_id)
        assert advance.is_alive()
        released.set()
        advance.join()

    @pytest.mark.parametrize("error", [LookupError, pytest.fail.Exception])
    def test_a_function_that_raises_is_an_internal_error(
        self, mock: WorldClient, caplog: pytest.LogCaptureFixture, error: type[BaseException]
    ) -> None:
        """As in a server: 500, and the log says why."""

        def fail(_: Any) -> None:
            raise error("no such label")

        mock.webhook(fail)
        submit(mock)
        mock.clock.advance(seconds=130)
        assert mock.deliveries[0].attempts[0].status_code == 500
        assert "no such label" in caplog.text
        assert {type(raised) for raised in mock.webhook_errors} == {error}
        mock.webhook_errors.clear()  # they would fail this test

    @pytest.mark.parametrize("returned", [-1, 0, 1, 100, 199, 600, 10**9])
    def test_a_number_that_is_no_status_is_an_error_of_the_function(
        self, mock: WorldClient, caplog: pytest.LogCaptureFixture, returned: int
    ) -> None:
        """A count that it returns by chance, say: the log tells."""
        mock.webhook(lambda _: returned)
        submit(mock)
        mock.clock.advance(seconds=130)
        assert mock.deliveries[0].attempts[0].status_code == 500
        assert f"{returned}, which is not an HTTP status" in caplog.text
        assert f"returned {returned}," in str(mock.webhook_errors.pop())
        mock.webhook_errors.clear()

    def test_an_async_function_is_refused(self, mock: WorldClient) -> None:
        """It would be called, answer 200, and never run."""

        async def receive(_: Any) -> None: ...

        with pytest.raises(TypeError, match="async function"):
            mock.webhook(receive)

    @pytest.mark.parametrize("path", ["", "/", "/2", "/0", "/-1", "/x", "/1/x"])
    def test_a_function_stands_at_its_own_path_only(self, mock: WorldClient, path: str) -> None:
        """Elsewhere on its port nothing is found."""
        recorder = WebhookRecorder(mock)
        url = mock.webhook(recorder).url
        mock.webhook(url.removesuffix("/1") + path)
        submit(mock)
        mock.clock.advance(seconds=130)
        assert [one.attempts[0].status_code for one in mock.deliveries] == [200, 404]
        assert len(recorder.events) == 1

    @pytest.mark.parametrize(
        ("returned", "status"), [(None, 200), ("x", 200), (True, 200), (204, 204), (429, 429)]
    )
    def test_a_number_that_a_function_returns_is_its_status(
        self, mock: WorldClient, returned: Any, status: int
    ) -> None:
        """Anything else is as good as nothing: 200."""
        mock.webhook(lambda _: returned)
        submit(mock)
        mock.clock.advance(seconds=130)
        assert mock.deliveries[0].attempts[0].status_code == status


class TestMany:
    """Many batches, many clients."""

    @pytest.mark.slow
    def test_a_thousand_ends_in_one_jump(self, mock: WorldClient) -> None:
        """Are a thousand deliveries, once each, in order of creation."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        file_id = submit(mock).input_file_id
        for _ in range(999):
            create_batch(mock, file_id)
        advanced = mock.clock.advance(hours=24)
        created = [
            one.id for page in mock.client.batches.list(limit=100).iter_pages() for one in page.data
        ]
        assert recorder.ids == created[::-1]
        assert advanced.event_count == 4000
        assert len({event.id for event in recorder.events}) == 1000

    def test_advances_of_several_clients_add_up(self, mock: WorldClient) -> None:
        """Each end is delivered once, and an advance returns after the deliveries it caused."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        for _ in range(20):
            submit(mock)
            mock.clock.advance(seconds=1)
        behind = []

        def advance() -> None:
            now = mock.clock.advance(seconds=30).now
            behind.append(all(event.created_at <= now for event in list(recorder.events)))
            due = [one for one in mock.deliveries if one.event["created_at"] <= now]
            behind.append(all(one.status == "delivered" for one in due))

        clients = [threading.Thread(target=advance) for _ in range(8)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert mock.clock.now == START + 20 + 8 * 30
        assert len(recorder.ids) == len(set(recorder.ids)) == 20
        assert [event.created_at for event in recorder.events] == sorted(
            event.created_at for event in recorder.events
        )
        assert all(behind)

    def test_worlds_do_not_see_each_other(self, world: World) -> None:
        """Neither endpoints, nor events, nor secrets."""
        one, other = world(), world(seed=1)
        recorder, told_other = WebhookRecorder(one), WebhookRecorder(other)
        one.webhook(recorder)
        other.webhook(told_other)
        batch = submit(one)
        one.clock.advance(hours=1)
        other.clock.advance(hours=1)
        assert (recorder.ids, told_other.ids, other.deliveries) == ([batch.id], [], [])
        assert len(one.client.webhooks.list().data) == 1
        assert one.webhook_secret != other.webhook_secret

    def test_servers_do_not_see_each_other(self, mock: WorldClient) -> None:
        """The same key on two servers is two worlds."""
        mock.webhook(WebhookRecorder(mock))
        server = LocalServer()
        try:
            with server.world("other") as other:
                other.api_key = mock.api_key
                assert other.deliveries == []
                assert other.call("GET", "/_mock/webhooks/deliveries")["count"] == 0
        finally:
            server.close()


class TestDeliveries:
    """`/_mock/webhooks/deliveries`."""

    def test_a_delivery_is_shown_with_its_attempts(self, mock: WorldClient) -> None:
        """What was sent where, when, with which headers, and what came back."""
        with receiving(answers(503, body=b"out of order")) as receiver:
            mock.webhook(receiver.url)
            batch = submit(mock)
            mock.clock.advance(seconds=130)
            [sent] = receiver.requests
        [delivery] = mock.call("GET", "/_mock/webhooks/deliveries")["deliveries"]
        [attempt] = delivery.pop("attempts")
        assert delivery["event"]["data"] == {"id": batch.id}
        assert json.loads(delivery.pop("body")) == delivery.pop("event")
        assert delivery.pop("endpoint_id").startswith("whe_")
        assert delivery == {
            "id": attempt["headers"]["webhook-id"],
            "url": receiver.url,
            "scenario": "happy",
            "status": "pending",
            "next_attempt_at": START + 139,
        }
        for name, text in attempt["headers"].items():
            assert f"{name}: {text}\r\n".encode() in sent
        assert (attempt["at"], attempt["status_code"]) == (START + 124, 503)
        assert (attempt["error"], attempt["response"]) == (None, "out of order")

    def test_the_last_ones_can_be_requested(self, mock: WorldClient) -> None:
        """The response still has their number."""
        mock.webhook(WebhookRecorder(mock))
        batches = [submit(mock) for _ in range(3)]
        mock.clock.advance(hours=1)
        recorder = mock.call("GET", "/_mock/webhooks/deliveries?limit=1")
        assert [one["event"]["data"]["id"] for one in recorder["deliveries"]] == [batches[-1].id]
        assert (recorder["count"], recorder["dropped"]) == (3, 0)

    def test_those_of_a_batch_can_be_requested(self, mock: WorldClient) -> None:
        """Even if others have been created since; the numbers are of all."""
        mock.webhook(WebhookRecorder(mock))
        first, *_ = [submit(mock) for _ in range(3)]
        mock.clock.advance(hours=1)
        path = f"/_mock/webhooks/deliveries?limit=1&batch_id={first.id}"
        recorder = mock.call("GET", path)
        assert [one["event"]["data"]["id"] for one in recorder["deliveries"]] == [first.id]
        assert (recorder["count"], recorder["dropped"]) == (3, 0)

    def test_one_can_be_sent_again(self, mock: WorldClient) -> None:
        """With the same id and body, now, and the answer tells what came of it."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        submit(mock)
        mock.clock.advance(hours=1)
        [delivery] = mock.deliveries
        again = mock.call("POST", f"/_mock/webhooks/deliveries/{delivery.id}/redeliver")
        assert [attempt["at"] - START for attempt in again["attempts"]] == [124, 3600]
        assert recorder.events[0] == recorder.events[1]
        assert len({received.headers["webhook-id"] for received in recorder.received}) == 1

    @pytest.mark.parametrize("scenario", ["webhook_lost", "webhook_receiver_fails"])
    def test_one_that_a_scenario_kept_back_can_be_sent(
        self, mock: WorldClient, scenario: str
    ) -> None:
        """Whoever asks for it gets it."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        submit(mock, scenario=scenario)
        mock.clock.advance(seconds=130)
        assert recorder.events == []
        [delivery] = mock.deliveries
        mock.call("POST", f"/_mock/webhooks/deliveries/{delivery.id}/redeliver")
        assert [one.status for one in mock.deliveries] == ["delivered"]
        mock.clock.advance(days=3)
        assert len(recorder.events) == 1

    def test_an_unknown_one_cannot(self, mock: WorldClient) -> None:
        """A 404, in the envelope."""
        with pytest.raises(ControlError) as refused:
            mock.call("POST", "/_mock/webhooks/deliveries/wh_none/redeliver")
        assert refused.value.status == 404

    def test_the_alarm_can_only_be_rung_from_inside(self, mock: WorldClient) -> None:
        """To everybody else there is no such URL."""
        with pytest.raises(ControlError) as refused:
            mock.call("POST", "/_mock/webhooks/alarm")
        assert refused.value.status == 404
