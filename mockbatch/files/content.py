"""The bytes of a file: small ones in memory, big ones in a temporary file without a name.

A nameless file is gone when the last value that refers to it is, at exit and after a crash
too, so nothing here has to be cleaned up.
"""

import codecs
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from threading import Lock
from typing import IO

IN_MEMORY_BYTES = 1 << 20
CHUNK_BYTES = 1 << 18


class _Spool(SpooledTemporaryFile[bytes]):
    """Closes itself when nothing refers to it, an upload broken off in its middle included."""

    def __del__(self) -> None:
        self.close()


def spool() -> IO[bytes]:
    """Open a writable place for bytes that will become a `Content`."""
    return _Spool(max_size=IN_MEMORY_BYTES)


class Content:
    """Bytes that never change again, readable by several threads at once."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._lock = Lock()  # a seek and its read belong together
        self.size = stream.seek(0, 2)

    @classmethod
    def of(cls, data: bytes) -> "Content":
        """Make a content from bytes at hand."""
        stream = spool()
        stream.write(data)
        return cls(stream)

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes from `start` up to, not including, `stop`."""
        with self._lock:
            self._stream.seek(start)
            return self._stream.read(max(0, min(stop, self.size) - start))

    def chunks(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Yield the bytes of a range in pieces that fit into memory."""
        stop = self.size if stop is None else stop
        for offset in range(start, stop, CHUNK_BYTES):
            yield self.read(offset, min(offset + CHUNK_BYTES, stop))

    def lines(self) -> Iterator[bytes]:
        r"""Yield the lines with their ends; only `\n` ends a line, never U+2028."""
        kept: list[bytes] = []
        for chunk in self.chunks():
            *whole, last = chunk.split(b"\n")
            for line in whole:
                yield b"".join([*kept, line, b"\n"])
                kept = []
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
        """Tell whether all of it can be decoded."""
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            for chunk in self.chunks():
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
        return True
