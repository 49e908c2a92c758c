"""State documents with many members, which are read in a time that grows as they do."""

import time

import pytest

from mockbatch.errors import ApiError
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.world.settings import WorldSettings
from mockbatch.world.snapshot.load import load

COUNT = 30_000


def file_document(name: object) -> Json:
    """Return a file as state documents have it."""
    return {
        "id": f"file-{name}",
        "purpose": "batch",
        "filename": "a.jsonl",
        "created_at": 1,
        "expires_at": None,
        "content": "content 1",
    }


def state(*files: Json) -> Json:
    """Return a document with these files and one content."""
    return {
        "format": "mockbatch state 2",
        "files": list(files),
        "contents": {"content 1": {"text": "x"}},
    }


def test_an_id_that_occurs_twice_is_found_soon() -> None:
    """Even as the last of many: they are not compared with each other."""
    document = state(*map(file_document, range(COUNT)), file_document(COUNT - 1))
    started = time.process_time()
    with pytest.raises(ApiError, match=f"'file-{COUNT - 1}' occurs twice"):
        load(document, WorldSettings())
    assert time.process_time() - started < 3


def test_files_are_checked_once() -> None:
    """The schema of documents says all of a file that the one of the File object does."""
    of_document = schema("state").document["$defs"]["file"]["properties"]
    of_file = schema("file").document["properties"]
    assert of_document["purpose"] == of_file["purpose"]
    assert of_document["id"] == {"type": "string", "pattern": "^file[-_][!-~]{0,200}$"}
    for name in ("filename", "created_at"):
        assert of_document[name]["type"] == of_file[name]["type"]
