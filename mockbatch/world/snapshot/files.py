"""Uploaded files in a state document."""

from mockbatch.files.file import File
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
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
    """Return the file that a document describes; ApiError 400 if it is not valid."""
    content = contents.find(document["content"])
    fields = {name: value for name, value in document.value.items() if name != "content"}
    file = File(**fields, source=lambda: content)
    # Groq's ids have an underscore where OpenAI's have a hyphen.
    shown = {**file.as_json(), "id": file.id.replace("file_", "file-", 1)}
    schema("file").check(shown, document.path)
    return file
