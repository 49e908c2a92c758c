"""Which scenarios a Message Batch can have, and how long its stages last."""

from collections.abc import Mapping

from msgspec.structs import replace

from mockbatch.batch.timeline import CANCELLING, FINALIZING, IN_PROGRESS, VALIDATING
from mockbatch.errors import api_error
from mockbatch.scenarios.scenario import Scenario
from mockbatch.typing import Json

# A batch of one to three requests took 45 to 126 seconds in eight recordings of 2025 and 2026,
# and one that was cancelled at once ended after about 25 (field notes, 2026). It has no status
# for validation, nor for the writing of results.
RECORDED_SECONDS: Mapping[str, float] = {
    VALIDATING: 0,
    IN_PROGRESS: 90,
    FINALIZING: 0,
    CANCELLING: 25,
}

# What a scenario may have in its document that a Message Batch cannot show, and why.
_REASONS: Mapping[str, str] = {
    "validation": "Anthropic refuses invalid requests at create, so no batch fails later",
    "quotas": "the scenario is about OpenAI's quotas",
    "enqueued_after": "the scenario is about OpenAI's quotas",
    "object": "the scenario changes members of OpenAI's Batch object",
    "webhook": "Anthropic sends no webhooks about batches",
    "cached": "the scenario changes a member of OpenAI's usage",
}
_REASONS_BY_OUTPUT: Mapping[str, str] = {
    "astray": "a Message Batch has a results file, but no error file",
    "status_code": "results have no status_code",
    "drop": "the scenario drops members of OpenAI's bodies",
    "fragments": "the scenario changes items of OpenAI's responses",
}
_STAGES_OF_OPENAI = (VALIDATING, FINALIZING)


def find_refusal(document: Mapping[str, Json]) -> str | None:
    """Return why a Message Batch cannot have a scenario, None if it can."""
    for name, reason in _REASONS.items():
        if name in document:
            return reason
    for name, reason in _REASONS_BY_OUTPUT.items():
        if name in document.get("output", {}):
            return reason
    stages = document.get("stages", {})
    stage = next((name for name in _STAGES_OF_OPENAI if name in stages), None)
    if stage is not None:
        return f"a Message Batch is never {stage}"
    if "endpoint" in document:
        return "the scenario is about an endpoint of OpenAI"
    return None


def adapt(scenario: Scenario) -> Scenario:
    """Return a scenario with the durations of a Message Batch; ApiError 400 if it cannot be."""
    reason = find_refusal(scenario.document)
    if reason is not None:
        raise api_error(
            "scenario_not_for_provider", name=scenario.name, provider="Anthropic", reason=reason
        )
    own = scenario.document.get("stages", {})
    return replace(scenario, stages={**RECORDED_SECONDS, **own})
