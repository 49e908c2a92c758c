"""A time in which a whole exchange with another server has to be over."""

import contextlib
import socket
from threading import Timer


class Deadline:
    """Cuts a connection after some seconds, unless the `with` block is over by then.

    The time-outs of a socket are for each read, and a server that sends a byte now and then
    meets none of them. The timer waits for a lock: no clock is read, and a frozen one does not
    matter.
    """

    def __init__(self, seconds: float) -> None:
        self._timer = Timer(seconds, self._cut)
        self._timer.daemon = True
        self._connection: socket.socket | None = None
        self._is_over = False

    def __enter__(self) -> "Deadline":
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, connection: socket.socket) -> None:
        """Let this be the connection; TimeoutError if the time is over already."""
        self._connection = connection
        self.check()

    def check(self) -> None:
        """Raise TimeoutError if the time is over: what was cut off may look like a whole answer."""
        if self._is_over:
            raise TimeoutError

    def _cut(self) -> None:
        self._is_over = True
        if self._connection is not None:
            with contextlib.suppress(OSError):  # it is closed
                # An SSLSocket's own method would go on in plain text.
                socket.socket.shutdown(self._connection, socket.SHUT_RDWR)
