"""Which status changes the log of a world has yet to show."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import commands
from tests.support.rival import is_free

if TYPE_CHECKING:
    from mockbatch.world.world import World
    from tests.conftest import Make

VALIDATING_SECONDS = 62
DAY = 24 * 3600


@pytest.fixture
def world(make: "Make") -> "World":
    """Return a world whose log has begun."""
    world = make.world()
    assert world.status_log.pop_changes() == []
    return world


def types(world: "World") -> list[str]:
    """Return the types of the status changes that are new."""
    return [event.type.removeprefix("batch.") for event in world.status_log.pop_changes()]


def test_changes_are_returned_once(make: "Make", world: "World") -> None:
    """Each when it has happened."""
    make.started(world, make.lines(1))
    assert types(world) == ["validating"]
    assert types(world) == []
    world.advance.by(VALIDATING_SECONDS - 1)
    assert types(world) == []
    world.advance.by(1)
    assert types(world) == ["in_progress"]
    world.advance.by(DAY)
    assert types(world) == ["finalizing", "completed"]


def test_changes_of_several_batches_are_in_order_of_time(make: "Make", world: "World") -> None:
    """And at the same second in order of creation."""
    first = make.started(world, make.lines(1))
    world.advance.by(10)
    second = make.started(world, make.lines(1))
    world.advance.by(DAY)
    changes = world.status_log.pop_changes()
    assert [change.at for change in changes] == sorted(change.at for change in changes)
    assert [change.id for change in changes[:4]] == [first.id, second.id, first.id, second.id]


def test_a_command_replaces_the_changes_to_come(make: "Make", world: "World") -> None:
    """What a cancelled batch would have become is not returned."""
    batch = make.started(world, make.lines(1))
    world.advance.by(VALIDATING_SECONDS)
    assert types(world) == ["validating", "in_progress"]
    world.command(batch.id, commands.cancel)
    assert types(world) == ["cancelling"]
    world.advance.by(DAY)
    assert types(world) == ["cancelled"]


def test_a_held_batch_has_no_change_to_come(make: "Make", world: "World") -> None:
    """Until it is resumed."""
    batch = make.started(world, make.lines(1))
    world.command(batch.id, commands.hold)
    assert types(world) == ["validating"]
    world.advance.by(VALIDATING_SECONDS)
    assert types(world) == []
    world.command(batch.id, commands.resume)
    world.advance.by(VALIDATING_SECONDS)
    assert types(world) == ["in_progress"]


def test_a_change_that_a_command_has_taken_back_is_not_returned(
    make: "Make", world: "World"
) -> None:
    """A held batch that never expires has nothing to come, not even what was planned before."""
    batch = make.started(world, make.lines(1), overdue=None)
    assert types(world) == ["validating"]
    world.command(batch.id, commands.hold)
    world.advance.by(DAY)
    assert types(world) == []


def test_the_log_begins_with_its_first_call(make: "Make") -> None:
    """What happened before is not returned."""
    world = make.world()
    make.started(world, make.lines(1))
    world.advance.by(VALIDATING_SECONDS)
    assert types(world) == []
    world.advance.by(DAY)
    assert types(world) == ["finalizing", "completed"]


def test_it_begins_anew_with_a_restored_world(make: "Make", world: "World") -> None:
    """The past of a snapshot is not returned."""
    make.started(world, make.lines(1))
    world.restore(world.snapshot())
    assert types(world) == []
    world.advance.by(VALIDATING_SECONDS)
    assert types(world) == ["in_progress"]


def test_changes_are_collected_under_the_lock(
    world: "World", monkeypatch: pytest.MonkeyPatch
) -> None:
    """So no command replaces a batch in the middle of it."""
    now, are_locked = world.clock.now, []

    def record() -> float:
        are_locked.append(not is_free(world.clock.lock))
        return now()

    monkeypatch.setattr(world.clock, "now", record)
    world.status_log.pop_changes()
    assert are_locked == [True]
