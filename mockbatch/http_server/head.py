"""The head of a request, parsed so strictly that no two programs can read it differently.

If a proxy and a server read a request differently, one request can hide another, or its real
host. RFC 9112 names the cases. cheroot accepts most of them, so this replaces its parser, and
takes half the time.
"""

import re
from typing import NamedTuple

MAX_HEAD_BYTES = 1 << 18
MAX_HEADERS = 500

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Z-]+) ([!-~]+) HTTP/(\d\.\d)")
_HEADER_LINE = re.compile(rb"(" + _TOKEN + rb"):([\t -~\x80-\xff]*)")
_HOST = rb"(?:\[[0-9A-Fa-f:.%]+\]|[\w.~%!$&'()*+;=-]*)(?::\d*)?"
_HOST_VALUE = re.compile(_HOST)
_ABSOLUTE_TARGET = re.compile(rb"(?i:https?)://" + _HOST + rb"(?:[/?].*)?")
_LENGTH = re.compile(rb"\d{1,18}")
_LINE_FEED_ALONE = re.compile(rb"(?<!\r)\n")
# Headers that frame the message or name the host. Each may appear only once.
_SINGLE = {b"Content-Length", b"Transfer-Encoding", b"Host"}


class MalformedHeadError(Exception):
    """A head that is not a request; `status` is that of the response, as in `400 Bad Request`."""

    def __init__(self, message: str, status: str = "400 Bad Request") -> None:
        super().__init__(message)
        self.status = status


class Head(NamedTuple):
    """The head of a request."""

    method: bytes
    target: bytes
    #: `1.0` or `1.1`.
    version: bytes
    #: Values by name, as in `Content-Type`; those of a repeated name are joined by commas.
    headers: dict[bytes, bytes]
    #: The length of the body; None if it is chunked.
    content_length: int | None

    @property
    def closes_connection(self) -> bool:
        """Whether the client expects the connection to be closed after the response."""
        options = re.split(rb"[\s,]+", self.headers.get(b"Connection", b"").lower())
        return b"close" in options or (self.version == b"1.0" and b"keep-alive" not in options)


def can_be_parsed(received: bytes | bytearray, start: int = 0) -> bool:
    """Return whether the head is complete, or cannot become valid; `start` is where to look."""
    return (
        received.find(b"\r\n\r\n", max(start - 3, 0)) >= 0
        or received[:1] == b"\x16"
        or len(received) > MAX_HEAD_BYTES
        or _LINE_FEED_ALONE.search(received, max(start - 1, 0)) is not None
    )


def parse_head(text: bytes) -> Head:
    """Return the parsed head of a request; raises MalformedHeadError."""
    if text[:1] == b"\x16":  # a TLS handshake
        raise MalformedHeadError("This port serves plain HTTP, not TLS: use http://")
    if len(text) > MAX_HEAD_BYTES:
        if text.find(b"\r\n", 0, MAX_HEAD_BYTES) < 0:
            raise MalformedHeadError("The request target is too long", "414 Request-URI Too Long")
        raise MalformedHeadError("The headers are too long", "413 Request Entity Too Large")
    line, *lines = text.removeprefix(b"\r\n").removesuffix(b"\r\n\r\n").split(b"\r\n")
    method, target, version = _parse_request_line(line)
    headers = _parse_headers(lines)
    if version == b"1.1" and b"Host" not in headers:
        raise MalformedHeadError("A request of HTTP/1.1 needs a Host header")
    if not _HOST_VALUE.fullmatch(headers.get(b"Host", b"")):
        raise MalformedHeadError("Malformed Host header")
    return Head(method, target, version, headers, _content_length(headers, version))


def _parse_request_line(line: bytes) -> tuple[bytes, bytes, bytes]:
    found = _REQUEST_LINE.fullmatch(line)
    if not found:
        raise MalformedHeadError("Malformed request line")
    method, target, version = found.groups()
    if version not in (b"1.1", b"1.0"):
        raise MalformedHeadError(
            "This server speaks HTTP/1.0 and HTTP/1.1", "505 HTTP Version Not Supported"
        )
    if b"#" in target or not (
        target.startswith(b"/") or target == b"*" or _ABSOLUTE_TARGET.fullmatch(target)
    ):
        raise MalformedHeadError("Malformed request target")
    return method, target, version


def _parse_headers(lines: list[bytes]) -> dict[bytes, bytes]:
    if len(lines) > MAX_HEADERS:
        raise MalformedHeadError(
            f"More than {MAX_HEADERS} headers", "431 Request Header Fields Too Large"
        )
    headers: dict[bytes, bytes] = {}
    for number, line in enumerate(lines, 1):
        found = _HEADER_LINE.fullmatch(line)
        if not found:
            # Without quoting the line, which may contain a key.
            raise MalformedHeadError(f"Malformed header in line {number}")
        name, value = found[1].title(), found[2].strip(b"\t ")
        if name in headers:
            if name in _SINGLE:
                raise MalformedHeadError(f"Two {name.decode()} headers")
            value = headers[name] + b", " + value
        # In the WSGI environ, X_Name would take the place of X-Name.
        if b"_" not in name:
            headers[name] = value
    return headers


def _content_length(headers: dict[bytes, bytes], version: bytes) -> int | None:
    length, coding = headers.get(b"Content-Length"), headers.get(b"Transfer-Encoding")
    if coding is None:
        if length is not None and not _LENGTH.fullmatch(length):
            raise MalformedHeadError("Malformed Content-Length header")
        return int(length or 0)
    if length is not None:
        raise MalformedHeadError("Content-Length and Transfer-Encoding exclude each other")
    if version == b"1.0":
        raise MalformedHeadError("A request of HTTP/1.0 cannot have a Transfer-Encoding")
    if coding.lower() != b"chunked":
        # RFC 9112 suggests 501 for an unknown coding, but nothing that a client sends is a fault
        # of the server.
        raise MalformedHeadError("The only transfer coding is 'chunked', once")
    return None
