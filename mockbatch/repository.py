"""The files and batches of one world, by id.

They are immutable values, replaced whole. So a thread that reads without the world's lock sees
each of them as it was either before a command or after it.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from math import inf

from mockbatch.batch.batch import NO_TOKENS, Batch
from mockbatch.batch.file_index import FileIndex
from mockbatch.batch.outputs import BatchOutputs
from mockbatch.batch.timeline import COMPLETED
from mockbatch.clock import plan_instant
from mockbatch.errors import api_error
from mockbatch.files.content import Content
from mockbatch.files.deleted import DeletedFiles
from mockbatch.files.file import BATCH_OUTPUT, OPENAI_FILES, File, FileRules
from mockbatch.files.storage import Storage
from mockbatch.ids import MAX_NUMBER, Seed
from mockbatch.limits import Limits
from mockbatch.pagination import Page
from mockbatch.time_queue import TimeQueue


class Repository:
    """The files and batches of one world, from its beginning to its next reset.

    Changed only under the world's lock, and read by any thread.
    """

    def __init__(
        self, *, validate: bool, marks: bool = False, limits: Limits | None = None
    ) -> None:
        self._limits = limits or Limits()
        #: The bytes of all contents, those of batches and of pending uploads included.
        self.storage = Storage(self._limits)
        #: The files that batches write.
        self.outputs = BatchOutputs(self.storage, validate=validate, marks=marks)
        #: Files that clients have uploaded; those that batches have written are not among them.
        self.uploaded_files: dict[str, File] = {}
        self.batches: dict[str, Batch] = {}
        self.deleted = DeletedFiles(self._limits.deleted_ids)
        #: How many objects of each type were created.
        self.counters: Counter[str] = Counter()
        #: Grows with every file and batch that is added, replaced or deleted.
        self.version = 0
        #: Called, under the world's lock, with every batch that is added or replaced.
        self.batch_listeners: list[Callable[[Batch], None]] = []
        self.file_listeners: list[Callable[[str], None]] = []  # with ids of uploaded files
        # By provider, and those of all under None; oldest first.
        self._batch_ids: defaultdict[str | None, list[str]] = defaultdict(list)
        self._batch_files = FileIndex()
        self._batches_of_input: dict[str, list[str]] = {}
        self._file_expiries: TimeQueue[File] = TimeQueue()  # of uploaded files
        self._batch_checks: TimeQueue[str] = TimeQueue()  # ids of batches, see _release_batch
        self._next_due = inf

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
        for id in deleted_file_ids:
            self.deleted.add(id, is_uploaded=id not in self.batch_of_file)
        self.counters.update(counters)

    def number_of_next(self, type_name: str) -> int:
        """Return how many objects of a type were created before the next one.

        Raises ApiError 400 where the number would no longer be exact in every JSON reader.
        """
        if self.counters[type_name] >= MAX_NUMBER:
            raise api_error("too_many_objects", limit=MAX_NUMBER)
        return self.counters[type_name]

    def next_number(self, type_name: str) -> int:
        """Return how many objects of a type were created before this one, and count it."""
        number = self.number_of_next(type_name)
        self.counters[type_name] = number + 1
        return number

    def add_batch(self, batch: Batch) -> None:
        """Add a new batch."""
        # A batch can be found before it is listed.
        self.replace_batch(batch)
        for listed in (None, batch.rules.provider):
            self._batch_ids[listed].append(batch.id)
        self._batches_of_input.setdefault(batch.input_file_id, []).append(batch.id)
        self._batch_files.add(batch)

    @property
    def batch_of_file(self) -> Mapping[str, tuple[str, str]]:
        """The id of each file that a batch may write, with the batch's id and the file's kind."""
        return self._batch_files.all()

    def replace_batch(self, batch: Batch) -> None:
        """Replace a batch by its new version."""
        before = self.batches.get(batch.id)
        self.storage.retain(batch.input.content)
        self.batches[batch.id] = batch
        if before is not None:
            self.storage.release(before.input.content)
        if batch.input.content.size and batch.input_file_id not in self.uploaded_files:
            self._plan_check(batch, batch.timeline.end.at)
        self.version += 1
        for listener in self.batch_listeners:
            listener(batch)

    def replace_batches(self, batches: Iterable[Batch]) -> None:
        """Replace several batches."""
        for batch in batches:
            self.replace_batch(batch)

    def batch(self, id: str) -> Batch:
        """Return a batch; ApiError 404 for an unknown id, 400 if it is not a batch's id."""
        batch = self.batches.get(id)
        if batch is None:
            raise api_error("no_such_batch" if id.startswith("batch") else "not_a_batch_id", id=id)
        return batch

    def batch_page(self, limit: int, after: str | None, provider: str | None = None) -> Page[Batch]:
        """Return a page of all batches or of a provider's; ApiError 400 for an unknown cursor."""
        if after is not None and after not in self.batches:
            raise api_error("unknown_cursor", id=after)
        ids = self._batch_ids[provider]
        stop = len(ids)
        if after is not None:
            number = self.batches[after].number
            stop = bisect_left(ids, number, key=lambda id: self.batches[id].number)
        ids = ids[max(stop - limit, 0) : stop]
        return Page([self.batches[id] for id in reversed(ids)], stop > limit)

    def batches_of_input(self, file_id: str) -> list[Batch]:
        """Return the batches whose input is this file."""
        return [self.batches[id] for id in self._batches_of_input.get(file_id, ())]

    def create_file(
        self,
        seed: Seed,
        now: int,
        content: Content,
        filename: str,
        purpose: str,
        seconds: int | None,
        rules: FileRules = OPENAI_FILES,
    ) -> File:
        """Create a file that lives for `seconds`, or its purpose's default if that is None."""
        if now >= self.next_due:
            self.remove_expired(now)
        lifetime_seconds = rules.lifetime(purpose, seconds)
        file = File(
            id=self._new_file_id(seed, rules),
            purpose=purpose,
            filename=filename,
            created_at=now,
            expires_at=None if lifetime_seconds is None else plan_instant(now + lifetime_seconds),
            source=lambda: content,
        )
        self.add_file(file)
        return file

    def _new_file_id(self, seed: Seed, rules: FileRules) -> str:
        # A snapshot may come without its counters, and the first ids are then in use.
        while True:
            id = rules.new_id(seed.child("file", self.next_number("file")))
            if id not in self.uploaded_files and id not in self.deleted.ids:
                return id

    def add_file(self, file: File) -> None:
        """Add an uploaded file."""
        self.storage.retain(file.content)
        self.uploaded_files[file.id] = file
        if file.expires_at is not None:
            self._file_expiries.put(file.id, file.expires_at, 0, file)
            self._next_due = min(self._next_due, file.expires_at)
        self._note_file(file.id)

    def delete_file(self, id: str, now: float) -> None:
        """Delete a file; one that a batch has written is not written again."""
        self.version += 1
        self.deleted.add(id, is_uploaded=id not in self.batch_of_file)
        if id in self.uploaded_files:
            self._remove_upload(self.uploaded_files[id], now)
        else:
            self._release_batch(self.batch_of_file[id][0], now)

    @property
    def next_due(self) -> float:
        """The instant from which `remove_expired` has something to do; read without the lock."""
        return -inf if self.outputs.unchecked else self._next_due

    def remove_expired(self, now: float) -> None:
        """Remove files that have expired, and what batches kept for files that are gone."""
        while (file := self._file_expiries.pop_due(now)) is not None:
            self._remove_upload(file, now)
        while self.outputs.unchecked:
            self._release_batch(self.outputs.unchecked.popleft(), now)
        while (id := self._batch_checks.pop_due(now)) is not None:
            self._release_batch(id, now)
        self._next_due = min(self._file_expiries.next_at(), self._batch_checks.next_at())

    def _remove_upload(self, file: File, now: float) -> None:
        self.forget_file(file.id)
        for batch in self.batches_of_input(file.id):
            self._release_batch(batch.id, now)

    def forget_file(self, id: str) -> None:
        """Remove an uploaded file, and leave batches as they are."""
        self.storage.release(self.uploaded_files.pop(id).content)
        self._file_expiries.remove(id)
        self._note_file(id)

    def _note_file(self, id: str) -> None:
        self.version += 1
        for listener in self.file_listeners:
            listener(id)

    def _release_batch(self, id: str, now: float) -> None:
        """Drop the outputs of a batch when both files are gone, and its input if that is gone too.

        If a client can still read something, it plans the next check.
        """
        batch = self.batches[id]
        file_ids = batch.existing_file_ids(now).values()
        files = [self._batch_file(file_id, now) for file_id in file_ids]
        expiries = [file.expiry for file in files if file is not None and file.visible(now)]
        if expiries or not batch.is_final(now):
            last = max(expiries, default=batch.timeline.end.at)
            if last < inf:
                self._plan_check(batch, int(last), now)
            return
        self.outputs.drop(id)
        is_completed = batch.status(now) == COMPLETED
        # Unless they are known, they have to be counted in the output when a request needs them.
        tokens = self.outputs.known_tokens(batch) if is_completed else NO_TOKENS
        is_unused = batch.input.content.size and batch.input_file_id not in self.uploaded_files
        if is_unused and tokens is not None:
            self.replace_batch(batch.without_input(tokens))

    def _plan_check(self, batch: Batch, at: int, after: float = -inf) -> None:
        """Plan to check a batch when it has ended, or when its files have expired."""
        if at > after:  # else it never ends unless a command changes it
            self._batch_checks.put(batch.id, at, batch.number, batch.id)
            self._next_due = min(self._next_due, at)

    def file(self, id: str, now: float) -> File:
        """Return a file that exists at an instant; ApiError 404 for any other."""
        file = self.find_file(id, now)
        if file is None:
            raise api_error("no_such_file", id=id)
        return file

    def find_file(self, id: str, now: float) -> File | None:
        """Return a file that exists at an instant, None for any other."""
        file = self.uploaded_files.get(id) or self._batch_file(id, now)
        return file if file is not None and file.visible(now) else None

    def files(self, now: float) -> list[File]:
        """Return the files that exist at an instant, and those that have expired by then."""
        batch_files = (self._batch_file(id, now) for id in list(self.batch_of_file))
        listed = (file for file in batch_files if file is not None and file.is_listed)
        return [*self.uploaded_files.values(), *listed]

    def _batch_file(self, id: str, now: float) -> File | None:
        """Return an output or error file, None before its batch has ended."""
        batch_id, kind = self.batch_of_file.get(id, ("", ""))
        batch = self.batches.get(batch_id)
        if batch is None or id in self.deleted.ids or kind not in batch.existing_file_ids(now):
            return None
        if batch.tokens is not None:  # its input is gone, because its files were
            return None
        created_at = batch.timeline.end.at
        seconds = batch.file_seconds
        scenario = batch.schedule.scenario
        return File(
            id=id,
            purpose=BATCH_OUTPUT,
            filename=f"{batch.id}_{kind}.jsonl",
            created_at=created_at,
            expires_at=None if seconds is None else plan_instant(created_at + seconds),
            source=lambda: getattr(self.outputs.files(batch), kind),
            distortion=scenario.name if scenario.output else None,
            is_listed=batch.rules.results_seconds is None,
        )
