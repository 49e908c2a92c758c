"""Uploads that stand in a state: how they are written down, and read."""

from collections.abc import Callable

from mockbatch.files.content import Content
from mockbatch.files.upload import Part, Upload
from mockbatch.typing import Json


def dump(upload: Upload, name: Callable[[Content], str]) -> dict[str, Json]:
    """Return an upload as JSON; `name` is asked for the names of contents."""
    return {
        "id": upload.id,
        "filename": upload.filename,
        "purpose": upload.purpose,
        "bytes": upload.bytes,
        "created_at": upload.created_at,
        "file_seconds": upload.file_seconds,
        "ended": upload.ended,
        "parts": [
            {"id": part.id, "created_at": part.created_at, "content": name(part.content)}
            for part in upload.parts.values()
        ],
    }


def load(given: dict[str, Json], found: Callable[[str, str], Content], place: str) -> Upload:
    """Return the upload that JSON stands for; `found` is asked for contents, with the place."""
    parts = [
        Part(
            part["id"],
            given["id"],
            part["created_at"],
            found(part["content"], f"{place}.parts[{index}].content"),
        )
        for index, part in enumerate(given["parts"])
    ]
    return Upload(**{**given, "parts": {part.id: part for part in parts}})
