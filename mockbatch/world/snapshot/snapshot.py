"""A whole world as a value."""

from collections.abc import Mapping

from msgspec import Struct, field

from mockbatch.batch.batch import Batch
from mockbatch.batch.recorded import RecordedBatch
from mockbatch.endpoints.model_list import ModelList
from mockbatch.faults.rule_set import CountedRule
from mockbatch.files.file import File
from mockbatch.files.upload import Upload
from mockbatch.ids import Seed
from mockbatch.scenarios.queue import QueuedScenario
from mockbatch.scripting.script import Script
from mockbatch.webhooks.snapshot import NO_WEBHOOKS, WebhooksSnapshot
from mockbatch.world.journal import EMPTY_JOURNAL, JournalSnapshot
from mockbatch.world.settings import WorldSettings


class Snapshot(Struct, frozen=True):
    """The whole of a world at an instant, `now` in simulated epoch seconds.

    `numbers` counts the objects created of each type, and the requests. `polls` counts how often
    a batch was retrieved since time last moved. `seed`, `now`, `script` and `models` are None
    where a document leaves them to the world that loads it.
    """

    settings: WorldSettings
    seed: Seed | None = None
    now: float | None = None
    numbers: Mapping[str, int] = field(default_factory=lambda: {"request": 0})
    files: tuple[File, ...] = ()
    deleted_file_ids: frozenset[str] = frozenset()
    batches: tuple[Batch, ...] = ()
    uploads: tuple[Upload, ...] = ()
    polls: Mapping[str, int] = field(default_factory=dict)
    script: Script | None = None
    models: ModelList | None = None
    scenarios: tuple[QueuedScenario, ...] = ()
    faults: tuple[CountedRule, ...] = ()
    webhooks: WebhooksSnapshot = NO_WEBHOOKS
    journal: JournalSnapshot = EMPTY_JOURNAL

    @property
    def last_command_at(self) -> int:
        """The second of the last creation or hold of a batch; no clock may be before it.

        The end of a batch whose input is gone counts, too, as its lines can no longer run.
        """
        own = (batch for batch in self.batches if not isinstance(batch, RecordedBatch))
        return max(map(_last_command_at, own), default=0)


def _last_command_at(batch: Batch) -> int:
    if batch.tokens is not None:
        return batch.timeline.end.at
    return batch.created_at if batch.held is None else batch.held[0]
