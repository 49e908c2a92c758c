"""Which ends of batches are delivered, and when: from timelines and past deliveries."""

from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from mockbatch.batch import commands
from mockbatch.batch.timeline import FINAL
from mockbatch.errors import ApiError
from mockbatch.webhooks import outbox as outboxes
from mockbatch.webhooks.delivery import Attempt, AttemptResult
from mockbatch.webhooks.outbox import Outbox
from mockbatch.world.world import World
from tests.support.examples import examples

if TYPE_CHECKING:
    from tests.conftest import Make

SUCCESS, FAILURE = AttemptResult(status_code=200), AttemptResult(status_code=500)
ALL = ["batch.completed", "batch.failed", "batch.expired", "batch.cancelled"]
FOR_EVER = 10**10


def outbox(world: World) -> Outbox:
    """Return what a world has to send."""
    return world.webhooks.outbox


def hook(world: World, *types: str) -> str:
    """Give a world an endpoint, and return its id."""
    body = {"url": "http://127.0.0.1:9/", "event_types": list(types or ALL)}
    return world.webhooks.create_endpoint(body).id


def send_due(
    world: World, now: float, answer: AttemptResult = SUCCESS
) -> list[tuple[int, str, str]]:
    """Send all that is due by an instant, and return when it was due, its type and its batch."""
    found = []
    while due := outbox(world).pop_due(now):
        event, at = due.delivery.event, due.delivery.next_at
        assert at is not None
        outbox(world).record_attempt(due, Attempt(at, answer))
        found.append((at, event.type, event.object_id))
    return found


@pytest.fixture
def world(make: "Make") -> World:
    """Make a world with an endpoint."""
    made = make.world()
    hook(made)
    return made


