"""Contents of files in the store itself, for a Redis without a folder that all servers share."""

import secrets
import tempfile
from collections.abc import Iterable, Sequence
from typing import IO, Any

from mockbatch.errors import api_error
from mockbatch.stores.failure import content_missing
from mockbatch.stores.redis_client import RedisClient, redis_errors

#: A store keeps contents in memory, so big ones need a folder.
MOST_BYTES = 1 << 20


class RedisBlobs:
    """Contents in a hash for each world, by name; has the methods of `FolderBlobs`."""

    def __init__(self, url: str) -> None:
        self._client = RedisClient(url)

    def put(self, world: str, chunks: Iterable[bytes]) -> str:
        """Store a content, and return its name; ApiError 413 if it is big."""
        data = bytearray()
        for chunk in chunks:
            data += chunk
            if len(data) > MOST_BYTES:
                raise api_error("needs_files_folder", limit=MOST_BYTES)
        name = secrets.token_hex(16)
        with redis_errors():
            self._client.get().hset(_key(world), name, bytes(data))
        return name

    def open(self, world: str, name: str) -> IO[bytes]:
        """Return a content, open for reading; ApiError 503 if it is not there."""
        with redis_errors():
            data: Any = self._client.get().hget(_key(world), name)
        if data is None:
            raise content_missing("store")
        file = tempfile.TemporaryFile()  # noqa: SIM115 (the caller closes it)
        file.write(data)
        file.seek(0)  # which flushes it
        return file

    def remove(self, world: str, name: str) -> None:
        """Remove a content."""
        with redis_errors():
            self._client.get().hdel(_key(world), name)

    def names(self, world: str) -> Sequence[str]:
        """Return the names of all contents of a world."""
        with redis_errors():
            names: Any = self._client.get().hkeys(_key(world))
        return [name.decode() for name in names]


def _key(world: str) -> str:
    return f"mockbatch:{{{world}}}:b"
