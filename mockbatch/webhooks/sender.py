"""Sends one webhook: an HTTP POST that follows no redirect and has a deadline."""

import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Mapping
from functools import cache
from http.client import HTTPConnection

from mockbatch.http_client import exchange
from mockbatch.webhooks.delivery import AttemptResult
from mockbatch.webhooks.target import Target

log = logging.getLogger(__name__)

#: How much of a response's body is read, and how much of it is kept to be shown.
MAX_BODY_BYTES = 4096
MAX_SHOWN_CHARACTERS = 200


def post(
    target: Target, headers: Mapping[str, str], body: bytes, timeout_seconds: float
) -> AttemptResult:
    """Send a body and return the result, whatever the receiver does.

    Everything together, from connecting to the end of the response, takes at most
    `timeout_seconds`.
    """
    try:
        return _post(target, headers, body, timeout_seconds)
    except TimeoutError:
        error = f"no response within {timeout_seconds:g} seconds"
        return AttemptResult(error=error, has_timed_out=True)
    except Exception as error:  # noqa: BLE001 - a receiver's error is not an error of mockbatch
        if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
            log.error("a webhook could not be sent: %s", error)
        return AttemptResult(error=f"{type(error).__name__}: {error}"[:MAX_SHOWN_CHARACTERS])


def _post(
    target: Target, headers: Mapping[str, str], body: bytes, timeout_seconds: float
) -> AttemptResult:
    response = exchange(
        _ResolvedConnection(target, timeout_seconds),
        "POST",
        target.path,
        headers,
        body,
        timeout_seconds=timeout_seconds,
        max_bytes=MAX_BODY_BYTES,
    )
    return AttemptResult(response.status, response=response.text[:MAX_SHOWN_CHARACTERS])


class _ResolvedConnection(HTTPConnection):
    """A connection to addresses that were resolved and checked before; it resolves no name."""

    def __init__(self, target: Target, timeout_seconds: float) -> None:
        super().__init__(target.host, target.port)
        self._target = target
        self._timeout_seconds = timeout_seconds

    def connect(self) -> None:
        """Connect to the first address that accepts; for https, do the TLS handshake."""
        self.sock = _connect(self._target, self._timeout_seconds)
        self.sock.settimeout(self._timeout_seconds)
        if self._target.is_https:
            self.sock = _tls_context().wrap_socket(self.sock, server_hostname=self._target.host)


def _connect(target: Target, timeout_seconds: float) -> socket.socket:
    """Return a connection to the first address that accepts; all attempts share the time."""
    *others, last = target.addresses
    share = timeout_seconds / len(target.addresses)
    for address in others:
        with contextlib.suppress(OSError):
            return socket.create_connection((address, target.port), share)
    return socket.create_connection((last, target.port), share)


@cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()
