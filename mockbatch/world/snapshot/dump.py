"""Writing a state down, schema state.json."""

import base64
from dataclasses import asdict

from mockbatch.batch.batch import Batch
from mockbatch.batch.recorded import RecordedBatch
from mockbatch.batch.timeline import Timeline
from mockbatch.files.content import Content
from mockbatch.typing import Json
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.snapshot.uploads import dump as dump_upload

FORMAT = "mockbatch state 1"


def dump(state: Snapshot) -> dict[str, Json]:
    """Return a state as JSON, schema state.json; the contents of files stand in it."""
    contents = _Contents()
    own = [batch for batch in state.batches if not isinstance(batch, RecordedBatch)]
    files = [
        {
            "id": file.id,
            "purpose": file.purpose,
            "filename": file.filename,
            "created_at": file.created_at,
            "expires_at": file.expires_at,
            "content": contents.name(file.content),
        }
        for file in state.files
    ]
    return {
        "format": FORMAT,
        "clock": {"mode": state.settings.clock, "now": state.now},
        "settings": {
            "pace": state.settings.pace,
            "scenario": dict(state.settings.scenario.document),
            "poll_limit": state.settings.poll_limit,
            "quotas": asdict(state.settings.quotas),
        },
        "seed": None if state.seed is None else state.seed.value.hex(),
        "numbers": dict(state.numbers),
        "files": files,
        "deleted": sorted(state.deleted_file_ids),
        "recorded": [
            dict(batch.shown) for batch in state.batches if isinstance(batch, RecordedBatch)
        ],
        "batches": [_batch(batch, contents) for batch in own],
        "uploads": [dump_upload(upload, contents.name) for upload in state.uploads],
        "contents": contents.written,
    }


class _Contents:
    """Writes each content once, however many files and batches refer to it."""

    def __init__(self) -> None:
        self.written: dict[str, Json] = {}
        self._names: dict[int, str] = {}

    def name(self, content: Content) -> str:
        if id(content) not in self._names:
            name = self._names[id(content)] = f"content {len(self._names) + 1}"
            data = content.read(0, content.size)
            try:
                self.written[name] = {"text": data.decode("utf-8")}
            except UnicodeDecodeError:
                self.written[name] = {"base64": base64.b64encode(data).decode()}
        return self._names[id(content)]


def _batch(batch: Batch, contents: _Contents) -> dict[str, Json]:
    held = batch.held
    return {
        "id": batch.id,
        "endpoint": batch.endpoint,
        "input_file_id": batch.input_file_id,
        "metadata": batch.metadata,
        "output_seconds": batch.output_seconds,
        "created_at": batch.created_at,
        "pace": batch.schedule.speedup,
        "scenario": dict(batch.schedule.scenario.document),
        "seed": batch.seed.value.hex(),
        "content": contents.name(batch.input.content) if batch.input.content.size else None,
        "errors": list(batch.input.errors),
        "enqueued_tokens": batch.enqueued_tokens,
        "replies": {str(line): reply.as_json() for line, reply in batch.replies.items()},
        "timeline": _timeline(batch.timeline),
        "held": None if held is None else {"at": held[0], "rest": _timeline(held[1])},
    }


def _timeline(line: Timeline) -> dict[str, Json]:
    return {
        "transitions": [change._asdict() for change in line.transitions],
        "marks": [mark._asdict() for mark in line.marks],
    }
