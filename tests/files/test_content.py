"""The bytes of a file."""

import gc
import hashlib
import tracemalloc
from collections.abc import Callable
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.files import content
from mockbatch.files.content import (
    CHUNK_BYTES,
    IN_MEMORY_BYTES,
    Content,
    SharedContentFile,
    temporary_file,
)
from tests.support.rival import Rival

BIG = IN_MEMORY_BYTES + 5


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let contents be read in pieces of four bytes."""
    monkeypatch.setattr(content, "CHUNK_BYTES", 4)


def test_a_content_knows_its_size() -> None:
    """The size is that of the bytes, wherever the stream stands."""
    stream = temporary_file()
    stream.write(b"abc")
    stream.seek(1)
    assert Content(stream).size == 3


@pytest.mark.parametrize(
    ("start", "stop", "data"),
    [(0, 6, b"abcdef"), (1, 3, b"bc"), (4, 99, b"ef"), (6, 9, b""), (9, 12, b""), (3, 2, b"")],
)
def test_a_range_is_read(start: int, stop: int, data: bytes) -> None:
    """A range leaves out its end; what lies behind the last byte is empty."""
    assert Content.of(b"abcdef").read(start, stop) == data


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, BIG])
def test_chunks_make_the_whole(size: int) -> None:
    """The pieces of a content put together are the content, however large it is."""
    data = bytes(range(256)) * (size // 256 + 1)
    assert b"".join(Content.of(data[:size]).chunks()) == data[:size]


@pytest.mark.usefixtures("small_chunks")
def test_chunks_of_a_range() -> None:
    """A range comes in pieces too, and leaves out its end."""
    assert list(Content.of(b"abcdefghij").chunks(1, 8)) == [b"bcde", b"fgh"]


@given(st.lists(st.binary(max_size=9).map(lambda line: line.replace(b"\n", b"\r"))))
def test_lines_are_what_newlines_end(lines: list[bytes]) -> None:
    r"""Only `\n` ends a line, wherever the pieces are cut."""
    made = Content.of(b"".join(line + b"\n" for line in lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content, "CHUNK_BYTES", 3)
        assert list(made.lines()) == [line + b"\n" for line in lines]


def test_a_last_line_without_an_end_is_a_line() -> None:
    """What follows the last newline is a line, and nothing is none."""
    assert list(Content.of(b"a\nb").lines()) == [b"a\n", b"b"]
    assert list(Content.of(b"").lines()) == []


@pytest.mark.parametrize("data", ["\u2028", "\u0085", "\r", "\x0b", "\x0c", "\x1c"])
def test_nothing_else_ends_a_line(data: str) -> None:
    """Characters at which Python splits a text do not end a line."""
    assert len(list(Content.of(f"a{data}b\n".encode()).lines())) == 1


@pytest.mark.parametrize(
    ("data", "at_most", "line"),
    [
        (b"ab\ncd", 10, b"ab"),
        (b"ab\ncd", 1, b"a"),
        (b"\nab", 10, b""),
        (b"", 10, b""),
        (b"abcdefghijkl\nx", 100, b"abcdefghijkl"),
        (b"abcdefghijkl\nx", 6, b"abcdef"),
        (b"abcdefghijkl", 12, b"abcdefghijkl"),
    ],
)
@pytest.mark.usefixtures("small_chunks")
def test_the_first_line_is_cut(data: bytes, at_most: int, line: bytes) -> None:
    """The first line comes without its end, and no longer than requested."""
    assert Content.of(data).first_line(at_most) == line


def test_a_long_first_line_is_read_only_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A content without newlines is read only as far as requested."""
    made = Content.of(b"x" * BIG)
    read: list[int] = []
    monkeypatch.setattr(
        made,
        "read",
        lambda start, stop: read.append(stop) or b"x" * (stop - start),  # type: ignore[func-returns-value]
    )
    made.first_line(10)
    assert read == [CHUNK_BYTES]


@pytest.mark.parametrize(
    ("data", "fine"),
    [
        ("äöü€💥".encode(), True),
        (b"", True),
        (b"\xef\xbb\xbf{}", True),
        ("ä".encode("latin-1"), False),
        ("äöü".encode("utf-16"), False),
        ("💥".encode()[:3], False),
        (b"\xed\xa0\x80", False),
    ],
)
@pytest.mark.usefixtures("small_chunks")
def test_only_utf8_is_utf8(data: bytes, fine: bool) -> None:
    """Characters may be cut between two pieces, but not at the end."""
    assert Content.of(data).is_utf8() is fine


class Interrupted(BytesIO):
    """A stream at which a rival comes as soon as it stands somewhere, once it is armed."""

    def __init__(self) -> None:
        super().__init__()
        self.rival: Rival[Any] | None = None

    def seek(self, offset: int, whence: int = 0) -> int:
        """Start the other reader when the stream has reached the given position."""
        place = super().seek(offset, whence)
        if self.rival is not None:
            self.rival.begin()
        return place


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Callable[[Rival[Any]], Interrupted]:
    """Return what makes a rival come in the middle of reads and writes of what is made next."""

    def prepare(rival: Rival[Any]) -> Interrupted:
        stream = Interrupted()
        monkeypatch.setattr(content, "Lock", rival.lock)
        monkeypatch.setattr(content, "temporary_file", lambda: stream)
        return stream

    return prepare


def test_a_read_is_not_led_astray_by_another(
    interrupt: Callable[[Rival[Any]], Interrupted],
) -> None:
    """Threads that read one content at the same time each get their own range."""
    rival = Rival(lambda: made.read(3, 6))
    stream = interrupt(rival)
    made = Content.of(b"abcdef")
    stream.rival = rival
    assert made.read(0, 3) == b"abc"
    assert rival.end() == b"def"


