"""Chooses the store for a URL."""

import re
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from mockbatch.stores.blobs import Blobs, FolderBlobs
from mockbatch.stores.earlier_blobs import BlobsWithEarlier
from mockbatch.stores.sqlite import SqliteStore
from mockbatch.stores.store import Store

#: The value for worlds in the memory of one process, which need no store.
MEMORY = "memory"
REDIS_SCHEMES = frozenset({"redis", "rediss", "valkey", "valkeys"})


def check_store(url: str) -> None:
    """Raise ValueError if the Redis at a URL cannot be used, StoreUnreachableError if only now.

    A store of another kind is checked when it is opened.
    """
    parts = urlsplit(url)
    if parts.scheme not in REDIS_SCHEMES:
        return
    # Imported here, because only this store needs the extra.
    from mockbatch.stores.redis_client import RedisClient

    _check_redis_path(parts.path)
    try:
        RedisClient(url).check()
    except TypeError:  # by redis-py, for an option of its connections that it does not have
        names = ", ".join(name for name, _ in parse_qsl(parts.query))  # not values: secrets
        raise ValueError(f"redis-py does not know one of these options: {names}") from None


def open_store(url: str) -> Store | None:
    """Return the store at a URL, None for `memory`; ValueError says what is wrong with it.

    A Redis is not asked yet: `check_store` does that.
    """
    if url == MEMORY:
        return None
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return SqliteStore(_sqlite_path(url))
    if parts.scheme in REDIS_SCHEMES:
        from mockbatch.stores.redis import RedisStore

        _check_redis_path(parts.path)
        return RedisStore(url)
    known = "memory, sqlite:///FILE or redis://HOST:PORT/NUMBER"
    raise ValueError(f"{parts.scheme or url!r} is not a store: use {known}")


def _sqlite_path(url: str) -> Path:
    """Return the path in `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    found = re.fullmatch(r"sqlite:///([^?#]+)", url, re.IGNORECASE)
    text = unquote(found[1]) if found else ""
    path = Path(text)
    if not found or text.endswith("/") or path.name in ("", "..") or "\0" in text:
        raise ValueError(f"{url!r} does not name a file: use sqlite:///FILE")
    if path.is_dir():
        raise ValueError(f"{path} is a folder: name a file")
    return path


def _check_redis_path(path: str) -> None:
    if not re.fullmatch(r"/?|/[0-9]+", path):
        raise ValueError(f"{path[1:]!r} is not the number of a database: use redis://HOST/NUMBER")


def open_blobs(url: str, folder: str | None) -> Blobs:
    """Return the contents of the store at a URL; without a folder, at their place in the store.

    Those that were stored there before the store got its folder are still found. Raises ValueError
    if the folder cannot be used.
    """
    default = default_files_folder(url)
    if folder is not None:
        chosen = Path(folder)
        prepare_folder(chosen)
        return BlobsWithEarlier(FolderBlobs(chosen), _default_blobs(url, default))
    if default is not None:
        prepare_folder(default)
    return _default_blobs(url, default)


def _default_blobs(url: str, folder: Path | None) -> Blobs:
    if folder is not None:
        return FolderBlobs(folder)
    from mockbatch.stores.redis_blobs import RedisBlobs

    return RedisBlobs(url)


def prepare_folder(folder: Path) -> None:
    """Make a folder unless it is there; ValueError if it cannot be made, or written to."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"the folder {folder} cannot be made: {error.strerror}") from None
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise ValueError(f"the folder {folder} cannot be written: {error.strerror}") from None


def default_files_folder(url: str) -> Path | None:
    """Return the folder for contents that belongs to a store, None if it has none."""
    if urlsplit(url).scheme != "sqlite":
        return None
    path = _sqlite_path(url)
    return path.with_name(f"{path.name}-files")
