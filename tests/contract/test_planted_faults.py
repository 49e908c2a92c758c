"""Each planted fault is caught by the case that is about it."""

from collections.abc import Mapping

import pytest

from mockbatch.client import WorldClient
from mockbatch.contract.cases import load_cases
from mockbatch.contract.client import Client
from mockbatch.contract.runner import BREACH, PASSED, Runner
from mockbatch.contract.steps import RunOptions
from mockbatch.testing.servers import LocalServer
from mockbatch.web.app import create_app
from tests.contract.planted_body_faults import BODIES
from tests.contract.planted_faults import GATEWAY, OPENAI, SCENARIOS
from tests.contract.planted_output_faults import OUTPUT
from tests.contract.planting import PlantedFault, plant_fault
from tests.support.slow_tests import mark_slow_except_each

ABOUT_LINES = {"duplicate_lines", "missing_lines"}


def is_caught(mock: WorldClient, id: str) -> bool:
    """Run one case against a world, and return whether it is a breach."""
    [case] = [case for case in load_cases() if case.id == id]
    options = RunOptions(control=True, wait_seconds=0.5, strict=True)
    with Runner(Client(mock.base_url, mock.api_key), options) as runner:
        [result] = runner.run([case])
    return result.outcome == BREACH


@pytest.mark.parametrize("name", mark_slow_except_each(30, OPENAI))
def test_a_fault_breaks_only_cases_about_it(name: str) -> None:
    """Of the whole contract, called directly: one deviation hides no other."""
    assert find_breaches(OPENAI[name]) == OPENAI[name].breaches


@pytest.mark.parametrize("name", mark_slow_except_each(30, GATEWAY))
def test_a_fault_of_a_gateway_breaks_only_cases_about_it(name: str) -> None:
    """Of the whole contract, called as Portkey's gateway."""
    assert find_breaches(GATEWAY[name], provider="openai") == GATEWAY[name].breaches


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_distortion_of_a_scenario_is_caught(scenario: str, mockbatch: WorldClient) -> None:
    """What a scenario distorts is a breach; scenarios about lines distort all of them here."""
    fraction = {"fraction": 1.0} if scenario in ABOUT_LINES else {}
    mockbatch.scenario(scenario, times=None, **fraction)
    assert is_caught(mockbatch, SCENARIOS[scenario])


@pytest.mark.parametrize("name", mark_slow_except_each(30, BODIES))
def test_a_fault_in_bodies_is_one_breach(name: str) -> None:
    """Only the case that is about it breaks: one deviation hides no other."""
    assert find_breaches(BODIES[name], "bodies") == {BODIES[name].caught_by}


@pytest.mark.parametrize("name", mark_slow_except_each(30, OUTPUT))
def test_a_fault_in_results_is_one_breach(name: str) -> None:
    """Only the case that is about it breaks, of the whole contract."""
    assert find_breaches(OUTPUT[name]) == {OUTPUT[name].caught_by}


def find_breaches(fault: PlantedFault, *groups: str, provider: str | None = None) -> set[str]:
    """Plant a fault, run the contract or some groups of it, and return the ids of breaches."""
    server = LocalServer(plant_fault(create_app(), fault))
    options = RunOptions(provider, control=True, wait_seconds=0.5, strict=True)
    client = Client(server.base_url, server.api_key, provider)
    try:
        with Runner(client, options) as runner:
            results = list(runner.run(load_cases(groups)))
    finally:
        server.close()
    assert PASSED in {result.outcome for result in results}
    return {result.case.id for result in results if result.outcome == BREACH}


@pytest.mark.parametrize(("group", "faults"), [("bodies", BODIES), ("output", OUTPUT)])
def test_each_case_of_a_group_has_a_fault(group: str, faults: Mapping[str, PlantedFault]) -> None:
    """So that none of them passes whatever the server sends."""
    caught = {fault.caught_by for fault in faults.values()}
    assert caught == {case.id for case in load_cases([group])}
