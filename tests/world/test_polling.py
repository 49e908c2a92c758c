"""What a client meets that retrieves an unfinished batch again and again."""

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from mockbatch.batch.rules import OPENAI_RULES
from mockbatch.client import WorldClient
from mockbatch.errors import ApiError
from mockbatch.testing.servers import LocalServer
from mockbatch.web.app import create_app
from mockbatch.webhooks.settings import WebhookSettings
from mockbatch.world.polling import retrieve_polled
from mockbatch.world.settings import ServerSettings, WorldSettings
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make

LATE_SECONDS = 30
VALIDATED, DONE, WRITTEN = 62, 123, 124
# As long as a slow machine may need for a few requests.
PATIENCE_SECONDS = 30
DAY = 24 * 3600


def on_poll(make: "Make", **settings: Any) -> World:
    """Make a world whose clock a poll moves."""
    return make.world(clock="on-poll", **settings)


@pytest.fixture
def patient_server() -> Iterator[LocalServer]:
    """Serve worlds that wait for a receiver longer than the receiver waits for a test."""
    webhooks = WebhookSettings(timeout_seconds=3 * PATIENCE_SECONDS)
    server = LocalServer(create_app(ServerSettings(world=WorldSettings(webhooks=webhooks))))
    yield server
    server.close()


class TestNotVisibleYet:
    """A batch that can be found only some seconds after its creation."""

    def test_a_poll_moves_time_to_where_it_can_be_found(self, make: "Make") -> None:
        """The first poll is a 404 and moves an on-poll clock there; the second answers."""
        world = on_poll(make)
        id = make.started(world, make.lines(1), visible_after=LATE_SECONDS).id
        with pytest.raises(ApiError) as refused:
            retrieve_polled(world, id)
        assert (refused.value.status, world.now()) == (404, make.created + LATE_SECONDS)
        assert retrieve_polled(world, id).id == id

    def test_no_poll_moves_another_clock(self, make: "Make") -> None:
        """On a manual clock the batch stays a 404 until someone moves time."""
        world = make.world()
        id = make.started(world, make.lines(1), visible_after=LATE_SECONDS).id
        for _ in range(2):
            with pytest.raises(ApiError) as refused:
                retrieve_polled(world, id)
            assert (refused.value.status, world.now()) == (404, make.created)
        world.advance.by(LATE_SECONDS)
        assert retrieve_polled(world, id).id == id

    def test_a_batch_that_never_was_moves_nothing(self, make: "Make") -> None:
        """The poll of an unknown batch is a 404 and leaves an on-poll clock alone."""
        world = on_poll(make)
        with pytest.raises(ApiError) as refused:
            retrieve_polled(world, "batch_unknown")
        assert (refused.value.status, world.now()) == (404, make.created)


class TestOnPoll:
    """A clock that a poll moves."""

    def test_each_poll_moves_to_the_exact_second_of_the_next_status(self, make: "Make") -> None:
        """Time stands on the second of the status that the poll reached, and at the end stays."""
        world = on_poll(make)
        id = make.started(world, make.lines(1)).id
        instants = []
        for _ in range(4):
            retrieve_polled(world, id)
            instants.append(world.now() - make.created)
        assert instants == [VALIDATED, DONE, WRITTEN, WRITTEN]

    def test_a_poll_of_a_stuck_batch_moves_nothing(self, make: "Make") -> None:
        """Where no status is to come, there is nothing to move to."""
        world = on_poll(make)
        batch = make.started(world, make.lines(1), stages={"validating": None}, overdue=None)
        retrieve_polled(world, batch.id)
        assert world.now() == make.created

    def test_a_poll_waits_for_no_receiver(self, patient_server: LocalServer) -> None:
        """A receiver that answers only after the three polls keeps none of them waiting."""
        mock = patient_server.world(clock="on-poll")
        polled, answered = threading.Event(), threading.Event()
        was_polled: list[bool] = []

        def receive(_: Any) -> None:
            was_polled.append(polled.wait(PATIENCE_SECONDS))
            answered.set()

        mock.webhook(receive)
        id = submit(mock)
        statuses = [mock.client.batches.retrieve(id).status for _ in range(3)]
        polled.set()
        assert statuses == ["in_progress", "finalizing", "completed"]
        assert answered.wait(3 * PATIENCE_SECONDS)
        assert was_polled == [True]


