"""Groq's files: their object and their ids."""

from mockbatch.errors import api_error
from mockbatch.files.file import BATCH, File, FileRules
from mockbatch.ids import Seed
from mockbatch.typing import Json

_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"


def file_id(seed: Seed) -> str:
    """Return `file_` and 26 digits of base 32; the form is from memory."""
    return "file_" + sortable_id(seed)


def sortable_id(seed: Seed) -> str:
    """Return 26 digits as those that Groq's ids end with; they begin with 01 in our time."""
    return "01" + seed.text(_BASE32, 24)


RULES = FileRules(new_id=file_id)


def file_json(file: File) -> dict[str, Json]:
    """Return the file object, schema groq/file.json. Source: the types of the SDK."""
    return {
        "id": file.id,
        "object": "file",
        "bytes": file.content.size,
        "created_at": file.created_at,
        "filename": file.filename,
        "purpose": file.purpose,
    }


def check_purpose(purpose: str | None) -> None:
    """Raise ApiError 400 unless the purpose of an upload is `batch`."""
    if purpose is None:
        raise api_error("missing_part", param="purpose")
    if purpose != BATCH:
        raise api_error("invalid_purpose", value=purpose, supported=f"'{BATCH}'")
