"""Turns a state document, schema state.json, into a snapshot; errors name their place in it."""

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from mockbatch.batch.batch import Batch
from mockbatch.batch.recorded import recorded_batch
from mockbatch.clock import parse_mode
from mockbatch.endpoints.model_list import ModelList
from mockbatch.errors import ApiError
from mockbatch.files.file import File
from mockbatch.files.upload import Upload
from mockbatch.ids import Seed
from mockbatch.jsonio import parse as parse_json
from mockbatch.limits import Quotas
from mockbatch.scenarios.queue import QueuedScenario
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.world.settings import WorldSettings
from mockbatch.world.snapshot.batches import load_batch, load_scenario
from mockbatch.world.snapshot.contents import ContentReader
from mockbatch.world.snapshot.cursor import Cursor
from mockbatch.world.snapshot.faults import load_faults
from mockbatch.world.snapshot.files import load_file
from mockbatch.world.snapshot.journal import load_journal
from mockbatch.world.snapshot.limits import check_bytes, check_counts
from mockbatch.world.snapshot.replies import load_script
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.snapshot.uploads import load_upload
from mockbatch.world.snapshot.webhooks import load_webhooks


def load(
    document: Json,
    settings: WorldSettings,
    folder: Path | None = None,
    present: Snapshot | None = None,
) -> Snapshot:
    """Return the snapshot in a state document; `settings` supply what it leaves out.

    Replies, models, queued scenarios, faults, webhook endpoints and the journal that it leaves
    out are those of `present`, the world that the document replaces. Contents may be files in
    `folder`, named by `path`; without a folder they may not. Raises ApiError 400, whose param is
    the place of the error.
    """
    schema("state").check(document, "state")
    state = Cursor(schema("state").coerce_integers(document), "state")
    check_counts(state, settings.limits, settings.script)
    own_replies = len(settings.script.entries)
    contents = ContentReader(state.get("contents", {}), folder)
    check_bytes(state, settings.limits, contents.size)
    batches = _load_batches(state, contents, settings)
    files = [load_file(file, contents) for file in state.get("files", []).items()]
    uploads = [load_upload(upload, contents) for upload in state.get("uploads", []).items()]
    _check_ids(state, batches, files, uploads)
    seed = state.value.get("seed")
    present = present or Snapshot(settings)
    return Snapshot(
        settings=_load_settings(state, settings),
        seed=None if seed is None else Seed(bytes.fromhex(seed)),
        now=state.value.get("clock", {}).get("now", settings.start_time),
        numbers=_load_numbers(state, files, uploads, present),
        files=tuple(files),
        deleted_file_ids=frozenset(state.value.get("deleted", ())),
        batches=tuple(batches),
        uploads=tuple(uploads),
        polls=state.value.get("clock", {}).get("polls", {}),
        script=state.read("replies", partial(load_script, own=own_replies), present.script),
        models=state.read("models", _load_models, present.models),
        scenarios=state.read("scenarios", _load_queue, present.scenarios),
        faults=state.read("faults", load_faults, present.faults),
        webhooks=state.read(
            "webhooks",
            partial(load_webhooks, allowed_hosts=settings.webhooks.allowed_hosts),
            present.webhooks.endpoints_only(),
        ),
        journal=state.read("journal", load_journal, present.journal),
    )


def load_from_file(path: str, settings: WorldSettings) -> Snapshot:
    """Return the snapshot in a file; ValueError describes in one line what is wrong with it."""
    try:
        return load(parse_json(Path(path).read_bytes()), settings, Path(path).parent)
    except (ApiError, ValueError) as error:
        place = f" at {error.param}" if isinstance(error, ApiError) else ""
        raise ValueError(f"{path}{place}: {error}") from error


def _load_batches(state: Cursor, contents: ContentReader, settings: WorldSettings) -> list[Batch]:
    batches: list[Batch] = []
    for document in state.get("recorded", []).items():
        schema("batch_recorded").check(document.value, document.path)
        batches.append(recorded_batch(document.value, len(batches)))
    for document in state.get("batches", []).items():
        batches.append(load_batch(document, len(batches), contents, settings.limits))
    return batches


def _load_settings(state: Cursor, settings: WorldSettings) -> WorldSettings:
    changes = dict(state.value.get("settings", {}))
    if "scenario" in changes:
        changes["scenario"] = load_scenario(state["settings"]["scenario"])
    if "quotas" in changes:
        changes["quotas"] = Quotas(**changes["quotas"])
    if "clock" in state.value:
        mode = state["clock"]["mode"]
        try:
            changes["clock"] = parse_mode(mode.value)
        except ValueError as error:
            raise mode.error(error) from None
    return replace(settings, **changes)


def _load_models(names: Cursor) -> ModelList:
    return ModelList(None if names.value is None else tuple(names.value))


def _load_queue(entries: Cursor) -> tuple[QueuedScenario, ...]:
    return tuple(
        (load_scenario(entry["scenario"]), entry.value["times"]) for entry in entries.items()
    )


def _load_numbers(
    state: Cursor, files: Sequence[File], uploads: Sequence[Upload], present: Snapshot
) -> dict[str, int]:
    """Return how many objects of each type were created, and how many requests there were.

    Numbers that are left out are those of the objects in the document, and of requests that of
    the present world.
    """
    own = len(state.value.get("batches", []))
    defaults = {
        "request": present.numbers.get("request", 0),
        "batch": own + len(state.value.get("recorded", [])),
        "file": len(files),
        "upload": len(uploads),
        "part": sum(len(upload.parts) for upload in uploads),
    }
    numbers = {**defaults, **state.value.get("numbers", {})}
    if numbers["batch"] < own:
        # A new batch would get the id of one that exists.
        raise state["numbers"]["batch"].error("there are more batches")
    return numbers


def _check_ids(
    state: Cursor, batches: Iterable[Batch], files: Iterable[File], uploads: Iterable[Upload]
) -> None:
    """Raise ApiError 400 for an id that two objects have."""
    _check_unique([batch.id for batch in batches], state.get("batches", []))
    _check_unique([file.id for file in files], state.get("files", []))
    upload_documents = state.get("uploads", [])
    _check_unique([upload.id for upload in uploads], upload_documents)
    parts = [part["id"] for upload in upload_documents.value for part in upload["parts"]]
    _check_unique(parts, upload_documents)


def _check_unique(ids: Sequence[str], documents: Cursor) -> None:
    seen: set[str] = set()
    for id in ids:
        if id in seen:
            raise documents.error(f"{id!r} occurs twice")
        seen.add(id)
