"""A client's connection: its socket as two streams, and one request on it after the other.

cheroot reads and writes sockets through Python's own buffers and sends headers separately.
Both take a third of the time of a short response, so the streams here replace them.
"""

import contextlib
import io
import math
import socket
from typing import TYPE_CHECKING, Any

from cheroot import server

from mockbatch.http_server.request import BLOCK_BYTES, Body, Request

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Limits for reading the rest of a body that the app left unread.
DRAIN_SECONDS, DRAIN_BYTES = 1.0, 64 << 20
# How long a thread waits on a connection for its next request, which it then handles at once.
NEXT_REQUEST_SECONDS = 0.2


class _SocketInput(io.RawIOBase):
    """The bytes that a client sends; unlike socket.SocketIO, still readable after a timeout."""

    def __init__(self, socket: socket.socket) -> None:
        self._socket = socket

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        return self._socket.recv_into(buffer)


class _Reader(io.BufferedReader):
    """Buffered input from a socket."""

    def has_data(self) -> bool:
        """Return False: cheroot may select() on the socket, as `_has_next_request` has peeked."""
        return False


class _Writer:
    """Unbuffered output to a socket, except that headers are sent with the bytes after them."""

    def __init__(self, socket: socket.socket) -> None:
        self._socket = socket
        self._buffered = b""
        #: Whether `write` buffers; the next unbuffered write sends it all.
        self.is_buffering = False

    def write(self, data: bytes) -> None:
        """Buffer or send data, after what is buffered."""
        if self.is_buffering:
            self._buffered += data
            return
        data, self._buffered = self._buffered + data, b""
        self._socket.sendall(data)

    def flush(self) -> None:
        """Send what is buffered."""
        if self._buffered:
            self.write(b"")


class Connection(server.HTTPConnection):
    """A client's connection."""

    RequestHandlerClass = Request
    #: Whether the server itself, not the app, answered with an error.
    server_error_sent = False
    # Always "just used": otherwise a mocked clock jump would expire every keep-alive connection.
    last_used = property(lambda _: math.inf, lambda _, __: None)

    def __init__(self, server: Any, socket: socket.socket, _: object = None) -> None:
        super().__init__(server, socket, lambda *_: None)
        self.rfile = _Reader(_SocketInput(socket), BLOCK_BYTES)
        self.wfile = _Writer(socket)

    def communicate(self) -> bool:
        """Handle requests as long as they follow closely; return whether to keep it open."""
        while self._handle_request():
            if not self._has_next_request():
                return True
        return False

    def _handle_request(self) -> bool:
        keep_open = bool(super().communicate())  # type: ignore[no-untyped-call]
        if self.server_error_sent:
            # Closing with unread bytes resets the connection, and the response may be lost.
            self.shutdown(socket.SHUT_WR)
            self.drain(Body(self.rfile, DRAIN_BYTES))
        return keep_open

    def _has_next_request(self) -> bool:
        """Wait a little for the client's next bytes, or for the end of its stream."""
        self.socket.settimeout(NEXT_REQUEST_SECONDS)
        try:
            self.rfile.peek(1)
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(self.server.timeout)
        return True

    def drain(self, body: Body) -> bool:
        """Read and discard a body; return False if it is too long, too slow or malformed."""
        total, scratch = 0, bytearray(BLOCK_BYTES)
        with contextlib.suppress(OSError):
            self.socket.settimeout(DRAIN_SECONDS)
            while total < DRAIN_BYTES and (count := body.readinto(scratch)):
                total += count
            self.socket.settimeout(self.server.timeout)
            return total < DRAIN_BYTES
        return False

    def shutdown(self, how: int) -> None:
        """Shut down the TCP connection; SSLSocket.shutdown() would continue in plain text."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.socket, how)

    def close(self) -> None:
        """Close the connection, even if a fault has closed its socket."""
        with contextlib.suppress(OSError):
            super().close()
        self.socket.close()
