"""What an organization may have under way at once, on simulated time; off unless it is set.

One batch's fate depends here on the others. After each command the decisions that are still
to come are made anew, in the order in which they fall due, so that cancelling one batch
lets another pass.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import ceil

from mockbatch.batch.batch import Batch
from mockbatch.batch.input_file import BatchInput, LineError
from mockbatch.batch.plan import plan_timeline
from mockbatch.batch.timeline import (
    CANCELLING,
    EXPIRED,
    FAILED,
    FINALIZING,
    IN_PROGRESS,
    VALIDATING,
    Timeline,
)
from mockbatch.clock import Clock
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Execution
from mockbatch.errors import api_error, line_error
from mockbatch.ids import Seed
from mockbatch.limits import Quotas

HOUR = 3600
# A batch in one of these has its prompts in the queue.
_ENQUEUED = frozenset({IN_PROGRESS, FINALIZING, CANCELLING})


def check_rate(quotas: Quotas, batches: Iterable[Batch], now: int, clock: Clock) -> None:
    """Raise ApiError 429 when the last hour has seen as many batches as are allowed."""
    limit = quotas.batches_per_hour
    if limit is None:
        return
    recent = [batch.created_at for batch in batches if batch.created_at > now - HOUR]
    if len(recent) < limit:
        return
    limit = int(limit)  # JSON Schema takes 2.0 for an integer
    error = api_error("batch_rate_limit", limit=limit)
    freed = sorted(recent)[-limit] if limit else now
    error.headers = _retry(freed + HOUR - now, clock)
    raise error


def _retry(seconds: int, clock: Clock) -> Mapping[str, str]:
    if clock.speed == 0:
        # Nobody's waiting moves this clock: a client that retries would wait in vain.
        return {"Retry-After": str(seconds), "x-should-retry": "false"}
    return {"Retry-After": str(max(1, ceil(seconds / clock.speed)))}


def with_token_count(quotas: Quotas, batch: Batch) -> Batch:
    """Return the batch with the prompt tokens that it counts towards a quota, if there is one."""
    if not quotas.enqueued_tokens or batch.enqueued_tokens or batch.input.errors:
        return batch
    if not batch.input.total:
        return batch
    endpoint = endpoints()[batch.endpoint]
    execution = Execution(Seed.of("tokens"), 0)
    running = (line for line in range(batch.input.total) if line not in batch.input.failing_lines)
    answers = (
        endpoint.make_response(batch.input.read_request(line)["body"], execution)
        for line in running
    )
    tokens = sum(endpoint.read_usage(answer).input for answer in answers)
    return replace(batch, enqueued_tokens=tokens)


def check_on_create(
    quotas: Quotas, batch: Batch, others: Iterable[Batch], now: int, organization: str
) -> Batch:
    """Return a new batch as its validation ends, should it be over at once."""
    if not quotas.enqueued_tokens or not _is_undecided(batch) or _validated_at(batch) > now:
        return batch
    queue = [other for other in others if other.status(now) != VALIDATING]
    return _as_decided(quotas, batch, _used(queue, batch), organization)


def recheck_waiting(
    quotas: Quotas, batches: Iterable[Batch], now: int, organization: str
) -> list[Batch]:
    """Return the batches whose validation will end otherwise than was planned before."""
    every = list(batches)
    waiting = [one for one in every if one.status(now) == VALIDATING and _is_undecided(one)]
    queue = [batch for batch in every if batch.status(now) != VALIDATING]
    changed = []
    for batch in sorted(waiting, key=lambda one: (_validated_at(one), one.number)):
        found = _as_decided(quotas, batch, _used(queue, batch), organization)
        if found is not batch:
            changed.append(found)
        queue.append(found)
    return changed


def _used(queue: Iterable[Batch], batch: Batch) -> int:
    """Return the tokens of its model that are enqueued when a batch comes to be decided."""
    at = _validated_at(batch)
    return sum(
        other.enqueued_tokens
        for other in queue
        if other.model == batch.model and _is_enqueued(other, at)
    )


def _is_undecided(batch: Batch) -> bool:
    if batch.held or batch.schedule.scenario.validation:
        return False
    coming = batch.timeline.transitions[1:]
    return (
        bool(coming)
        and coming[0].status in (IN_PROGRESS, FAILED)
        and not batch.input.has_errors_of_its_own
    )


def _is_enqueued(batch: Batch, at: int) -> bool:
    # What is cancelled while it is validated was never in the queue.
    reached = batch.timeline.reached(at)
    if IN_PROGRESS not in reached:
        return False
    lingers = at < batch.timeline.end.at + batch.schedule.scenario.quota_release_seconds
    return batch.status(at) in _ENQUEUED or lingers


def _validated_at(batch: Batch) -> int:
    return batch.timeline.transitions[1].at


def _as_decided(quotas: Quotas, batch: Batch, used: int, organization: str) -> Batch:
    limit = quotas.tokens(batch.model)
    is_over = limit is not None and used + batch.enqueued_tokens > limit
    if is_over == bool(batch.input.errors):
        return batch
    error = _limit_error(batch, limit or 0, organization)
    given = replace(batch.input, errors=(error,) if is_over else ())
    return replace(batch, input=given, timeline=_future(batch, given))


def _future(batch: Batch, given: BatchInput) -> Timeline:
    """Return a validating batch's future anew, as much later as a hold has made it."""
    plan = plan_timeline(batch.created_at, given, batch.schedule)
    late = _validated_at(batch) - plan.transitions[1].at
    if not late:
        return plan
    _, *coming = plan.shifted(late).transitions
    # What the window alone would have brought is found anew.
    changes = [change for change in coming if change.status != EXPIRED]
    marks = plan.shifted(late).marks
    return batch.expire_at_window_end(Timeline((batch.timeline.transitions[0], *changes), marks))


def _limit_error(batch: Batch, limit: int, organization: str) -> LineError:
    name = batch.input.model
    shown = f"{int(limit):,}"
    return line_error("enqueued_tokens", None, model=name, organization=organization, limit=shown)
