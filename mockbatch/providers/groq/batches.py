"""Groq's batches: what a client may ask for, and the batch object."""

import re
from collections.abc import Mapping

from mockbatch.batch.batch import Batch
from mockbatch.batch.create import BatchRequest, scenario_from_metadata
from mockbatch.batch.rules import DAY_SECONDS, BatchRules, BatchTerms
from mockbatch.errors import api_error
from mockbatch.ids import Seed
from mockbatch.providers.groq import files
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

ENDPOINT = "/v1/chat/completions"
_WINDOW = re.compile("([0-9]{1,4})([hd])")
_UNIT_SECONDS = {"h": 3600, "d": DAY_SECONDS}
# What OpenAI's object has and the SDK's type for Groq's does not.
_NOT_SHOWN = ("model", "usage")


def batch_id(seed: Seed, _created_at: int) -> str:
    """Return `batch_` and 26 digits of base 32; the form is from memory."""
    return "batch_" + files.sortable_id(seed)


RULES = BatchRules(provider="groq", schema="groq/batch", new_id=batch_id, files=files.RULES)


def parse_request(body: Json) -> BatchRequest:
    """Read the body of a request to create a batch; ApiError 400 names what is wrong with it."""
    schema("groq/create_batch").check(body)
    if body["endpoint"] != ENDPOINT:
        value, supported = body["endpoint"], f"'{ENDPOINT}'"
        raise api_error("unsupported_value", param="endpoint", value=value, supported=supported)
    metadata = body.get("metadata")
    window = body["completion_window"]
    return BatchRequest(
        body["input_file_id"],
        ENDPOINT,
        metadata,
        None,
        scenario_from_metadata(metadata or {}),
        RULES,
        BatchTerms(window=window, window_seconds=parse_window(window)),
    )


def parse_window(text: str) -> int:
    """Return the seconds of a completion window; ApiError 400 unless it has 24 hours to 7 days."""
    match = _WINDOW.fullmatch(text)
    seconds = 0 if match is None else int(match[1]) * _UNIT_SECONDS[match[2]]
    if not DAY_SECONDS <= seconds <= 7 * DAY_SECONDS:
        supported = "'24h' to '7d'"
        raise api_error(
            "unsupported_value", param="completion_window", value=text, supported=supported
        )
    return seconds


def batch_json(batch: Batch, openai: Mapping[str, Json]) -> dict[str, Json]:
    """Return the batch object, schema groq/batch.json, made from OpenAI's of the same instant."""
    shown = {name: value for name, value in openai.items() if name not in _NOT_SHOWN}
    return {**shown, "completion_window": batch.terms.window}
