"""Takes the snapshot of a world."""

from mockbatch.ids import Seed
from mockbatch.repository import Repository
from mockbatch.world.settings import WorldSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.uploads import Uploads


def take_snapshot(
    settings: WorldSettings, seed: Seed, now: float, repository: Repository, uploads: Uploads
) -> Snapshot:
    """Return everything that a world holds, as values; the caller has the world's lock."""
    return Snapshot(
        settings=settings,
        seed=seed,
        now=now,
        numbers=dict(+repository.counters),  # those that are not 0
        files=tuple(repository.uploaded_files.values()),
        deleted_file_ids=frozenset(repository.deleted_file_ids),
        batches=tuple(repository.batches.values()),
        uploads=uploads.all(),
    )
