"""A client's connection: its socket as two streams, and one request on it after the other.

cheroot reads and writes sockets by Python's own buffers and sends headers by themselves. Both
take a third of the time of a short answer, so the streams are ours, over the interpreter's.
"""

import contextlib
import io
import math
import socket
from typing import TYPE_CHECKING, Any

from cheroot import server

from mockbatch.http_server.request import BLOCK, Body, Request

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

DRAIN_SECONDS, DRAIN_BYTES = 1.0, 64 << 20  # for bytes that nobody wants
# How long a thread stays with a connection for its next request, which then finds it at once.
STAY_SECONDS = 0.2


class _Received(io.RawIOBase):
    """What a client sends; unlike socket.SocketIO, it can be read on after a time-out."""

    def __init__(self, socket: socket.socket) -> None:
        self._socket = socket

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        return self._socket.recv_into(buffer)


class _Reader(io.BufferedReader):
    """Reads from a socket."""

    def has_data(self) -> bool:
        """Tell cheroot that the socket may be waited for: `Connection.is_asked` has looked."""
        return False


class _Writer:
    """Writes to a socket at once, but for headers: these go with what is written after them."""

    def __init__(self, socket: socket.socket) -> None:
        self._socket = socket
        self._held = b""
        #: Whether what is written now is held.
        self.holds = False

    def write(self, data: bytes) -> None:
        """Send what was held and this."""
        if self.holds:
            self._held += data
            return
        data, self._held = self._held + data, b""
        self._socket.sendall(data)

    def flush(self) -> None:
        """Send what was held, if there is any."""
        if self._held:
            self.write(b"")


class Connection(server.HTTPConnection):
    """A client's connection."""

    RequestHandlerClass = Request
    refused = False  # the server itself answered with an error
    # Never long ago: a clock that jumps by a day would close all kept connections.
    last_used = property(lambda _: math.inf, lambda _, __: None)

    def __init__(self, server: Any, socket: socket.socket, _: object = None) -> None:
        super().__init__(server, socket, lambda *_: None)
        self.rfile = _Reader(_Received(socket), BLOCK)
        self.wfile = _Writer(socket)

    def communicate(self) -> bool:
        """Answer requests while they come without a pause; false to have it closed."""
        while self._answered():
            if not self._is_asked():
                return True
        return False

    def _answered(self) -> bool:
        keep = bool(super().communicate())  # type: ignore[no-untyped-call]
        if self.refused:
            # Closed upon unread bytes, the connection is reset and the answer may be lost.
            self.shutdown(socket.SHUT_WR)
            self.drain(Body(self.rfile, DRAIN_BYTES))
        return keep

    def _is_asked(self) -> bool:
        """Wait a little for the client's next request, or for its end."""
        self.socket.settimeout(STAY_SECONDS)
        try:
            self.rfile.peek(1)
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(self.server.timeout)
        return True

    def drain(self, body: Body) -> bool:
        """Read and drop a body; false if it is too long, too slow or broken."""
        total, scratch = 0, bytearray(BLOCK)
        with contextlib.suppress(OSError):
            self.socket.settimeout(DRAIN_SECONDS)
            while total < DRAIN_BYTES and (count := body.readinto(scratch)):
                total += count
            self.socket.settimeout(self.server.timeout)
            return total < DRAIN_BYTES
        return False

    def shutdown(self, how: int) -> None:
        """Shut down the TCP connection; an SSLSocket's own method would go on in plain text."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self.socket, how)

    def close(self) -> None:
        """Close it; a fault may have closed the socket."""
        with contextlib.suppress(OSError):
            super().close()
        self.socket.close()
