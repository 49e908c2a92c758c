"""The status changes of a world, and its newest unfinished batch."""

import sys
from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import commands
from mockbatch.world.world import World
from tests.conftest import CREATED

if TYPE_CHECKING:
    from tests.conftest import Make

END = 124


def changes(world: World, after: float = -1, until: float = 10**6) -> list[tuple[int, str, str]]:
    """Return the status changes between two instants, in seconds since the start."""
    found = [*world.upcoming.changes(CREATED + after, CREATED + until)]
    assert world.upcoming.count_changes(CREATED + after, CREATED + until) == len(found)
    return [(at - CREATED, type_.removeprefix("batch."), id) for at, type_, id in found]


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


def test_every_status_is_a_change(make: "Make") -> None:
    """A batch has an event for each status it reaches, named after it."""
    world = make.world()
    batch = make.started(world, make.lines(10))
    assert changes(world) == [
        (0, "validating", batch.id),
        (62, "in_progress", batch.id),
        (123, "finalizing", batch.id),
        (124, "completed", batch.id),
    ]


def test_changes_are_after_the_first_instant_and_up_to_the_second(make: "Make") -> None:
    """A change at the first second is past, one at the last second is included."""
    world = make.world()
    batch = make.started(world, make.lines(10))
    assert changes(world, 62, 123) == [(123, "finalizing", batch.id)]
    assert changes(world, 62.5, 122.5) == []


def test_changes_of_one_second_are_in_order_of_creation(make: "Make") -> None:
    """Even after a command has replaced the older batch."""
    world = make.world()
    batches = [make.started(world, make.lines(3)) for _ in range(3)]
    for command in (commands.hold, commands.resume):
        world.command(batches[1].id, command)
    assert [id for _, _, id in changes(world, 0)] == [batch.id for batch in batches] * 3


def test_statuses_of_one_second_are_in_their_order(make: "Make") -> None:
    """Even if two batches pass through several statuses at once."""
    world = make.world()
    batches = [make.started(world, make.lines(3)) for _ in range(2)]
    for batch in batches:
        world.command(batch.id, commands.complete)
    statuses = ("validating", "in_progress", "finalizing", "completed")
    assert changes(world) == [(0, status, batch.id) for batch in batches for status in statuses]


def test_a_command_replaces_the_changes_to_come(make: "Make") -> None:
    """Those of a cancelled batch are gone; those that have happened stay."""
    world = make.world()
    batch = make.started(world, make.lines(3))
    world.clock.move_to(CREATED + 100)
    world.command(batch.id, commands.cancel)
    found = [(at, status) for at, status, _ in changes(world)]
    assert found[:3] == [(0, "validating"), (62, "in_progress"), (100, "cancelling")]
    assert [status for _, status in found[3:]] == ["cancelled"]


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
