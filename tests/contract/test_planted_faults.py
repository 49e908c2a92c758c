"""A server that is broken in one way, and the case of the contract that says in which."""

import pytest
from broken import Fault, plant
from faults import DIRECT, GATEWAY, SCENARIOS

from mockbatch.contract.cases import cases
from mockbatch.contract.client import Client
from mockbatch.contract.play import Options
from mockbatch.contract.runner import BREACH, Runner
from mockbatch.handle import Handle
from mockbatch.server import Server
from mockbatch.web.app import create_app

IN_ALL_LINES = {"duplicate_lines", "missing_lines"}


def breaches(mock: Handle, case: str, provider: str | None = None) -> set[str]:
    """Check a world against the group of a case and return the cases that it breaks."""
    client = Client(mock.base_url, mock.api_key, provider)
    group = case.partition("/")[0]
    with Runner(client, Options(provider, control=True, wait=0.5, strict=True)) as runner:
        return {one.case.id for one in runner.run(cases([group])) if one.outcome == BREACH}


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
    server = Server(plant(create_app(), fault))
    try:
        assert fault.caught_by in breaches(server.world(), fault.caught_by, provider)
    finally:
        server.close()


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario_is_caught(scenario: str, mockbatch: Handle) -> None:
    """What a scenario distorts is a breach: the case that is about it says so."""
    fraction = {"fraction": 1.0} if scenario in IN_ALL_LINES else {}
    mockbatch.scenario(scenario, times=None, **fraction)
    assert SCENARIOS[scenario] in breaches(mockbatch, SCENARIOS[scenario])
