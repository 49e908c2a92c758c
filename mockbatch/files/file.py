"""A file as the API knows it: a value, and its JSON object."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mockbatch.files.content import Content

BATCH = "batch"
BATCH_OUTPUT = "batch_output"
# What a client may upload; `batch_output` is made by the service alone.
# Source: OpenAI's published document (CreateFileRequest).
UPLOAD_PURPOSES = ("fine-tune", "assistants", "batch", "user_data", "vision", "evals")

BATCH_FILE_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class File:
    """A file and the seconds of simulated time in which it exists.

    `expires_at` is None for a file that stays; it is visible while `now < expires_at`.
    `source` gives the content: an output file is not written before somebody asks for it.
    `distortion` names the scenario that has distorted its lines.
    """

    id: str
    purpose: str
    filename: str
    created_at: int
    expires_at: int | None
    source: Callable[[], Content]
    distortion: str | None = None

    @property
    def content(self) -> Content:
        """The bytes of the file."""
        return self.source()

    def visible(self, now: float) -> bool:
        """Tell whether the file exists at an instant."""
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


def lifetime(purpose: str, expires_after: int | None) -> int | None:
    """Return the seconds that a file lives, None for ever."""
    if expires_after is not None:
        return expires_after
    return BATCH_FILE_SECONDS if purpose in (BATCH, BATCH_OUTPUT) else None
