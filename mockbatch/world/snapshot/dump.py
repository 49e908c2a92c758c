"""Turns a snapshot into a state document, schema state.json."""

from dataclasses import asdict

from mockbatch.batch.recorded import RecordedBatch
from mockbatch.typing import Json
from mockbatch.world.snapshot.batches import dump_batch
from mockbatch.world.snapshot.contents import ContentWriter
from mockbatch.world.snapshot.files import dump_file
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.snapshot.uploads import dump_upload

FORMAT = "mockbatch state 1"


def dump(snapshot: Snapshot) -> dict[str, Json]:
    """Return a snapshot as a state document, with the contents of its files inline."""
    contents = ContentWriter()
    settings, batches = snapshot.settings, snapshot.batches
    recorded = [batch for batch in batches if isinstance(batch, RecordedBatch)]
    own = [batch for batch in batches if not isinstance(batch, RecordedBatch)]
    return {
        "format": FORMAT,
        "clock": {"mode": settings.clock, "now": snapshot.now},
        "settings": {
            "pace": settings.pace,
            "scenario": dict(settings.scenario.document),
            "poll_limit": settings.poll_limit,
            "quotas": asdict(settings.quotas),
        },
        "seed": None if snapshot.seed is None else snapshot.seed.value.hex(),
        "numbers": dict(snapshot.numbers),
        "files": [dump_file(file, contents) for file in snapshot.files],
        "deleted": sorted(snapshot.deleted_file_ids),
        "recorded": [dict(batch.shown) for batch in recorded],
        "batches": [dump_batch(batch, contents) for batch in own],
        "uploads": [dump_upload(upload, contents) for upload in snapshot.uploads],
        # Complete only now that everything else has named its contents.
        "contents": contents.document,
    }
