"""Which providers cannot have a scenario, and why: for the catalogue."""

from collections.abc import Mapping

from mockbatch import providers
from mockbatch.endpoints.provider_registry import provider_documents
from mockbatch.errors import ApiError
from mockbatch.scenarios.scenario import parse
from mockbatch.typing import Json


def find_refusals(document: Mapping[str, Json]) -> dict[str, str]:
    """Return why the batches of a provider cannot have a scenario, by the title of the provider."""
    reasons = {
        provider["title"]: find_refusal(name, document)
        for name, provider in provider_documents().items()
    }
    return {title: reason for title, reason in reasons.items() if reason is not None}


def find_refusal(provider: str, document: Mapping[str, Json]) -> str | None:
    """Return why the batches of a provider cannot have a scenario, None if they can."""
    try:
        providers.find(provider).batch_rules.adapt(parse(document))
    except ApiError as error:
        return str(error.fields.get("reason", error.message))
    return None
