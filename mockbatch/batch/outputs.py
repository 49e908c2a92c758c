"""The output and error files of a world's batches, written when they are first needed."""

from collections import deque
from threading import Lock, RLock
from weakref import WeakValueDictionary

from mockbatch.batch import output_file
from mockbatch.batch.batch import Batch
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.files.storage import Storage


class BatchOutputs:
    """Writes the files of batches that have ended, and keeps them while there is room.

    They can be written again at any time with the same bytes, so they are dropped to make room
    for content that cannot. The methods may be called by any thread.
    """

    def __init__(self, storage: Storage, *, validate: bool, marks: bool) -> None:
        self._storage = storage
        self._validate, self._marks = validate, marks
        #: Ids of batches whose files were written and still have to be checked for expiry.
        self.unchecked: deque[str] = deque()
        self._files: dict[str, output_file.OutputFiles] = {}  # by id of the batch, oldest first
        self._tokens: dict[str, Tokens] = {}  # kept when the files are gone
        # A lock for each batch whose files are being written, which may take many seconds: those
        # of other batches can be read and written meanwhile.
        self._writing: WeakValueDictionary[str, RLock] = WeakValueDictionary()
        self._keeping = Lock()
        self._lock = Lock()  # of the files and locks that are kept, never while files are written

    def files(self, batch: Batch) -> output_file.OutputFiles:
        """Return the files of a batch that has ended."""
        with self._lock:
            writing = self._writing.setdefault(batch.id, RLock())
        with writing:
            files = self._files.get(batch.id)
            if files is None:
                files = output_file.write_output(batch, validate=self._validate, marks=self._marks)
                self._tokens[batch.id] = files.tokens
                with self._keeping:
                    self._keep(batch.id, files)
            return files

    def tokens(self, batch: Batch) -> Tokens:
        """Return what the lines of a batch that has ended are billed for."""
        tokens = self.known_tokens(batch)
        return self.files(batch).tokens if tokens is None else tokens

    def known_tokens(self, batch: Batch) -> Tokens | None:
        """Return what a batch is billed for, None if its files were never written."""
        return self._tokens.get(batch.id) if batch.tokens is None else batch.tokens

    def make_room(self, size: int) -> bool:
        """Drop files, the oldest first, until this many bytes fit; return whether they do."""
        while not self._storage.has_room(size):
            with self._lock:
                oldest = next(iter(self._files), None)
            if oldest is None:
                return False
            self.drop(oldest)
        return True

    def drop(self, id: str) -> None:
        """Drop the files of a batch, if they are kept."""
        with self._lock:
            files = self._files.pop(id, None)
        if files is not None:
            for content in (files.output, files.error):
                self._storage.release(content)

    def _keep(self, id: str, files: output_file.OutputFiles) -> None:
        if not self.make_room(files.output.size + files.error.size):
            return
        for content in (files.output, files.error):
            self._storage.retain(content)
        with self._lock:
            self._files[id] = files
        self.unchecked.append(id)
