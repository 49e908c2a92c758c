"""Limits what an organization may have enqueued at once, on simulated time; off by default.

With quotas, one batch depends on the others. After each command, the batches that are still
validating are checked again, in the order in which their validations end: cancelling one batch
may make room for another.
"""

from collections.abc import Iterable, Mapping
from math import ceil

from msgspec.structs import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.input_file import BatchInput, LineError
from mockbatch.batch.plan import plan_timeline
from mockbatch.batch.prompt_tokens import count_prompt_tokens
from mockbatch.batch.rules import BatchRules
from mockbatch.batch.timeline import (
    CANCELLING,
    FAILED,
    FINALIZING,
    IN_PROGRESS,
    VALIDATING,
    Timeline,
)
from mockbatch.clock import Clock, WorldClock
from mockbatch.endpoints import endpoints
from mockbatch.errors import api_error, line_error
from mockbatch.limits import Quotas
from mockbatch.repository import Repository

HOUR = 3600
# A batch in one of these has its prompts in the queue.
_ENQUEUED = frozenset({IN_PROGRESS, FINALIZING, CANCELLING})


class EnforcedQuotas:
    """The quotas of one world, as they apply to its batches."""

    def __init__(
        self, quotas: Quotas, repository: Repository, clock: WorldClock, organization: str
    ) -> None:
        self.current = quotas
        self._repository = repository
        self._clock = clock
        self._organization = organization

    def set(self, quotas: Quotas, now: int) -> None:
        """Set other quotas, also for batches that are still validating, during a command."""
        batches = self._repository.batches.values()
        counted = [_with_token_count(quotas, batch) for batch in batches]
        with self._clock.lock:
            self.current = quotas
            self._repository.replace_batches(counted)
            self._decide_waiting(now)

    def recheck(self, now: int) -> None:
        """Decide again how validations will end, after a command that may have made room."""
        if self.current.enqueued_tokens:
            self._decide_waiting(now)

    def _decide_waiting(self, now: int) -> None:
        batches = self._repository.batches.values()
        changed = _decide_waiting(self.current, batches, now, self._organization)
        self._repository.replace_batches(changed)

    def check_rate(self, rules: BatchRules, now: int) -> None:
        """Raise ApiError 429 if as many batches as allowed were created in the last hour."""
        limit = self.current.batches_per_hour
        if limit is None or not rules.has_quotas:
            return
        batches = [one for one in self._repository.batches.values() if one.rules.has_quotas]
        recent = [batch.created_at for batch in batches if batch.created_at > now - HOUR]
        if len(recent) < limit:
            return
        error = api_error("batch_rate_limit", limit=limit)
        freed = sorted(recent)[-limit] if limit else now
        error.headers = _retry_headers(freed + HOUR - now, self._clock.current)
        raise error

    def check_on_create(
        self, now: int, endpoint_path: str, batch_input: BatchInput, validated_at: int | None
    ) -> tuple[int, LineError | None]:
        """Return the enqueued tokens of a new batch, and the error if it is over its quota at once.

        A batch whose validation ends later is checked after each command until then.
        """
        quotas = self.current
        tokens = _count_tokens(quotas, endpoint_path, batch_input)
        if not quotas.enqueued_tokens or batch_input.errors or validated_at != now:
            return tokens, None
        model, batches = batch_input.model_name, self._repository.batches.values()
        queue = [batch for batch in batches if batch.status(now) != VALIDATING]
        limit = _exceeded_limit(quotas, model, _enqueued_tokens(queue, model, now) + tokens)
        if limit is None:
            return tokens, None
        return tokens, _limit_error(batch_input.model, limit, self._organization)


def _retry_headers(seconds: int, clock: Clock) -> Mapping[str, str]:
    if clock.speed == 0:
        # Waiting does not move this clock: a client that retries would fail again.
        return {"Retry-After": str(seconds), "x-should-retry": "false"}
    return {"Retry-After": str(ceil(seconds / clock.speed))}


