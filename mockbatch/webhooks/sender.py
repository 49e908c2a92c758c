"""One call of a receiver: an HTTP POST that follows nothing, trusts nothing and ends in time."""

import contextlib
import socket
import ssl
from collections.abc import Mapping
from functools import cache
from http.client import HTTPConnection

from mockbatch.http_client import exchange
from mockbatch.webhooks.delivery import AttemptResult
from mockbatch.webhooks.target import Target

# Of an answer: what is read of its body, and the characters of it that are kept.
MAX_BODY_BYTES = 4096
MAX_SHOWN_CHARACTERS = 200


def post(target: Target, headers: Mapping[str, str], body: bytes, timeout: float) -> AttemptResult:
    """Post a body and return what came of it, whatever the receiver does; in seconds."""
    try:
        return _answer(target, headers, body, timeout)
    except TimeoutError:
        return AttemptResult(error=f"no answer within {timeout:g} seconds", timed_out=True)
    except Exception as error:  # noqa: BLE001 - nothing that a receiver does is a failure of ours
        return AttemptResult(error=f"{type(error).__name__}: {error}"[:MAX_SHOWN_CHARACTERS])


def _answer(
    target: Target, headers: Mapping[str, str], body: bytes, timeout: float
) -> AttemptResult:
    response = exchange(
        _ResolvedConnection(target, timeout),
        "POST",
        target.path,
        headers,
        body,
        timeout_seconds=timeout,
        max_bytes=MAX_BODY_BYTES,
    )
    return AttemptResult(status_code=response.status, response=response.text[:MAX_SHOWN_CHARACTERS])


class _ResolvedConnection(HTTPConnection):
    """A connection to addresses that were resolved and checked before; no name is looked up."""

    def __init__(self, target: Target, timeout: float) -> None:
        super().__init__(target.host, target.port)
        self._target = target
        self._seconds = timeout

    def connect(self) -> None:
        """Connect to the first address that accepts, and shake hands if it is https."""
        self.sock = _connected(self._target, self._seconds)
        self.sock.settimeout(self._seconds)
        if self._target.secure:
            self.sock = _tls_context().wrap_socket(self.sock, server_hostname=self._target.host)


def _connected(target: Target, timeout: float) -> socket.socket:
    """Return a connection to the first address that takes one; they share the time."""
    *others, last = target.addresses
    share = timeout / len(target.addresses)
    for address in others:
        with contextlib.suppress(OSError):
            return socket.create_connection((address, target.port), share)
    return socket.create_connection((last, target.port), share)


@cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()
