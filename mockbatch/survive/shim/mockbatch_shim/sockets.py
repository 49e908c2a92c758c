"""Whether a request is in flight: bytes were sent to a server, and none came back yet."""

from __future__ import annotations

import socket
import time
from typing import Any, Callable

_real_monotonic = time.monotonic
# A connection on which nothing came back for so long does not hold time still any longer: the
# slowest answer of the catalogue is 30 seconds late.
_PATIENCE_SECONDS = 35
_STREAMS = (socket.AF_INET, socket.AF_INET6)


class InFlight:
    """The connections on which this process waits for an answer."""

    def __init__(self) -> None:
        self._servers: dict[int, bool] = {}  # file descriptors that were connected
        self._sent_at: dict[int, float] = {}
        self.request_count = 0

    def __bool__(self) -> bool:
        earliest = _real_monotonic() - _PATIENCE_SECONDS
        return any(at >= earliest for at in list(self._sent_at.values()))

    def connected(self, connection: socket.socket) -> None:
        """Note a connection to a server."""
        is_stream = connection.family in _STREAMS and connection.type & socket.SOCK_STREAM
        self._sent_at.pop(connection.fileno(), None)
        self._servers[connection.fileno()] = bool(is_stream)

    def sent(self, connection: socket.socket) -> None:
        """Note that bytes are sent."""
        if self._servers.get(connection.fileno()):
            self.request_count += connection.fileno() not in self._sent_at
            self._sent_at[connection.fileno()] = _real_monotonic()

    def received(self, connection: socket.socket) -> None:
        """Note that bytes, or the end of the connection, have arrived."""
        self._sent_at.pop(connection.fileno(), None)

    def closed(self, connection: socket.socket) -> None:
        """Forget a connection."""
        self._sent_at.pop(connection.fileno(), None)
        self._servers.pop(connection.fileno(), None)


def install() -> InFlight:
    """Watch the sockets of this process."""
    in_flight = InFlight()
    for name in ("connect", "connect_ex"):
        _watch(name, before=in_flight.connected)
    for name in ("send", "sendall", "sendmsg"):
        _watch(name, before=in_flight.sent)
    for name in ("recv", "recv_into", "recvmsg"):
        _watch(name, after=in_flight.received)
    for name in ("close", "detach"):
        _watch(name, before=in_flight.closed)
    return in_flight


def _nothing(_: socket.socket) -> None:
    return None


def _watch(
    name: str,
    before: Callable[[socket.socket], None] = _nothing,
    after: Callable[[socket.socket], None] = _nothing,
) -> None:
    real: Any = getattr(socket.socket, name)

    def watched(self: socket.socket, *args: Any, **options: Any) -> Any:
        before(self)
        result = real(self, *args, **options)
        after(self)
        return result

    watched.__name__, watched.__doc__ = name, real.__doc__
    setattr(socket.socket, name, watched)
