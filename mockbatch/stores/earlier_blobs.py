"""Contents of a store that has been given another folder for them."""

from collections.abc import Iterable, Sequence
from typing import IO

from mockbatch.errors import ApiError
from mockbatch.stores.blobs import Blobs
from mockbatch.stores.failure import MISSING


class BlobsWithEarlier:
    """Keeps contents in `present`, and still finds those that are in `earlier`."""

    def __init__(self, present: Blobs, earlier: Blobs) -> None:
        self._present, self._earlier = present, earlier

    def put(self, world: str, chunks: Iterable[bytes]) -> str:
        """Keep a content, and return its name."""
        return self._present.put(world, chunks)

    def open(self, world: str, name: str) -> IO[bytes]:
        """Return a content, open for reading as a file; ApiError 503 if it is in neither place."""
        try:
            return self._present.open(world, name)
        except ApiError as error:
            if error.name != MISSING:
                raise
            missing = error
        try:
            return self._earlier.open(world, name)
        except ApiError as error:
            raise (missing if error.name == MISSING else error) from None

    def remove(self, world: str, name: str) -> None:
        """Remove a content, wherever it is."""
        self._present.remove(world, name)
        self._earlier.remove(world, name)

    def names(self, world: str) -> Sequence[str]:
        """Return the names of all contents of a world."""
        return [*self._present.names(world), *self._earlier.names(world)]
