"""The client's connection: what a fault does to it below HTTP.

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
    """Return what makes the server close the connection without another word, when raised."""
    # The one error that it takes for a client's leaving: no answer and no traceback.
    return ConnectionAbortedError(errno.ECONNABORTED, "a fault hung up")


class Connection:
    """The connection of a request; `request` is the HTTP server's object for it."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._socket: socket.socket = request.conn.socket
        #: Set when the server is stopping.
        self.stopping: Event = request.server.stopping

    def end_body_by_closing(self) -> None:
        """Let the end of the connection be the end of the answer's body, as in HTTP/1.0."""
        self._request.response_protocol = "HTTP/1.0"
        self._request.close_connection = True

    def reset(self) -> None:
        """Close with a TCP reset, behind all that was sent."""
        self._flush()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER)
        self._socket.close()

    def has_client_left(self) -> bool:
        """Return whether the client has closed its end; False where that cannot be seen."""
        # Not by reading: over TLS there may be a last record before the end.
        if sys.platform != "linux":
            return False
        poll = select.poll()
        poll.register(self._socket, select.POLLRDHUP)
        return bool(poll.poll(0))

    def _flush(self) -> None:
        """Wait until the client's machine has what was sent: a reset throws away the rest."""
        if sys.platform == "linux":
            import fcntl
            import termios

            for _ in range(_FLUSH_STEPS):
                queued = fcntl.ioctl(self._socket, termios.TIOCOUTQ, bytes(4))
                if not any(queued) or self.stopping.wait(_FLUSH_STEP_SECONDS):
                    break
