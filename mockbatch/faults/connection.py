"""The client's connection, as a fault uses it below HTTP.

The objects behind it are the HTTP server's. What is done to them here is what
`mockbatch.http_server` promises to put up with.
"""

import errno
import os
import select
import socket
import struct
import sys
from threading import Event
from typing import Any

_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_FLUSH_STEP_SECONDS, _FLUSH_STEPS = 0.001, 1000


def connection_aborted() -> ConnectionAbortedError:
    """Return the exception that makes the server close the connection without a response."""
    # The server treats it as a client that has left: no response, and no traceback.
    return ConnectionAbortedError(errno.ECONNABORTED, "a fault hung up")


class Connection:
    """The connection of one request; `gateway` is the server's WSGI gateway."""

    def __init__(self, gateway: Any) -> None:
        self._request = gateway.req
        self._socket: socket.socket = gateway.req.conn.socket
        #: Set when the server is stopping.
        self.stopping: Event = gateway.req.server.stopping

    def end_body_by_closing(self) -> None:
        """End the response body by closing the connection, as in HTTP/1.0."""
        self._request.response_protocol = "HTTP/1.0"
        self._request.close_connection = True

    def reset(self) -> None:
        """Close with a TCP reset, after everything that was sent."""
        self._flush()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self._socket.close()

    def has_client_left(self) -> bool:
        """Return whether the client has closed its end; False if that cannot be detected."""
        # Not by reading: over TLS there may be a last record before the end.
        if sys.platform != "linux":
            return False
        poll = select.poll()
        poll.register(self._socket, select.POLLRDHUP)
        return bool(poll.poll(0))

    def _flush(self) -> None:
        """Wait until the client's machine has received everything: a reset discards the rest."""
        if sys.platform == "linux":
            import fcntl
            import termios

            for _ in range(_FLUSH_STEPS):
                queued = fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4))
                if not any(queued) or self.stopping.wait(_FLUSH_STEP_SECONDS):
                    break
