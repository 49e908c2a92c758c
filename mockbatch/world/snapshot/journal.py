"""The journal in a state document."""

from mockbatch.strings.redaction import redact
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.world.journal import JournalEntry, JournalSnapshot
from mockbatch.world.snapshot.cursor import Cursor

# More than a path and its query have together in the journal.
_MAX_CHARACTERS = 2048


def dump_journal(journal: JournalSnapshot) -> dict[str, Json]:
    """Return the entries of a journal and how many there have been, JSON-ready."""
    return {"requests": [entry.as_state() for entry in journal.entries], "count": journal.total}


def load_journal(document: Cursor) -> JournalSnapshot:
    """Return the journal that a document describes; ApiError 400 if it is not valid."""
    entries, count = document.value["requests"], document.value["count"]
    schema("journal").check({**document.value, "dropped": 0}, document.path)
    for index, entry in enumerate(entries):
        path = f"{document.path}.requests[{index}]"
        schema("journaled_request").check({**entry, "id": index}, path)
    if count < len(entries):
        raise document["count"].error("there are more entries")
    return JournalSnapshot(tuple(map(_load_entry, entries)), count)


def _load_entry(document: dict[str, Json]) -> JournalEntry:
    """Return an entry, cut and stripped of secrets like the entry of a request."""
    kept = {name: value for name, value in document.items() if name in JournalEntry._fields}
    kept["path"] = redact(kept["path"], _MAX_CHARACTERS)
    kept["error"] = kept["error"] and redact(kept["error"], _MAX_CHARACTERS)
    return JournalEntry(**kept)
