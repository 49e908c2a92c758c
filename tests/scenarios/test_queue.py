"""The scenarios that are queued for the next batches of a world."""

from typing import TYPE_CHECKING

from mockbatch.scenarios.queue import ScenarioQueue

if TYPE_CHECKING:
    from tests.conftest import Make


def test_a_scenario_is_used_by_the_batch_that_gets_it(make: "Make") -> None:
    """A batch that asks for the next scenario has not used it up yet: it may be refused."""
    queue, scenario = ScenarioQueue(), make.scenario()
    queue.add(scenario, 1)
    assert queue.first() is scenario
    assert queue.waiting() == [(scenario, 1)]
    queue.use(scenario)
    assert queue.waiting() == []
    assert queue.first() is None


def test_a_scenario_that_was_replaced_meanwhile_uses_up_no_other(make: "Make") -> None:
    """If the queue was changed while a batch was planned, its new first entry stays."""
    queue, before, after = ScenarioQueue(), make.scenario(), make.scenario()
    queue.add(before, None)
    queue.add(after, 1)
    queue.use(before)
    assert queue.waiting() == [(after, 1)]


def test_a_scenario_that_was_removed_is_not_reported_as_unused(make: "Make") -> None:
    """A test that clears the queue wants no batch to get it."""
    queue = ScenarioQueue()
    queue.add(make.scenario(), 1)
    queue.clear()
    assert (queue.waiting(), queue.unused()) == ([], [])


def test_the_last_hundred_unused_scenarios_are_remembered(make: "Make") -> None:
    """The oldest is forgotten first."""
    queue = ScenarioQueue()
    names = [f"number_{number}" for number in range(101)]
    for name in names:
        queue.add(make.scenario(name=name), None)
    assert [scenario.name for scenario in queue.unused()] == names[1:]
