"""Chooses the store for a URL."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from mockbatch.stores.blobs import Blobs, FolderBlobs
from mockbatch.stores.sqlite import SqliteStore
from mockbatch.stores.store import Store

#: The value for worlds in the memory of one process, which need no store.
MEMORY = "memory"
REDIS_SCHEMES = frozenset({"redis", "rediss", "valkey", "valkeys"})


def open_store(url: str) -> Store | None:
    """Return the store at a URL, None for `memory`; ValueError says what is wrong with it."""
    if url == MEMORY:
        return None
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return SqliteStore(_sqlite_path(url))
    if parts.scheme in REDIS_SCHEMES:
        # Imported here, because only this store needs the extra.
        from mockbatch.stores.redis import RedisStore

        return RedisStore(url)
    known = "memory, sqlite:///FILE or redis://HOST:PORT/NUMBER"
    raise ValueError(f"{parts.scheme or url!r} is not a store: use {known}")


def _sqlite_path(url: str) -> Path:
    """Return the path in `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    parts = urlsplit(url)
    path = unquote(parts.path)[1:]
    if parts.netloc or parts.query or parts.fragment or not path:
        raise ValueError(f"{url!r} does not name a file: use sqlite:///FILE")
    return Path(path)


def open_blobs(url: str, folder: str | None) -> Blobs:
    """Return the contents of the store at a URL; without a folder, at their place in the store.

    Raises ValueError if the folder is not there and cannot be made.
    """
    chosen = default_files_folder(url) if folder is None else Path(folder)
    if chosen is not None:
        try:
            chosen.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ValueError(f"the folder {chosen} cannot be made: {error.strerror}") from None
        return FolderBlobs(chosen)
    from mockbatch.stores.redis_blobs import RedisBlobs

    return RedisBlobs(url)


def default_files_folder(url: str) -> Path | None:
    """Return the folder for contents that belongs to a store, None if it has none."""
    if not url.startswith("sqlite:"):
        return None
    path = _sqlite_path(url)
    return path.with_name(f"{path.name}-files")
