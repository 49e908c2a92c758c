"""Why a batch is where it is, and what comes next, in a sentence for a person."""

from collections.abc import Iterable
from operator import itemgetter

from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import Transition
from mockbatch.clock import format_instant
from mockbatch.events import WorldEvent
from mockbatch.typing import Json


def timeline_json(
    batch: Batch,
    now: float,
    told: Iterable[WorldEvent] = (),
    to_tell: Iterable[WorldEvent] = (),
    *,
    clock_is_behind: bool,
) -> dict[str, Json]:
    """Return what happened and will happen to a batch, schema timeline.json.

    `told` and `to_tell` are the attempts to tell a receiver of its end.
    """
    past = batch.timeline.between(float("-inf"), now)
    return {
        "id": batch.id,
        "scenario": batch.schedule.scenario.name,
        "status": batch.status(now),
        "now": now,
        "past": _in_order(past, told),
        "coming": _in_order(batch.timeline.after(now), to_tell),
        "explanation": describe(batch, now, clock_is_behind=clock_is_behind),
    }


def _in_order(
    changes: Iterable[Transition], webhooks: Iterable[WorldEvent]
) -> list[dict[str, Json]]:
    events: list[dict[str, Json]] = [
        {"at": change.at, "type": f"batch.{change.status}"} for change in changes
    ]
    events += [event.as_json() for event in webhooks]
    # Sorting is stable: on one second, a status is taken on before it is told.
    return sorted(events, key=itemgetter("at"))


def describe(batch: Batch, now: float, *, clock_is_behind: bool = False) -> str:
    """Say where the batch is, why, and what comes next."""
    status = batch.status(now)
    counts = batch.counts(now)
    since = batch.timeline.between(float("-inf"), now)[-1].at
    said = f"{batch.id} is {status} since {format_instant(since)}"
    said += f" (scenario {batch.schedule.scenario.name}"
    said += f", {counts.completed + counts.failed} of {counts.total} lines executed)"
    coming = batch.timeline.after(now)
    if batch.held is not None and not batch.is_final(now):
        said += ", held"
    if coming:
        seconds = f"{round(coming[0].at - now, 3):.15g}"
        said += f"; it becomes {coming[0].status} in {seconds} s of simulated time"
    elif not batch.is_final(now):
        said += "; nothing is planned for it, so it stays so until somebody commands otherwise"
    else:
        said += "; nothing can happen to it any more"
    if clock_is_behind:
        said += ". The clock is behind the last command: time stands still until it catches up"
    return said + "."
