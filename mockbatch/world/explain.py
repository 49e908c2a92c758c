"""Explains a batch to a person: its past, its future, and why it is where it is."""

from collections.abc import Iterable
from datetime import timedelta
from operator import itemgetter

from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import Transition
from mockbatch.clock import format_instant
from mockbatch.events import STATUS_EVENT_TYPES, WorldEvent
from mockbatch.typing import Json

_HOUR_SECONDS = 3600


def timeline_json(
    batch: Batch,
    now: float,
    past_attempts: Iterable[WorldEvent] = (),
    next_attempts: Iterable[WorldEvent] = (),
    *,
    is_clock_behind: bool,
) -> dict[str, Json]:
    """Return what has happened and will happen to a batch, schema timeline.json.

    The attempts are those to deliver its webhook events.
    """
    past = batch.timeline.between(float("-inf"), now)
    return {
        "id": batch.id,
        "scenario": batch.schedule.scenario.name,
        "status": batch.status(now),
        "now": now,
        "past": _in_order(past, past_attempts),
        "coming": _in_order(batch.timeline.after(now), next_attempts),
        "explanation": describe(batch, now, is_clock_behind=is_clock_behind),
        "errors": batch.as_json(now)["errors"],
    }


def _in_order(
    changes: Iterable[Transition], attempts: Iterable[WorldEvent]
) -> list[dict[str, Json]]:
    events: list[dict[str, Json]] = [
        {"at": change.at, "type": STATUS_EVENT_TYPES[change.status]} for change in changes
    ]
    events += [attempt.as_json() for attempt in attempts]
    # Sorting is stable: within a second, the status change comes before its webhooks.
    return sorted(events, key=itemgetter("at"))


def describe(batch: Batch, now: float, *, is_clock_behind: bool = False) -> str:
    """Return one or two sentences about the batch: its status, the reason, and what is next."""
    status = batch.shown_status(now)
    counts = batch.counts(now)
    since = batch.timeline.between(float("-inf"), now)[-1].at
    text = f"{batch.id} is {status} (since {format_instant(since)}"
    text += f", scenario {batch.schedule.scenario.name}"
    text += f", {counts.completed + counts.failed} of {counts.total} lines executed"
    text += f", {counts.failed} of them failed)" if counts.failed else ")"
    changes = batch.timeline.after(now)
    if batch.held is not None and not batch.is_final(now):
        text += " and is held"
    if changes:
        wait = _format_wait(changes[0].at - now)
        text += f"; it becomes {batch.shown_status(changes[0].at)} in {wait} of simulated time"
    elif not batch.is_final(now):
        text += "; no change is planned, so it keeps this status until a command changes it"
    else:
        text += "; this is final"
    if is_clock_behind:
        text += ". The clock is behind the last command, so time stands still until it catches up"
    return text + "."


def _format_wait(seconds: float) -> str:
    """Return seconds as a text, from an hour on also in hours and minutes."""
    text = f"{round(seconds, 3):.15g} s"
    return text if seconds < _HOUR_SECONDS else f"{text} ({timedelta(seconds=int(seconds))})"
