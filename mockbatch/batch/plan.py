"""What will happen to a new batch: its timeline, the order of its lines, and which fail."""

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from mockbatch.batch.input_file import BatchInput
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
from mockbatch.endpoints.scripted_reply import SUCCEEDED, Reply
from mockbatch.ids import Seed
from mockbatch.scenarios.scenario import RECORDED_SECONDS, Scenario

WINDOW_SECONDS = 24 * 3600


class ExecutionOrder(NamedTuple):
    """The lines in the order in which they run, which is also the order of the output file.

    `order[position]` is a line, counted from 0; `failing` holds, in order, the positions
    of the lines that fail.
    """

    order: "array[int]"
    failing: "array[int]"


@dataclass(frozen=True, slots=True)
class Schedule:
    """How fast a scenario's stages pass: `stages` in seconds, each `speedup` times shorter."""

    scenario: Scenario
    speedup: float

    def stage_ends(self, created_at: int) -> list[int | None]:
        """Return when validating, in_progress and finalizing end; None: not by themselves."""
        stages = [self.scenario.stages[name] for name in (VALIDATING, IN_PROGRESS, FINALIZING)]
        lasting = stages[: stages.index(None)] if None in stages else stages
        # Rounded once each, from the start: no error adds up over the stages.
        ends = [
            created_at + round(seconds / self.speedup)
            for seconds in accumulate(stage for stage in lasting if stage is not None)
        ]
        return [*ends, *[None] * (len(stages) - len(ends))]

    def expire_at_window_end(self, line: Timeline, created_at: int) -> Timeline:
        """Return a timeline as the completion window of its batch leaves it."""
        overdue = self.scenario.expiry_delay_seconds
        if overdue is None:
            return line
        return line.expired_at(created_at + WINDOW_SECONDS + round(overdue))

    def stage_seconds(self, stage: str) -> int | None:
        """Return how long a stage lasts, in whole seconds."""
        seconds = self.scenario.stages[stage]
        return None if seconds is None else round(seconds / self.speedup)


def plan_timeline(created_at: int, given: BatchInput, schedule: Schedule) -> Timeline:
    """Return what will happen if nobody commands otherwise."""
    validated, executed, written = schedule.stage_ends(created_at)
    plan = Timeline((Transition(created_at, VALIDATING),))
    if validated is not None and given.errors:
        plan = plan.followed_by([Transition(validated, FAILED)])
    elif validated is not None:
        plan = plan.followed_by(
            [Transition(validated, IN_PROGRESS)], _marks(validated, executed, given, schedule)
        )
        if executed is not None:
            plan = plan.followed_by([Transition(executed, FINALIZING)])
        if written is not None:
            plan = plan.followed_by([Transition(written, COMPLETED)])
    return schedule.expire_at_window_end(plan, created_at)


def execution_order(given: BatchInput, seed: Seed, replies: Mapping[int, Reply]) -> ExecutionOrder:
    """Return the order of execution and the lines that fail; a scripted reply decides first."""
    order = array("L", shuffled(range(given.total), seed.child("order")))
    failed = set(given.failing_lines).difference(replies)
    failed.update(line for line, reply in replies.items() if reply.outcome != SUCCEEDED)
    return ExecutionOrder(
        order, array("L", (at for at, line in enumerate(order) if line in failed))
    )


def plan_replies(
    given: BatchInput, endpoint: str, scenario: Scenario, seed: Seed
) -> dict[int, Reply]:
    """Return the replies that the scenario wants, by line; no line gets two."""
    left = shuffled(range(given.total), seed.child("replies")) if scenario.replies else []
    replies: dict[int, Reply] = {}
    for share in scenario.replies:
        count = _share(share.fraction, given.total)
        chosen, left = left[:count], left[count:]
        replies |= {
            line: share.reply
            for line in chosen
            if accepts_reply(given, endpoint, line, share.reply)
        }
    return replies


def accepts_reply(given: BatchInput, endpoint: str, line: int, reply: Reply) -> bool:
    """Tell whether a reply can be given to a line.

    What the endpoint refuses has no answer into which something could be put: it fails, or
    gets a whole answer of that endpoint. Where only the mock finds none, words will do.
    """
    if line not in given.failing_lines or reply.is_complete(endpoint):
        return True
    return line in given.unsupported_lines and reply.has_content_for(endpoint)


def shuffled(items: Iterable[int], seed: Seed) -> list[int]:
    """Return the items in another order than they came in, whenever there is one.

    A mock that now and then keeps the order of the input hides the bug of every client that
    joins by order.
    """
    before = list(items)
    after = before.copy()
    seed.random().shuffle(after)
    return after[1:] + after[:1] if after == before else after


def _marks(
    started: int, executed: int | None, given: BatchInput, schedule: Schedule
) -> list[ProgressPoint]:
    if executed is not None:
        return [ProgressPoint(started, 0), ProgressPoint(executed, given.total)]
    # Lines run at the usual speed until they stand still.
    usual = round(RECORDED_SECONDS[IN_PROGRESS] / schedule.speedup)
    return [
        ProgressPoint(started, 0),
        ProgressPoint(started + usual, _share(schedule.scenario.executed_fraction, given.total)),
    ]


def _share(fraction: float, total: int) -> int:
    count = round(fraction * total)
    # Neither none nor all is "some", as long as there are two to tell apart.
    return min(max(count, 1), total - 1) if 0 < fraction < 1 and total > 1 else count
