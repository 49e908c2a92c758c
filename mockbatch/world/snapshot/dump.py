"""Turns a snapshot into a state document, schema state.json."""

from msgspec.structs import asdict

from mockbatch.batch.recorded import RecordedBatch
from mockbatch.typing import Json
from mockbatch.world.snapshot.batches import dump_batch
from mockbatch.world.snapshot.contents import ContentWriter
from mockbatch.world.snapshot.files import dump_file
from mockbatch.world.snapshot.journal import dump_journal
from mockbatch.world.snapshot.replies import dump_script
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.snapshot.uploads import dump_upload
from mockbatch.world.snapshot.webhooks import dump_webhooks

FORMAT = "mockbatch state 2"


def dump(snapshot: Snapshot) -> dict[str, Json]:
    """Return a snapshot as a state document, with the contents of its files inline."""
    contents = ContentWriter()
    settings, batches = snapshot.settings, snapshot.batches
    names = (snapshot.models or settings.models).names
    recorded = [batch for batch in batches if isinstance(batch, RecordedBatch)]
    own = [batch for batch in batches if not isinstance(batch, RecordedBatch)]
    return {
        "format": FORMAT,
        "clock": {"mode": settings.clock, "now": snapshot.now, "polls": dict(snapshot.polls)},
        "settings": {
            "pace": settings.pace,
            "scenario": dict(settings.scenario.document),
            "poll_limit": settings.poll_limit,
            "quotas": asdict(settings.quotas),
            "marks": settings.marks,
        },
        "seed": None if snapshot.seed is None else snapshot.seed.value.hex(),
        "numbers": dict(snapshot.numbers),
        "files": [dump_file(file, contents) for file in snapshot.files],
        "deleted": sorted(snapshot.deleted_file_ids),
        "recorded": [dict(batch.shown) for batch in recorded],
        "batches": [dump_batch(batch, contents) for batch in own],
        "uploads": [dump_upload(upload, contents) for upload in snapshot.uploads],
        "models": None if names is None else list(names),
        "replies": dump_script(snapshot.script or settings.script),
        "scenarios": [
            {"scenario": dict(scenario.document), "times": times}
            for scenario, times in snapshot.scenarios
        ],
        "faults": [counted.as_json() for counted in snapshot.faults],
        "webhooks": dump_webhooks(snapshot.webhooks),
        "journal": dump_journal(snapshot.journal),
        # Complete only now that everything else has named its contents.
        "contents": contents.document,
    }
