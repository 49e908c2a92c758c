"""Uploads in parts: the upload, and its parts so far."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from mockbatch.clock import plan_instant
from mockbatch.errors import api_error
from mockbatch.files.content import Content
from mockbatch.files.file import File

PENDING, COMPLETED, CANCELLED, EXPIRED = "pending", "completed", "cancelled", "expired"

UPLOAD_SECONDS = 3600
# A limit of mockbatch's own: 128 parts of the largest size make the largest upload.
MAX_PARTS = 10_000


class Part(NamedTuple):
    """A part of an upload."""

    id: str
    upload_id: str
    created_at: int
    content: Content

    def as_json(self) -> dict[str, Any]:
        """Return the upload part object, schema upload_part.json."""
        return {
            "id": self.id,
            "object": "upload.part",
            "created_at": self.created_at,
            "upload_id": self.upload_id,
        }


class Upload(Struct, frozen=True):
    """An upload of a file of `bytes` bytes, to which parts can be added for an hour.

    The file expires after `file_seconds`, None for the default of its purpose. `ended` is the
    status in which a client ended the upload; it has no parts then.
    """

    id: str
    filename: str
    purpose: str
    bytes: int
    created_at: int
    file_seconds: int | None
    parts: Mapping[str, Part] = field(default_factory=dict)
    ended: str | None = None

    @property
    def expires_at(self) -> int:
        """The second on which it expires, unless a client ends it before."""
        return plan_instant(self.created_at + UPLOAD_SECONDS)

    def status(self, now: float) -> str:
        """Return the status at an instant."""
        return self.ended or (PENDING if now < self.expires_at else EXPIRED)

    def room(self, limit: int) -> int:
        """Return how many bytes can still be added if all parts together may have `limit`."""
        return limit - self.size

    @property
    def size(self) -> int:
        """How many bytes its parts have."""
        return sum(part.content.size for part in self.parts.values())

    def with_part(self, part: Part) -> "Upload":
        """Return the upload with one more part."""
        return replace(self, parts={**self.parts, part.id: part})

    def without_parts(self, ended: str | None) -> "Upload":
        """Return the upload after its end, without its parts."""
        return replace(self, parts={}, ended=ended)

    def join_parts(self, part_ids: Sequence[str], md5: str | None) -> Content:
        """Return the content of these parts, joined in this order.

        Raises ApiError 400 if a part is unknown or named twice, and if the whole does not have
        the announced number of bytes or this checksum.
        """
        self._check_ids(part_ids)
        parts = [self.parts[id].content for id in part_ids]
        size = sum(content.size for content in parts)
        if size != self.bytes:
            raise api_error("wrong_bytes", actual=size, expected=self.bytes)
        content = Content.concatenate(parts)
        if md5 is not None and content.md5() != md5.lower():
            raise api_error("wrong_md5")
        return content

    def _check_ids(self, part_ids: Sequence[str]) -> None:
        seen: set[str] = set()
        for index, id in enumerate(part_ids):
            if id not in self.parts:
                raise api_error("unknown_part", index=index, id=id, upload=self.id)
            if id in seen:
                raise api_error("repeated_part", index=index, id=id)
            seen.add(id)

    def as_json(self, now: float, file: File | None = None) -> dict[str, Any]:
        """Return the Upload object at an instant, schema upload.json."""
        return {
            "id": self.id,
            "object": "upload",
            "bytes": self.bytes,
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": self.status(now),
            "expires_at": self.expires_at,
            "file": None if file is None else file.as_json(),
        }
