"""The floor of all that speaks HTTP: a server that has each answer ready as bytes."""

import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

Answers = Callable[[str, str], bytes]


def answer(body: bytes, content_type: str = "application/json") -> bytes:
    """Return a whole HTTP response."""
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class Canned:
    """A server on loopback, one thread a connection, that does nothing but read and write.

    `answers` gives the response to a method and a path.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self._open: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"

    def __enter__(self) -> "Canned":
        Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in (self._listening, *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._open.append(connection)
                Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError, ValueError):
            reader = connection.makefile("rb", 1 << 16)
            while line := reader.readline():
                method, path, _ = line.decode().split(" ", 2)
                length = 0
                while (header := reader.readline()) not in (b"\r\n", b""):
                    name, _, value = header.partition(b":")
                    if name.lower() == b"content-length":
                        length = int(value)
                while length:
                    length -= len(reader.read(min(length, 1 << 16))) or length
                connection.sendall(self._answers(method, path))
