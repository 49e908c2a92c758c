"""Batches as a person views them: past and future, an explanation, and possible commands."""

from collections.abc import Callable
from functools import partial

from msgspec.structs import asdict

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.timeline import ProgressPoint
from mockbatch.errors import ApiError
from mockbatch.typing import Json
from mockbatch.world.explain import describe
from mockbatch.world.world import World

#: What `fail` reports if the caller names no code and message.
FAILURE = {
    "code": "invalid_request",
    "message": "This batch was failed through the control API.",
}
#: The commands on a batch by name, each with its defaults.
COMMANDS: dict[str, Callable[[Batch, int], Batch]] = {
    "hold": commands.hold,
    "resume": commands.resume,
    "cancel": commands.cancel,
    "expire": commands.expire,
    "fail": partial(commands.fail, code=FAILURE["code"], message=FAILURE["message"]),
    "complete": commands.complete,
}
# How many points show the progress of a batch; each hold adds some.
_MAX_POINTS = 20
_SHOWN = (
    "id",
    "endpoint",
    "model",
    "status",
    "created_at",
    "expires_at",
    "request_counts",
    "metadata",
    "input_file_id",
    "output_file_id",
    "error_file_id",
)


def overview(world: World, batch: Batch) -> dict[str, Json]:
    """Return a batch as of now, with its past and future, schema batch_overview.json.

    This does not count as a poll. The Batch object is left out, because its usage can be computed
    only by writing the output.
    """
    now = world.now()
    shown = batch.as_json(now)
    return {
        **{name: shown[name] for name in _SHOWN},
        "provider": batch.rules.provider,
        "shown_status": batch.shown_status(now),
        "shown_counts": batch.shown_counts(now),
        "total": batch.input.total,
        "scenario": batch.schedule.scenario.name,
        "is_held": batch.held is not None and not batch.is_final(now),
        "transitions": [
            {**asdict(change), "shown_status": batch.rules.shown_name(change.status)}
            for change in batch.timeline.transitions
        ],
        "progress": [asdict(point) for point in _thin(batch.timeline.marks)],
        "explanation": describe(batch, now, is_clock_behind=world.clock.is_behind()),
        "commands": {name: _refusal(batch, name, int(now)) for name in COMMANDS},
    }


def _refusal(batch: Batch, name: str, now: int) -> str | None:
    """Return why a command is refused now, None if it is not."""
    try:
        COMMANDS[name](batch, now)
    except ApiError as error:
        return error.message
    return None


def _thin(points: tuple[ProgressPoint, ...]) -> list[ProgressPoint]:
    """Return some of the points, the first and the last among them."""
    if len(points) <= _MAX_POINTS:
        return list(points)
    step = (len(points) - 1) / (_MAX_POINTS - 1)
    return [points[round(number * step)] for number in range(_MAX_POINTS)]
