"""A recorded batch: only its last Batch object is known, from a page, a log or the service."""

from array import array
from collections.abc import Mapping

from msgspec import field

from mockbatch.batch.batch import ERROR, NO_TOKENS, OUTPUT, Batch, Counts
from mockbatch.batch.deferred import Deferred
from mockbatch.batch.input_file import no_input
from mockbatch.batch.plan import ExecutionOrder, Schedule
from mockbatch.batch.timeline import STATUSES, VALIDATING, Timeline, Transition
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.ids import Seed
from mockbatch.scenarios.scenario import Scenario
from mockbatch.typing import Json


class RecordedBatch(Batch, frozen=True):
    """A batch that ended elsewhere: it is always shown as it was recorded."""

    shown: Mapping[str, Json] = field(default_factory=dict)

    @property
    def schema(self) -> str:
        """The schema of its object."""
        return "batch_recorded"

    @property
    def visible_at(self) -> float:
        """The instant from which the batch can be found: it always can."""
        return 0

    def status(self, now: float) -> str:  # noqa: ARG002
        """Return the recorded status, which it has at any time."""
        return str(self.shown["status"])

    def counts(self, now: float) -> Counts:  # noqa: ARG002
        """Return the recorded request counts."""
        return Counts(**self.shown["request_counts"])

    def existing_file_ids(self, now: float) -> dict[str, str]:  # noqa: ARG002
        """Return the recorded ids of its files, which are uploads here."""
        ids = {kind: self.shown.get(f"{kind}_file_id") for kind in (OUTPUT, ERROR)}
        return {kind: id for kind, id in ids.items() if id}

    def planned_file_ids(self) -> dict[str, str]:
        """Return no ids: a recorded batch writes no files."""
        return {}

    def as_json(self, now: float, tokens: Tokens = NO_TOKENS) -> dict[str, Json]:  # noqa: ARG002
        """Return the recorded object, key for key, schema batch_recorded.json."""
        return dict(self.shown)


def recorded_batch(shown: Mapping[str, Json], number: int) -> RecordedBatch:
    """Create a batch from a recorded object that fits batch_recorded.json and has ended."""
    created_at, ended_as = shown["created_at"], shown["status"]
    stamps = {status: shown.get(f"{status}_at") for status in STATUSES}
    end = stamps.pop(ended_as)
    reached = [
        Transition(max(at, created_at), status) for status, at in stamps.items() if at is not None
    ]
    reached.sort(key=lambda change: change.at)
    # It has ended, even if it lacks the timestamp of its end.
    last = max([created_at, *(change.at for change in reached), *([] if end is None else [end])])
    return RecordedBatch(
        id=shown["id"],
        number=number,
        endpoint=shown["endpoint"],
        input_file_id=shown["input_file_id"],
        metadata=shown.get("metadata"),
        output_seconds=None,
        created_at=created_at,
        model=shown.get("model"),
        schedule=Schedule(Scenario("recorded", {}, 1), 1),
        seed=Seed.of(shown["id"]),
        input=no_input(),
        execution=Deferred.of(ExecutionOrder(array("L"), array("L"))),
        timeline=Timeline(
            (Transition(created_at, VALIDATING), *reached, Transition(last, ended_as))
        ),
        shown=shown,
    )
