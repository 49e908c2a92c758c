"""Why a batch is where it is, and what comes next, in a sentence for a person."""

from datetime import datetime, timezone
from typing import Any

from mockbatch.batch.batch import Batch

Json = Any


def timeline(batch: Batch, now: float, *, clock_is_behind: bool) -> dict[str, Json]:
    """Return what happened and will happen to a batch, schema timeline.json."""
    past = batch.timeline.between(float("-inf"), now)
    return {
        "id": batch.id,
        "scenario": batch.pace.scenario.name,
        "status": batch.status(now),
        "now": now,
        "past": [{"at": change.at, "type": f"batch.{change.status}"} for change in past],
        "coming": [
            {"at": change.at, "type": f"batch.{change.status}"}
            for change in batch.timeline.coming(now)
        ],
        "explanation": sentence(batch, now, clock_is_behind=clock_is_behind),
    }


def sentence(batch: Batch, now: float, *, clock_is_behind: bool = False) -> str:
    """Say where the batch is, why, and what comes next."""
    status = batch.status(now)
    counts = batch.counts(now)
    since = batch.timeline.between(float("-inf"), now)[-1].at
    said = f"{batch.id} is {status} since {_moment(since)}"
    said += f" (scenario {batch.pace.scenario.name}"
    said += f", {counts.completed + counts.failed} of {counts.total} lines executed)"
    coming = batch.timeline.coming(now)
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


def _moment(at: int) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
