"""What will happen to a new batch: its timeline, the order of its lines, and which fail."""

from array import array
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import accumulate
from math import inf
from typing import NamedTuple

from msgspec import Struct

from mockbatch.batch.input_file import BatchInput
from mockbatch.batch.rules import DAY_SECONDS
from mockbatch.batch.timeline import (
    COMPLETED,
    FAILED,
    FINALIZING,
    IN_PROGRESS,
    VALIDATING,
    ProgressPoint,
    Timeline,
    Transition,
)
from mockbatch.clock import plan_instant
from mockbatch.endpoints import known_endpoint
from mockbatch.endpoints.reply_limit import ReplyLimit
from mockbatch.endpoints.scripted_reply import SUCCEEDED, Reply
from mockbatch.ids import Seed
from mockbatch.scenarios.scenario import RECORDED_SECONDS, Scenario


class ExecutionOrder(NamedTuple):
    """The lines in the order in which they run, which is also the order of the output file.

    `order[position]` is a line, counted from 0; `failing` holds, in order, the positions
    of the lines that fail.
    """

    order: "array[int]"
    failing: "array[int]"


# gc=False for the reason given in `timeline`.
class Schedule(Struct, frozen=True, gc=False):
    """A scenario, and how many times faster than it says its stages pass.

    The batch expires at the end of its window, and never expires if `window_seconds` is None.
    """

    scenario: Scenario
    pace: float
    window_seconds: int | None = DAY_SECONDS

    def stage_ends(self, created_at: int) -> list[int | None]:
        """Return when validating, in_progress and finalizing end, None if only by a command."""
        stages = [self.scenario.stages[name] for name in (VALIDATING, IN_PROGRESS, FINALIZING)]
        lasting = stages[: stages.index(None)] if None in stages else stages
        # Each is rounded once, counted from the start, so that no error adds up over the stages.
        ends = [
            plan_instant(created_at + round(seconds / self.pace))
            for seconds in accumulate(stage for stage in lasting if stage is not None)
        ]
        return [*ends, *[None] * (len(stages) - len(ends))]

    def expiry_at(self, created_at: int) -> int | None:
        """Return when the batch expires if it is still validating or running; None for never."""
        delay = self.scenario.expiry_delay_seconds
        if delay is None or self.window_seconds is None:
            return None
        return plan_instant(created_at + self.window_seconds + round(delay))

    def validation_end(self, created_at: int) -> float:
        """Return when validation ends, by itself or by expiry; infinity for never."""
        ends = (self.stage_ends(created_at)[0], self.expiry_at(created_at))
        return min((end for end in ends if end is not None), default=inf)

    def with_expiry(self, timeline: Timeline, created_at: int) -> Timeline:
        """Return a timeline, with the expiry of its batch if it is not done by then."""
        end = self.expiry_at(created_at)
        return timeline if end is None else timeline.expired_at(end)

    def stage_seconds(self, stage: str) -> int | None:
        """Return how long a stage lasts, in whole seconds."""
        seconds = self.scenario.stages[stage]
        return None if seconds is None else round(seconds / self.pace)


def plan_timeline(created_at: int, batch_input: BatchInput, schedule: Schedule) -> Timeline:
    """Return what will happen to a batch that gets no command."""
    validated, executed, written = schedule.stage_ends(created_at)
    plan = Timeline((Transition(created_at, VALIDATING),))
    if validated is not None and batch_input.errors:
        plan = plan.followed_by([Transition(validated, FAILED)])
    elif validated is not None:
        progress = _plan_progress(validated, executed, batch_input.total, schedule)
        plan = plan.followed_by([Transition(validated, IN_PROGRESS)], progress)
        if executed is not None:
            plan = plan.followed_by([Transition(executed, FINALIZING)])
        if written is not None:
            plan = plan.followed_by([Transition(written, COMPLETED)])
    return schedule.with_expiry(plan, created_at)


def shuffle_lines(batch_input: BatchInput, seed: Seed) -> "array[int]":
    """Return the lines of a batch in the order in which they run."""
    return array("L", shuffled(range(batch_input.total), seed.child("order")))


def execution_order(
    order: "array[int]", batch_input: BatchInput, replies: Mapping[int, Reply]
) -> ExecutionOrder:
    """Return the order with the failing lines; a reply takes precedence over the endpoint."""
    failing = set(batch_input.failing_lines).difference(replies)
    failing.update(line for line, reply in replies.items() if reply.outcome != SUCCEEDED)
    positions = (position for position, line in enumerate(order) if line in failing)
    return ExecutionOrder(order, array("L", positions))


def plan_replies(
    batch_input: BatchInput, endpoint: str, scenario: Scenario, seed: Seed
) -> dict[int, Reply]:
    """Return the scenario's replies by line; no line gets two."""
    if not scenario.replies:
        return {}
    left = shuffled(range(batch_input.total), seed.child("replies"))
    replies: dict[int, Reply] = {}
    limit = ReplyLimit()
    for share in scenario.replies:
        count = _share(share.fraction, batch_input.total)
        chosen, left = left[:count], left[count:]
        replies |= {
            line: limit.apply(
                known_endpoint(endpoint), share.reply, partial(batch_input.read_body, line)
            )
            for line in chosen
            if accepts_reply(batch_input, endpoint, line, share.reply)
        }
    return replies


def accepts_reply(batch_input: BatchInput, endpoint: str, line: int, reply: Reply) -> bool:
    """Return whether a line can have a reply.

    The endpoint has no response to a request that it rejects, so the fields of a reply cannot be
    put into one: the reply has to be complete. If OpenAI would accept the request and only
    mockbatch cannot generate a response, a reply with content is enough.
    """
    if line not in batch_input.failing_lines or reply.is_complete(endpoint):
        return True
    return line in batch_input.unsupported_lines and reply.has_content_for(endpoint)


def shuffled(items: Iterable[int], seed: Seed) -> list[int]:
    """Return the items in a different order, if there are two that differ.

    A mock that sometimes keeps the order of the input would hide the bug of every client that
    matches results to requests by their order.
    """
    before = list(items)
    after = before.copy()
    seed.random().shuffle(after)
    return after[1:] + after[:1] if after == before else after


def _plan_progress(
    started: int, executed: int | None, total: int, schedule: Schedule
) -> list[ProgressPoint]:
    if executed is not None:
        return [ProgressPoint(started, 0), ProgressPoint(executed, total)]
    # Lines run at the usual speed until the batch is stuck.
    usual = round(RECORDED_SECONDS[IN_PROGRESS] / schedule.pace)
    return [
        ProgressPoint(started, 0),
        ProgressPoint(
            plan_instant(started + usual), _share(schedule.scenario.executed_fraction, total)
        ),
    ]


def _share(fraction: float, total: int) -> int:
    count = round(fraction * total)
    # A fraction between 0 and 1 is at least one line, and not all of two or more.
    return min(max(count, 1), total - 1) if 0 < fraction < 1 and total > 1 else count
