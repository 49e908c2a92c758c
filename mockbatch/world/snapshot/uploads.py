"""Uploads in a state document."""

from mockbatch.files.upload import Part, Upload
from mockbatch.typing import Json
from mockbatch.world.snapshot.contents import FindsContents, NamesContents
from mockbatch.world.snapshot.cursor import Cursor


def dump_upload(upload: Upload, contents: NamesContents) -> dict[str, Json]:
    """Return an upload, JSON-ready."""
    return {
        "id": upload.id,
        "filename": upload.filename,
        "purpose": upload.purpose,
        "bytes": upload.bytes,
        "created_at": upload.created_at,
        "file_seconds": upload.file_seconds,
        "ended": upload.ended,
        "parts": [
            {"id": part.id, "created_at": part.created_at, "content": contents.name(part.content)}
            for part in upload.parts.values()
        ],
    }


def load_upload(document: Cursor, contents: FindsContents) -> Upload:
    """Return the upload that a document describes; ApiError 400 if it is not valid."""
    upload_id = document.value["id"]
    parts = [
        Part(part.value["id"], upload_id, part.value["created_at"], contents.find(part["content"]))
        for part in document["parts"].items()
    ]
    return Upload(**{**document.value, "parts": {part.id: part for part in parts}})
