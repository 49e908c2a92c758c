"""The clock of a world, as sleeps move it."""

import pytest

from mockbatch import MockBatch
from mockbatch.client.clock import SleepClock


@pytest.mark.parametrize("is_local", [True, False])
def test_an_instant_that_is_past_leaves_the_clock_where_it_is(is_local: bool) -> None:
    """The present instant is returned, also by a world that is called over HTTP."""
    with MockBatch() as world:
        start = world.clock.now
        world.clock.advance(100)
        clock = SleepClock(world, world._find_app if is_local else lambda: None)
        assert clock.advance_to(start + 50) == start + 100
        assert clock.advance_to(start + 150) == start + 150
        assert world.clock.now == start + 150
