"""Simulated time ends in 2106: nothing moves the clock beyond it."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.batch.commands import cancel, hold, resume
from mockbatch.batch.timeline import Transition
from mockbatch.clock import END, Clock
from mockbatch.errors import ApiError
from mockbatch.ids import MAX_NUMBER
from mockbatch.limits import MIN_PACE
from mockbatch.webhooks.finished_batches import first_attempt_at
from mockbatch.world.snapshot.dump import dump
from mockbatch.world.snapshot.load import load

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


SLOW = dict.fromkeys(("validating", "in_progress", "finalizing", "cancelling"), 365 * 24 * 3600)


def test_stages_that_would_last_longer_end_there(make: "Make") -> None:
    """At the slowest pace a year takes a million: the plan has no instant that is not a number."""
    world = make.world(pace=MIN_PACE)
    batch = make.started(world, make.lines(1), stages={**SLOW, "validating": 0}, overdue=None)
    assert batch.timeline.end == Transition(END, "completed")
    timeline = world.explain(batch.id)
    assert timeline["coming"][-1]["at"] == END
    assert world.command(batch.id, cancel).timeline.end == Transition(END, "cancelled")


def test_a_held_batch_is_not_resumed_beyond_it(make: "Make") -> None:
    """What was to come moves by as long as the hold, up to the end."""
    world = make.world()
    batch = make.started(world, make.lines(1), overdue=None)
    world.command(batch.id, hold)
    world.advance.to(END - 5)
    assert world.command(batch.id, resume).timeline.end == Transition(END, "completed")


def test_what_would_expire_later_expires_there(make: "Make") -> None:
    """A batch, its files and an upload show that instant, and a webhook is retried no later."""
    world = make.world(start_time=END - 100)
    batch = make.started(world, make.lines(1), webhook={"delay": 365 * 24 * 3600})
    assert world.batch_json(batch)["expires_at"] == END
    assert world.file(batch.input_file_id).expires_at == END
    assert world.uploads.create("f", "batch", 1, None).expires_at == END
    assert first_attempt_at(batch) == END


def test_state_of_a_world_at_its_end_can_be_loaded(make: "Make") -> None:
    """Planned instants are in it as they are shown."""
    world = make.world(start_time=END - 100, pace=MIN_PACE)
    make.started(world, make.lines(1), stages=SLOW)
    document = dump(world.snapshot())
    world.restore(load(document, world.settings))
    assert dump(world.snapshot()) == document


def test_a_loaded_clock_is_not_before_its_batches(make: "Make") -> None:
    """Else a command would come before the creation of its batch."""
    world = make.world()
    batch = make.started(world, make.lines(1))
    state = dump(world.snapshot())
    state["clock"]["now"] = 0
    world.restore(load(state, world.settings))
    assert world.now() == batch.created_at
    assert world.command(batch.id, cancel).timeline.transitions[0].at == batch.created_at


def test_a_loaded_clock_is_not_before_a_hold(make: "Make") -> None:
    """Else a batch could be resumed before it was held, and end sooner than planned."""
    world = make.world()
    batch = make.started(world, make.lines(1))
    world.advance.by(30)
    world.command(batch.id, hold)
    state = dump(world.snapshot())
    state["clock"]["now"] = batch.created_at
    world.restore(load(state, world.settings))
    assert world.now() == batch.created_at + 30
    assert world.command(batch.id, resume).timeline.end == batch.timeline.end


def test_requests_are_counted_up_to_a_bound(make: "Make") -> None:
    """A state at the bound stays one that can be loaded, and requests are still answered."""
    world = make.world()
    state = {**dump(world.snapshot()), "numbers": {"request": MAX_NUMBER - 1}}
    world.restore(load(state, world.settings))
    counted = []
    for _ in range(3):
        world.request_ids.next()
        document = dump(world.snapshot())
        load(document, world.settings)
        counted.append(document["numbers"]["request"])
    assert counted == [MAX_NUMBER] * 3


def test_objects_are_counted_up_to_a_bound(make: "Make") -> None:
    """A state at the bound can be loaded, and stays one that can be loaded."""
    world = make.world()
    state = {**dump(world.snapshot()), "numbers": {"upload": MAX_NUMBER}}
    world.restore(load(state, world.settings))
    with pytest.raises(ApiError, match="most that it can count"):
        world.uploads.create("f", "batch", 1, None)
    assert dump(world.snapshot())["numbers"] == {"upload": MAX_NUMBER, "request": 0}
