"""Creates a batch: parses the request, and plans everything that will happen to the batch."""

from collections.abc import Callable, Mapping
from math import inf
from typing import NamedTuple, TypeAlias

from msgspec.structs import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.deferred import Deferred
from mockbatch.batch.input_file import BatchInput, LineError, missing_input
from mockbatch.batch.plan import (
    Schedule,
    execution_order,
    plan_replies,
    plan_timeline,
    shuffle_lines,
)
from mockbatch.batch.rules import OPENAI_RULES, OPENAI_TERMS, BatchRules, BatchTerms
from mockbatch.batch.scripted_replies import script_replies
from mockbatch.endpoints import endpoints
from mockbatch.errors import api_error, line_error
from mockbatch.ids import Seed
from mockbatch.limits import Limits
from mockbatch.scenarios import scenario
from mockbatch.scenarios.scenario import FAILURE_CODES, FILE_LEVEL_ERRORS, ForcedFailure, Scenario
from mockbatch.scripting.script import Script
from mockbatch.typing import Json
from mockbatch.validation.error_wording import join_items
from mockbatch.validation.schema import schema

# Only metadata passes through every SDK and gateway unchanged, so these keys control the mock
# from any language. They are echoed, and do not count towards the 16.
STEERING = "mockbatch_"

QuotaCheck: TypeAlias = Callable[[str, BatchInput, int | None], tuple[int, LineError | None]]


class BatchRequest(NamedTuple):
    """A parsed request to create a batch; `scenario` is the one that its metadata names, if any.

    `rules` are those of the provider. `input` is set if the request holds the input itself.
    """

    input_file_id: str
    endpoint: str
    metadata: dict[str, str] | None
    output_seconds: int | None
    scenario: Scenario | None
    rules: BatchRules = OPENAI_RULES
    terms: BatchTerms = OPENAI_TERMS
    input: BatchInput | None = None

    @property
    def window_seconds(self) -> int | None:
        """The seconds after which the batch expires, None for never."""
        return self.rules.expiry_seconds(self.terms)


def parse_request(body: Json) -> BatchRequest:
    """Read the body of POST /v1/batches; ApiError 400 names what is wrong with it."""
    schema("create_batch").check(body)
    body = schema("create_batch").coerce_integers(body)
    if body["endpoint"] not in endpoints():
        supported = join_items([f"'{path}'" for path in endpoints()])
        value = body["endpoint"]
        raise api_error("unsupported_value", param="endpoint", value=value, supported=supported)
    metadata = body.get("metadata")
    return BatchRequest(
        body["input_file_id"],
        body["endpoint"],
        metadata,
        (body.get("output_expires_after") or {}).get("seconds"),
        scenario_from_metadata(metadata or {}),
    )


class CreationContext(NamedTuple):
    """What a new batch depends on besides its request and its input file.

    `number` counts the batches of its world, from 0, and `seed` is the batch's own.
    `created_at` is in whole epoch seconds, and the file is gone from `input_expires_at` on.
    `check_quota(endpoint, batch_input, validated_at)` returns the prompt tokens that count
    towards a quota, and the error of a batch that is over it.
    """

    number: int
    seed: Seed
    created_at: int
    schedule: Schedule
    script: Script = Script()
    organization: str = ""
    input_expires_at: float = inf
    check_quota: QuotaCheck = lambda *_: (0, None)


def create_batch(request: BatchRequest, batch_input: BatchInput, context: CreationContext) -> Batch:
    """Create a batch with its whole future."""
    schedule, created_at, seed = context.schedule, context.created_at, context.seed
    if context.input_expires_at < schedule.validation_end(created_at):
        batch_input = missing_input(request.input_file_id, context.organization)
    forced = schedule.scenario.validation
    error = request.terms.error
    if error is None and forced is not None:
        error = _forced_error(forced, request, batch_input, context.organization)
    if error is not None:
        batch_input = replace(batch_input, errors=(error,))
    enqueued_tokens, quota_error = context.check_quota(
        request.endpoint, batch_input, schedule.stage_ends(created_at)[0]
    )
    if quota_error is not None:
        batch_input = replace(batch_input, errors=(quota_error,))
    id = request.rules.new_id(seed, created_at)
    order = shuffle_lines(batch_input, seed)
    replies = {}
    if not batch_input.errors:  # else it never runs, and may have lines that cannot be read
        replies = plan_replies(batch_input, request.endpoint, schedule.scenario, seed)
        replies |= script_replies(context.script, batch_input, request.endpoint, id, order)
    return Batch(
        id=id,
        number=context.number,
        endpoint=request.endpoint,
        input_file_id=request.input_file_id,
        metadata=request.metadata,
        output_seconds=_output_seconds(request, schedule.scenario),
        created_at=created_at,
        model=batch_input.model_name,
        schedule=schedule,
        seed=seed,
        input=batch_input,
        execution=Deferred.of(execution_order(order, batch_input, replies)),
        replies=replies,
        enqueued_tokens=enqueued_tokens,
        timeline=plan_timeline(created_at, batch_input, schedule),
        rules=request.rules,
        terms=request.terms,
    )


def _output_seconds(request: BatchRequest, scenario: Scenario) -> int | None:
    return request.output_seconds if scenario.output_seconds is None else scenario.output_seconds


def _forced_error(
    forced: ForcedFailure, request: BatchRequest, batch_input: BatchInput, organization: str
) -> LineError:
    """Return the validation error of a scenario, its placeholders filled from the batch."""
    name = FAILURE_CODES[forced.error]
    return line_error(
        name,
        None if name in FILE_LEVEL_ERRORS else forced.line,
        id=request.input_file_id,
        organization=organization,
        model=batch_input.model or "unknown",
        limit=Limits().lines if name == "too_many_lines" else "2,000,000",
        param="custom_id",
        custom_id="request-1",
        product=endpoints()[request.endpoint].product,
    )


def scenario_from_metadata(metadata: Mapping[str, Json]) -> Scenario | None:
    """Return the scenario that metadata names; ApiError 400 for invalid metadata."""
    steering = {key: value for key, value in metadata.items() if key.startswith(STEERING)}
    user_metadata = {key: value for key, value in metadata.items() if key not in steering}
    schema("metadata").check(user_metadata, "metadata")
    for key, value in steering.items():  # their number is not limited
        schema("metadata").check({key: value}, "metadata")
    arguments = {key.removeprefix(STEERING): value for key, value in steering.items()}
    name = arguments.pop("scenario", None)
    if name is not None:
        return scenario(name, arguments, "metadata.mockbatch_scenario", f"metadata.{STEERING}")
    if arguments:
        raise api_error("missing_parameter", param="metadata.mockbatch_scenario")
    return None
