"""Retrieving an unfinished batch again and again."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.errors import ApiError
from mockbatch.world.polling import poll
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make


@pytest.fixture
def world(make: "Make") -> World:
    """Make a world whose clock moves when a batch is polled."""
    return make.world(clock="on-poll")


class TestOnPoll:
    """On an on-poll clock a poll moves time, and nothing else does."""

    def test_a_batch_that_cannot_be_found_yet_is_found_by_the_second_poll(
        self, make: "Make", world: World
    ) -> None:
        """The first poll is a 404 and moves the clock to where the batch is visible."""
        batch = make.started(world, make.lines(1), visible_after=30)
        with pytest.raises(ApiError) as error:
            poll(world, batch.id)
        assert error.value.status == 404
        assert poll(world, batch.id).id == batch.id

    def test_each_poll_moves_to_the_next_status(self, make: "Make", world: World) -> None:
        """A batch passes one status a poll until it is final."""
        batch = make.started(world, make.lines(1))
        statuses = [poll(world, batch.id).status(world.now()) for _ in range(4)]
        assert statuses == ["in_progress", "finalizing", "completed", "completed"]

    def test_a_final_batch_moves_no_clock(self, make: "Make", world: World) -> None:
        """A poll of a batch that has ended leaves time alone."""
        batch = make.started(world, make.lines(1))
        for _ in range(3):
            poll(world, batch.id)
        now = world.now()
        poll(world, batch.id)
        assert world.now() == now

    def test_an_unknown_batch_moves_no_clock(self, make: "Make", world: World) -> None:
        """A poll of an id that does not exist is a 404 and leaves time alone."""
        with pytest.raises(ApiError):
            poll(world, "batch_" + "0" * 32)
        assert world.now() == make.created


class TestPollLimit:
    """While the clock stands, a batch can be polled only so often."""

    def test_the_poll_that_reaches_the_limit_is_refused(self, make: "Make") -> None:
        """With a limit of 3, two polls pass and the third is a 400 that must not be retried."""
        world = make.world(poll_limit=3)
        batch = make.started(world, make.lines(1))
        poll(world, batch.id)
        poll(world, batch.id)
        with pytest.raises(ApiError) as error:
            poll(world, batch.id)
        assert error.value.status == 400
        assert error.value.headers == {"x-should-retry": "false"}

    def test_moving_the_clock_starts_the_count_anew(self, make: "Make") -> None:
        """After an advance of one second the polls before it no longer count."""
        world = make.world(poll_limit=2)
        batch = make.started(world, make.lines(1))
        poll(world, batch.id)
        world.advance.by(1)
        assert poll(world, batch.id).id == batch.id

    def test_each_batch_is_counted_by_itself(self, make: "Make") -> None:
        """Polls of one batch do not count for another."""
        world = make.world(poll_limit=2)
        one, other = (make.started(world, make.lines(1)) for _ in range(2))
        poll(world, one.id)
        assert poll(world, other.id).id == other.id

    def test_a_final_batch_is_not_counted(self, make: "Make") -> None:
        """A batch that has ended can be retrieved without limit."""
        world = make.world(poll_limit=1)
        batch = make.started(world, make.lines(1))
        world.advance.by(24 * 3600)
        assert [poll(world, batch.id).status(world.now()) for _ in range(5)] == ["completed"] * 5
