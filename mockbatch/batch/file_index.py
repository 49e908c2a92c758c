"""Which batch writes which file, by the ids that its files have or would have."""

from collections import deque
from collections.abc import Mapping
from threading import Lock

from mockbatch.batch.batch import Batch


class FileIndex:
    """The files that batches may write, found by id; any thread may read them.

    The ids are computed when one is first looked up: for a process that takes over a world of ten
    thousand batches that is a sixth of the work, and its first requests rarely need them.
    """

    def __init__(self) -> None:
        self._files: dict[str, tuple[str, str]] = {}
        self._new_batches: deque[Batch] = deque()
        self._lock = Lock()

    def add(self, batch: Batch) -> None:
        """Add the files of a batch."""
        self._new_batches.append(batch)

    def all(self) -> Mapping[str, tuple[str, str]]:
        """Return the id of each file with its batch's id and `output` or `error`."""
        if self._new_batches:
            with self._lock:
                while self._new_batches:
                    batch = self._new_batches[0]
                    for kind, id in batch.planned_file_ids().items():
                        self._files[id] = batch.id, kind
                    # Last, so that a thread that finds no new batch finds all files.
                    self._new_batches.popleft()
        return self._files
