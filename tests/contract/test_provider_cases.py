"""The cases of providers other than OpenAI: this server passes them, and others do not."""

from collections.abc import Callable

import pytest

from mockbatch.cli import main
from mockbatch.client import WorldClient
from mockbatch.contract.cases import load_cases
from mockbatch.contract.client import Client
from mockbatch.contract.runner import BREACH, PASSED, UNVERIFIED, Runner
from mockbatch.contract.steps import RunOptions

Make = Callable[..., WorldClient]
BASES = {"azure": "/openai/v1", "groq": "/openai/v1", "anthropic": "/v1"}


def outcomes(world: WorldClient, provider: str) -> dict[str, str]:
    """Run the cases of a provider, and return their outcomes by name."""
    client = Client(f"{world.url}{BASES[provider]}", world.api_key, provider)
    with Runner(client, RunOptions(control=True)) as runner:
        results = list(runner.run(load_cases(provider=provider)))
    return {one.case.name: one.outcome for one in results}


@pytest.mark.parametrize("provider", BASES)
def test_this_server_passes(make_mockbatch: Make, provider: str) -> None:
    """Each case, and none is skipped."""
    found = outcomes(make_mockbatch(), provider)
    assert len(found) > 5
    assert set(found.values()) == {PASSED}


@pytest.mark.parametrize("provider", BASES)
def test_another_server_breaks_them(make_mockbatch: Make, provider: str) -> None:
    """One that answers with 418 fails each that sends the key; one from memory is no breach."""
    world = make_mockbatch()
    path = "/v1/messages*" if provider == "anthropic" else "/openai/*"
    world.fault({"path": path}, {"status": 418}, times=None)
    found = outcomes(world, provider)
    for without_key in ("wrong_key", "no_key"):
        found.pop(without_key, None)
    assert set(found.values()) <= {BREACH, UNVERIFIED}


def test_openai_is_not_azure(make_mockbatch: Make) -> None:
    """Its lifetimes, codes and envelope break Azure's cases."""
    world = make_mockbatch()
    client = Client(world.base_url, world.api_key, "azure")
    with Runner(client, RunOptions()) as runner:
        results = {one.case.name: one.outcome for one in runner.run(load_cases(provider="azure"))}
    broken = {name for name, outcome in results.items() if outcome == BREACH}
    assert broken == {"short_lifetime", "wrong_purpose", "wrong_key"}


@pytest.mark.parametrize("provider", BASES)
def test_command_takes_the_provider(
    make_mockbatch: Make, provider: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It runs the cases of that provider, and no others."""
    world = make_mockbatch()
    command = ["contract", f"{world.url}{BASES[provider]}", "--key", world.api_key, "--control"]
    assert main([*command, "--provider", provider]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert sum(f"{provider}/" in row for row in rows) == len(load_cases(provider=provider))
