"""A client's connection: its socket as two streams, and its requests one by one.

cheroot reads and writes sockets through Python's own buffers and sends headers separately.
Both take a third of the time of a short response, so the streams here replace them.
"""

import contextlib
import io
import socket
import ssl
from typing import TYPE_CHECKING, Any

from cheroot import server

from mockbatch.http_server.head import can_be_parsed
from mockbatch.http_server.request import BLOCK_BYTES, Body, Request

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

# Limits for reading the rest of a body that the app left unread: the longest pause and the total.
DRAIN_SECONDS, DRAIN_TICKS, DRAIN_BYTES = 1.0, 20, 64 << 20
# How long a thread waits on a connection for its next request, which it then handles at once.
NEXT_REQUEST_SECONDS = 0.2
# The time that a client has for the headers of a request, from their first byte; in ticks.
HEAD_TICKS = 40
# After this time a client that keeps its thread waiting may lose it, if there are no others.
PATIENCE_TICKS = 2


class _SocketInput(io.RawIOBase):
    """The bytes that a client sends; unlike socket.SocketIO, still readable after a timeout."""

    def __init__(self, conn: "Connection") -> None:
        self._conn, self._recv_into = conn, conn.socket.recv_into
        #: Bytes that were read too early, to be read again.
        self.unread = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        if self.unread:
            view = memoryview(buffer)
            length = min(len(view), len(self.unread))
            view[:length], self.unread = self.unread[:length], self.unread[length:]
            return length
        self._conn.waits_for_client = True
        count: int = self._recv_into(buffer)
        self._conn.waits_for_client = False
        return count


class _Writer:
    """Unbuffered output to a socket, except that headers are sent with the bytes after them."""

    def __init__(self, conn: "Connection") -> None:
        self._conn, self._sendall = conn, conn.socket.sendall
        self._buffered = b""
        #: Whether `write` buffers; the next unbuffered write sends it all.
        self.is_buffering = False

    def write(self, data: bytes) -> None:
        """Buffer or send data, after what is buffered."""
        if self.is_buffering:
            self._buffered += data
            return
        data, self._buffered = self._buffered + data, b""
        self._conn.waits_for_client = True
        self._sendall(data)
        self._conn.waits_for_client = False

    def flush(self) -> None:
        """Send what is buffered."""
        if self._buffered:
            self.write(b"")


class Connection(server.HTTPConnection):
    """A client's connection."""

    RequestHandlerClass = Request
    #: Whether the server itself, not the app, answered with an error.
    server_error_sent = False
    #: The request line and headers of the request to handle.
    head = b""
    #: The tick by which the headers must be complete, once a part of them has come.
    head_deadline: int | None = None
    #: The tick in which the request in progress began; 0 between requests.
    request_tick = 0
    #: Its place among all requests of the server: many begin within one tick.
    request_number = 0
    #: Whether its thread is waiting for the client to send or receive.
    waits_for_client = False

    def __init__(self, server: Any, socket: socket.socket, _: object = None) -> None:
        super().__init__(server, socket, lambda *_: None)
        self._input = _SocketInput(self)
        self.rfile = io.BufferedReader(self._input, BLOCK_BYTES)
        self.wfile = _Writer(self)
        self._partial_head = bytearray()

    @property
    def is_stalled(self) -> bool:
        """Whether its thread waits for a client that has used up its time for the request."""
        is_old = 0 < self.request_tick <= self.server.ticks - PATIENCE_TICKS
        return is_old and self.waits_for_client

    def communicate(self) -> bool:
        """Handle requests while they follow closely; return whether to keep the connection open."""
        try:
            seconds = 0.0  # called when there is something to read
            while self._receive_head(seconds):
                if not self._handle_request():
                    return False
                seconds = self.server.requests.next_request_seconds
        except (TimeoutError, BlockingIOError, ssl.SSLWantReadError):
            return True
        return False

    def _handle_request(self) -> bool:
        self.request_number, self.waits_for_client = next(self.server.request_numbers), False
        self.request_tick = self.server.ticks
        keep_open = bool(super().communicate())  # type: ignore[no-untyped-call]
        if self.server_error_sent:
            # Closing with unread bytes resets the connection, and the response may be lost.
            self.shutdown(socket.SHUT_WR)
            self.drain(Body(self.rfile, DRAIN_BYTES))
        self.request_tick = 0
        return keep_open

    def _receive_head(self, seconds: float) -> bool:
        """Receive a head, waiting for its first byte only; return False at the stream's end.

        Raises an OSError if the head is not complete yet; the next call then continues.
        """
        self.socket.settimeout(seconds)
        try:
            end = -1 if self._partial_head else self.rfile.peek(1).find(b"\r\n\r\n", 1)
            if end < 0:
                return self._receive_part_of_head()
            self.head = self.rfile.read(end + 4)
            self.head_deadline = None
            return True
        finally:
            self.socket.settimeout(self.server.timeout)

    def _receive_part_of_head(self) -> bool:
        self.socket.settimeout(0)
        if self.head_deadline is None:
            self.head_deadline = self.server.ticks + HEAD_TICKS
        part, checked = self._partial_head, 0
        while not part or not can_be_parsed(part, checked):
            checked = len(part)
            received = self.rfile.read1(BLOCK_BYTES)
            if not received:
                return False
            part += received
        end = part.find(b"\r\n\r\n", 1)
        end = len(part) if end < 0 else end + 4
        self.head, self._input.unread = bytes(part[:end]), bytes(part[end:])
        self._partial_head, self.head_deadline = bytearray(), None
        return True

    def expire_head(self) -> None:
        """Respond that the headers took too long, if that needs no waiting, and close."""
        self.socket.settimeout(0)
        if self._partial_head:  # else a TLS handshake may be incomplete
            Request(self.server, self).simple_response("408 Request Timeout")
            self.shutdown(socket.SHUT_WR)
        self.close()

    def drain(self, body: Body) -> bool:
        """Read and discard a body; return False if it is too long, too slow or malformed."""
        total, scratch = 0, bytearray(BLOCK_BYTES)
        deadline = self.server.ticks + DRAIN_TICKS
        with contextlib.suppress(OSError):
            self.socket.settimeout(DRAIN_SECONDS)
            while total < DRAIN_BYTES and self.server.ticks < deadline:
                if not (count := body.readinto(scratch)):
                    self.socket.settimeout(self.server.timeout)
                    return True
                total += count
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