class TestEnds:
    """An end is delivered once, on its second."""

    def test_an_end_is_delivered_on_its_second(self, make: "Make", world: World) -> None:
        """A second before it nothing is due."""
        batch = make.started(world, make.lines(1))
        end = batch.created_at + 124
        assert outbox(world).next_at() == end
        assert send_due(world, end - 0.001) == []
        assert send_due(world, end) == [(end, "batch.completed", batch.id)]
        assert send_due(world, FOR_EVER) == []

    def test_a_command_on_the_second_of_the_last_delivery_run_is_delivered(
        self, make: "Make", world: World
    ) -> None:
        """No mark of time is passed: what ends now after somebody looked is news."""
        batch = make.started(world, make.lines(1))
        assert send_due(world, world.now()) == []
        world.command(batch.id, commands.complete)
        assert send_due(world, world.now()) == [(batch.created_at, "batch.completed", batch.id)]

    @pytest.mark.parametrize(
        ("seconds", "command", "after", "kind"),
        [
            (0, commands.cancel, 605, "batch.cancelled"),
            (100, commands.cancel, 605, "batch.cancelled"),
            (100, commands.expire, 0, "batch.expired"),
            (10, lambda batch, now: commands.fail(batch, now, "x", "y"), 0, "batch.failed"),
            (100, commands.complete, 0, "batch.completed"),
        ],
    )
    def test_a_command_decides_what_is_delivered(
        self, make: "Make", world: World, seconds: int, command: Any, after: int, kind: str
    ) -> None:
        """The end that was planned before is not."""
        batch = make.started(world, make.lines(1))
        world.advance.fast_forward(batch.created_at + seconds)
        world.command(batch.id, command)
        at = batch.created_at + seconds + after
        assert send_due(world, FOR_EVER) == [(at, kind, batch.id)]

    def test_the_end_of_a_held_batch_is_not_delivered(self, make: "Make", world: World) -> None:
        """But when its window ends, or when it was resumed."""
        batch, other = (make.started(world, make.lines(1)) for _ in range(2))
        assert outbox(world).next_at() == batch.created_at + 124
        for one in (batch, other):
            world.command(one.id, commands.hold)
        assert send_due(world, batch.expires_at - 1) == []
        world.advance.fast_forward(batch.created_at + 1000)
        world.command(other.id, commands.resume)
        assert send_due(world, FOR_EVER) == [
            (batch.created_at + 1124, "batch.completed", other.id),
            (batch.expires_at, "batch.expired", batch.id),
        ]

    def test_a_held_batch_that_never_expires_has_no_end(self, make: "Make", world: World) -> None:
        """The end that was planned before the hold is not announced."""
        batch = make.started(world, make.lines(1), overdue=None)
        world.command(batch.id, commands.hold)
        assert outbox(world).next_at() == inf
        assert send_due(world, FOR_EVER) == []

    def test_a_command_that_leaves_the_end_as_it_was_tells_nothing_twice(
        self, make: "Make", world: World
    ) -> None:
        """However often somebody has looked when it comes."""
        batch = make.started(world, make.lines(1))
        for _ in range(2):
            assert outbox(world).next_at() == batch.created_at + 124
            world.command(batch.id, lambda same, _: same)
        assert len(send_due(world, FOR_EVER)) == 1
        assert world.webhooks.deliveries_json(10)["count"] == 1

    @pytest.mark.parametrize(
        ("webhook", "created_after", "due_after"),
        [({"delay": 3600}, 124, 124 + 3600), ({"early": 1}, 123, 123), ({}, 124, 124)],
    )
    def test_an_event_is_created_at_the_end_or_when_it_sets_out_before(
        self, make: "Make", world: World, webhook: Any, created_after: int, due_after: int
    ) -> None:
        """A late one is shown as pending from the end of its batch on."""
        batch = make.started(world, make.lines(1), webhook=webhook)
        coming = outbox(world).next_attempt(batch.created_at + created_after)
        [delivery] = world.webhooks.deliveries_json(10)["deliveries"]
        assert delivery["status"] == "pending"
        assert delivery["event"]["created_at"] == batch.created_at + created_after
        assert delivery["next_attempt_at"] == batch.created_at + due_after
        assert coming is not None
        assert coming.at == batch.created_at + due_after

    def test_what_never_ends_is_never_delivered(self, make: "Make", world: World) -> None:
        """Nothing is due, for ever."""
        make.started(world, make.lines(1), stages={"validating": None}, overdue=None)
        assert outbox(world).next_at() == inf

    def test_ends_of_one_second_are_delivered_in_order_of_creation(
        self, make: "Make", world: World
    ) -> None:
        """And of several endpoints, those made first come first."""
        second = hook(world)
        batches = [make.started(world, make.lines(1)).id for _ in range(3)]
        assert [id for _, _, id in send_due(world, FOR_EVER)] == [
            id for id in batches for _ in "ab"
        ]
        deliveries = outbox(world).as_json(100)["deliveries"]
        assert [one["endpoint_id"] == second for one in deliveries] == [False, True] * 3

    def test_an_end_delivered_early_is_delivered_once(self, make: "Make", world: World) -> None:
        """If the batch is cancelled then, that is another end."""
        early = {"stages": {"finalizing": 100}, "webhook": {"early": 50}}
        batch, other = (make.started(world, make.lines(1), **early) for _ in range(2))
        at = batch.created_at + 173
        assert send_due(world, at) == [(at, "batch.completed", one.id) for one in (batch, other)]
        world.advance.fast_forward(at)
        world.command(other.id, commands.cancel)
        assert [(kind, id) for _, kind, id in send_due(world, FOR_EVER)] == [
            ("batch.cancelled", other.id)
        ]

    def test_an_end_delivered_early_is_not_delivered_again_after_a_hold(
        self, make: "Make", world: World
    ) -> None:
        """It is the same end, though it comes later than was planned."""
        batch = make.started(
            world, make.lines(1), stages={"finalizing": 100}, webhook={"early": 50}
        )
        at = batch.created_at + 173
        assert send_due(world, at) == [(at, "batch.completed", batch.id)]
        world.advance.fast_forward(at)
        world.command(batch.id, commands.hold)
        assert send_due(world, at) == []
        world.command(batch.id, commands.resume)
        assert send_due(world, FOR_EVER) == []

    @pytest.mark.parametrize("finalizing", [0, 1, 10])
    def test_no_end_is_delivered_before_it_is_prepared(
        self, make: "Make", world: World, finalizing: int
    ) -> None:
        """However early it shall be, finalizing has begun."""
        batch = make.started(
            world,
            make.lines(1),
            stages={"finalizing": finalizing},
            webhook={"early": 10_000},
        )
        assert [at for at, _, _ in send_due(world, FOR_EVER)] == [batch.created_at + 123]

    @pytest.mark.parametrize(("early", "after"), [(5, 600), (10_000, 0)])
    def test_a_cancelled_end_can_be_delivered_early(
        self, make: "Make", world: World, early: int, after: int
    ) -> None:
        """The event sets out while the batch is cancelling, and not before that."""
        batch = make.started(world, make.lines(1), webhook={"early": early})
        world.advance.fast_forward(batch.created_at + 100)
        world.command(batch.id, commands.cancel)
        assert send_due(world, FOR_EVER) == [
            (batch.created_at + 100 + after, "batch.cancelled", batch.id)
        ]

    @pytest.mark.parametrize("command", [commands.complete, commands.expire])
    def test_an_end_by_a_command_is_not_delivered_early(
        self, make: "Make", world: World, command: Any
    ) -> None:
        """The command's second is the first at which anybody can know of it."""
        batch = make.started(world, make.lines(1), webhook={"early": 50})
        world.advance.fast_forward(batch.created_at + 100)
        world.command(batch.id, command)
        assert [at for at, _, _ in send_due(world, FOR_EVER)] == [batch.created_at + 100]

    def test_two_ends_of_one_batch_are_two_deliveries(self, make: "Make", world: World) -> None:
        """A receiver that remembers ids of webhooks or events takes both."""
        batch = make.started(
            world, make.lines(1), stages={"finalizing": 100}, webhook={"early": 50}
        )
        world.advance.fast_forward(batch.created_at + 173)
        send_due(world, world.now())
        world.command(batch.id, commands.cancel)
        send_due(world, FOR_EVER)
        deliveries = world.webhooks.deliveries_json(10)["deliveries"]
        assert [one["event"]["type"] for one in deliveries] == [
            "batch.completed",
            "batch.cancelled",
        ]
        assert len({one["id"] for one in deliveries}) == 2
        assert len({one["event"]["id"] for one in deliveries}) == 2


