"""The scenarios that are queued for the next batches of a world."""

from contextlib import suppress
from typing import TYPE_CHECKING

from mockbatch.scenarios.queue import ScenarioQueue

if TYPE_CHECKING:
    from tests.conftest import Make


def test_a_refused_batch_uses_up_no_scenario(make: "Make") -> None:
    """The next batch has the scenario, and only then it is used."""
    queue, scenario = ScenarioQueue(), make.scenario()
    queue.add(scenario, 1)
    with suppress(ValueError), queue.next_scenario():
        raise ValueError("refused")
    assert queue.waiting() == [(scenario, 1)]
    with queue.next_scenario() as chosen:
        assert chosen is scenario
    assert queue.waiting() == []
