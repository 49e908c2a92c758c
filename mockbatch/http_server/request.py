"""One HTTP/1.1 request and its response: framing, body and WSGI environ, on top of cheroot."""

import contextlib
import errno
import io
import json
import re
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote_to_bytes

from cheroot import server, wsgi

from mockbatch.errors import ApiError, api_error
from mockbatch.http_server import BODY_ERROR, HTTP_REQUEST_KEY
from mockbatch.http_server.head import MAX_HEADERS, MalformedHeadError, parse_head

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SERVER_NAME = "mockbatch"
BLOCK_BYTES = 1 << 16
#: Reading this many of one byte takes about half a second.
MAX_CHUNKS = 250_000


class Body(io.RawIOBase):
    """A request body as a stream: `length` bytes, or chunked if `length` is None.

    cheroot's own reader keeps a whole chunk in memory, and Werkzeug's rejects chunk extensions
    and trailers. If the body is cut off or malformed, this and every later read raise OSError.
    """

    def __init__(self, rfile: Any, length: int | None) -> None:
        self._rfile, self._left, self._chunked = rfile, length or 0, length is None
        self._chunks_left = MAX_CHUNKS

    def readable(self) -> bool:
        """Return True, as io.RawIOBase requires of a stream to read."""
        return True

    @property
    def is_exhausted(self) -> bool:
        """Whether the whole body has been read."""
        return not self._left and not self._chunked

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read what one recv() returns, and return its length; 0 at the end."""
        if self._chunked and not self._left:
            self._begin_chunk()
        view = memoryview(buffer)[: self._left]
        count: int = self._rfile.readinto1(view) if view else 0
        self._left -= count
        if view and not count:
            self._fail("it ends too early")
        if self._chunked and not self._left and self._read_line():
            self._fail("a chunk is longer than its size")
        return count

    def _begin_chunk(self) -> None:
        size = re.fullmatch(rb"([0-9A-Fa-f]{1,16})[ \t]*(?:;[\t -~\x80-\xff]*)?", self._read_line())
        if not size:
            self._fail("a chunk size is not a hexadecimal number")
        self._left = int(size[1], 16)
        if not self._left:
            self._read_trailers()
            self._chunked = False
        elif not self._chunks_left:
            self._fail(f"it has more than {MAX_CHUNKS} chunks")
        self._chunks_left -= 1

    def _read_trailers(self) -> None:
        left = MAX_HEADERS
        while line := self._read_line():
            left -= 1
            if left < 0 or not re.fullmatch(rb"[!-9;-~]+:[\t -~\x80-\xff]*", line):
                self._fail("a trailer is malformed, or there are too many")

    def _read_line(self) -> bytes:
        line: bytes = self._rfile.readline(4096)
        return line[:-2] if line.endswith(b"\r\n") else self._fail("a line does not end in CRLF")

    def _fail(self, reason: str) -> NoReturn:
        self._rfile = io.BytesIO()  # the framing of the rest is unknown
        # The only error for which cheroot closes the connection without a traceback.
        raise ConnectionAbortedError(errno.ECONNABORTED, f"{BODY_ERROR}{reason}")


class Request(server.HTTPRequest):
    """One request, with errors of the server itself in OpenAI's format."""

    #: Whether the response must not have a body.
    has_bodiless_response = False
    #: The Content-Length; None if the body is chunked.
    body_length: int | None = 0

    def parse_request(self) -> None:
        """Parse the head that the connection has received."""
        try:
            head = parse_head(self.conn.head)
        except MalformedHeadError as error:
            self.simple_response(error.status, str(error))
            return
        self.method, self.uri, self.inheaders = head.method, head.target, head.headers
        self.path = self.qs = b""  # WsgiGateway takes both from the target
        self.request_protocol = b"HTTP/" + head.version
        self.response_protocol = self.request_protocol.decode("ascii")
        self.body_length = head.content_length
        self.chunked_read = head.content_length is None
        self.close_connection = head.closes_connection
        if self.inheaders.get(b"Expect", b"").lower() == b"100-continue":
            self.conn.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.started_request = self.ready = True

    def respond(self) -> None:
        """Let the app respond, and leave the connection at the start of the next request."""
        body = Body(self.conn.rfile, self.body_length)
        self.rfile = io.BufferedReader(body, BLOCK_BYTES)
        self.server.gateway(self).respond()
        if self.chunked_write:
            self.conn.wfile.write(b"0\r\n\r\n")
        # Only now: a client may wait for the response before it sends the rest of the body.
        self.close_connection |= not (body.is_exhausted or self.conn.drain(body))

    def simple_response(self, status: str, msg: str = "") -> None:
        """Respond with an error of the server itself, and close the connection."""
        self.close_connection = self.sent_headers = self.conn.server_error_sent = True
        error = ApiError(int(status[:3]), msg or status[4:])
        if error.status == 500:
            error = api_error("server_error")
        body = json.dumps(error.body(), indent=2)
        head = f"{self.server.protocol} {status}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\nServer: {SERVER_NAME}\r\n\r\n"
        with contextlib.suppress(OSError):
            self.conn.wfile.write((head + body).encode("ascii"))

    def send_headers(self) -> None:
        """Send the headers, and decide whether a body may follow."""
        self.has_bodiless_response = self.method == b"HEAD" or int(self.status[:3]) in {204, 304}
        if any(k.lower() == b"connection" and v.lower() == b"close" for k, v in self.outheaders):
            self.close_connection = True
        # cheroot closes the connection after a HEAD response of unknown length; framed like
        # the response to a GET, it can stay open.
        method, self.method = self.method, b"GET"
        self.conn.wfile.is_buffering = True
        super().send_headers()
        self.conn.wfile.is_buffering = False
        self.method = method
        self.chunked_write = self.chunked_write and not self.has_bodiless_response


