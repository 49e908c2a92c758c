"""Where a webhook may go: to this machine, and to hosts that the server is configured to allow.

A name is resolved once, when the endpoint is created. Its addresses are checked then, and only
those are ever called, even if the name resolves to others later.
"""

import errno
import re
import socket
from collections.abc import Collection
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from mockbatch.errors import ApiError, api_error

DEFAULT_PORTS = {"http": 80, "https": 443}
_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_HOST_NAME = re.compile(r"[a-z0-9_.-]+")


class Target(NamedTuple):
    """A URL in parts, and the addresses of its host; `path` includes the query."""

    url: str
    is_https: bool
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def parse_host(text: str) -> str:
    """Return the normal form of a host's name or address; ValueError for any other text."""
    try:
        return str(ip_address(text))
    except ValueError:
        if _HOST_NAME.fullmatch(text.lower()):
            return text.lower()
    raise ValueError(f"{text!r} is neither the name nor the address of a host")


def resolve_target(url: str, allowed_hosts: Collection[str] | None, param: str = "url") -> Target:
    """Return the target of a URL; ApiError 400 if it is not allowed or cannot be resolved.

    Raises OSError if this process has no file descriptor or memory left to resolve its name.

    This machine and `allowed_hosts` (names and addresses) are allowed, or any host if that is
    None. This may query a name server.
    """
    try:
        parts = urlsplit(url)
        port = DEFAULT_PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError as error:
        raise _invalid(param, str(error)) from None
    host = parts.hostname or ""
    _check(parts, host, url, param)
    addresses = _resolve(host, port, param)
    if allowed_hosts is None or host in allowed_hosts:
        allowed = addresses
    else:
        allowed = [
            address
            for address in addresses
            if address in allowed_hosts or ip_address(address).is_loopback
        ]
    if not allowed:
        raise api_error("host_not_allowed", param=param, host=host, address=addresses[0])
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(url, parts.scheme == "https", host, port, path, tuple(allowed))


def _check(parts: SplitResult, host: str, url: str, param: str) -> None:
    if parts.scheme not in DEFAULT_PORTS:
        raise _invalid(param, "it is not an http or https URL")
    if not host:
        raise _invalid(param, "it has no host")
    if parts.port == 0:
        raise _invalid(param, "its port is 0")
    if parts.username is not None or parts.password is not None:
        raise _invalid(param, "it contains a user name or password")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise _invalid(param, "it contains characters that must be escaped in a URL")


def _resolve(host: str, port: int, param: str) -> list[str]:
    try:
        results = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        _check_own_fault(error)
        raise _invalid(param, f"its host cannot be resolved: {error}") from None
    # The zone of a link-local address is not part of the address.
    return list(dict.fromkeys(str(result[4][0]).partition("%")[0] for result in results))


def _check_own_fault(error: Exception) -> None:
    """Raise OSError if a host was not resolved because this process lacks the resources."""
    if isinstance(error, OSError) and error.errno in _EXHAUSTED:
        raise error
    if isinstance(error, socket.gaierror):
        # Without a file descriptor, a resolver may report an unknown name or a temporary failure.
        socket.socket().close()


def _invalid(param: str, reason: str) -> ApiError:
    return api_error("invalid_value", param=param, reason=reason)
