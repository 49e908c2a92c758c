"""A server that is broken in one way, and the case of the contract that says in which."""

import pytest

from mockbatch.client import WorldClient
from mockbatch.contract.cases import load_cases
from mockbatch.contract.client import Client
from mockbatch.contract.runner import BREACH, Runner
from mockbatch.contract.steps import RunOptions
from mockbatch.testing.servers import LocalServer
from mockbatch.web.app import create_app
from tests.contract.broken import Fault, plant
from tests.contract.faults import DIRECT, GATEWAY, SCENARIOS

IN_ALL_LINES = {"duplicate_lines", "missing_lines"}


def is_caught(mock: WorldClient, id: str, provider: str | None = None) -> bool:
    """Tell whether a world breaks a case."""
    [case] = [one for one in load_cases() if one.id == id]
    options = RunOptions(provider, control=True, wait_seconds=0.5, strict=True)
    with Runner(Client(mock.base_url, mock.api_key, provider), options) as runner:
        [result] = runner.run([case])
    return result.outcome == BREACH


@pytest.mark.parametrize("name", DIRECT)
def test_fault_is_caught(name: str) -> None:
    """By the case that is about it."""
    check(DIRECT[name])


@pytest.mark.parametrize("name", GATEWAY)
def test_fault_of_a_gateway_is_caught(name: str) -> None:
    """By the case that is about it."""
    check(GATEWAY[name], provider="openai")


def check(fault: Fault, provider: str | None = None) -> None:
    """Plant a fault and see it caught."""
    server = LocalServer(plant(create_app(), fault))
    try:
        assert is_caught(server.world(), fault.caught_by, provider)
    finally:
        server.close()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario_is_caught(scenario: str, mockbatch: WorldClient) -> None:
    """What a scenario distorts is a breach: the case that is about it says so."""
    fraction = {"fraction": 1.0} if scenario in IN_ALL_LINES else {}
    mockbatch.scenario(scenario, times=None, **fraction)
    assert is_caught(mockbatch, SCENARIOS[scenario])