def _with_token_count(quotas: Quotas, batch: Batch) -> Batch:
    """Return the batch with the prompt tokens that it counts towards a quota, if there is one."""
    if batch.enqueued_tokens or batch.tokens is not None:  # or it has ended, without its input
        return batch
    return replace(batch, enqueued_tokens=_count_tokens(quotas, batch.endpoint, batch.input))


def _count_tokens(quotas: Quotas, endpoint_path: str, batch_input: BatchInput) -> int:
    """Return the prompt tokens that count towards a quota, 0 if there is no quota."""
    if not quotas.enqueued_tokens or batch_input.errors or endpoint_path not in endpoints():
        return 0
    return count_prompt_tokens(endpoints()[endpoint_path], batch_input)


def _decide_waiting(
    quotas: Quotas, batches: Iterable[Batch], now: int, organization: str
) -> list[Batch]:
    """Return the batches whose validation will end differently from what was planned."""
    every = list(batches)
    waiting = [batch for batch in every if batch.status(now) == VALIDATING and _is_undecided(batch)]
    queue = [batch for batch in every if batch.status(now) != VALIDATING]
    changed = []
    for batch in sorted(waiting, key=lambda batch: (_validated_at(batch), batch.number)):
        enqueued = _enqueued_tokens(queue, batch.model, _validated_at(batch))
        decided = _as_decided(quotas, batch, enqueued, organization)
        if decided is not batch:
            changed.append(decided)
        queue.append(decided)
    return changed


def _exceeded_limit(quotas: Quotas, model: str | None, tokens: int) -> int | None:
    """Return the limit of enqueued tokens that a model is above, None if it is within it."""
    limit = quotas.tokens(model)
    return None if limit is None or tokens <= limit else limit


def _enqueued_tokens(queue: Iterable[Batch], model: str | None, at: int) -> int:
    """Return the tokens of a model that are enqueued at an instant."""
    return sum(
        batch.enqueued_tokens for batch in queue if batch.model == model and _is_enqueued(batch, at)
    )


def _is_undecided(batch: Batch) -> bool:
    if batch.schedule.scenario.validation:
        return False
    coming = batch.timeline.transitions[1:]  # while it is held, none but its expiry
    return (
        bool(coming)
        and coming[0].status in (IN_PROGRESS, FAILED)
        and not batch.input.has_errors_of_its_own
    )


def _is_enqueued(batch: Batch, at: int) -> bool:
    # A batch that was cancelled during validation was never in the queue.
    reached = batch.timeline.reached(at)
    if IN_PROGRESS not in reached:
        return False
    lingers = at < batch.timeline.end.at + batch.schedule.scenario.quota_release_seconds
    return batch.status(at) in _ENQUEUED or lingers


def _validated_at(batch: Batch) -> int:
    return batch.timeline.transitions[1].at


def _as_decided(quotas: Quotas, batch: Batch, enqueued: int, organization: str) -> Batch:
    limit = _exceeded_limit(quotas, batch.model, enqueued + batch.enqueued_tokens)
    if (limit is not None) == bool(batch.input.errors):
        return batch
    error = None if limit is None else _limit_error(batch.input.model, limit, organization)
    batch_input = replace(batch.input, errors=() if error is None else (error,))
    return replace(batch, input=batch_input, timeline=_replan(batch, batch_input))


def _replan(batch: Batch, batch_input: BatchInput) -> Timeline:
    """Return the future of a validating batch, as much later as a hold has delayed it."""
    plan = plan_timeline(batch.created_at, batch_input, batch.schedule)
    late = _validated_at(batch) - plan.transitions[1].at
    if not late:
        return plan
    delayed = plan.shifted(late)
    future = Timeline((batch.timeline.transitions[0], *delayed.transitions[1:]), delayed.marks)
    # The window continues during a hold, and cuts off what is planned for after its end.
    return batch.with_expiry(future)


def _limit_error(model: str | None, limit: int, organization: str) -> LineError:
    shown = f"{limit:,}"
    return line_error("enqueued_tokens", None, model=model, organization=organization, limit=shown)
