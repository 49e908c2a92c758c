"""A batch: a frozen value, and its object at any instant."""

from bisect import bisect_left
from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from mockbatch.batch.deferred import Deferred
from mockbatch.batch.input_file import BatchInput
from mockbatch.batch.plan import ExecutionOrder, Schedule
from mockbatch.batch.rules import OPENAI, OPENAI_RULES, OPENAI_TERMS, BatchRules, BatchTerms
from mockbatch.batch.timeline import (
    CANCELLED,
    CANCELLING,
    COMPLETED,
    EXPIRED,
    FAILED,
    FINAL,
    FINALIZING,
    IN_PROGRESS,
    Timeline,
)
from mockbatch.clock import plan_instant
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.files.content import Content
from mockbatch.files.file import BATCH_OUTPUT
from mockbatch.ids import Seed
from mockbatch.scenarios.distortions import distort
from mockbatch.typing import Json

OUTPUT = "output"
ERROR = "error"

NO_TOKENS = Tokens(input=0, output=0)


class Counts(NamedTuple):
    """The batch's `request_counts`; lines that never ran are in `total` only."""

    total: int
    completed: int
    failed: int


class Batch(Struct, frozen=True):
    """Everything that is known about a batch, including its future.

    `number` counts the batches of a world in order of creation, from 0. `metadata` is as the
    client sent it. `output_seconds` is how long its files live, None for the default. `held`
    is the instant of a hold and the part of the timeline that it suspended. `enqueued_tokens`
    is what it counts towards a quota, 0 if there is no quota. `replies` are the scripted ones,
    by line. `tokens` is what its lines are billed for, once the content of its input is gone.
    `rules` are those of its provider, and `terms` what it was created with.
    """

    id: str
    number: int
    endpoint: str
    input_file_id: str
    metadata: dict[str, str] | None
    output_seconds: int | None
    created_at: int
    model: str | None
    schedule: Schedule
    seed: Seed
    input: BatchInput
    execution: Deferred[ExecutionOrder]
    timeline: Timeline
    held: tuple[int, Timeline] | None = None
    enqueued_tokens: int = 0
    replies: Mapping[int, Reply] = field(default_factory=dict)
    tokens: Tokens | None = None
    rules: BatchRules = OPENAI_RULES
    terms: BatchTerms = OPENAI_TERMS

    @property
    def schema(self) -> str:
        """The schema of its object; `batch_wire` if it may complete after a cancel."""
        if self.rules.provider != OPENAI:
            return self.rules.schema
        return "batch_wire" if self.schedule.scenario.completes_despite_cancel else "batch"

    @property
    def execution_order(self) -> ExecutionOrder:
        """The order in which its lines run."""
        return self.execution.value

    @property
    def visible_at(self) -> float:
        """The instant from which the batch can be found."""
        return self.created_at + self.schedule.scenario.visible_after_seconds

    @property
    def expires_at(self) -> int:
        """The end of the completion window, known from the start."""
        return plan_instant(self.created_at + self.terms.window_seconds)

    def with_timeline(self, timeline: Timeline) -> "Batch":
        """Return the batch with another future, and no longer held."""
        return replace(self, timeline=timeline, held=None)

    def without_input(self, tokens: Tokens) -> "Batch":
        """Return the batch without the content of its input, once nothing will read it again."""
        nothing = Content.of(b"")
        return replace(self, input=replace(self.input, content=nothing), tokens=tokens)

    def status(self, now: float) -> str:
        """Return the status at an instant."""
        return self.timeline.status(now)

    def shown_status(self, now: float) -> str:
        """Return the status at an instant by the name that the provider gives it."""
        return self.rules.shown_name(self.status(now))

    def shown_counts(self, now: float) -> dict[str, int]:
        """Return the counts at an instant by the names that the provider gives them."""
        if self.rules.name_counts is None:
            return self.counts(now)._asdict()
        return self.rules.name_counts(self, now)

    def is_called(self, status: str, name: str) -> bool:
        """Return whether a status has this name, here or with the provider."""
        return name in (status, self.rules.shown_name(status))

    def is_final(self, now: float) -> bool:
        """Return whether the batch is in its last status."""
        return self.status(now) in FINAL

    def counts(self, now: float) -> Counts:
        """Return the request counts, zero until validation is over."""
        if IN_PROGRESS not in self.timeline.reached(now):
            return Counts(0, 0, 0)
        done = 0 if self.has_discarded_results(now) else self.timeline.done(now)
        failed = self._count_failed(done)
        return Counts(self.input.total, done - failed, failed)

    def _count_failed(self, done: int) -> int:
        """Return how many of the first `done` lines to run fail."""
        if not self.input.failing_lines and not self.replies:
            return 0
        return bisect_left(self.execution_order.failing, done)

    def has_discarded_results(self, now: float) -> bool:
        """Return whether the batch was cancelled and its scenario then discards all results."""
        is_cancelled = self.status(now) == CANCELLED
        return is_cancelled and self.schedule.scenario.cancel_discards_results

    def existing_file_ids(self, now: float) -> dict[str, str]:
        """Return the ids of the files that exist, by kind; before the end there are none."""
        if self.status(now) in self.rules.empty_files:
            return self.planned_file_ids()
        return self._filled_file_ids(now)

    def _filled_file_ids(self, now: float) -> dict[str, str]:
        """Return the ids of the files in which there are lines, by kind."""
        if not self.is_final(now):
            return {}
        if self.rules.results_seconds is not None:
            return {OUTPUT: self.planned_file_id(OUTPUT)}
        counts = self.counts(now)
        unexecuted = counts.total - self.timeline.done(now)
        exists = {OUTPUT: counts.completed > 0, ERROR: counts.failed + unexecuted > 0}
        return {kind: self.planned_file_id(kind) for kind, does in exists.items() if does}

    @property
    def file_seconds(self) -> int | None:
        """How long its files live from its end on, None for ever."""
        if self.output_seconds is None and self.rules.results_seconds is not None:
            return self.created_at + self.rules.results_seconds - self.timeline.end.at
        return self.rules.files.lifetime(BATCH_OUTPUT, self.output_seconds)

    def planned_file_id(self, kind: str) -> str:
        """Return the id that a file of this kind has, or would have."""
        return self.rules.files.new_id(self.seed.child(kind))

    def planned_file_ids(self) -> dict[str, str]:
        """Return the ids of the files that the batch may create, by kind."""
        return {kind: self.planned_file_id(kind) for kind in (OUTPUT, ERROR)}

    def distorted(self, shown: dict[str, Json]) -> dict[str, Json]:
        """Return the object as its scenario lets clients see it."""
        return distort(shown, self.schedule.scenario.object)

    def with_expiry(self, timeline: Timeline) -> Timeline:
        """Return a timeline, with the expiry of the batch if it is not done by then."""
        return self.schedule.with_expiry(timeline, self.created_at)

    def as_json(self, now: float, tokens: Tokens = NO_TOKENS) -> dict[str, Json]:
        """Return OpenAI's Batch object, schema batch.json; `tokens` once it is completed.

        Source: the order of keys is that of recorded objects of August 2026.
        """
        reached = self.timeline.reached(now)
        files = self._filled_file_ids(now)
        failed = FAILED in reached
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "model": self.model if IN_PROGRESS in reached else None,
            "errors": {"object": "list", "data": list(self.input.errors)} if failed else None,
            "input_file_id": self.input_file_id,
            "completion_window": "24h",
            "status": self.status(now),
            "output_file_id": files.get(OUTPUT),
            "error_file_id": files.get(ERROR),
            "created_at": self.created_at,
            "in_progress_at": reached.get(IN_PROGRESS),
            "expires_at": self.expires_at,
            "finalizing_at": reached.get(FINALIZING),
            "completed_at": reached.get(COMPLETED),
            "failed_at": reached.get(FAILED),
            "expired_at": reached.get(EXPIRED),
            "cancelling_at": reached.get(CANCELLING),
            "cancelled_at": reached.get(CANCELLED),
            "request_counts": self.counts(now)._asdict(),
            "usage": _usage(tokens),
            "metadata": self.metadata,
        }


def _usage(tokens: Tokens) -> dict[str, Json]:
    return {
        "input_tokens": tokens.input,
        "output_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "input_tokens_details": {"cached_tokens": tokens.cached},
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
    }
