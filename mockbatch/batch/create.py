"""The request that creates a batch: judged, and turned into values."""

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from mockbatch.batch.batch import Batch
from mockbatch.batch.input_file import BatchInput
from mockbatch.batch.plan import Schedule, execution_order, plan_replies, plan_timeline
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.models import get_model
from mockbatch.errors import api_error, line_error
from mockbatch.ids import Seed, batch_id
from mockbatch.limits import Limits
from mockbatch.scenarios import scenario
from mockbatch.scenarios.scenario import FAILURE_CODES, FILE_LEVEL_ERRORS, ForcedFailure, Scenario
from mockbatch.typing import Json
from mockbatch.validation.error_wording import join_items
from mockbatch.validation.schema import schema

# Metadata is the one thing that travels through every SDK and gateway untouched, so these
# keys steer the mock from any language. They are echoed, and not counted among the 16.
STEERING = "mockbatch_"


class BatchRequest(NamedTuple):
    """What a client asks for; `scenario` is None when its metadata names none."""

    input_file_id: str
    endpoint: str
    metadata: dict[str, str] | None
    output_seconds: int | None
    scenario: Scenario | None


def parse_request(body: Json) -> BatchRequest:
    """Read the body of POST /v1/batches; ApiError 400 names what is wrong with it."""
    schema("create_batch").check(body)
    if body["endpoint"] not in endpoints():
        supported = join_items([f"'{path}'" for path in endpoints()])
        value = body["endpoint"]
        raise api_error("unsupported_value", param="endpoint", value=value, supported=supported)
    expires_after = body.get("output_expires_after")
    metadata = body.get("metadata")
    return BatchRequest(
        body["input_file_id"],
        body["endpoint"],
        metadata,
        # JSON Schema takes 3600.0 for an integer.
        None if expires_after is None else int(expires_after["seconds"]),
        _steering(metadata or {}),
    )


def create_batch(
    request: BatchRequest,
    given: BatchInput,
    schedule: Schedule,
    seed: Seed,
    number: int,
    now: int,
    organization: str = "",
) -> Batch:
    """Make the batch that was asked for, with its whole future."""
    verdict = schedule.scenario.validation
    if verdict is not None:
        given = replace(given, errors=(_error(verdict, request, given, organization),))
    replies = plan_replies(given, request.endpoint, schedule.scenario, seed)
    return Batch(
        id=batch_id(seed, now),
        number=number,
        endpoint=request.endpoint,
        input_file_id=request.input_file_id,
        metadata=request.metadata,
        output_seconds=schedule.scenario.output_seconds
        if schedule.scenario.output_seconds is not None
        else request.output_seconds,
        created_at=now,
        model=None if given.model is None else get_model(given.model).name,
        schedule=schedule,
        seed=seed,
        input=given,
        execution_order=execution_order(given, seed, replies),
        replies=replies,
        timeline=plan_timeline(now, given, schedule),
    )


def _error(
    verdict: ForcedFailure, request: BatchRequest, given: BatchInput, organization: str
) -> dict[str, Json]:
    """Return the entry of `errors` that a scenario wants, its gaps filled from the batch."""
    name = FAILURE_CODES[verdict.error]
    return line_error(
        name,
        None if name in FILE_LEVEL_ERRORS else verdict.line,
        id=request.input_file_id,
        organization=organization,
        model=given.model or "unknown",
        limit=Limits().lines if name == "too_many_lines" else "2,000,000",
        param="custom_id",
        custom_id="request-1",
        product=endpoints()[request.endpoint].product,
    )


def _steering(metadata: Mapping[str, Json]) -> Scenario | None:
    steering = {key: value for key, value in metadata.items() if key.startswith(STEERING)}
    own = {key: value for key, value in metadata.items() if key not in steering}
    schema("metadata").check(own, "metadata")
    for key, value in steering.items():  # of these there may be any number
        schema("metadata").check({key: value}, "metadata")
    arguments = {key.removeprefix(STEERING): value for key, value in steering.items()}
    name = arguments.pop("scenario", None)
    if name is not None:
        return scenario(name, arguments, "metadata.mockbatch_scenario", f"metadata.{STEERING}")
    if arguments:
        raise api_error("missing_parameter", param="metadata.mockbatch_scenario")
    return None