class WsgiGateway(wsgi.Gateway_10):
    """Calls the WSGI app with a request's environ, and sends what it returns."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        """Return the environ, with the path decoded from the target as the client sent it."""
        env: dict[str, Any] = super().get_environ()  # type: ignore[no-untyped-call]
        path, _, query = self.req.uri.partition(b"?")
        if b"://" in path and not path.startswith(b"/"):
            authority, _, path = path.partition(b"://")[2].partition(b"/")
            env["HTTP_HOST"] = authority.decode("latin-1")
        path = re.sub(rb"/+", b"/", b"/" + unquote_to_bytes(path))
        env["PATH_INFO"], env["QUERY_STRING"] = path.decode("latin-1"), query.decode("latin-1")
        env["RAW_URI"] = env["REQUEST_URI"]
        env["SERVER_NAME"] = self.req.server.host
        env["wsgi.url_scheme"] = "https" if self.req.server.ssl_adapter else "http"
        env[HTTP_REQUEST_KEY] = self.req
        if not self.req.chunked_read:
            # While the key is there, Werkzeug does not notice that a client disconnected.
            del env["wsgi.input_terminated"]
        return env

    def respond(self) -> None:
        """Run the app; if it fails before its first byte, nothing has been sent."""
        response = self.req.server.wsgi_app(self.env, self.start_response)
        try:
            for chunk in filter(None, response):
                self.write(chunk)
            self.write(b"")
        finally:
            if hasattr(response, "close"):
                response.close()
        if self.remaining_bytes_out and not self.req.has_bodiless_response:
            self.req.close_connection = True  # else the client waits for the rest

    def write(self, chunk: bytes) -> None:
        """Send a part of the response body; the headers go before the first one."""
        if not self.started_response:
            raise RuntimeError("the application did not call start_response")
        if self.remaining_bytes_out is not None:
            self.remaining_bytes_out -= len(chunk)
            if self.remaining_bytes_out < 0:
                raise ValueError("the response is longer than its Content-Length")
        self.req.ensure_headers_sent()
        # In blocks, because the socket's timeout is the time that a client has for each write.
        for start in range(0, 0 if self.req.has_bodiless_response else len(chunk), BLOCK_BYTES):
            self.req.write(chunk[start : start + BLOCK_BYTES])
        self.req.conn.wfile.flush()
