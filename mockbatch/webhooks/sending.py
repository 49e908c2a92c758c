"""One call of a receiver: an HTTP POST that follows nothing, trusts nothing and ends in time."""

import contextlib
import socket
import ssl
from collections.abc import Mapping
from functools import cache
from http.client import HTTPConnection
from threading import Timer

from mockbatch.webhooks.address import Target
from mockbatch.webhooks.delivery import Answer

# Of an answer: what is read of its body, and the characters of it that are kept.
MOST_READ = 4096
MOST_SHOWN = 200


def call(target: Target, headers: Mapping[str, str], body: bytes, timeout: float) -> Answer:
    """Post a body and return what came of it, whatever the receiver does; in seconds."""
    try:
        with _Line(target, timeout) as line:
            try:
                return line.post(headers, body)
            finally:
                # Cut off, an answer may look like a failure, or like a whole one.
                line.check()
    except TimeoutError:
        return Answer(error=f"no answer within {timeout:g} seconds", timed_out=True)
    except Exception as error:  # noqa: BLE001 - nothing that a receiver does is a failure of ours
        return Answer(error=f"{type(error).__name__}: {error}"[:MOST_SHOWN])


class _Line:
    """A connection that is cut when its time is over.

    The time-outs of a socket are for each read, and a receiver that sends a byte now and then
    meets none of them. The timer waits for a lock: no clock is read, and a frozen one does not
    matter.
    """

    def __init__(self, target: Target, timeout: float) -> None:
        self._target = target
        self._timeout = timeout
        self._timer = Timer(timeout, self._cut)
        self._timer.daemon = True
        self._is_cut = False

    def __enter__(self) -> "_Line":
        target = self._target
        self._connection = HTTPConnection(target.host, target.port)
        self._socket = _connected(target, self._timeout)
        self._socket.settimeout(self._timeout)
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._connection.close()
        self._socket.close()

    def post(self, headers: Mapping[str, str], body: bytes) -> Answer:
        """Post a body."""
        if self._target.secure:
            self._socket = _certified().wrap_socket(self._socket, server_hostname=self._target.host)
            self.check()  # what was cut meanwhile was another socket
        # The connection itself would ask for the address of its host again.
        self._connection.sock = self._socket
        self._connection.request("POST", self._target.path, body, dict(headers))
        with self._connection.getresponse() as response:
            text = response.read(MOST_READ).decode(errors="replace")
            return Answer(status_code=response.status, response=text[:MOST_SHOWN])

    def check(self) -> None:
        """Raise TimeoutError if the time is over."""
        if self._is_cut:
            raise TimeoutError

    def _cut(self) -> None:
        self._is_cut = True
        with contextlib.suppress(OSError):  # it is closed
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _connected(target: Target, timeout: float) -> socket.socket:
    """Return a connection to the first address that takes one; they share the time."""
    *others, last = target.addresses
    share = timeout / len(target.addresses)
    for address in others:
        with contextlib.suppress(OSError):
            return socket.create_connection((address, target.port), share)
    return socket.create_connection((last, target.port), share)


@cache
def _certified() -> ssl.SSLContext:
    return ssl.create_default_context()
