"""The commands that change a batch: each returns the batch with another future.

`now` is a whole second. A command raises ApiError 409 if the batch's status forbids it.
"""

from msgspec.structs import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.input_file import BatchInput
from mockbatch.batch.timeline import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    EXPIRABLE,
    EXPIRED,
    FAILED,
    FINALIZING,
    IN_PROGRESS,
    VALIDATING,
    ProgressPoint,
    Timeline,
    Transition,
)
from mockbatch.clock import plan_instant
from mockbatch.errors import ApiError, api_error, line_error


def cancel(batch: Batch, now: int) -> Batch:
    """Begin to cancel; a batch that is cancelling or cancelled stays as it is."""
    status = batch.status(now)
    if status in (CANCELLING, CANCELLED):
        return batch
    if status not in (*EXPIRABLE, FINALIZING):
        raise api_error("cannot_cancel", status=batch.shown_status(now))
    past = batch.timeline.until(now)
    changes = [Transition(now, CANCELLING)]
    may_complete = batch.schedule.scenario.completes_despite_cancel and status != VALIDATING
    if may_complete and batch.timeline.end.status == COMPLETED:
        rest = batch.timeline.remainder(now)
        return batch.with_timeline(past.followed_by([*changes, batch.timeline.end], rest.marks))
    marks = []
    cancelling_seconds = batch.schedule.stage_seconds(CANCELLING)
    if cancelling_seconds is not None:
        ends_at = plan_instant(now + cancelling_seconds)
        changes.append(Transition(ends_at, CANCELLED))
        if status == IN_PROGRESS and not batch.schedule.scenario.cancel_discards_results:
            marks.append(ProgressPoint(ends_at, _done_in_flight(batch, now)))
    return batch.with_timeline(past.followed_by(changes, marks))


def _done_in_flight(batch: Batch, now: int) -> int:
    if not batch.rules.finishes_running_line:
        return batch.timeline.done(now)
    # One line is running: it is completed and counted, as recorded (2/0/0 -> 2/1/0). But not
    # the last line: a batch that was cancelled half-way must end half-way.
    done = batch.timeline.done(now)
    return done + 1 if done + 1 < batch.input.total else done


def hold(batch: Batch, now: int) -> Batch:
    """Hold the batch in its status; the completion window continues and may expire it."""
    _check_not_final(batch, now, "held")
    if batch.held is not None:
        raise _illegal(batch, now, "is already held")
    past = batch.timeline.until(now)
    rest = batch.timeline.remainder(now)
    return replace(batch, timeline=batch.with_expiry(past), held=(now, rest))


def resume(batch: Batch, now: int) -> Batch:
    """Continue a held batch where it was held; its window has continued meanwhile."""
    _check_not_final(batch, now, "resumed")
    if batch.held is None:
        raise _illegal(batch, now, "is not held")
    held_at, rest = batch.held
    coming = rest.shifted(now - held_at)
    future = batch.timeline.until(now).followed_by(coming.transitions, coming.marks)
    # The window continues during a hold, and cuts off what is planned for after its end.
    return batch.with_timeline(batch.with_expiry(future))


def expire(batch: Batch, now: int) -> Batch:
    """End the batch as expired, with what is done."""
    if batch.status(now) not in EXPIRABLE:
        raise _illegal(batch, now, "cannot expire: only a validating or running batch can")
    return batch.with_timeline(batch.timeline.until(now).followed_by([Transition(now, EXPIRED)]))


def fail(batch: Batch, now: int, code: str, message: str) -> Batch:
    """End the validation of the batch with an error."""
    if batch.status(now) != VALIDATING:
        raise _illegal(batch, now, "cannot fail: only a validating batch can")
    error = {**line_error("invalid_json_line", None), "code": code, "message": message}
    batch_input = replace(batch.input, errors=(error,))
    ended = batch.timeline.until(now).followed_by([Transition(now, FAILED)])
    return replace(batch.with_timeline(ended), input=batch_input)


def complete(batch: Batch, now: int) -> Batch:
    """Complete all remaining lines as planned, at once."""
    status = batch.status(now)
    if status not in (*EXPIRABLE, FINALIZING):
        raise _illegal(batch, now, "can no longer complete")
    if batch.input.errors:
        raise _illegal(batch, now, "cannot complete: its validation fails")
    stages = (VALIDATING, IN_PROGRESS, FINALIZING, COMPLETED)
    changes = [Transition(now, stage) for stage in stages[stages.index(status) + 1 :]]
    past = batch.timeline.until(now)
    marks = [ProgressPoint(now, past.done(now)), ProgressPoint(now, batch.input.total)]
    return batch.with_timeline(past.followed_by(changes, marks))


def lose_input(batch: Batch, now: int, missing: BatchInput) -> Batch:
    """Make validation fail because the input file is missing, if the batch is still validating."""
    if batch.status(now) != VALIDATING:
        return batch
    changed = replace(batch, input=missing, replies={})
    if batch.held is not None:
        held_at, rest = batch.held
        return replace(changed, held=(held_at, _as_failure(rest)))
    past = batch.timeline.until(now)
    return changed.with_timeline(
        past.followed_by(_as_failure(batch.timeline.remainder(now)).transitions)
    )


def _as_failure(coming: Timeline) -> Timeline:
    """Return the future of a validating batch, failed when its validation would have ended."""
    ends = [change.at for change in coming.transitions if change.status == IN_PROGRESS]
    return Timeline((Transition(ends[0], FAILED),)) if ends else coming


def _check_not_final(batch: Batch, now: int, done: str) -> None:
    if batch.is_final(now):
        raise _illegal(batch, now, f"can no longer be {done}")


def _illegal(batch: Batch, now: int, reason: str) -> ApiError:
    status = batch.shown_status(now)
    return api_error("illegal_command", reason=f"Batch '{batch.id}' is {status} and {reason}.")
