"""A world at one moment, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mockbatch.batch.batch import Batch
from mockbatch.files.file import File
from mockbatch.files.upload import Upload
from mockbatch.ids import Seed
from mockbatch.world.settings import WorldSettings


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A world at one moment. None where a loaded document leaves something to the world."""

    settings: WorldSettings
    seed: Seed | None = None
    now: float | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)
    files: tuple[File, ...] = ()
    deleted: frozenset[str] = frozenset()
    batches: tuple[Batch, ...] = ()
    uploads: tuple[Upload, ...] = ()
