"""Which providers cannot have a scenario."""

import pytest

from mockbatch.providers.refusals import find_refusals
from mockbatch.scenarios import catalogue


@pytest.mark.parametrize("name", ["happy", "all_failed", "cancel_loses_race", "stuck_in_progress"])
def test_most_scenarios_are_for_every_provider(name: str) -> None:
    """What they are about is the same everywhere."""
    assert find_refusals(catalogue()[name]) == {}


@pytest.mark.parametrize("name", ["validation_failed", "webhook_lost", "enqueued_quota"])
def test_a_refusal_names_the_provider_and_the_reason(name: str) -> None:
    """Anthropic has no failed batches, no webhooks and no quotas of tokens."""
    assert find_refusals(catalogue()[name])["Anthropic"]


def test_a_provider_without_an_end_of_the_window() -> None:
    """Azure's batches continue after 24 hours."""
    assert list(find_refusals(catalogue()["expired_partial"])) == ["Azure OpenAI"]
