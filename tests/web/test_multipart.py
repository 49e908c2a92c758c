"""Forms as clients send them, in chunks of any size, and malformed forms."""

import logging
import subprocess
import sys
from io import BytesIO
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import RequestEntityTooLarge

from mockbatch.web import multipart

HEAD = b'--limit\r\nContent-Disposition: form-data; name="%b"'
FILE = b'; filename="%b"\r\nContent-Type: text/plain'
TAIL = b"--limit--\r\n"

# What a parser may take for a boundary, or for the beginning of one.
_SNIPPETS = [b"\r", b"\n", b"\r\n", b"-", b"--", b"--limi", b"--limit", b"--limit--", b" ", b"text"]
contents = (
    st.lists(st.sampled_from(_SNIPPETS), max_size=12)
    .map(b"".join)
    .filter(lambda data: b"\r\n--limit" not in b"\r\n" + data)
)
parts = st.lists(st.tuples(st.sampled_from([b"a", b"b"]), st.booleans(), contents), max_size=4)


def form_of(given: list[tuple[bytes, bool, bytes]]) -> bytes:
    """Return a form with these fields: name, whether it is a file, and content of each."""
    form = b""
    for name, is_file, data in given:
        form += HEAD % name + (FILE % b"f.txt" if is_file else b"") + b"\r\n\r\n" + data + b"\r\n"
    return form + TAIL


def parse(
    form: bytes, *, text_bytes: int | None = None, most_parts: int | None = None
) -> tuple[list[tuple[str, str]], list[tuple[Any, ...]]]:
    """Parse a form; return its text fields and its files."""
    parser = multipart.FormParser(max_form_memory_size=text_bytes, max_form_parts=most_parts)
    options = {"boundary": "limit"}
    _, texts, files = parser.parse(BytesIO(form), "multipart/form-data", len(form), options)
    return list(texts.items(multi=True)), [
        (name, file.filename, file.mimetype, file.read()) for name, file in files.items(multi=True)
    ]


