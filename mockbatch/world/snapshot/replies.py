"""Scripted replies in a state document."""

from mockbatch.errors import ApiError
from mockbatch.scripting.script import Entry, Script, parse
from mockbatch.scripting.turns import Turns
from mockbatch.typing import Json
from mockbatch.world.snapshot.cursor import Cursor
from mockbatch.world.snapshot.limits import document_bytes


def dump_script(script: Script) -> list[dict[str, Json]]:
    """Return the entries of a script, JSON-ready; those with a Python function are left out."""
    return [_dump_entry(entry) for entry in script.entries if not entry.has_function]


def _dump_entry(entry: Entry) -> dict[str, Json]:
    if entry.turns is None:
        return entry.as_json()
    taken, turns_of_lines = entry.turns.taken()
    lines = [
        {"batch_id": batch_id, "line": line, "turn": turn}
        for (batch_id, line), turn in turns_of_lines.items()
    ]
    return {**entry.as_json(), "turns": {"taken": taken, "lines": lines}}


def load_script(documents: Cursor, own: int) -> Script:
    """Return the script that documents describe; ApiError 400 if one is not valid.

    The first `own` entries are the server's, and have no limit.
    """
    added = tuple(map(document_bytes, documents.value[own:]))
    return Script(tuple(_load_entry(document) for document in documents.items()), added)


def _load_entry(document: Cursor) -> Entry:
    values = dict(document.value)
    turns = values.pop("turns", None)
    try:
        entry = parse(values)
    except ApiError as error:
        raise document.error(error) from None
    if turns is None:
        return entry
    if entry.turns is None:
        raise document["turns"].error("the entry has one reply without 'times'")
    turns_of_lines = {(line["batch_id"], line["line"]): line["turn"] for line in turns["lines"]}
    if any(turn >= turns["taken"] for turn in turns_of_lines.values()):
        raise document["turns"].error("a line has a turn that was not taken")
    loaded = Turns(entry.turns.items, entry.turns.times, turns["taken"], turns_of_lines)
    return entry._replace(turns=loaded)