class TestPollLimit:
    """A client that polls while time stands still."""

    def test_the_limit_is_reached_by_the_poll_of_its_number(self, make: "Make") -> None:
        """With a limit of three the third poll is a 400 that tells how many there were."""
        world = make.world(poll_limit=3)
        batch = make.started(world, make.lines(1))
        assert [retrieve_polled(world, batch.id).id for _ in range(2)] == [batch.id] * 2
        with pytest.raises(ApiError, match=f"{batch.id}.* 3 .*validating") as refused:
            retrieve_polled(world, batch.id)
        assert (refused.value.status, refused.value.code) == (400, "nobody_moves_the_clock")
        assert refused.value.headers == {"x-should-retry": "false"}

    def test_the_error_calls_the_status_as_the_provider_does(self, make: "Make") -> None:
        """A client of Anthropic's has never heard of validating."""
        world = make.world(poll_limit=1)
        id = make.started(world, make.lines(1)).id
        rules = OPENAI_RULES._replace(status_names={"validating": "queued"})
        world.command(id, lambda batch, _: replace(batch, rules=rules))
        with pytest.raises(ApiError, match="it will stay 'queued'"):
            retrieve_polled(world, id)

    def test_an_ended_batch_may_be_polled_as_often_as_one_likes(self, make: "Make") -> None:
        """The limit is for batches that have not ended."""
        world = make.world(poll_limit=1)
        id = make.started(world, make.lines(1)).id
        world.advance.by(WRITTEN)
        assert {retrieve_polled(world, id).id for _ in range(5)} == {id}

    def test_there_may_be_no_limit(self, make: "Make") -> None:
        """Without a limit a client may poll for ever."""
        world = make.world(poll_limit=None)
        id = make.started(world, make.lines(1)).id
        assert {retrieve_polled(world, id).id for _ in range(500)} == {id}

    def test_a_stuck_batch_cannot_be_polled_for_ever(self, make: "Make") -> None:
        """After three days, polls of a batch that nothing will change count although time moves."""
        world = make.world(poll_limit=3)
        batch = make.started(world, make.lines(1), stages={"in_progress": None}, overdue=None)
        world.advance.to(batch.created_at + 3 * DAY - 60 * 5)
        for _ in range(6 + 1):  # the last of the third day is the first of three that count
            retrieve_polled(world, batch.id)
            world.advance.by(60)
        with pytest.raises(ApiError, match=r"stays 'in_progress'.*time\.monotonic") as rejected:
            retrieve_polled(world, batch.id)
        assert rejected.value.headers == {"x-should-retry": "false"}

    def test_a_slow_batch_can_be_polled_for_days(self, make: "Make") -> None:
        """A change is planned, so the loop ends."""
        world = make.world(poll_limit=3)
        stages = {"in_progress": 5 * DAY}
        batch = make.started(world, make.lines(1), stages=stages, overdue=None)
        world.advance.to(batch.created_at + 4 * DAY)
        for _ in range(6):
            retrieve_polled(world, batch.id)
            world.advance.by(60)
        assert batch.timeline.after(world.now())

    def test_a_stuck_batch_can_be_polled_for_ever_without_a_limit(self, make: "Make") -> None:
        """As on a server that people use, or in a test that says so."""
        world = make.world(poll_limit=None)
        batch = make.started(world, make.lines(1), stages={"in_progress": None}, overdue=None)
        world.advance.by(30 * DAY)
        assert retrieve_polled(world, batch.id).id == batch.id

    def test_polls_that_move_time_are_not_counted_together(self, make: "Make") -> None:
        """On an on-poll clock each poll that reaches a status begins the count anew."""
        world = on_poll(make, poll_limit=2)
        id = make.started(world, make.lines(1)).id
        assert {retrieve_polled(world, id).id for _ in range(4)} == {id}

    def test_a_stuck_batch_reaches_the_limit_on_an_on_poll_clock_too(self, make: "Make") -> None:
        """Where no poll can move time, the limit holds."""
        world = on_poll(make, poll_limit=2)
        id = make.started(world, make.lines(1), stages={"validating": None}, overdue=None).id
        retrieve_polled(world, id)
        with pytest.raises(ApiError) as refused:
            retrieve_polled(world, id)
        assert refused.value.code == "nobody_moves_the_clock"


def submit(mock: WorldClient) -> str:
    """Create a batch of one line and return its id."""
    line = (
        b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": '
        b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}}\n'
    )
    file = mock.client.files.create(file=("in.jsonl", line), purpose="batch")
    return mock.client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    ).id