def by_name(given: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Return parts in the order in which Flask lists them."""
    return list(MultiDict(given).items(multi=True))


class TestForm:
    """A well-formed form."""

    @given(parts, st.integers(1, 80))
    @example([(b"a", True, b"one\rtwo\r\n--limi\r"), (b"b", True, b"three")], 1)
    def test_is_parsed_in_chunks_of_any_size(
        self, given: list[tuple[bytes, bool, bytes]], size: int
    ) -> None:
        """Files and texts are unchanged, even if parts of them look like a boundary."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(multipart, "CHUNK_BYTES", size)
            texts, files = parse(form_of(given))
        expected = [(name.decode(), data) for name, is_file, data in given if not is_file]
        assert [(name, text.encode()) for name, text in texts] == by_name(expected)
        expected = [(name.decode(), data) for name, is_file, data in given if is_file]
        assert [(name, data) for name, _, _, data in files] == by_name(expected)

    @pytest.mark.parametrize("data", [b"x" * 3_000_000, b"x\r" * 1_500_000])
    def test_is_parsed_in_chunks_of_the_usual_size(self, data: bytes) -> None:
        """So are long ones, without CR and full of CR."""
        texts, files = parse(form_of([(b"file", True, data), (b"purpose", False, b"batch")]))
        assert files == [("file", "f.txt", "text/plain", data)]
        assert texts == [("purpose", "batch")]

    @pytest.mark.parametrize("before", [b"", b"\r\n"], ids=["nothing", "a line break"])
    @pytest.mark.parametrize("after", [b"", b"\r\n", b"and more\r\n--limit\r\n"])
    def test_may_have_text_around_it(self, before: bytes, after: bytes) -> None:
        """A line break may precede it, and anything may follow it."""
        form = before + form_of([(b"purpose", False, b"batch")]) + after
        assert parse(form) == ([("purpose", "batch")], [])

    @pytest.mark.parametrize(
        ("head", "data", "text"),
        [
            (b"", "ü".encode(), "ü"),
            (b"\r\nContent-Type: text/plain; charset=iso-8859-1", b"\xfc", "ü"),
            (b"\r\ncontent-type:text/plain", b"\xfc", "�"),
        ],
        ids=["UTF-8", "Latin 1", "no UTF-8"],
    )
    def test_texts_are_decoded(self, head: bytes, data: bytes, text: str) -> None:
        """A text is UTF-8 unless its part names one of the few other charsets."""
        assert parse(HEAD % b"a" + head + b"\r\n\r\n" + data + b"\r\n" + TAIL)[0] == [("a", text)]


class TestBrokenForm:
    """A malformed form is ignored as a whole."""

    whole = form_of([(b"a", False, b"text"), (b"b", True, b"line\r\n" * 3)])

    def test_cut_form_has_no_parts(self) -> None:
        """Wherever it is cut."""
        end = len(self.whole) - len(b"\r\n")
        for cut in range(end):
            assert parse(self.whole[:cut]) == ([], [])
        assert parse(self.whole[:end]) == parse(self.whole) != ([], [])

    @pytest.mark.parametrize(
        "form",
        [
            b"preamble\r\n" + whole,
            whole.replace(b"\r\n", b"\n"),
            whole.replace(b"--limit", b"--other"),
            whole.replace(b"Content-Disposition", b"Content-Position"),
            whole.replace(b"Content-Disposition", b"Content\xff"),
            whole.replace(b'"a"', b'"\xff"'),
            whole.replace(b'"a"', b'"a"\r\n more'),
            whole.replace(b'"a"', b'"' + b"a" * 5000 + b'"'),
            whole.replace(b'"a"', b'"a"' + b"\r\nX: y" * 20),
            whole.replace(b"\r\n\r\n", b"\r\n"),
        ],
        ids=[
            "begins with text",
            "has no CR",
            "has another boundary",
            "a part without a disposition",
            "a header with a strange name",
            "a header that is no UTF-8",
            "a header of two lines",
            "a header that is too long",
            "too many headers",
            "no line between head and body",
        ],
    )
    def test_malformed_form_has_no_parts(self, form: bytes) -> None:
        """A form that violates RFC 7578 has no parts."""
        assert parse(form) == ([], [])

    @pytest.mark.parametrize("size", [7, multipart.CHUNK_BYTES])
    @pytest.mark.parametrize(
        "data",
        [
            b"\r\n--limitX" * (multipart._MAX_BOUNDARIES + 1),
            b"text\r\n--limit " + b" " * 100,
            b"text\r\n--limit\t",
        ],
        ids=["it may be a boundary very often", "blanks after a boundary", "a tab"],
    )
    def test_form_that_takes_long_has_no_parts(
        self, data: bytes, size: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The parser would read 20 MB of these for 5 to 7 seconds."""
        monkeypatch.setattr(multipart, "CHUNK_BYTES", size)
        assert parse(form_of([(b"a", True, data)])) == ([], [])

    @pytest.mark.parametrize("options", [{}, {"boundary": ""}, {"boundary": "l\xefmit"}])
    def test_form_without_a_boundary_has_no_parts(self, options: dict[str, str]) -> None:
        """Even if its lines are those of an empty boundary."""
        form = self.whole.replace(b"--limit", b"--")
        parser = multipart.FormParser(silent=True)
        _, texts, files = parser.parse(BytesIO(form), "multipart/form-data", len(form), options)
        assert (len(texts), len(files)) == (0, 0)

    @given(st.data())
    def test_any_bytes_raise_nothing(self, data: st.DataObject) -> None:
        """No bytes cause an exception."""
        form = bytearray(self.whole)
        for _ in range(data.draw(st.integers(1, 6))):
            place = data.draw(st.integers(0, len(form) - 1))
            snippet = data.draw(st.sampled_from([*_SNIPPETS, b"", b"\x00", b"\xff", b":", b'"']))
            form[place : place + data.draw(st.integers(0, 3))] = snippet
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(multipart, "CHUNK_BYTES", data.draw(st.integers(1, 80)))
            parse(bytes(form))

    def test_prints_nothing(self) -> None:
        """Without logging set up, nothing is written to the terminal."""
        code = (
            "from io import BytesIO; from mockbatch.web.multipart import FormParser;"
            "form = BytesIO(b'--limit rubbish');"
            "FormParser().parse(form, 'multipart/form-data', 15, {'boundary': 'limit'})"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert (done.stdout, done.stderr) == (b"", b"")

    def test_reason_is_logged(self, caplog: pytest.LogCaptureFixture) -> None:
        """With logging set up, the reason is in the log."""
        with caplog.at_level(logging.WARNING):
            parse(b"--limit rubbish")
        assert "boundary" in caplog.text


class TestLimits:
    """Flask's limits for text fields and for the number of parts."""

    def test_apply_to_each_text(self) -> None:
        """Each text may have that many bytes."""
        form = form_of([(b"a", False, b"x" * 100), (b"b", False, b"x" * 100)])
        assert len(parse(form, text_bytes=100)[0]) == 2
        with pytest.raises(RequestEntityTooLarge):
            parse(form, text_bytes=99)

    def test_apply_to_a_text_in_chunks(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A text that arrives in chunks may not have more, either."""
        monkeypatch.setattr(multipart, "CHUNK_BYTES", 10)
        with pytest.raises(RequestEntityTooLarge):
            parse(form_of([(b"a", False, b"x" * 1000)]), text_bytes=99)

    def test_do_not_apply_to_a_file(self) -> None:
        """Files have their own limit."""
        assert parse(form_of([(b"a", True, b"x" * 100)]), text_bytes=9)[1]

    def test_apply_to_the_number_of_parts(self) -> None:
        """There may be that many parts, and no more."""
        form = form_of([(b"a", False, b"text")] * 3)
        assert len(parse(form, most_parts=3)[0]) == 3
        with pytest.raises(RequestEntityTooLarge):
            parse(form, most_parts=2)
