"""The parts that a world has many of, each a cell with the id in its name."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mockbatch.batch.batch import Batch
from mockbatch.batch.recorded import RecordedBatch, recorded_batch
from mockbatch.clock import Polls
from mockbatch.typing import Json
from mockbatch.world.shared import cells
from mockbatch.world.shared.contents import SharedContents
from mockbatch.world.snapshot.batches import dump_batch
from mockbatch.world.snapshot.cursor import Cursor
from mockbatch.world.snapshot.files import dump_file, load_file
from mockbatch.world.snapshot.restore import restore_batch
from mockbatch.world.snapshot.uploads import dump_upload, load_upload
from mockbatch.world.snapshot.webhooks import dump_delivery, load_delivery

if TYPE_CHECKING:
    from mockbatch.world.world import World

BATCH, FILE, DELETED, UPLOAD = "batch", "file", "deleted", "upload"
DELIVERY, ANNOUNCED, POLLS = "delivery", "announced", "polls"

# The order in which they are loaded: what others refer to comes first.
_ORDER = (FILE, BATCH, DELETED, UPLOAD, ANNOUNCED, DELIVERY, POLLS)


def name_all(world: "World") -> Iterator[tuple[str, str]]:
    """Yield the kind and id of all objects in a world."""
    repository, webhooks = world.repository, world.webhooks.snapshot()
    for kind, ids in (
        (FILE, repository.uploaded_files),
        (BATCH, repository.batches),
        (DELETED, repository.deleted.ids),
        (UPLOAD, [upload.id for upload in world.uploads.all()]),
        (ANNOUNCED, webhooks.announced),
        (DELIVERY, [delivery.id for delivery in webhooks.deliveries]),
        (POLLS, list(world.clock.last_polls)),
    ):
        for id in ids:
            yield kind, id


def dump_object(world: "World", contents: SharedContents, kind: str, id: str) -> str | None:
    """Return an object as the text of its cell, None if the world no longer has it."""
    document = _document(world, contents, kind, id)
    return None if document is None else cells.encode(document)


def _document(world: "World", contents: SharedContents, kind: str, id: str) -> Json:
    match kind:
        case "batch":
            return _dump_batch(world.repository.batches[id], contents)
        case "file":
            file = world.repository.uploaded_files.get(id)
            return file and dump_file(file, contents)
        case "deleted":
            return True if id in world.repository.deleted.ids else None
        case "upload":
            upload = world.uploads.get(id)
            return upload and dump_upload(upload, contents)
        case "delivery":
            delivery = world.webhooks.outbox.get(id)
            return delivery and dump_delivery(delivery)
        case "announced":
            return world.webhooks.outbox.announced_end(id)
        case _:
            return world.clock.last_polls.get(id)


def _dump_batch(batch: Batch, contents: SharedContents) -> dict[str, Json]:
    if isinstance(batch, RecordedBatch):
        return {"number": batch.number, "recorded": dict(batch.shown)}
    own = dump_batch(batch, contents)
    # As a text: most batches have one of a few, which is parsed once.
    own["scenario"] = cells.encode(own["scenario"])
    return {"number": batch.number, "own": own}


def load_objects(world: "World", contents: SharedContents, documents: Mapping[str, Json]) -> None:
    """Put objects into a world, from documents by the names of cells; None removes one."""
    by_kind: Mapping[str, list[tuple[str, Json]]] = {kind: [] for kind in _ORDER}
    for name, document in documents.items():
        kind, _, id = name.partition(":")
        by_kind[kind].append((id, document))
    # Not by the clock: others may still have to announce what has ended.
    announced = {id: event for id, event in by_kind[ANNOUNCED] if event is not None}
    world.webhooks.outbox.watch(float("-inf"), announced)
    for kind in _ORDER:
        for id, document in by_kind[kind]:
            _load(world, contents, kind, id, Cursor(document, f"{kind}:{id}"))


def _load(world: "World", contents: SharedContents, kind: str, id: str, document: Cursor) -> None:
    repository, is_there = world.repository, document.value is not None
    match kind:
        case "file":
            is_known = id in repository.uploaded_files
            if is_there and not is_known:  # a file never changes
                repository.add_file(load_file(document, contents))
            elif is_known and not is_there:
                repository.forget_file(id)
        case "batch":
            batch = _load_batch(contents, document)
            add = repository.replace_batch if id in repository.batches else repository.add_batch
            add(batch)
        case "deleted" if is_there:
            repository.deleted.add(id, is_uploaded=id not in repository.batch_of_file)
        case "deleted":
            repository.deleted.forget(id)
        case "upload":
            world.uploads.place(id, load_upload(document, contents) if is_there else None)
        case "delivery":
            world.webhooks.outbox.place(id, load_delivery(document) if is_there else None)
        case "announced":
            world.webhooks.outbox.place_announced(id, document.value)
        case "polls" if is_there:
            world.clock.last_polls[id] = Polls(*document.value)
        case _:
            world.clock.last_polls.pop(id, None)


def _load_batch(contents: SharedContents, document: Cursor) -> Batch:
    number = document.value["number"]
    if "recorded" in document.value:
        return recorded_batch(document.value["recorded"], number)
    return restore_batch(document.value["own"], number, contents.find_name)
