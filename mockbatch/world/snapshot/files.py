"""Uploaded files in a state document."""

from mockbatch.files.file import File
from mockbatch.typing import Json
from mockbatch.world.snapshot.contents import FindsContents, NamesContents
from mockbatch.world.snapshot.cursor import Cursor


def dump_file(file: File, contents: NamesContents) -> dict[str, Json]:
    """Return a file, JSON-ready."""
    return {
        "id": file.id,
        "purpose": file.purpose,
        "filename": file.filename,
        "created_at": file.created_at,
        "expires_at": file.expires_at,
        "content": contents.name(file.content),
    }


def load_file(document: Cursor, contents: FindsContents) -> File:
    """Return the file that a document describes; ApiError 400 if its content is not there.

    The schema of state documents says of a file all that the schema of the File object does.
    """
    values = document.value
    content = contents.find(document["content"])
    return File(
        id=values["id"],
        purpose=values["purpose"],
        filename=values["filename"],
        created_at=values["created_at"],
        expires_at=values["expires_at"],
        source=lambda: content,
    )
