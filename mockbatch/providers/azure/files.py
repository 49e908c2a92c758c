"""Azure OpenAI's files: their object, their ids and how long they live."""

from collections.abc import Mapping

from mockbatch.batch.rules import DAY_SECONDS
from mockbatch.errors import api_error
from mockbatch.files.file import BATCH, File, FileRules
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

#: How long an upload is pending. That it is for a while is documented, how long is not known.
PENDING_SECONDS = 5
#: The purposes of uploads that are documented.
PURPOSES = ("batch", "fine-tune", "assistants", "evals", "user_data")
#: A lifetime has between 14 and 30 days. Source: the guide to batches.
MIN_LIFETIME_SECONDS, MAX_LIFETIME_SECONDS = 14 * DAY_SECONDS, 30 * DAY_SECONDS


def file_id(seed: Seed) -> str:
    """Return `file-` and 32 hexadecimal digits, as in all documented samples."""
    return "file-" + seed.hex(32)


#: Without a lifetime, files stay; of those, the service keeps up to 500.
RULES = FileRules(new_id=file_id, batch_file_seconds=None)


def is_pending(file: File, now: float) -> bool:
    """Return whether a file was uploaded so recently that no batch can use it."""
    return file.purpose == BATCH and now < file.created_at + PENDING_SECONDS


def file_json(file: File, now: float) -> dict[str, Json]:
    """Return the file object, schema azure/file.json.

    Source: the keys and their order are those of the guide to batches for REST.
    """
    return {
        "status": "pending" if is_pending(file, now) else "processed",
        "bytes": file.content.size,
        "purpose": file.purpose,
        "filename": file.filename,
        "expires_at": file.expires_at,
        "id": file.id,
        "created_at": file.created_at,
        "object": "file",
    }


def parse_lifetime(form: Mapping[str, str]) -> int | None:
    """Return the seconds in the fields of an upload form, None without any.

    The guide has them as `expires_after.seconds` with curl; the SDK sends `expires_after[seconds]`.
    """
    fields: dict[str, Json] = {}
    for name in ("anchor", "seconds"):
        for written in (f"expires_after[{name}]", f"expires_after.{name}"):
            if written in form:
                fields[name] = form[written]
    seconds = fields.get("seconds", "")
    if seconds.isascii() and seconds.isdigit() and len(seconds) < 10:
        fields["seconds"] = int(seconds)
    if not fields:
        return None
    schema("azure/expires_after").check(fields, "expires_after")
    lifetime: int = fields["seconds"]
    return lifetime


def check_purpose(purpose: str) -> None:
    """Raise ApiError 400 for a purpose that an upload cannot have."""
    if purpose not in PURPOSES:
        raise api_error("invalid_purpose", value=purpose, supported=", ".join(PURPOSES))
