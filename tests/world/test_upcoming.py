"""The next status change of a world, and its newest unfinished batch."""

import sys
from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import commands
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make

END = 124


def count_calls(world: World) -> int:
    """Return how many calls of functions a look takes."""
    calls: list[str] = []
    sys.setprofile(lambda _frame, event, _argument: calls.append(event))
    try:
        world.upcoming.next_change()
        world.upcoming.newest_unfinished_batch()
    finally:
        sys.setprofile(None)
    return calls.count("call")


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(0, "in_progress"), (61, "in_progress"), (62, "finalizing"), (123, "completed")],
)
def test_the_next_change_is_after_now(make: "Make", seconds: int, status: str) -> None:
    """A change at this very second is past."""
    world = make.world()
    batch = make.started(world, make.lines(10))
    world.clock.move_to(batch.created_at + seconds)
    found = world.upcoming.next_change()
    assert found is not None
    assert found.type == f"batch.{status}"


def test_the_next_change_is_the_earliest_of_all_batches(make: "Make") -> None:
    """On a tie, that of the older batch; a held batch has none."""
    world = make.world()
    first, second = (make.started(world, make.lines(2)) for _ in range(2))
    assert world.upcoming.next_change().id == first.id
    world.command(first.id, commands.hold)
    assert world.upcoming.next_change().id == second.id
    world.command(first.id, commands.resume)
    assert world.upcoming.next_change().id == first.id


def test_there_is_no_next_change_after_the_last_end(make: "Make") -> None:
    """Nor without any batch."""
    world = make.world()
    assert world.upcoming.next_change() is None
    make.started(world, make.lines(10))
    world.clock.move_to(make.created + END)
    assert world.upcoming.next_change() is None


def test_every_change_comes_once_and_in_order(make: "Make") -> None:
    """From one to the next, as the timelines have them."""
    world = make.world()
    batches = [make.started(world, make.lines(2)) for _ in range(3)]
    planned = sorted(
        (change.at, batch.id)
        for batch in batches
        for change in batch.timeline.after(batch.created_at)
    )
    start, seen = make.created, []
    while (change := world.upcoming.next_change()) is not None:
        seen += [(at, id) for at, id in planned if at == change.at]
        assert change.at > start
        start = change.at
        world.clock.move_to(change.at)
    assert seen == planned


def test_the_newest_unfinished_batch_is_found_behind_finished_ones(make: "Make") -> None:
    """A finished one stays finished, whatever is done to it."""
    world = make.world()
    first, second, third = (make.started(world, make.lines(2)) for _ in range(3))
    assert world.upcoming.newest_unfinished_batch().id == third.id
    world.command(third.id, commands.complete)
    assert world.upcoming.newest_unfinished_batch().id == second.id
    world.command(first.id, commands.hold)
    world.clock.move_to(make.created + END)
    assert world.upcoming.newest_unfinished_batch().id == first.id
    world.command(first.id, commands.complete)
    assert world.upcoming.newest_unfinished_batch() is None


def test_a_restored_world_has_its_own(make: "Make") -> None:
    """The batches of before are gone from both answers."""
    world = make.world()
    empty = world.snapshot()
    batch = make.started(world, make.lines(2))
    full = world.snapshot()
    world.restore(empty)
    assert world.upcoming.next_change() is None
    assert world.upcoming.newest_unfinished_batch() is None
    world.restore(full)
    assert world.upcoming.newest_unfinished_batch().id == batch.id


@pytest.mark.parametrize("seconds", [0, END])
def test_a_look_costs_the_same_at_any_number_of_batches(make: "Make", seconds: int) -> None:
    """Counted in calls of functions, of the second look."""
    counts = []
    for number in (2, 200):
        world = make.world()
        for _ in range(number):
            make.started(world, make.lines(1))
        world.clock.move_to(make.created + seconds)
        count_calls(world)
        counts.append(count_calls(world))
    assert counts[0] == counts[1]
