"""A request on its way to the app, as a fault handles it, and the response of the app.

Both are plain WSGI, so a fault works with any app.
"""

import http.client
from collections.abc import Callable, Iterable, Iterator, Mapping
from threading import Event
from typing import TYPE_CHECKING, Any, NoReturn

from msgspec import Struct

from mockbatch.errors import ApiError
from mockbatch.faults.connection import Connection, connection_aborted
from mockbatch.faults.message import Message
from mockbatch.faults.request_record import RequestRecord
from mockbatch.http_server import HTTP_REQUEST_KEY
from mockbatch.typing import Json

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

Headers = list[tuple[str, str]]
BLOCK_BYTES = 1 << 16
# How soon a delay notices that its client has left.
STEP_SECONDS = 0.1


class NoConnectionError(RuntimeError):
    """A fault needs a connection, but the app was called without one."""


class AppResponse(Struct):
    """A response of the app that has not been sent yet."""

    status: str
    headers: Headers
    body: Iterable[bytes]

    @property
    def length(self) -> int | None:
        """The number of bytes in the body, None without a Content-Length."""
        text = self.header("Content-Length")
        return None if text is None else int(text)

    def header(self, name: str) -> str | None:
        """Return the value of a header, None if it is missing."""
        values = (value for key, value in self.headers if key.lower() == name.lower())
        return next(values, None)

    def drop_header(self, name: str) -> None:
        """Remove a header."""
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]

    def half_length(self) -> int:
        """Return half the length of the body; without a Content-Length it is read to count."""
        return (len(self.read()) if self.length is None else self.length) // 2

    def truncated_length(self, count: int) -> int:
        """Return `count`, or less, so that at least the last byte of the body is left out."""
        return count if self.length is None else min(count, self.length - 1)

    def iter_bytes(self, count: int) -> Iterator[bytes]:
        """Yield the first `count` bytes of the body."""
        try:
            for chunk in self.body:
                if count <= 0:
                    break
                yield chunk[:count]
                count -= len(chunk)
        finally:
            self.close()

    def read(self) -> bytes:
        """Return the whole body."""
        try:
            data = b"".join(self.body)
        finally:
            self.close()
        self.body = [data]
        return data

    def replace(self, data: bytes) -> None:
        """Replace the body by another one."""
        self.drop_header("Content-Length")
        self.headers.append(("Content-Length", str(len(data))))
        self.body = [data]

    def close(self) -> None:
        """Close the body, as WSGI requires."""
        if hasattr(self.body, "close"):
            self.body.close()


class Exchange(Struct):
    """One request.

    `api_headers` returns the headers that every response of the API has, and `error_body` the
    body with which it reports an error.
    """

    app: "WSGIApplication"
    environ: "WSGIEnvironment"
    start_response: "StartResponse"
    api_headers: Callable[[], Mapping[str, str]]
    error_body: Callable[[ApiError], dict[str, Json]] = ApiError.body

    @property
    def connection(self) -> Connection:
        """The client's connection; NoConnectionError if the app is called without a server."""
        connection = self._connection()
        if connection is None:
            raise self.no_connection_error()
        return connection

    def no_connection_error(self) -> NoConnectionError:
        """Return the error of a fault that finds no connection to break."""
        return NoConnectionError(
            f"the fault '{RequestRecord.of(self.environ).fault}' breaks a connection, and this "
            "app is called without one: use a server on a socket (the fixture `mockbatch`, "
            "MockBatch() or `mockbatch serve`)"
        )

    @property
    def has_connection(self) -> bool:
        """Whether the app is called by our own HTTP server, which hands over its connection."""
        return self._connection() is not None

    def _connection(self) -> Connection | None:
        request: Any = self.environ.get(HTTP_REQUEST_KEY)
        return None if request is None else Connection(request)

    def run(self) -> AppResponse:
        """Run the app and return its response; nothing is sent yet."""
        started: list[tuple[str, Headers]] = []

        def start(status: str, headers: Headers, _: Any = None, /) -> Callable[[bytes], object]:
            started[:] = [(status, headers)]
            return _no_write

        body = self.app(self.environ, start)
        # Flask calls `start_response` before it returns the body.
        [(status, headers)] = started
        return AppResponse(status, headers, body)

    def send(self, answer: AppResponse) -> Iterable[bytes]:
        """Send a response of the app."""
        self.start_response(answer.status, answer.headers)
        return answer.body

    def hang_up(self, *, reset: bool) -> Iterable[bytes]:
        """Close the connection without a response.

        It closes when the server iterates over the body: by then the request is in the
        journal, where a client that notices the end can look it up.
        """
        self.drain()
        return _cut(iter(()), self.connection if reset else None)

    def send_part(self, answer: AppResponse, count: int, *, reset: bool = False) -> Iterable[bytes]:
        """Send the headers and `count` bytes of the body, then close; -1: not even headers."""
        connection = self.connection
        if count < 0:
            answer.close()
            raise connection_aborted()
        write = self.start_response(answer.status, answer.headers)
        if count == 0:
            write(b"")  # sends the headers, which would wait for the first byte
        return _cut(answer.iter_bytes(count), connection if reset else None)

    def send_silent_part(self, answer: AppResponse, count: int) -> Iterable[bytes]:
        """Send `count` bytes of the body as if they were all of it."""
        answer.drop_header("Content-Length")
        connection = self._connection()
        if connection:
            connection.end_body_by_closing()
        self.start_response(answer.status, answer.headers)
        return answer.iter_bytes(count)

    def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> Iterable[bytes]:
        """Send a response instead of the app's."""
        self.drain()
        phrase = http.client.responses.get(status, "Unknown")
        length = {} if status in (204, 304) else {"Content-Length": str(len(body))}
        sent = list({**headers, **length}.items())
        RequestRecord.of(self.environ).response = Message.of(sent, body)
        self.start_response(f"{status} {phrase}", sent)
        return [body]

    def drain(self) -> None:
        """Read the request to its end.

        Closing a connection with unread bytes resets it, and the response may be lost.
        """
        request = RequestRecord.of(self.environ).request = Message()
        while block := self.environ["wsgi.input"].read(BLOCK_BYTES):
            request.append(block)

    def wait(self, seconds: float) -> None:
        """Wait, unless the client leaves or the server stops."""
        connection = self._connection()
        stopping = connection.stopping if connection else Event()
        while seconds > 0 and not stopping.wait(min(seconds, STEP_SECONDS)):
            seconds -= STEP_SECONDS
            if connection and connection.has_client_left():
                raise connection_aborted()


def _cut(part: Iterator[bytes], reset: Connection | None) -> Iterator[bytes]:
    yield from part
    if reset:
        reset.reset()
    raise connection_aborted()


def _no_write(_: bytes) -> NoReturn:
    raise NotImplementedError("Flask does not call write()")
