"""The client's connection: what a fault does to it below HTTP.

It reaches into objects of the HTTP server, in the ways that `mockbatch.http_server` supports.
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
    """Return the exception with which the server closes the connection and sends nothing more."""
    # The only one that the server ignores, as it means that the client has disconnected.
    return ConnectionAbortedError(errno.ECONNABORTED, "a fault closed the connection")


class Connection:
    """The connection of a request; `request` is the HTTP server's object for it."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._socket: socket.socket = request.conn.socket
        #: Set when the server is stopping.
        self.stopping: Event = request.server.stopping

    def end_body_by_closing(self) -> None:
        """Mark the end of the body by closing the connection, as in HTTP/1.0."""
        self._request.response_protocol = "HTTP/1.0"
        self._request.close_connection = True

    def reset(self) -> None:
        """Close with a TCP reset, after everything that was sent has arrived."""
        self._flush()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self._socket.close()

    def has_client_left(self) -> bool:
        """Return whether the client has closed its end; False on systems that cannot tell."""
        # Not by reading: over TLS the last record may come before the end.
        if sys.platform != "linux":
            return False
        poll = select.poll()
        poll.register(self._socket, select.POLLRDHUP)
        return bool(poll.poll(0))

    def _flush(self) -> None:
        """Wait until the client's machine has received all data; a reset discards the rest."""
        if sys.platform == "linux":
            import fcntl
            import termios

            for _ in range(_FLUSH_STEPS):
                queued = fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4))
                if not any(queued) or self.stopping.wait(_FLUSH_STEP_SECONDS):
                    break
