"""The contents of files, which are in a folder that all processes of a store share."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from threading import Lock
from weakref import WeakKeyDictionary, WeakValueDictionary

from mockbatch.errors import ApiError
from mockbatch.files.content import IN_MEMORY_BYTES, Content
from mockbatch.files.storage import Storage
from mockbatch.stores.blobs import Blobs
from mockbatch.stores.failure import UNCERTAIN, content_unreadable
from mockbatch.world.snapshot.cursor import Cursor


class StoredContent(Content):
    """A content in the folder: a small one is read whole, a big one opened, when first needed.

    `name` is that of the blob and its size.
    """

    def __init__(self, blobs: Blobs, world: str, name: str) -> None:
        self.name = name
        self.blob, _, size = name.partition(".")
        self.size = int(size)
        self._blobs, self._world = blobs, world
        self._opening = Lock()
        self._data: bytes | None = None
        self._descriptor = None

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` up to, not including, `stop`."""
        self._open()
        if self._data is not None:
            return self._data[start:stop]
        size = max(0, min(stop, self.size) - start)
        return os.pread(self._descriptor or 0, size, start)

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a range in chunks; a content that is missing is an error at once."""
        self._open()
        return super().chunks(start, stop)

    def _open(self) -> None:
        if self._data is not None or self._descriptor is not None:
            return
        with self._opening, self._blobs.open(self._world, self.blob) as file:
            if os.fstat(file.fileno()).st_size != self.size:
                raise content_unreadable("it is damaged, as its size has changed")
            if self.size <= IN_MEMORY_BYTES:
                self._data = file.read()
            elif self._descriptor is None:
                self._descriptor = os.dup(file.fileno())

    def __del__(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)


class SharedContents:
    """Keeps and finds the contents of one world.

    `is_needed` says whether the world uses a content, once a change has succeeded.
    """

    def __init__(
        self, blobs: Blobs, world: str, is_needed: Callable[[Content], bool] = lambda _: True
    ) -> None:
        self._blobs, self._world = blobs, world
        self._is_needed = is_needed
        self._lock = Lock()
        self._known: WeakValueDictionary[str, StoredContent] = WeakValueDictionary()
        self._kept: WeakKeyDictionary[Content, StoredContent] = WeakKeyDictionary()
        self._unused: list[tuple[Content, StoredContent]] = []
        self._kept_for_change: list[StoredContent] = []

    def keep(self, content: Content) -> StoredContent:
        """Return the same content, kept where other processes find it."""
        stored = self.kept(content)
        if stored is None:
            blob = self._blobs.put(self._world, content.chunks())
            stored = self.find_name(f"{blob}.{content.size}")
            with self._lock:
                self._kept[content] = stored
        return stored

    @contextmanager
    def keeping(self, content: Content) -> Iterator[Content]:
        """Yield a content as it is kept, to be added to the world; remove it if that fails."""
        if self.kept(content) is not None:  # it is in use
            yield content
            return
        kept = self.keep(content)
        try:
            yield kept
        except (ApiError, OSError) as error:
            self._remove_after(error, [kept])
            raise
        if not self._is_needed(kept):
            self.remove([kept])

    def _remove_after(self, error: BaseException, contents: Iterable[StoredContent]) -> None:
        """Remove contents after an error, unless their world may have been stored with them.

        An OSError comes from the folder of contents, before anything is stored.
        """
        is_certain = isinstance(error, ApiError) and error.name != UNCERTAIN
        if is_certain or isinstance(error, OSError):
            self.remove(contents)

    def kept(self, content: Content) -> StoredContent | None:
        """Return the same content if it is kept, otherwise None."""
        if isinstance(content, StoredContent):
            return content
        with self._lock:
            return self._kept.get(content)

    def name(self, content: Content) -> str:
        """Return the name of a content, which is kept for a change if it is not yet."""
        kept = self.kept(content)
        if kept is None:
            kept = self.keep(content)
            self._kept_for_change.append(kept)
        return kept.name

    def undo_change(self, error: BaseException) -> None:
        """Remove what was kept for a change that has failed."""
        kept, self._kept_for_change = self._kept_for_change, []
        self._remove_after(error, kept)

    def find(self, name: Cursor) -> Content:
        """Return the content of that name."""
        return self.find_name(str(name.value))

    def note_unused(self, content: Content) -> None:
        """Note a content that the change in progress no longer uses."""
        kept = self.kept(content)
        if kept is not None:
            self._unused.append((content, kept))

    def begin_anew(self, storage: Storage) -> None:
        """Note all contents as unused, and keep those anew that the world begins with again.

        Another process may have removed what this one kept for an earlier beginning.
        """
        for content in storage.contents():
            self.note_unused(content)
        with self._lock:
            self._kept.clear()

    def remove_unused(self, storage: Storage) -> None:
        """Remove what was noted and is still unused, now that the change is stored.

        A content that the world begins with again is in use, but was kept anew by another name.
        """
        self._kept_for_change.clear()
        unused, self._unused = self._unused, []
        self.remove(
            kept
            for content, kept in unused
            if not (storage.is_retained(content) and self.kept(content) is kept)
        )

    def remove(self, contents: Iterable[StoredContent]) -> None:
        """Remove contents that nothing refers to."""
        for content in contents:
            self._blobs.remove(self._world, content.blob)

    def find_name(self, name: str) -> StoredContent:
        """Return the content of that name."""
        with self._lock:
            known = self._known.get(name)
            if known is None:
                known = self._known[name] = StoredContent(self._blobs, self._world, name)
            return known