class TestEndpoints:
    """Which endpoints get an event."""

    def test_an_endpoint_gets_the_event_types_that_it_names(self, make: "Make") -> None:
        """Other types are not for it."""
        world = make.world()
        hook(world, "batch.expired", "response.completed")
        make.started(world, make.lines(1))
        expired = make.started(world, make.lines(1), stages={"in_progress": None})
        assert [id for _, _, id in send_due(world, FOR_EVER)] == [expired.id]

    def test_an_endpoint_gets_no_event_of_the_past(self, make: "Make") -> None:
        """Whether it is the first one, or there was one before."""
        world = make.world()
        make.started(world, make.lines(1))
        world.advance.to(world.now() + 124)
        hook(world)
        late = make.started(world, make.lines(1))
        world.advance.fast_forward(world.now() + 124)
        hook(world)  # the first one has not been sent what is due by now
        assert [id for _, _, id in send_due(world, FOR_EVER)] == [late.id]

    def test_a_new_endpoint_gets_no_event_that_was_delivered_early(
        self, make: "Make", world: World
    ) -> None:
        """The event is older than the endpoint; the other endpoint does not get it twice either."""
        batch = make.started(
            world, make.lines(1), stages={"finalizing": 100}, webhook={"early": 50}
        )
        world.advance.fast_forward(batch.created_at + 173)
        assert len(send_due(world, world.now())) == 1
        hook(world)
        assert send_due(world, FOR_EVER) == []

    def test_a_recreated_endpoint_gets_no_event_that_was_delivered_early(
        self, make: "Make", world: World
    ) -> None:
        """The event had set out, though its batch has not ended; another end is news."""
        [endpoint] = world.webhooks.endpoints
        early = {"stages": {"finalizing": 100}, "webhook": {"early": 50}}
        batch, other = (make.started(world, make.lines(1), **early) for _ in range(2))
        world.advance.fast_forward(batch.created_at + 173)
        assert len(send_due(world, world.now())) == 2
        world.webhooks.delete_endpoint(endpoint.id)
        hook(world)
        world.command(other.id, commands.cancel)
        assert [(kind, id) for _, kind, id in send_due(world, FOR_EVER)] == [
            ("batch.cancelled", other.id)
        ]

    def test_what_happened_before_a_change_goes_by_what_was(self, make: "Make") -> None:
        """An endpoint with new event types still gets the events that are on their way."""
        world = make.world()
        id = hook(world)
        batch = make.started(world, make.lines(1))
        world.advance.fast_forward(batch.created_at + 124)
        world.webhooks.update_endpoint(id, {"event_types": ["batch.failed"]})
        assert [kind for _, kind, _ in send_due(world, FOR_EVER)] == ["batch.completed"]

    def test_a_deleted_endpoint_gets_nothing(self, make: "Make", world: World) -> None:
        """What was on its way to it is dropped, and says so."""
        [endpoint] = world.webhooks.endpoints
        batch = make.started(world, make.lines(1))
        outbox(world).enqueue_finished(batch.created_at + 124)
        world.webhooks.delete_endpoint(endpoint.id)
        assert send_due(world, FOR_EVER) == []
        [delivery] = outbox(world).as_json(10)["deliveries"]
        assert (delivery["status"], delivery["next_attempt_at"]) == ("dropped", None)

    def test_a_recreated_endpoint_gets_what_ends_from_then_on(
        self, make: "Make", world: World
    ) -> None:
        """What ended while there was no endpoint is not delivered; a batch that still runs is."""
        [endpoint] = world.webhooks.endpoints
        ended, running = make.started(world, make.lines(1)), make.started(world, make.lines(1))
        world.command(ended.id, commands.complete)
        assert outbox(world).next_at() == ended.created_at
        world.webhooks.delete_endpoint(endpoint.id)
        assert outbox(world).next_at() == inf
        hook(world)
        assert send_due(world, FOR_EVER) == [
            (running.created_at + 124, "batch.completed", running.id)
        ]

    def test_deliveries_that_are_over_outlive_their_endpoint(
        self, make: "Make", world: World
    ) -> None:
        """Only what is still pending is dropped when the endpoint is deleted."""
        [endpoint] = world.webhooks.endpoints
        make.started(world, make.lines(1), webhook={"lost": True})
        make.started(world, make.lines(1))
        send_due(world, FOR_EVER)
        make.started(world, make.lines(1))
        send_due(world, FOR_EVER, FAILURE)
        world.webhooks.delete_endpoint(endpoint.id)
        deliveries = world.webhooks.deliveries_json(10)["deliveries"]
        assert [one["status"] for one in deliveries] == ["lost", "delivered", "failed"]

    def test_an_answer_after_the_deletion_is_noted(self, make: "Make", world: World) -> None:
        """It was under way when its endpoint went."""
        [endpoint] = world.webhooks.endpoints
        batch = make.started(world, make.lines(1))
        due = outbox(world).pop_due(batch.created_at + 124)
        assert due is not None
        world.webhooks.delete_endpoint(endpoint.id)
        outbox(world).record_attempt(due, Attempt(batch.created_at + 124, FAILURE))
        [delivery] = outbox(world).as_json(10)["deliveries"]
        assert (delivery["status"], len(delivery["attempts"])) == ("dropped", 1)
        assert send_due(world, FOR_EVER) == []

    def test_a_bad_answer_after_a_good_one_is_noted(self, make: "Make", world: World) -> None:
        """Somebody sent it again while it was under way, and it was taken: that is the end."""
        batch = make.started(world, make.lines(1))
        at = batch.created_at + 124
        due = outbox(world).pop_due(at)
        assert due is not None
        outbox(world).record_attempt(
            outbox(world).redelivery(due.delivery.id), Attempt(at, SUCCESS), is_redelivery=True
        )
        outbox(world).record_attempt(due, Attempt(at, FAILURE))
        [delivery] = outbox(world).as_json(10)["deliveries"]
        assert (delivery["status"], len(delivery["attempts"])) == ("delivered", 2)
        assert send_due(world, FOR_EVER) == []


