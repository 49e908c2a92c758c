"""Contents of files in a folder that several processes share.

A content is written aside and renamed, so that another process finds it whole or not at all. Its
name is new each time: it can be removed as soon as its one owner is gone.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Protocol

from mockbatch.errors import ApiError
from mockbatch.stores.failure import (
    content_missing,
    content_unreadable,
    state_full,
    state_unavailable,
)

# Opening a pipe that has no writer would wait for one. Windows has neither flag.
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
# How often to try again if another process has just removed the folder of a new content.
_ATTEMPTS = 10
# The server has an error of its own for these, and the folder is not to blame.
_NO_DESCRIPTORS = (errno.EMFILE, errno.ENFILE)


class Blobs(Protocol):
    """Keeps contents by world and name."""

    def put(self, world: str, chunks: Iterable[bytes]) -> str:
        """Keep a content, and return its name."""

    def open(self, world: str, name: str) -> IO[bytes]:
        """Return a content, open for reading as a file.

        Raises ApiError 503 if it is not there, 500 if it cannot be read.
        """

    def remove(self, world: str, name: str) -> None:
        """Remove a content; a process that has it open can still read it."""

    def names(self, world: str) -> Sequence[str]:
        """Return the names of all contents of a world."""


class FolderBlobs:
    """Contents in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, world: str, chunks: Iterable[bytes]) -> str:
        """Write a content, and return its name; ApiError 503 or 507 if it cannot be written."""
        name = secrets.token_hex(16)
        path = self._path(world, name)
        aside = path.with_name(f"{name}.part")
        try:
            with self._create(aside) as file:
                for chunk in chunks:
                    file.write(chunk)
            aside.rename(path)
        except BaseException as error:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            if isinstance(error, OSError) and error.errno not in _NO_DESCRIPTORS:
                raise _write_error(error) from error
            raise
        return name

    def _create(self, path: Path) -> IO[bytes]:
        for _ in range(_ATTEMPTS):
            with suppress(FileNotFoundError):  # `remove` removes empty folders
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                for folder in (path.parent.parent, path.parent):
                    folder.mkdir(mode=0o700, exist_ok=True)
                return open(path, "xb", opener=_open_private)
        raise FileNotFoundError(errno.ENOENT, "its folder is removed again and again")

    def open(self, world: str, name: str) -> IO[bytes]:
        """Return a content, open for reading; ApiError 503 if it is not there, 500 if damaged."""
        try:
            descriptor = os.open(self._path(world, name), _READ_FLAGS)
        except FileNotFoundError as error:
            raise content_missing("folder of contents") from error
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                raise
            raise content_unreadable(os.strerror(error.errno or 0)) from error
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise content_unreadable("it is not a regular file")
        return os.fdopen(descriptor, "rb")

    def remove(self, world: str, name: str) -> None:
        """Remove a content; a process that has it open can still read it."""
        path = self._path(world, name)
        path.unlink(missing_ok=True)
        with suppress(OSError):  # of a folder that is not empty
            path.parent.rmdir()
            path.parent.parent.rmdir()

    def names(self, world: str) -> Sequence[str]:
        """Return the names of all contents of a world, also of those that are being written."""
        return [path.name for folder in _list(self._folder / world) for path in _list(folder)]

    def _path(self, world: str, name: str) -> Path:
        return self._folder / world / name[:2] / name


def _list(folder: Path) -> Sequence[Path]:
    """Return what is in a folder, nothing if it is removed meanwhile or is a file."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return list(folder.iterdir())
    return ()


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write_error(error: OSError) -> ApiError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return state_full(error.strerror)
    return state_unavailable(f"a content cannot be written: {error.strerror}")
