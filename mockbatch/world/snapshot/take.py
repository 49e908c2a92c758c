"""Takes the snapshot of a world."""

from typing import TYPE_CHECKING

from msgspec.structs import replace

from mockbatch.world.snapshot.snapshot import Snapshot

if TYPE_CHECKING:
    from mockbatch.world.world import World


def take_snapshot(world: "World") -> Snapshot:
    """Return a world as a value; the caller has its lock."""
    repository = world.repository
    return Snapshot(
        settings=replace(world.settings, clock=world.clock.mode, quotas=world.quotas.current),
        seed=world.seed,
        now=world.now(),
        numbers={**+repository.counters, "request": world.request_ids.count},
        files=tuple(repository.uploaded_files.values()),
        deleted_file_ids=frozenset(repository.deleted.ids),
        batches=tuple(repository.batches.values()),
        uploads=world.uploads.all(),
        polls=world.clock.polls(),
        script=world.script.copied(),
        models=world.models,
        scenarios=tuple(world.scenarios.waiting()),
        faults=world.faults.counted(),
        webhooks=world.webhooks.snapshot(),
        journal=world.journal.snapshot(),
    )
