"""A file as the API knows it: a value, and its JSON object."""

from collections.abc import Callable
from math import inf
from typing import Any, NamedTuple

from msgspec import Struct

from mockbatch.files.content import Content
from mockbatch.ids import Seed, file_id

BATCH = "batch"
BATCH_OUTPUT = "batch_output"
# The purposes of uploads; only the service creates `batch_output` files.
# Source: OpenAI's published document (CreateFileRequest).
UPLOAD_PURPOSES = ("fine-tune", "assistants", "batch", "user_data", "vision", "evals")

BATCH_FILE_SECONDS = 30 * 24 * 3600


class File(Struct, frozen=True):
    """A file, with the simulated epoch seconds of its creation and expiry.

    It is visible while `now < expires_at`, and never expires if that is None. `source`
    returns the content: an output file is written when it is first read. `distortion` names
    the scenario that has distorted its lines. A file that is not listed is no file to clients.
    """

    id: str
    purpose: str
    filename: str
    created_at: int
    expires_at: int | None
    source: Callable[[], Content]
    distortion: str | None = None
    is_listed: bool = True

    @property
    def content(self) -> Content:
        """The bytes of the file."""
        return self.source()

    @property
    def expiry(self) -> float:
        """The instant at which it expires, infinity for never."""
        return inf if self.expires_at is None else self.expires_at

    def visible(self, now: float) -> bool:
        """Return whether the file exists at an instant."""
        return self.expires_at is None or now < self.expires_at

    def as_json(self) -> dict[str, Any]:
        """Return the File object, schema file.json."""
        return {
            "object": "file",
            "id": self.id,
            "purpose": self.purpose,
            "filename": self.filename,
            "bytes": self.content.size,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "status": "processed",
            "status_details": None,
        }


class FileRules(NamedTuple):
    """How a provider treats files; the defaults are OpenAI's.

    `new_id` mints an id. Without a lifetime of its own, a file of a batch lives for
    `batch_file_seconds`, None for ever.
    """

    new_id: Callable[[Seed], str] = file_id
    batch_file_seconds: int | None = BATCH_FILE_SECONDS

    def lifetime(self, purpose: str, expires_after: int | None) -> int | None:
        """Return the seconds until a file expires, None if it never does."""
        if expires_after is not None:
            return expires_after
        return self.batch_file_seconds if purpose in (BATCH, BATCH_OUTPUT) else None


OPENAI_FILES = FileRules()
