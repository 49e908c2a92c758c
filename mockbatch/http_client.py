"""One HTTP exchange with another server: a request, its response, and a deadline for both."""

import contextlib
import socket
from collections.abc import Mapping, Sequence
from email.message import Message
from http.client import HTTPConnection
from threading import Timer

from msgspec import Struct

from mockbatch.jsonio import parse
from mockbatch.typing import Json

# A sequence of chunks is sent with `Transfer-Encoding: chunked`, without a Content-Length.
Body = bytes | Sequence[bytes]


class HttpResponse(Struct, frozen=True):
    """A server's response; `headers` is case-insensitive.

    `is_truncated` means that `content` is not the whole body: the connection broke, or the body
    has as many bytes as the caller was willing to read, or more.
    """

    status: int
    headers: Message
    content: bytes
    is_truncated: bool = False

    @property
    def text(self) -> str:
        """The body, decoded as UTF-8."""
        return self.content.decode(errors="replace")

    @property
    def is_html(self) -> bool:
        """True if the body is a web page, by its media type or its first character."""
        media_type = str(self.headers.get("Content-Type", ""))
        return media_type.startswith("text/html") or self.content.lstrip()[:1] == b"<"

    def json(self) -> Json:
        """Return the body parsed as JSON; raise ValueError if it is not JSON."""
        return parse(self.content)


def exchange(
    connection: HTTPConnection,
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: Body | None,
    *,
    timeout_seconds: float,
    max_bytes: int,
) -> HttpResponse:
    """Connect, send a request, return the response, and close the connection.

    Redirects are returned, not followed. Reads at most `max_bytes` of the body. Raises
    TimeoutError unless the exchange ends within `timeout_seconds`, and the OSError or
    HTTPException of whatever else goes wrong.
    """
    with contextlib.closing(connection), Deadline(timeout_seconds) as deadline:
        try:
            connection.connect()
            deadline.watch(connection.sock)
            connection.request(method, path, body, dict(headers))
            with connection.getresponse() as response:
                content = response.read(max_bytes)
                is_truncated = bool(response.length) or len(content) == max_bytes
                return HttpResponse(response.status, response.headers, content, is_truncated)
        finally:
            deadline.check()


class Deadline:
    """Shuts a connection down after some seconds, unless the `with` block has ended by then.

    A socket's own timeout limits each read, so a server that sends a byte now and then never
    exceeds it. The timer waits on a lock instead of reading a clock, so a test that has frozen
    the time does not stop it.
    """

    def __init__(self, seconds: float) -> None:
        self._timer = Timer(seconds, self._shut_down)
        self._timer.daemon = True
        self._connection: socket.socket | None = None
        self._has_passed = False

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        """Set the connection to shut down; raise TimeoutError if the deadline has passed."""
        self._connection = connection
        self.check()

    def check(self) -> None:
        """Raise TimeoutError if the deadline has passed.

        A response that was cut off by it may look complete.
        """
        if self._has_passed:
            raise TimeoutError

    def _shut_down(self) -> None:
        self._has_passed = True
        if self._connection is not None:
            with contextlib.suppress(OSError):  # already closed
                # SSLSocket.shutdown would drop the TLS layer and read on in plain text.
                socket.socket.shutdown(self._connection, socket.SHUT_RDWR)
