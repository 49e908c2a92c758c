"""The uploads of a world: they are begun, parts come, and they are ended."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from mockbatch.clock import WorldClock
from mockbatch.errors import api_error
from mockbatch.files.content import Content, SharedContentFile
from mockbatch.files.file import File
from mockbatch.files.upload import CANCELLED, COMPLETED, MAX_PARTS, PENDING, Part, Upload
from mockbatch.files.validation import validate_content
from mockbatch.ids import Seed, part_id, upload_id
from mockbatch.limits import Limits
from mockbatch.repository import Repository

# Of those pending at once; each may hold a file open.
MOST_PENDING = 100


class Uploads:
    """Begins uploads, takes their parts and ends them."""

    def __init__(
        self, clock: WorldClock, repository: Repository, seed: Seed, limits: Limits
    ) -> None:
        self._clock = clock
        self._repository = repository
        self._seed = seed
        self._limits = limits
        self._uploads: dict[str, Upload] = {}
        self._part_files: dict[str, SharedContentFile] = {}  # of pending uploads

    def take(self, uploads: Iterable[Upload]) -> None:
        """Hold uploads that are new here."""
        for upload in uploads:
            self._uploads[upload.id] = upload
            self._part_files[upload.id] = SharedContentFile()

    def all(self) -> tuple[Upload, ...]:
        """Return the uploads, ended ones too, oldest first."""
        return tuple(self._uploads.values())

    def sweep(self, now: float) -> None:
        """Let go the parts of what has ended; they were out of reach before."""
        for id in list(self._part_files):
            upload = self._uploads[id]
            if upload.status(now) != PENDING:
                self._end(upload, upload.ended)

    def create(self, filename: str, purpose: str, size: int, seconds: int | None) -> Upload:
        """Begin an upload of `size` bytes, whose file will live for `seconds`."""
        if size > self._limits.upload_bytes:
            limit = self._limits.upload_bytes
            raise api_error("integer_above_maximum", param="bytes", limit=limit, value=size)
        with self._command() as now:
            if len(self._part_files) >= MOST_PENDING:
                raise api_error("too_many_uploads", limit=MOST_PENDING)
            id = upload_id(self._seed.child("upload", self._repository.number("upload")), now)
            upload = Upload(id, filename, purpose, size, now, seconds)
            self.take([upload])
            return upload

    def add_part(self, id: str, content: Content) -> Part:
        """Add a part to an upload; ApiError when that is none, not pending, or full."""
        with self._command() as now:
            upload = self._pending(id, now)
            self._check_room(upload, content)
            seed = self._seed.child("part", self._repository.number("part"))
            part = Part(part_id(seed, now), id, now, self._part_files[id].add(content))
            self._uploads[id] = upload.with_part(part)
            return part

    def complete(self, id: str, part_ids: Sequence[str], md5: str | None) -> tuple[Upload, File]:
        """Make a file of parts in this order; an upload that is refused stays as it is."""
        # Joining may take seconds: nobody else has to wait for it.
        upload = self._pending(id, self._clock.now())
        content = upload.joined(part_ids, md5)
        validate_content(content, upload.purpose, self._limits)
        with self._command() as now:
            upload = self._pending(id, now)  # somebody else may have ended it
            wanted = upload.filename, upload.purpose, upload.file_seconds
            file = self._repository.store(self._seed, now, content, *wanted)
            return self._end(upload, COMPLETED), file

    def cancel(self, id: str) -> Upload:
        """End an upload without a file; ApiError when there is none, or it is not pending."""
        with self._command() as now:
            return self._end(self._pending(id, now), CANCELLED)

    @contextmanager
    def _command(self) -> Iterator[int]:
        with self._clock.command() as now:
            self.sweep(now)
            yield now

    def _pending(self, id: str, now: float) -> Upload:
        if id not in self._uploads:
            raise api_error("no_such_upload", id=id)
        status = self._uploads[id].status(now)
        if status != PENDING:
            raise api_error("upload_not_pending", id=id, status=status)
        return self._uploads[id]

    def _check_room(self, upload: Upload, content: Content) -> None:
        if content.size > self._limits.part_bytes:
            raise api_error("part_too_large", limit=self._limits.part_bytes)
        if content.size > upload.room(self._limits.upload_bytes):
            raise api_error("upload_too_large", limit=self._limits.upload_bytes)
        if len(upload.parts) >= MAX_PARTS:
            raise api_error("too_many_parts", limit=MAX_PARTS)

    def _end(self, upload: Upload, ended: str | None) -> Upload:
        self._part_files.pop(upload.id, None)
        self._uploads[upload.id] = upload.without_parts(ended)
        return self._uploads[upload.id]