class TestUnderWay:
    """A delivery whose receiver is being called."""

    def test_it_is_due_only_once(self, make: "Make", world: World) -> None:
        """Nor is it shown as planned, until the attempt is recorded."""
        batch = make.started(world, make.lines(1))
        at = batch.created_at + 124
        due = outbox(world).pop_due(at)
        assert due is not None
        assert outbox(world).pop_due(FOR_EVER) is None
        assert (outbox(world).next_at(), outbox(world).next_attempt(at)) == (inf, None)
        outbox(world).record_attempt(due, Attempt(at, FAILURE))
        assert outbox(world).next_at() == at + 15

    def test_copies_are_due_on_the_same_second(self, make: "Make", world: World) -> None:
        """Each is taken once the one before was answered."""
        batch = make.started(world, make.lines(1), webhook={"copies": 3})
        assert (
            send_due(world, FOR_EVER) == [(batch.created_at + 124, "batch.completed", batch.id)] * 3
        )

    def test_a_good_answer_to_one_more_attempt_ends_what_is_planned(
        self, make: "Make", world: World
    ) -> None:
        """The retry that was due is not made any more."""
        batch = make.started(world, make.lines(1))
        at = batch.created_at + 124
        due = outbox(world).pop_due(at)
        assert due is not None
        outbox(world).record_attempt(due, Attempt(at, FAILURE))
        outbox(world).record_attempt(
            outbox(world).redelivery(due.delivery.id), Attempt(at, SUCCESS), is_redelivery=True
        )
        assert send_due(world, FOR_EVER) == []

    def test_a_bad_answer_to_one_more_attempt_leaves_what_is_planned(
        self, make: "Make", world: World
    ) -> None:
        """The retry is made at its time, and once."""
        batch = make.started(world, make.lines(1))
        at = batch.created_at + 124
        due = outbox(world).pop_due(at)
        assert due is not None
        outbox(world).record_attempt(due, Attempt(at, FAILURE))
        outbox(world).record_attempt(
            outbox(world).redelivery(due.delivery.id), Attempt(at, FAILURE), is_redelivery=True
        )
        assert [when for when, _, _ in send_due(world, FOR_EVER)] == [at + 15]

    def test_a_retry_is_sent_to_the_endpoint_as_it_is_then(
        self, make: "Make", world: World
    ) -> None:
        """Not as it was when the batch ended."""
        [endpoint] = world.webhooks.endpoints
        batch = make.started(world, make.lines(1))
        outbox(world).enqueue_finished(batch.created_at + 124)
        world.webhooks.update_endpoint(endpoint.id, {"url": "http://127.0.0.1:9/moved"})
        due = outbox(world).pop_due(batch.created_at + 124)
        assert due is not None
        assert due.endpoint.target.url == "http://127.0.0.1:9/moved"

    def test_a_delivery_shows_the_url_of_its_last_attempt(self, make: "Make", world: World) -> None:
        """Its endpoint may have got another one since the batch ended."""
        [endpoint] = world.webhooks.endpoints
        batch = make.started(world, make.lines(1))
        end = batch.created_at + 124
        outbox(world).enqueue_finished(end)
        world.webhooks.update_endpoint(endpoint.id, {"url": "http://127.0.0.1:9/moved"})
        send_due(world, end, FAILURE)
        [shown] = world.webhooks.deliveries_json(10)["deliveries"]
        assert shown["url"] == "http://127.0.0.1:9/moved"


