"""Simulated time ends in 2106: nothing moves the clock beyond it."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.clock import END, Clock
from mockbatch.errors import ApiError

if TYPE_CHECKING:
    from tests.conftest import Make


@pytest.mark.parametrize("mode", ["realtime", "x1000000"])
def test_a_running_clock_stops_there(mode: str) -> None:
    """However fast it runs."""
    clock = Clock(mode, END - 10, 1000)
    assert clock.now(1000 + 1e9) == END - 1


def test_a_batch_that_would_end_later_is_not_reached(make: "Make") -> None:
    """The clock stays where it was."""
    world = make.world(start_time=END - 100)
    batch = make.started(world, make.lines(1))
    before = world.now()
    with pytest.raises(ApiError, match="cannot go beyond 2106") as refused:
        world.advance.until(batch.id, "completed")
    assert (refused.value.status, refused.value.param) == (400, "status")
    assert world.now() == before
    world.advance.to(END - 1)
    with pytest.raises(ApiError, match="cannot go beyond 2106"):
        world.advance.to_next()


def test_the_sum_of_two_advances_is_checked(make: "Make") -> None:
    """Each of them alone would fit."""
    world = make.world()
    half = (END - world.now()) * 0.6
    world.advance.by(half)
    with pytest.raises(ApiError, match="cannot go beyond 2106"):
        world.advance.by(half)


def test_a_poll_does_not_move_the_clock_there(make: "Make") -> None:
    """Nothing is due in time."""
    world = make.world(clock="on-poll")
    before = world.now()
    world.advance.fast_forward(END)
    assert world.now() == before
