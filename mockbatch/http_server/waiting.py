"""The connections that no thread is handling: new ones, and those between two requests."""

import errno
import logging
import selectors
from typing import TYPE_CHECKING, Any

from cheroot.connections import ConnectionManager

if TYPE_CHECKING:
    from mockbatch.http_server.connection import Connection

# The steps of deadlines, in seconds.
TICK_SECONDS = 0.25
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}

log = logging.getLogger("mockbatch.http_server")


class WaitingConnections(ConnectionManager):
    """Gives a connection to a thread when its client has sent something.

    A silent client costs a file descriptor and nothing else. If there are none left, the
    connection that has been waiting longest makes room for a new one.
    """

    server: Any
    _from_server_socket: Any
    _selector: Any
    _stop_requested: bool

    def put(self, conn: "Connection") -> None:
        """Wait for a client's next bytes."""
        self._selector.register(conn.socket.fileno(), selectors.EVENT_READ, data=conn)

    def _run(self, _: float) -> None:
        seen_ticks = 0
        while not self._stop_requested:
            for descriptor, conn in self._selector.select(timeout=TICK_SECONDS):
                if conn is self.server:
                    self._accept()
                else:
                    self._selector.unregister(descriptor)
                    self.server.process_conn(conn)
            if seen_ticks != self.server.ticks:
                seen_ticks = self.server.ticks
                self._expire_heads(seen_ticks)

    def _accept(self) -> None:
        for _ in range(self.server.accepted_at_once):
            try:
                conn = self._from_server_socket(self.server.socket)
            except OSError as error:
                if error.errno not in _EXHAUSTED or not self._close_longest_waiting():
                    raise
                continue
            if conn is None:
                return
            self.put(conn)

    def _close_longest_waiting(self) -> bool:
        for descriptor, conn in self._waiting():
            log.warning("No file descriptors left: closed the connection that waited longest")
            self._selector.unregister(descriptor)
            conn.close()
            return True
        return False

    def _expire_heads(self, ticks: int) -> None:
        for descriptor, conn in self._waiting():
            if conn.head_deadline is not None and conn.head_deadline <= ticks:
                self._selector.unregister(descriptor)
                conn.expire_head()

    def _waiting(self) -> "list[tuple[int, Connection]]":
        """Return the connections that wait, the one that has waited longest first."""
        everything = list(self._selector.connections)
        return [(descriptor, conn) for descriptor, conn in everything if conn is not self.server]