def test_a_forgotten_file_is_closed_without_a_word() -> None:
    """A big content without references leaves no warning behind."""
    stream = temporary_file()
    stream.write(b"x" * BIG)
    made = Content(stream)
    file = stream._file  # type: ignore[attr-defined]
    del made, stream
    gc.collect()
    assert file.closed


PIECES = st.lists(st.binary(max_size=20), max_size=8)


@given(PIECES)
def test_joined_contents_are_one(pieces: list[bytes]) -> None:
    """Contents are put together in their order, empty ones too."""
    assert Content.concatenate(map(Content.of, pieces)).read(0, 999) == b"".join(pieces)


@pytest.mark.parametrize("size", [0, 5, CHUNK_BYTES + 1, BIG])
def test_checksum_is_that_of_all_bytes(size: int) -> None:
    """However many pieces a content is read in, its md5 is that of the whole."""
    data = (b"abcdefg" * size)[:size]
    assert Content.of(data).md5() == hashlib.md5(data).hexdigest()


class TestHeap:
    """One place for many contents."""

    @given(PIECES)
    def test_each_keeps_its_own_bytes(self, pieces: list[bytes]) -> None:
        """A content on a heap begins and ends where it did before, whatever comes behind it."""
        heap = SharedContentFile()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(content, "CHUNK_BYTES", 4)
            copies = [heap.add(Content.of(piece)) for piece in pieces]
            assert [b"".join(copy.chunks()) for copy in copies] == pieces
        assert [copy.size for copy in copies] == list(map(len, pieces))

    def test_big_ones_keep_their_own_bytes(self) -> None:
        """Once they are in a file on the disk, where each begins at its own place."""
        shared = SharedContentFile()
        big = [bytes([number]) * (IN_MEMORY_BYTES + number) for number in range(3)]
        contents = [shared.add(Content.of(data)) for data in big]
        for kept, data in zip(contents, big, strict=True):
            assert kept.read(0, kept.size) == data
            assert kept.read(kept.size - 2, kept.size + 2) == data[-2:]

    def test_a_range_of_one_does_not_reach_into_others(self) -> None:
        """Reading in the middle counts from a content's own first byte."""
        heap = SharedContentFile()
        copies = [heap.add(Content.of(data)) for data in (b"aaaa", b"bcde", b"ffff")]
        assert copies[1].read(1, 99) == b"cde"

    def test_one_that_comes_after_a_read_is_behind_all(self) -> None:
        """Wherever the read has left off."""
        heap = SharedContentFile()
        first = heap.add(Content.of(b"abcdef"))
        assert first.read(0, 2) == b"ab"
        second = heap.add(Content.of(b"xyz"))
        assert (first.read(0, 9), second.read(0, 9)) == (b"abcdef", b"xyz")

    def test_small_contents_do_not_pile_up_in_memory(self) -> None:
        """A thousand contents that would each stay in memory share one file."""
        piece = Content.of(b"x" * (20 << 10))
        heap = SharedContentFile()
        tracemalloc.start()
        copies = [heap.add(piece) for _ in range(1000)]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert sum(copy.size for copy in copies) == 1000 * (20 << 10)
        assert peak < 4 * IN_MEMORY_BYTES

    def test_a_read_is_not_led_astray_by_another_content(
        self, interrupt: Callable[[Rival[Any]], Interrupted]
    ) -> None:
        """Of the same heap: they are read from one stream."""
        sources = [Content.of(b"abc"), Content.of(b"def")]
        rival = Rival(lambda: second.read(0, 3))
        stream = interrupt(rival)
        heap = SharedContentFile()
        first, second = map(heap.add, sources)
        stream.rival = rival
        assert first.read(0, 3) == b"abc"
        assert rival.end() == b"def"

    def test_one_is_read_while_another_comes(
        self, interrupt: Callable[[Rival[Any]], Interrupted]
    ) -> None:
        """What is added in the middle of a read is not written over what is there."""
        sources = [Content.of(b"abc"), Content.of(b"def")]
        rival = Rival(lambda: heap.add(sources[1]))
        stream = interrupt(rival)
        heap = SharedContentFile()
        first = heap.add(sources[0])
        stream.rival = rival
        assert first.read(0, 3) == b"abc"
        assert rival.end().read(0, 3) == b"def"
        assert first.read(0, 3) == b"abc"

    @pytest.mark.parametrize("reads", [True, False])
    def test_one_comes_while_another_is_read_or_comes(
        self, interrupt: Callable[[Rival[Any]], Interrupted], reads: bool
    ) -> None:
        """Each is written behind all that came before it."""
        sources = [Content.of(data) for data in (b"abc", b"def", b"ghi")]
        rival = Rival(lambda: first.read(0, 1) if reads else heap.add(sources[2]).read(0, 3))
        stream = interrupt(rival)
        heap = SharedContentFile()
        first = heap.add(sources[0])
        stream.rival = rival
        second = heap.add(sources[1])
        assert rival.end() == (b"a" if reads else b"ghi")
        assert (first.read(0, 3), second.read(0, 3)) == (b"abc", b"def")

    def test_it_is_closed_with_its_last_content(self) -> None:
        """A content keeps the file; when the last one goes, so does the file."""
        heap = SharedContentFile()
        copy = heap.add(Content.of(b"x" * BIG))
        file = heap._stream._file  # type: ignore[attr-defined]
        del heap
        gc.collect()
        assert not file.closed
        del copy
        gc.collect()
        assert file.closed
