"""Chooses the store for a URL."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from mockbatch.stores.sqlite import SqliteStore
from mockbatch.stores.store import Store

#: The value for worlds in the memory of one process, which need no store.
MEMORY = "memory"


def open_store(url: str) -> Store | None:
    """Return the store at a URL, None for `memory`; ValueError says what is wrong with it."""
    if url == MEMORY:
        return None
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return SqliteStore(_sqlite_path(url))
    raise ValueError(f"{parts.scheme or url!r} is not a store: use memory or sqlite:///FILE")


def _sqlite_path(url: str) -> Path:
    """Return the path in `sqlite:///relative.db` or `sqlite:////absolute.db`."""
    parts = urlsplit(url)
    path = unquote(parts.path)[1:]
    if parts.netloc or not path:
        raise ValueError(f"{url!r} does not name a file: use sqlite:///FILE")
    return Path(path)


def default_files_folder(url: str) -> Path | None:
    """Return the folder for contents that belongs to a store, None if it has none."""
    if not url.startswith("sqlite:"):
        return None
    path = _sqlite_path(url)
    return path.with_name(f"{path.name}-files")
