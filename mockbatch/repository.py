"""What a world holds: uploads, batches, and the files that these have made.

Values are replaced whole, so whoever reads without the world's lock sees each as it was
before a command or after it.
"""

from collections import Counter
from threading import RLock

from mockbatch.batch import output_file
from mockbatch.batch.batch import Batch
from mockbatch.errors import api_error
from mockbatch.files.content import Content
from mockbatch.files.file import BATCH_OUTPUT, File, lifetime
from mockbatch.ids import Seed, file_id
from mockbatch.pagination import Page, paginate


class Repository:
    """The files and batches of one world, from its beginning to its next reset."""

    def __init__(self, *, validate: bool) -> None:
        self._validate = validate
        self.uploads: dict[str, File] = {}
        self.batches: dict[str, Batch] = {}
        #: Ids of batches that were added or replaced since somebody last emptied this.
        self.changed: set[str] = set()
        #: Counts what was added, replaced or dropped.
        self.version = 0
        self.deleted: set[str] = set()
        self.numbers: Counter[str] = Counter()
        self._order: list[str] = []  # ids of batches, oldest first
        self._makers: dict[str, tuple[str, str]] = {}  # output file -> its batch and kind
        self._written: dict[str, output_file.OutputFiles] = {}
        self._writing = RLock()

    def number(self, kind: str) -> int:
        """Return how many things of a kind were made before this one."""
        self.numbers[kind] += 1
        return self.numbers[kind] - 1

    # --- batches

    def add(self, batch: Batch) -> None:
        """Hold a new batch."""
        self.replace(batch)
        self._order.append(batch.id)
        for kind, id in batch.planned_file_ids().items():
            self._makers[id] = batch.id, kind

    def replace(self, batch: Batch) -> None:
        """Hold a batch as a command left it."""
        self.batches[batch.id] = batch
        self.changed.add(batch.id)
        self.version += 1

    def batch(self, id: str) -> Batch:
        """Return a batch; ApiError when there is none of that id."""
        if not id.startswith("batch"):
            raise api_error("not_a_batch_id", id=id)
        if id not in self.batches:
            raise api_error("no_such_batch", id=id)
        return self.batches[id]

    def batch_page(self, limit: int, after: str | None) -> Page[Batch]:
        """Return a page of the batches, newest first."""
        if after is not None and after not in self.batches:
            raise api_error("unknown_cursor", id=after)
        stop = len(self._order) if after is None else self.batches[after].number
        ids = self._order[max(stop - limit, 0) : stop]
        return Page([self.batches[id] for id in reversed(ids)], stop > limit)

    def output(self, batch: Batch) -> output_file.OutputFiles:
        """Return the files of a batch that has ended, written at the first call."""
        with self._writing:
            if batch.id not in self._written:
                self._written[batch.id] = output_file.write_output(batch, validate=self._validate)
            return self._written[batch.id]

    # --- files

    def store(
        self,
        seed: Seed,
        now: int,
        content: Content,
        filename: str,
        purpose: str,
        seconds: int | None,
    ) -> File:
        """Make a file of a content, for `seconds` or for its purpose's default, and hold it."""
        lives = lifetime(purpose, seconds)
        file = File(
            id=self._new_file_id(seed),
            purpose=purpose,
            filename=filename,
            created_at=now,
            expires_at=None if lives is None else now + lives,
            source=lambda: content,
        )
        self.keep(file)
        return file

    def _new_file_id(self, seed: Seed) -> str:
        # A state may leave its counters out: the first ids are taken then, or were.
        while True:
            id = file_id(seed.child("file", self.number("file")))
            if id not in self.uploads and id not in self.deleted:
                return id

    def keep(self, file: File) -> None:
        """Hold an upload."""
        self.uploads[file.id] = file
        self.version += 1

    def drop(self, id: str) -> None:
        """Let a file go; one that a batch has made is not made again."""
        self.deleted.add(id)
        self.version += 1
        self.uploads.pop(id, None)

    def sweep(self, now: float) -> None:
        """Let go what has expired; it was invisible before."""
        self.uploads = {id: file for id, file in self.uploads.items() if file.visible(now)}

    def file(self, id: str, now: float) -> File:
        """Return a file that exists at an instant; ApiError 404 for any other."""
        found = self.uploads.get(id) or self._made(id, now)
        if found is None or not found.visible(now):
            raise api_error("no_such_file", id=id)
        return found

    def files(self, now: float) -> list[File]:
        """Return the files that there are at an instant, and those expired before it."""
        made = (self._made(id, now) for id in list(self._makers))
        return [*list(self.uploads.values()), *(file for file in made if file is not None)]

    def file_page(
        self, now: float, purpose: str | None, limit: int, after: str | None, *, newest_first: bool
    ) -> Page[File]:
        """Return a page of the files that exist at an instant."""
        found = [file for file in self.files(now) if file.visible(now)]
        shown = {file.id: file for file in found if purpose in (None, file.purpose)}
        ids = sorted(shown, key=lambda id: shown[id].created_at)
        page = paginate(ids[::-1] if newest_first else ids, limit, after)
        return Page([shown[id] for id in page.items], page.has_more)

    def _made(self, id: str, now: float) -> File | None:
        """Return an output or error file once its batch has ended."""
        maker, kind = self._makers.get(id, ("", ""))
        batch = self.batches.get(maker)
        if batch is None or id in self.deleted or kind not in batch.existing_file_ids(now):
            return None
        created_at = batch.timeline.end.at
        return File(
            id=id,
            purpose=BATCH_OUTPUT,
            filename=f"{batch.id}_{kind}.jsonl",
            created_at=created_at,
            expires_at=created_at + (lifetime(BATCH_OUTPUT, batch.output_seconds) or 0),
            source=lambda: getattr(self.output(batch), kind),
            distortion=batch.schedule.scenario.name if batch.schedule.scenario.output else None,
        )
