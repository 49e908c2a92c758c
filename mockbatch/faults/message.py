"""What the journal keeps of a request and of its response: headers and the start of the body."""

import re
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain

from msgspec import Struct
from msgspec.structs import asdict

from mockbatch.strings.redaction import MASK
from mockbatch.typing import Json

#: Longer bodies are cut.
MAX_BODY_BYTES = 1 << 16
# Headers whose values are secrets. An idempotency key is not secret, and tests check it.
_SECRET_HEADER = re.compile(
    "(proxy-)?authorization|(set-)?cookie|.*(?<!idempotency-)(key|token|secret|password)"
)


class FileReference(Struct, frozen=True):
    """A file in a body, kept as a reference without its content; `field` is its form field."""

    filename: str
    bytes: int
    id: str | None = None
    field: str | None = None


class Message(Struct):
    """The headers and the body of a request or of a response.

    `start` is the beginning of the body, and `size` how many bytes it has. A form has its texts
    in `form` instead, and the files of a body are in `files`. `headers` are the head of a
    request as it came, or pairs, whose names may have the form of a WSGI environ.
    """

    headers: bytes | Iterable[tuple[str, str]] = ()
    start: bytes = b""
    size: int = 0
    form: Mapping[str, str] | None = None
    files: tuple[FileReference, ...] = ()
    is_form_cut: bool = False
    is_streamed: bool = False

    @classmethod
    def of(cls, headers: Iterable[tuple[str, str]], body: bytes) -> "Message":
        """Return a message with this whole body; of a long one only the beginning is kept."""
        return cls(headers, body[:MAX_BODY_BYTES], len(body))

    @property
    def kept_bytes(self) -> int:
        """About how much memory its texts take, or may take once it is complete."""
        size = MAX_BODY_BYTES if self.is_streamed else len(self.start)
        if isinstance(self.headers, bytes):
            size += len(self.headers)
        elif isinstance(self.headers, list):
            size += sum(map(len, chain.from_iterable(self.headers)))
        return size + sum(map(len, self.form.values())) if self.form else size

    def set_body(self, data: bytes) -> None:
        """Replace the body."""
        self.start, self.size = data[:MAX_BODY_BYTES], len(data)

    def append(self, data: bytes) -> None:
        """Add a part of the body."""
        self.start += data[: MAX_BODY_BYTES - len(self.start)]
        self.size += len(data)

    def tee(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the parts of the body, and keep its beginning."""
        self.is_streamed = True
        return self._tee(parts)

    def _tee(self, parts: Iterable[bytes]) -> Iterator[bytes]:
        try:
            for part in parts:
                self.append(part)
                yield part
        finally:
            close = getattr(parts, "close", None)
            if close is not None:
                close()

    def readable_headers(self) -> dict[str, str]:
        """Return the headers by their names in lower case."""
        readable: dict[str, str] = {}
        pairs = _parse(self.headers) if isinstance(self.headers, bytes) else self.headers
        for given_name, value in pairs:
            name = given_name.removeprefix("HTTP_").replace("_", "-").lower()
            readable[name] = f"{readable[name]}, {value}" if name in readable else value
        return readable

    def as_json(self) -> dict[str, Json]:
        """Return the message, JSON-ready: header names in lower case, secrets masked."""
        has_text = self.form is None and not self.files
        is_cut = has_text and len(self.start) < self.size
        text = getincrementaldecoder("utf-8")("replace").decode(self.start, not is_cut)
        return {
            "headers": {name: _mask(name, it) for name, it in self.readable_headers().items()},
            "text": text if has_text else None,
            "bytes": self.size,
            "truncated": is_cut or self.is_form_cut,
            "form": None if self.form is None else dict(self.form),
            "files": [asdict(file) for file in self.files],
        }


def _mask(name: str, value: str) -> str:
    if not _SECRET_HEADER.fullmatch(name):
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space and name.endswith("authorization") else MASK


def _parse(head: bytes) -> Iterator[tuple[str, str]]:
    """Yield the headers of a request's head, which the server has checked."""
    for line in head.decode("latin-1").split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon:
            yield name, value.strip("\t ")