class TestSamples:
    """Events about nothing, which are sent when somebody asks for a test."""

    def test_two_samples_are_two_deliveries(self, world: World) -> None:
        """Of one endpoint and one type, too; ids of webhooks, events and objects differ."""
        deliveries = samples(world, "batch.completed", "batch.completed")
        assert len({one["id"] for one in deliveries}) == 2
        assert len({one["event"]["id"] for one in deliveries}) == 2
        assert len({one["event"]["data"]["id"] for one in deliveries}) == 2

    def test_a_sample_that_fails_is_not_retried(self, world: World) -> None:
        """It is shown as failed."""
        [delivery] = samples(world, "batch.failed")
        assert (delivery["status"], delivery["next_attempt_at"]) == ("failed", None)
        assert send_due(world, FOR_EVER) == []

    def test_a_sample_does_not_disturb_what_is_to_come(self, make: "Make", world: World) -> None:
        """The end of a later batch is delivered too, with a number of its own."""
        batch = make.started(world, make.lines(1))
        samples(world, "batch.failed")
        assert [id for _, _, id in send_due(world, FOR_EVER)] == [batch.id]
        assert world.webhooks.deliveries_json(10)["count"] == 2


def samples(world: World, *types: str) -> list[dict[str, Any]]:
    """Send samples to an endpoint that refuses connections, and return their deliveries."""
    [endpoint] = world.webhooks.endpoints
    for kind in types:
        with pytest.raises(ApiError, match=endpoint.id):
            world.webhooks.send_sample(endpoint.id, kind)
    return world.webhooks.deliveries_json(100)["deliveries"]


