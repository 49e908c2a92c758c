"""Another side of a connection that never ends what it says."""

import socket
import threading
from collections.abc import Callable
from typing import NoReturn


def dripping(beginning: bytes, piece: bytes) -> Callable[[socket.socket], NoReturn]:
    """Return what sends a beginning, and then a piece now and then until the other side goes."""

    def drips(connection: socket.socket) -> NoReturn:
        connection.sendall(beginning)
        while True:
            connection.sendall(piece)
            threading.Event().wait(0.05)

    return drips
