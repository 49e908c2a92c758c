"""The files and batches of one world, by id.

Files and batches are immutable values that are replaced whole. So a thread that reads without
the world's lock sees each of them as it was either before a command or after it.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from math import inf
from threading import RLock

from mockbatch.batch import output_file
from mockbatch.batch.batch import Batch
from mockbatch.clock import plan_instant
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.errors import api_error
from mockbatch.files.content import Content
from mockbatch.files.file import BATCH_OUTPUT, File, lifetime
from mockbatch.ids import Seed, file_id
from mockbatch.pagination import Page, paginate

#: How many objects of one type a world can count; a state may begin anywhere below.
MAX_NUMBER = 2**53 - 1


class Repository:
    """The files and batches of one world, from its beginning to its next reset.

    Changed only under the world's lock, and read by any thread.
    """

    def __init__(self, *, validate: bool, marks: bool = False) -> None:
        self._validate, self._marks = validate, marks
        #: Files that clients have uploaded; those that batches have written are not among them.
        self.uploaded_files: dict[str, File] = {}
        self.batches: dict[str, Batch] = {}
        self.deleted_file_ids: set[str] = set()
        #: How many objects of each type were created.
        self.counters: Counter[str] = Counter()
        #: Grows with every file and batch that is added, replaced or deleted.
        self.version = 0
        #: Called, under the world's lock, with every batch that is added or replaced.
        self.batch_listeners: list[Callable[[Batch], None]] = []
        self._batch_ids: list[str] = []  # oldest first
        # Ids of the files that a batch may write, with the batch's id and `output` or `error`.
        self._batch_of_file: dict[str, tuple[str, str]] = {}
        self._output_files: dict[str, output_file.OutputFiles] = {}  # by id of the batch
        self._output_tokens: dict[str, Tokens] = {}  # kept when the files are gone
        self._output_lock = RLock()
        self._next_expiry = inf  # of an uploaded file

    def load(
        self,
        files: Iterable[File],
        batches: Iterable[Batch],
        deleted_file_ids: Iterable[str],
        counters: Mapping[str, int],
    ) -> None:
        """Add everything that a snapshot holds."""
        for file in files:
            self.add_file(file)
        for batch in batches:
            self.add_batch(batch)
        self.deleted_file_ids.update(deleted_file_ids)
        self.counters.update(counters)

    def next_number(self, type_name: str) -> int:
        """Return how many objects of a type were created before this one.

        Raises ApiError 400 where the number would no longer be exact in every JSON reader.
        """
        if self.counters[type_name] >= MAX_NUMBER:
            raise api_error("too_many_objects", limit=MAX_NUMBER)
        self.counters[type_name] += 1
        return self.counters[type_name] - 1

    # --- batches

    def add_batch(self, batch: Batch) -> None:
        """Add a new batch."""
        # A batch can be found before it is listed.
        self.replace_batch(batch)
        self._batch_ids.append(batch.id)
        for kind, id in batch.planned_file_ids().items():
            self._batch_of_file[id] = batch.id, kind

    def replace_batch(self, batch: Batch) -> None:
        """Replace a batch by what a command has made of it."""
        self.batches[batch.id] = batch
        self.version += 1
        for listener in self.batch_listeners:
            listener(batch)

    def batch(self, id: str) -> Batch:
        """Return a batch; ApiError 404 for an unknown id, 400 if it is no batch's id at all."""
        if not id.startswith("batch"):
            raise api_error("not_a_batch_id", id=id)
        if id not in self.batches:
            raise api_error("no_such_batch", id=id)
        return self.batches[id]

    def batch_page(self, limit: int, after: str | None) -> Page[Batch]:
        """Return a page of the batches, newest first; ApiError 400 for an unknown cursor."""
        if after is not None and after not in self.batches:
            raise api_error("unknown_cursor", id=after)
        stop = len(self._batch_ids) if after is None else self.batches[after].number
        ids = self._batch_ids[max(stop - limit, 0) : stop]
        return Page([self.batches[id] for id in reversed(ids)], stop > limit)

    def output_files(self, batch: Batch) -> output_file.OutputFiles:
        """Return the output and error file of a batch that has ended, written at the first call."""
        with self._output_lock:
            if batch.id not in self._output_files:
                files = output_file.write_output(batch, validate=self._validate, marks=self._marks)
                self._output_files[batch.id] = files
                self._output_tokens[batch.id] = files.tokens
            return self._output_files[batch.id]

    def output_tokens(self, batch: Batch) -> Tokens:
        """Return what the lines of a batch that has ended are billed for."""
        tokens = self._output_tokens.get(batch.id)
        return self.output_files(batch).tokens if tokens is None else tokens

    def _release_outputs(self, now: float) -> None:
        """Drop the contents of outputs whose files are all gone."""
        for id in list(self._output_files):
            file_ids = self.batches[id].existing_file_ids(now).values()
            files = [self._batch_file(file_id, now) for file_id in file_ids]
            # Not while another output is being written, which may take seconds.
            if not any(file and file.visible(now) for file in files) and (
                self._output_lock.acquire(blocking=False)
            ):
                self._output_files.pop(id, None)
                self._output_lock.release()

    # --- files

    def create_file(
        self,
        seed: Seed,
        now: int,
        content: Content,
        filename: str,
        purpose: str,
        seconds: int | None,
    ) -> File:
        """Create a file that lives for `seconds`, or its purpose's default if that is None."""
        if now >= self._next_expiry:
            self.remove_expired(now)
        lifetime_seconds = lifetime(purpose, seconds)
        file = File(
            id=self._new_file_id(seed),
            purpose=purpose,
            filename=filename,
            created_at=now,
            expires_at=None if lifetime_seconds is None else plan_instant(now + lifetime_seconds),
            source=lambda: content,
        )
        self.add_file(file)
        return file

    def _new_file_id(self, seed: Seed) -> str:
        # A snapshot may come without its counters, and the first ids are then in use.
        while True:
            id = file_id(seed.child("file", self.next_number("file")))
            if id not in self.uploaded_files and id not in self.deleted_file_ids:
                return id

    def add_file(self, file: File) -> None:
        """Add an uploaded file."""
        self.uploaded_files[file.id] = file
        self._next_expiry = min(self._next_expiry, _expiry(file))
        self.version += 1

    def delete_file(self, id: str, now: float) -> None:
        """Delete a file; one that a batch has written is not written again."""
        self.deleted_file_ids.add(id)
        self.version += 1
        if self.uploaded_files.pop(id, None) is None:
            self._release_outputs(now)

    def remove_expired(self, now: float) -> None:
        """Remove expired files, which could not be found any more anyway."""
        self.uploaded_files = {
            id: file for id, file in self.uploaded_files.items() if file.visible(now)
        }
        self._next_expiry = min(map(_expiry, self.uploaded_files.values()), default=inf)
        self._release_outputs(now)

    def file(self, id: str, now: float) -> File:
        """Return a file that exists at an instant; ApiError 404 for any other."""
        file = self.uploaded_files.get(id) or self._batch_file(id, now)
        if file is None or not file.visible(now):
            raise api_error("no_such_file", id=id)
        return file

    def files(self, now: float) -> list[File]:
        """Return the files that exist at an instant, and those that have expired by then."""
        batch_files = (self._batch_file(id, now) for id in list(self._batch_of_file))
        return [
            *list(self.uploaded_files.values()),
            *(file for file in batch_files if file is not None),
        ]

    def file_page(
        self, now: float, purpose: str | None, limit: int, after: str | None, *, newest_first: bool
    ) -> Page[File]:
        """Return a page of the files that exist at an instant, by time of creation."""
        files = {
            file.id: file
            for file in self.files(now)
            if file.visible(now) and purpose in (None, file.purpose)
        }
        ids = sorted(files, key=lambda id: files[id].created_at)
        page = paginate(ids[::-1] if newest_first else ids, limit, after)
        return Page([files[id] for id in page.items], page.has_more)

    def _batch_file(self, id: str, now: float) -> File | None:
        """Return an output or error file, None before its batch has ended."""
        batch_id, kind = self._batch_of_file.get(id, ("", ""))
        batch = self.batches.get(batch_id)
        if batch is None or id in self.deleted_file_ids or kind not in batch.existing_file_ids(now):
            return None
        created_at = batch.timeline.end.at
        scenario = batch.schedule.scenario
        return File(
            id=id,
            purpose=BATCH_OUTPUT,
            filename=f"{batch.id}_{kind}.jsonl",
            created_at=created_at,
            expires_at=plan_instant(
                created_at + (lifetime(BATCH_OUTPUT, batch.output_seconds) or 0)
            ),
            source=lambda: getattr(self.output_files(batch), kind),
            distortion=scenario.name if scenario.output else None,
        )


def _expiry(file: File) -> float:
    return inf if file.expires_at is None else file.expires_at
