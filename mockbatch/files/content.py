"""The bytes of a file: small ones in memory, big ones in a temporary file without a name.

A nameless file disappears with the last value that refers to it, even after a crash, so nothing
here has to be cleaned up.
"""

import codecs
import hashlib
import os
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import IO

IN_MEMORY_BYTES = 1 << 20
CHUNK_BYTES = 1 << 18


class _Spool(SpooledTemporaryFile[bytes]):
    """Closes itself when nothing refers to it, for example after an aborted upload."""

    def __del__(self) -> None:
        self.close()


def temporary_file() -> IO[bytes]:
    """Return a writable stream for bytes that will become a `Content`."""
    return _Spool(max_size=IN_MEMORY_BYTES)


class Content:
    """Bytes that never change again, readable by several threads at once.

    They are the bytes of a stream from `start` to its end. Appending to the stream takes `lock`.
    """

    def __init__(self, stream: IO[bytes], start: int = 0, lock: "Lock | None" = None) -> None:
        self._stream = stream
        self._start = start
        self._lock = lock or Lock()  # a seek and its read belong together
        end = stream.seek(0, 2)
        self.size = end - start
        # What does not fit in memory is in a file, where a read at an offset takes a quarter of
        # the time of a seek and a read. Windows has no such call.
        is_in_file = end > IN_MEMORY_BYTES and hasattr(os, "pread")
        self._descriptor = stream.fileno() if is_in_file else None

    @classmethod
    def of(cls, data: bytes) -> "Content":
        """Return a content with these bytes."""
        stream = temporary_file()
        stream.write(data)
        return cls(stream)

    @classmethod
    def concatenate(cls, contents: Iterable["Content"]) -> "Content":
        """Return the concatenation of several contents."""
        stream = temporary_file()
        for content in contents:
            content.write_to(stream)
        return cls(stream)

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` up to, not including, `stop`."""
        size = min(stop, self.size) - start
        if size <= 0:
            return b""
        if self._descriptor is not None:
            return os.pread(self._descriptor, size, self._start + start)
        with self._lock:
            self._stream.seek(self._start + start)
            return self._stream.read(size)

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a range in chunks."""
        stop = self.size if stop is None else stop
        for offset in range(start, stop, CHUNK_BYTES):
            yield self.read(offset, min(offset + CHUNK_BYTES, stop))

    def write_to(self, stream: IO[bytes]) -> None:
        """Write all of it to a stream, at its current position."""
        for chunk in self.chunks():
            stream.write(chunk)

    def md5(self) -> str:
        """Return the MD5 checksum, in lower-case hexadecimal."""
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def lines(self) -> Iterator[bytes]:
        r"""Yield the lines with their ends; only `\n` ends a line, never U+2028."""
        kept: list[bytes] = []
        for chunk in self.chunks():
            *whole, last = chunk.split(b"\n")
            if whole:
                whole[0] = b"".join([*kept, whole[0]])
                kept = []
            for line in whole:
                yield line + b"\n"
            if last:
                kept.append(last)
        if kept:
            yield b"".join(kept)

    def first_line(self, at_most: int) -> bytes:
        """Return the first line, or its first `at_most` bytes."""
        found: list[bytes] = []
        size = 0
        for chunk in self.chunks():
            line, end, _ = chunk.partition(b"\n")
            found.append(line)
            size += len(line)
            if end or size >= at_most:
                break
        return b"".join(found)[:at_most]

    def is_utf8(self) -> bool:
        """Return whether all of it is UTF-8."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            for chunk in self.chunks():
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True


class SharedContentFile:
    """One temporary file for the contents of many parts of any size."""

    def __init__(self) -> None:
        self._stream = temporary_file()
        self._lock = Lock()

    def add(self, content: Content) -> Content:
        """Copy a content into the file, and return the copy."""
        with self._lock:
            start = self._stream.seek(0, 2)
            content.write_to(self._stream)
            return Content(self._stream, start, self._lock)
