"""Receivers on a socket with scripted behaviour, good or bad."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.support.dripping import dripping

Behaviour = Callable[[socket.socket], None]


class RawReceiver:
    """A receiver that keeps each request that it gets, as it came, and then behaves."""

    def __init__(self, behave: Behaviour) -> None:
        self._behave = behave
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self.requests: list[bytes] = []
        self.gone = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            self.requests.append(_request(connection))
            self._behave(connection)

    def close(self) -> None:
        """Listen no more."""
        self.gone.set()
        with suppress(OSError):  # wakes accept()
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


def _request(connection: socket.socket) -> bytes:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(1 << 16)
    head, _, body = received.partition(b"\r\n\r\n")
    [length] = [
        int(line.split(b":")[1])
        for line in head.lower().split(b"\r\n")
        if line.startswith(b"content-length:")
    ]
    while len(body) < length:
        body += connection.recv(1 << 16)
    return head + b"\r\n\r\n" + body


@contextmanager
def receiving(behave: Behaviour) -> Iterator[RawReceiver]:
    """Receive until the block is left."""
    receiver = RawReceiver(behave)
    try:
        yield receiver
    finally:
        receiver.close()


def answers(status: int, *headers: str, body: bytes = b"") -> Behaviour:
    """Answer with a status."""
    lines = [f"HTTP/1.1 {status} -", *headers, f"Content-Length: {len(body)}", "", ""]
    return lambda connection: connection.sendall("\r\n".join(lines).encode() + body)


def hangs(connection: socket.socket) -> None:
    """Say nothing, until the other side goes."""
    connection.recv(1)


def closes(connection: socket.socket) -> None:
    """Close without a word."""


# Headers without end, a line now and then.
drips = dripping(b"HTTP/1.1 200 OK\r\n", b"x-more: 1\r\n")
# A body that ends with the connection.
drips_body = dripping(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x")
# The longest message of TLS.
drips_handshake = dripping(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\x03")


def babbles(connection: socket.socket) -> None:
    """Send what is no HTTP."""
    connection.sendall(b"hello\r\n\r\n")


def floods(connection: socket.socket) -> None:
    """Send a body without end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        connection.sendall(b"x" * 65536)
