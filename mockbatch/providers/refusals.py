"""Which providers cannot have a scenario, and why: for the catalogue."""

from collections.abc import Mapping

from mockbatch import providers
from mockbatch.endpoints.provider_registry import provider_documents
from mockbatch.errors import ApiError
from mockbatch.scenarios.scenario import Scenario, parse
from mockbatch.typing import Json


def find_refusals(document: Mapping[str, Json]) -> dict[str, str]:
    """Return why the batches of a provider cannot have a scenario, by the title of the provider."""
    scenario = parse(document)
    reasons = {
        provider["title"]: _find_reason(name, scenario)
        for name, provider in provider_documents().items()
    }
    return {title: reason for title, reason in reasons.items() if reason is not None}


def _find_reason(provider: str, scenario: Scenario) -> str | None:
    try:
        providers.find(provider).batch_rules.adapt(scenario)
    except ApiError as error:
        return str(error.fields.get("reason", error.message))
    return None
