"""The contract's group about Portkey's gateway, held against the real one."""

import pytest

from mockbatch.contract.cases import load_cases
from mockbatch.contract.client import Client
from mockbatch.contract.runner import PASSED, SKIPPED, Runner
from mockbatch.contract.steps import RunOptions
from tests.gateway.mock_server import KEY, MockServer
from tests.support.client_environments import MAY_INSTALL

pytestmark = [MAY_INSTALL, pytest.mark.slow]


def test_real_gateway_keeps_the_contract(gateway: str, upstream: MockServer) -> None:
    """What the cases say of a gateway is true of the real one, with the mock behind it."""
    upstream.control("POST", "/_mock/reset", {"clock": "x300"})
    with Runner(
        Client(f"{gateway}/v1", KEY, "openai"), RunOptions("openai", wait_seconds=20)
    ) as runner:
        results = list(runner.run(load_cases()))
    assert [
        (one.case.id, one.outcome, one.reason)
        for one in results
        if one.outcome not in (PASSED, SKIPPED)
    ] == []
    assert {one.outcome for one in results if one.case.group == "portkey"} == {PASSED}
