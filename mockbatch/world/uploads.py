"""The uploads of a world: created, filled part by part, and completed or cancelled."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import islice
from math import inf

from mockbatch.clock import WorldClock
from mockbatch.errors import api_error
from mockbatch.files.content import Content, SharedContentFile
from mockbatch.files.file import File
from mockbatch.files.upload import CANCELLED, COMPLETED, MAX_PARTS, PENDING, Part, Upload
from mockbatch.files.validation import validate_content
from mockbatch.ids import Seed, part_id, upload_id
from mockbatch.limits import Limits
from mockbatch.repository import Repository
from mockbatch.world.room import Room

Keeping = Callable[[Content], AbstractContextManager[Content]]


class Uploads:
    """Creates the uploads of a world, adds their parts, and completes or cancels them."""

    def __init__(
        self, clock: WorldClock, repository: Repository, seed: Seed, limits: Limits
    ) -> None:
        self._clock = clock
        self._repository = repository
        self._seed = seed
        self._limits = limits
        self._room = Room(repository, limits)
        self._uploads: dict[str, Upload] = {}  # oldest first
        self._part_files: dict[str, SharedContentFile] = {}  # by id of the pending upload
        #: Called, under the world's lock, with the id of each upload that changes or goes.
        self.listeners: list[Callable[[str], None]] = []
        #: Yields a content as it is kept where other processes find it, to be added in the block.
        self.keeping: Keeping | None = None
        #: The instant from which `release_parts` has something to do; read without the lock.
        self.next_due = inf

    def load(self, uploads: Iterable[Upload]) -> None:
        """Add the uploads of a snapshot."""
        for upload in uploads:
            self._add(upload)

    def all(self) -> tuple[Upload, ...]:
        """Return all uploads, finished ones included, oldest first."""
        return tuple(self._uploads.values())

    def release_parts(self, now: float) -> None:
        """Drop the parts of uploads that are no longer pending; no client could reach them."""
        for id in list(self._part_files):
            upload = self._uploads[id]
            if upload.status(now) != PENDING:
                self._end(upload, upload.ended)
        pending = (self._uploads[id].expires_at for id in self._part_files)
        self.next_due = min(pending, default=inf)

    def create(self, filename: str, purpose: str, size: int, seconds: int | None) -> Upload:
        """Create an upload of `size` bytes whose file is to live for `seconds`.

        None is the default of its purpose. Raises ApiError 400 if it is too large, or if too
        many uploads are pending.
        """
        if size > self._limits.upload_bytes:
            limit = self._limits.upload_bytes
            raise api_error("integer_above_maximum", param="bytes", limit=limit, value=size)
        with self._command() as now:
            if len(self._part_files) >= self._limits.uploads:  # each may keep a file open
                raise api_error("too_many_uploads", limit=self._limits.uploads)
            seed = self._seed.child("upload", self._repository.next_number("upload"))
            upload = Upload(upload_id(seed, now), filename, purpose, size, now, seconds)
            self._add(upload)
            self._note(upload.id)
            return upload

    def add_part(self, id: str, content: Content) -> Part:
        """Add a part to an upload; ApiError if it is unknown, not pending, or gets too large."""
        with self._command() as now:
            self._check_room(self._pending(id, now), content)
            part_file = self._part_files[id]
        # Outside the lock: copying the part may take a while.
        keep: Keeping = self.keeping or (lambda new: nullcontext(part_file.add(new)))
        with keep(content) as copy, self._command() as now:
            upload = self._pending(id, now)
            self._check_room(upload, content)  # another part may have taken it meanwhile
            seed = self._seed.child("part", self._repository.next_number("part"))
            part = Part(part_id(seed, now), id, now, copy)
            self._repository.storage.retain(copy)
            self._uploads[id] = upload.with_part(part)
            self._note(id)
            return part

    def complete(self, id: str, part_ids: Sequence[str], md5: str | None) -> tuple[Upload, File]:
        """Create a file from an upload's parts in this order, and complete the upload.

        An ApiError leaves the upload as it was.
        """
        # Outside the lock: joining the parts may take seconds.
        upload = self._pending(id, self._clock.now())
        content = upload.join_parts(part_ids, md5)
        validate_content(content, upload.purpose, self._limits)
        keep: Keeping = self.keeping or nullcontext
        with keep(content) as kept, self._command() as now:
            upload = self._pending(id, now)  # another client may have ended it meanwhile
            self._room.check_file(kept.size - upload.size)
            ended = self._end(upload, COMPLETED)
            file = self._repository.create_file(
                self._seed, now, kept, upload.filename, upload.purpose, upload.file_seconds
            )
            return ended, file

    def cancel(self, id: str) -> Upload:
        """End an upload without creating a file; ApiError if it is unknown or not pending."""
        with self._command() as now:
            return self._end(self._pending(id, now), CANCELLED)

    @contextmanager
    def _command(self) -> Iterator[int]:
        with self._clock.command() as now:
            self.release_parts(now)
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
        self._room.check_bytes(content.size)
        if len(upload.parts) >= MAX_PARTS:
            raise api_error("too_many_parts", limit=MAX_PARTS)

    def get(self, id: str) -> Upload | None:
        """Return an upload, None if it is unknown."""
        return self._uploads.get(id)

    def place(self, id: str, upload: Upload | None) -> None:
        """Replace an upload by what another process has made of it, None to forget it."""
        if self._part_files.pop(id, None) is not None:
            for part in self._uploads[id].parts.values():
                self._repository.storage.release(part.content)
        if upload is None:
            self._uploads.pop(id, None)
        else:
            self._add(upload)

    def _note(self, id: str) -> None:
        for listener in self.listeners:
            listener(id)

    def _add(self, upload: Upload) -> None:
        self._uploads[upload.id] = upload
        if upload.ended is None:
            self._part_files[upload.id] = SharedContentFile()
            self.next_due = min(self.next_due, upload.expires_at)
            for part in upload.parts.values():
                self._repository.storage.retain(part.content)

    def _end(self, upload: Upload, ended: str | None) -> Upload:
        if self._part_files.pop(upload.id, None) is not None:
            for part in upload.parts.values():
                self._repository.storage.release(part.content)
        after = self._uploads[upload.id] = upload.without_parts(ended)
        if after != upload:
            self._note(upload.id)
        self._forget_oldest()
        return after

    def _forget_oldest(self) -> None:
        excess = len(self._uploads) - len(self._part_files) - self._limits.ended_uploads
        if excess > 0:
            ended = (id for id in self._uploads if id not in self._part_files)
            for id in list(islice(ended, excess)):
                del self._uploads[id]
                self._note(id)