class TestBounds:
    """What is kept, and for how long."""

    @pytest.mark.parametrize("limit", [0, 1, 2, 3, 4])
    def test_the_last_deliveries_are_shown(self, make: "Make", world: World, limit: int) -> None:
        """At most the requested number; 0 shows the counts alone."""
        ids = [make.started(world, make.lines(1)).id for _ in range(3)]
        world.advance.fast_forward(world.now() + 124)
        deliveries = world.webhooks.deliveries_json(limit)
        assert [one["event"]["data"]["id"] for one in deliveries["deliveries"]] == ids[
            3 - min(limit, 3) :
        ]
        assert (deliveries["count"], deliveries["dropped"]) == (3, 0)

    def test_one_more_attempt_makes_nothing_older(
        self, make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """However often a delivery is sent again, it takes the place of one."""
        monkeypatch.setattr(outboxes, "MAX_FINISHED", 2)
        for _ in range(2):
            make.started(world, make.lines(1))
        send_due(world, FOR_EVER)
        first, second = (one["id"] for one in world.webhooks.deliveries_json(10)["deliveries"])
        for _ in range(3):
            attempt = Attempt(int(world.now()), SUCCESS)
            outbox(world).record_attempt(
                outbox(world).redelivery(second), attempt, is_redelivery=True
            )
        assert outbox(world).redelivery(first).delivery.id == first

    def test_one_that_is_gone_meanwhile_does_not_come_back(
        self, make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Newer deliveries took its place while its receiver was called once more."""
        monkeypatch.setattr(outboxes, "MAX_FINISHED", 1)
        make.started(world, make.lines(1))
        send_due(world, FOR_EVER)
        [old] = world.webhooks.deliveries_json(10)["deliveries"]
        due = outbox(world).redelivery(old["id"])
        for _ in range(2):
            newer = make.started(world, make.lines(1))
            send_due(world, FOR_EVER)
        noted = outbox(world).record_attempt(
            due, Attempt(int(world.now()), SUCCESS), is_redelivery=True
        )
        assert len(noted.attempts) == 2
        deliveries = world.webhooks.deliveries_json(10)
        assert [one["event"]["data"]["id"] for one in deliveries["deliveries"]] == [newer.id]
        assert (deliveries["count"], deliveries["dropped"]) == (3, 2)

    def test_more_than_are_kept_can_be_dropped_at_once(
        self, make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An endpoint may go that many deliveries were on their way to."""
        monkeypatch.setattr(outboxes, "MAX_FINISHED", 1)
        [endpoint] = world.webhooks.endpoints
        ids = [make.started(world, make.lines(1)).id for _ in range(3)]
        outbox(world).enqueue_finished(FOR_EVER)
        world.webhooks.delete_endpoint(endpoint.id)
        deliveries = world.webhooks.deliveries_json(10)
        assert [one["event"]["data"]["id"] for one in deliveries["deliveries"]] == ids[2:]
        assert deliveries["dropped"] == 2

    def test_old_deliveries_go(
        self, make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The list says how many; what is still to come stays."""
        monkeypatch.setattr(outboxes, "MAX_FINISHED", 3)
        stuck = make.started(world, make.lines(1))
        due = outbox(world).pop_due(stuck.created_at + 124)
        assert due is not None
        outbox(world).record_attempt(due, Attempt(stuck.created_at + 124, FAILURE))
        ids = [make.started(world, make.lines(1)).id for _ in range(5)]
        while due := outbox(world).pop_due(stuck.created_at + 130):
            outbox(world).record_attempt(due, Attempt(stuck.created_at + 124, SUCCESS))
        deliveries = outbox(world).as_json(100)
        about = [one["event"]["data"]["id"] for one in deliveries["deliveries"]]
        assert (about, deliveries["count"], deliveries["dropped"]) == ([stuck.id, *ids[2:]], 6, 2)

    def test_a_restored_world_continues_its_deliveries(self, make: "Make", world: World) -> None:
        """What had ended in it is still delivered, what goes on is announced when it ends."""
        ended = make.started(world, make.lines(1))
        world.advance.fast_forward(ended.created_at + 100)
        running = make.started(world, make.lines(1))
        world.advance.fast_forward(ended.created_at + 150)
        world.restore(world.snapshot())
        assert [id for _, _, id in send_due(world, FOR_EVER)] == [ended.id, running.id]

    def test_a_restored_world_delivers_nothing_twice(self, make: "Make", world: World) -> None:
        """A delivery that succeeded before is kept, and not attempted again."""
        ended = make.started(world, make.lines(1))
        world.advance.fast_forward(ended.created_at + 150)
        assert len(send_due(world, world.now())) == 1
        world.restore(world.snapshot())
        assert send_due(world, FOR_EVER) == []
        [delivery] = world.webhooks.deliveries_json(10)["deliveries"]
        assert delivery["status"] == "delivered"

    def test_a_restored_world_attempts_again_what_was_under_way(
        self, make: "Make", world: World
    ) -> None:
        """Whether the receiver got it is not known, so it is due again at once."""
        batch = make.started(world, make.lines(1))
        world.advance.fast_forward(batch.created_at + 150)
        assert outbox(world).pop_due(world.now()) is not None
        world.restore(world.snapshot())
        again = (batch.created_at + 150, "batch.completed", batch.id)
        assert send_due(world, world.now()) == [again]

    def test_a_restored_world_does_not_repeat_what_was_delivered_early(
        self, make: "Make", world: World
    ) -> None:
        """Its batch is still finalizing, and its event was delivered before."""
        batch = make.started(
            world, make.lines(1), stages={"finalizing": 100}, webhook={"early": 50}
        )
        world.advance.fast_forward(batch.created_at + 173)
        assert len(send_due(world, world.now())) == 1
        world.restore(world.snapshot())
        assert send_due(world, FOR_EVER) == []

    def test_a_restored_world_remembers_what_was_delivered_before_a_hold(
        self, make: "Make", world: World
    ) -> None:
        """The batch has no planned end then, and the same end once it is resumed."""
        early = {"stages": {"finalizing": 100}, "webhook": {"early": 50}, "overdue": None}
        batch = make.started(world, make.lines(1), **early)
        world.advance.fast_forward(batch.created_at + 173)
        assert len(send_due(world, world.now())) == 1
        world.command(batch.id, commands.hold)
        world.restore(world.snapshot())
        world.command(batch.id, commands.resume)
        assert send_due(world, FOR_EVER) == []

    def test_a_reset_world_tells_nothing(self, make: "Make", world: World) -> None:
        """Neither the old outbox nor the new one."""
        before = outbox(world)
        make.started(world, make.lines(1))
        world.reset(world.settings)
        assert before.next_at() == outbox(world).next_at() == inf
        assert before.pop_due(FOR_EVER) is None
        assert not world.webhooks.endpoints


COMMANDS = ["cancel", "hold", "resume", "expire", "complete"]
ACTIONS = st.lists(
    st.one_of(
        st.just(("start",)),
        st.tuples(
            st.sampled_from(["cancel", "hold", "resume", "expire", "complete"]), st.integers(0, 4)
        ),
        st.tuples(st.just("pass"), st.integers(0, 2000)),
        st.tuples(st.just("send")),
    ),
    max_size=25,
)


@examples(60)
@given(ACTIONS)
def test_after_any_commands_each_end_is_delivered_once_and_in_order(
    make: "Make", actions: list[tuple[Any, ...]]
) -> None:
    """Any order of commands, of steps of time, and of looks at what is due."""
    world = make.world()
    hook(world)
    ids: list[str] = []
    deliveries: list[tuple[int, str, str]] = []
    for name, *arguments in actions:
        if name == "start":
            ids.append(make.started(world, make.lines(1)).id)
        elif name == "pass":
            world.advance.fast_forward(world.now() + arguments[0])
        elif name == "send":
            deliveries += send_due(world, world.now())
        elif ids:
            with suppress(ApiError):
                world.command(ids[arguments[0] % len(ids)], getattr(commands, name))
    deliveries += send_due(world, FOR_EVER)
    ends = [(world.batch(id).timeline.end, id) for id in ids]
    assert sorted((at, id) for at, _, id in deliveries) == sorted(
        (end.at, id) for end, id in ends if end.status in FINAL
    )


class TestEndpointsThatComeAndGo:
    """Endpoints are created and deleted while batches run."""

    def test_an_endpoint_made_again_is_sent_the_end(self, make: "Make") -> None:
        """Created, deleted and created again before the end, an endpoint gets its event once."""
        world = make.world()
        world.webhooks.delete_endpoint(hook(world))
        batch = make.started(world, make.lines(1))
        hook(world)
        assert [id for _, _, id in send_due(world, make.created + 1000)] == [batch.id]

    def test_an_endpoint_made_again_while_a_batch_runs_is_sent_the_end(self, make: "Make") -> None:
        """The batch is older than the second endpoint, and its end is not."""
        world = make.world()
        first = hook(world)
        batch = make.started(world, make.lines(1))
        assert outbox(world).next_at() < FOR_EVER
        world.webhooks.delete_endpoint(first)
        hook(world)
        assert [id for _, _, id in send_due(world, make.created + 1000)] == [batch.id]

    def test_deleting_an_endpoint_drops_only_what_is_pending(self, make: "Make") -> None:
        """A delivery that is over keeps its status when its endpoint goes."""
        world = make.world()
        id = hook(world)
        make.started(world, make.lines(1))
        send_due(world, make.created + 1000)
        before = [one["status"] for one in outbox(world).as_json(10)["deliveries"]]
        world.webhooks.delete_endpoint(id)
        after = [one["status"] for one in outbox(world).as_json(10)["deliveries"]]
        assert before == after == ["delivered"]

    def test_deleting_an_endpoint_leaves_those_of_others(self, make: "Make") -> None:
        """A pending delivery to another endpoint goes on."""
        world = make.world()
        gone, other = hook(world), hook(world)
        make.started(world, make.lines(1))
        outbox(world).enqueue_finished(make.created + 1000)
        world.webhooks.delete_endpoint(gone)
        statuses = {
            one["endpoint_id"]: one["status"] for one in outbox(world).as_json(10)["deliveries"]
        }
        assert statuses == {gone: "dropped", other: "pending"}


def test_an_early_event_of_a_cancelled_batch_is_early(make: "Make") -> None:
    """A negative delay counts for a batch that is being cancelled, too."""
    world = make.world()
    hook(world)
    batch = make.started(world, make.lines(10), webhook={"early": 5})
    world.advance.to(make.created + 70)
    world.command(batch.id, commands.cancel)
    [(at, kind, _)] = send_due(world, make.created + 70 + 605)
    assert (at, kind) == (make.created + 70 + 605 - 5, "batch.cancelled")


def test_two_samples_have_ids_of_their_own(make: "Make") -> None:
    """Two test events to one endpoint are two deliveries."""
    world = make.world()
    hook(world)
    [endpoint] = world.webhooks.endpoints
    seed = world.snapshot().seed
    assert seed is not None
    first, second = (
        outbox(world).add_sample(endpoint, "batch.completed", seed, make.created).delivery
        for _ in range(2)
    )
    assert first.id != second.id


@pytest.mark.parametrize(("limit", "shown"), [(0, 0), (1, 1), (2, 2), (9, 3)])
def test_a_list_of_deliveries_has_its_limit(make: "Make", limit: int, shown: int) -> None:
    """The last ones are shown, none for a limit of 0, and all are counted."""
    world = make.world()
    for _ in range(3):
        hook(world)
    make.started(world, make.lines(1))
    outbox(world).enqueue_finished(make.created + 1000)
    found = outbox(world).as_json(limit)
    assert (len(found["deliveries"]), found["count"], found["dropped"]) == (shown, 3, 0)


def test_what_another_process_attempts_is_attempted_again_if_it_dies(
    make: "Make", world: World
) -> None:
    """Until then it is under way, and nothing is due."""
    batch = make.started(world, make.lines(1))
    due = outbox(world).pop_due(batch.timeline.end.at)
    assert due is not None
    delivery = replace(due.delivery, next_at=None)
    outbox(world).record_attempt(due, Attempt(batch.timeline.end.at, SUCCESS))
    assert not outbox(world).is_under_way
    outbox(world).place(delivery.id, delivery)
    assert (outbox(world).is_under_way, outbox(world).next_at()) == (True, inf)
    outbox(world).retry_lost(batch.timeline.end.at + 5)
    assert outbox(world).next_at() == batch.timeline.end.at + 5


class TestOtherProcesses:
    """What is told to them, and what they tell."""

    def test_they_are_told_which_ends_were_announced(self, make: "Make") -> None:
        """When the first endpoint comes, and when the last one goes."""
        world, told = make.world(), []
        outbox(world).listeners.append(lambda kind, id: told.append((kind, id)))
        batch = make.started(world, make.lines(1))
        world.advance.fast_forward(batch.created_at + 124)
        id = hook(world)
        assert told == [("announced", batch.id)]
        world.webhooks.delete_endpoint(id)
        assert told == [("announced", batch.id)] * 2

    def test_a_delivery_that_another_one_has_forgotten_is_not_due(
        self, make: "Make", world: World
    ) -> None:
        """Nor is it shown."""
        batch = make.started(world, make.lines(1))
        outbox(world).enqueue_finished(batch.created_at + 124)
        [delivery] = outbox(world).deliveries_of(batch.id)
        outbox(world).place(delivery.id, None)
        assert (outbox(world).next_at(), delivery.id in outbox(world)) == (inf, False)
