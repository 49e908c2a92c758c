"""One request over HTTP/1.1 and its response: body, framing and environ, on top of cheroot."""

import contextlib
import errno
import io
import json
import re
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote_to_bytes

from cheroot import server, wsgi

from mockbatch.errors import ApiError, api_error

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

NAME = "mockbatch"
BLOCK = 1 << 16


class Body(io.RawIOBase):
    """What is still to come of a request body, `length` bytes, or chunked when that is None.

    cheroot's own reader keeps a whole chunk in memory, Werkzeug's refuses extensions and
    trailers. When the body is cut or wrongly framed, this and each later read raise OSError.
    """

    def __init__(self, rfile: Any, length: int | None) -> None:
        self._rfile, self._left, self._chunked = rfile, length or 0, length is None

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    @property
    def is_read(self) -> bool:
        """Whether nothing of it is to come."""
        return not self._left and not self._chunked

    def readinto(self, buffer: "WriteableBuffer") -> int:
        """Read what one recv() brings; 0 at the end."""
        if self._chunked and not self._left:
            size = self._line().partition(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", size):
                self._fail("a chunk size is not a hexadecimal number")
            self._left = int(size, 16)
            if not self._left:
                while self._line():
                    pass  # a trailer
                self._chunked = False
        view = memoryview(buffer)[: self._left]
        count: int = self._rfile.readinto1(view) if view else 0
        self._left -= count
        if view and not count:
            self._fail("it ends early")
        if self._chunked and not self._left and self._line():
            self._fail("a chunk is longer than its size")
        return count

    def _line(self) -> bytes:
        line: bytes = self._rfile.readline(4096)
        return line[:-2] if line.endswith(b"\r\n") else self._fail("a line has no end")

    def _fail(self, why: str) -> NoReturn:
        self._rfile = io.BytesIO()  # what follows cannot be trusted
        # The one error that cheroot answers with a closed connection and without a traceback.
        raise ConnectionAbortedError(errno.ECONNABORTED, f"Invalid request body: {why}")


class Request(server.HTTPRequest):
    """One request: framing stricter than cheroot's, errors in OpenAI's envelope."""

    bodiless = False

    def parse_request(self) -> None:
        """Read the request line and the headers."""
        self.proxy_mode = True  # else "//v1/batches" is refused, as a URI with an authority
        try:
            if self.conn.rfile.peek(1)[:1] == b"\x16":  # both sides would wait for each other
                raise ValueError("This port speaks plain HTTP, not TLS: use http://")
            super().parse_request()
        except (ValueError, NameError) as error:
            # cheroot 11 lets these escape: ValueError for the target "http://[", NameError
            # for headers that begin with a continuation line.
            text = str(error) if isinstance(error, ValueError) else "Malformed headers"
            self.simple_response("400 Bad Request", text)

    def read_request_headers(self) -> bool:
        """Read the headers, and refuse framing that has two readings."""
        if not super().read_request_headers():  # type: ignore[no-untyped-call]
            return False
        http11 = self.response_protocol == "HTTP/1.1"
        if not self.inheaders.get(b"Content-Length", b"0").isdigit():
            raise ValueError("Malformed Content-Length header")
        coding = self.inheaders.get(b"Transfer-Encoding")
        if coding is not None and not (http11 and coding.lower() == b"chunked"):
            raise ValueError("The only transfer coding is 'chunked', once, in HTTP/1.1")
        # cheroot knows one spelling of each; asked for "Close", it would keep the client waiting.
        options = re.split(rb"[\s,]+", self.inheaders.get(b"Connection", b"").lower())
        self.close_connection = b"close" in options or not (http11 or b"keep-alive" in options)
        return True

    def respond(self) -> None:
        """Answer, and leave the connection at the next request."""
        length = None if self.chunked_read else int(self.inheaders.get(b"Content-Length", 0))
        body = Body(self.conn.rfile, length)
        self.rfile = io.BufferedReader(body, BLOCK)
        self.server.gateway(self).respond()
        if self.chunked_write:
            self.conn.wfile.write(b"0\r\n\r\n")
        # After the response, which a client may wait for before it sends the rest.
        self.close_connection |= not (body.is_read or self.conn.drain(body))

    def simple_response(self, status: str, msg: str = "") -> None:
        """Answer an error of the server's own, and close."""
        self.close_connection = self.sent_headers = self.conn.refused = True
        error = ApiError(int(status[:3]), msg or status[4:])
        if error.status == 500:
            error = api_error("server_error")
        body = json.dumps(error.body(), indent=2)
        head = f"{self.server.protocol} {status}\r\nContent-Type: application/json\r\n"
        head += f"Content-Length: {len(body)}\r\nConnection: close\r\nServer: {NAME}\r\n\r\n"
        with contextlib.suppress(OSError):
            self.conn.wfile.write((head + body).encode("ascii"))

    def send_headers(self) -> None:
        """Send the headers, and settle whether a body may follow."""
        self.bodiless = self.method == b"HEAD" or int(self.status[:3]) in {204, 304}
        if any(k.lower() == b"connection" and v.lower() == b"close" for k, v in self.outheaders):
            self.close_connection = True
        # cheroot closes after a HEAD of unknown length; framed like its GET, it can be kept.
        method, self.method = self.method, b"GET"
        self.conn.wfile.holds = True
        super().send_headers()
        self.conn.wfile.holds = False
        self.method = method
        self.chunked_write = self.chunked_write and not self.bodiless


class Gateway(wsgi.Gateway_10):
    """Between a request and the application: `environ["mockbatch.gateway"]`, with `req.conn`."""

    def get_environ(self) -> dict[str, Any]:  # type: ignore[override]
        """Return the environ, with the path rebuilt from the target as it was sent."""
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
        env["mockbatch.gateway"] = self
        # A header spelt Content_Length arrives as one too; with chunks, none counts.
        env.pop("CONTENT_LENGTH", None)
        if not self.req.chunked_read:
            # Its presence alone makes Werkzeug skip its check for clients that left.
            del env["wsgi.input_terminated"]
            if b"Content-Length" in self.req.inheaders:
                env["CONTENT_LENGTH"] = self.req.inheaders[b"Content-Length"].decode("ascii")
        return env

    def respond(self) -> None:
        """Run the application; if it fails before its first byte, nothing has been sent."""
        response = self.req.server.wsgi_app(self.env, self.start_response)
        try:
            for chunk in filter(None, response):
                self.write(chunk)
            self.write(b"")
        finally:
            if hasattr(response, "close"):
                response.close()
        if self.remaining_bytes_out and not self.req.bodiless:
            self.req.close_connection = True  # else the client waits for the rest

    def write(self, chunk: bytes) -> None:
        """Send a part of the response body, before the first one the headers."""
        if not self.started_response:
            raise RuntimeError("the application did not call start_response")
        if self.remaining_bytes_out is not None:
            self.remaining_bytes_out -= len(chunk)
            if self.remaining_bytes_out < 0:
                raise ValueError("the response is longer than its Content-Length")
        self.req.ensure_headers_sent()
        # In blocks: a client has a time-out's seconds to take one.
        for start in range(0, 0 if self.req.bodiless else len(chunk), BLOCK):
            self.req.write(chunk[start : start + BLOCK])
        self.req.conn.wfile.flush()
