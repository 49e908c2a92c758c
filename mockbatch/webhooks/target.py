"""Where a webhook may go: this machine, and the hosts that whoever serves has allowed.

A name is resolved once. The addresses found then are those that are judged and, later,
those that are called: a name that points elsewhere afterwards leads nowhere.
"""

import re
import socket
from collections.abc import Collection
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from mockbatch.errors import ApiError, api_error

PORTS = {"http": 80, "https": 443}
_NAME = re.compile(r"[a-z0-9_.-]+")


class Target(NamedTuple):
    """A URL, taken apart, and the addresses of its host."""

    url: str
    secure: bool
    host: str
    port: int
    path: str
    addresses: tuple[str, ...]


def parse_host(text: str) -> str:
    """Return the normal form of a host that may be called; ValueError for what is none."""
    try:
        return str(ip_address(text))
    except ValueError:
        if _NAME.fullmatch(text.lower()):
            return text.lower()
    raise ValueError(f"{text!r} is neither the name nor the address of a host")


def resolve_target(url: str, allowed: Collection[str] | None, param: str = "url") -> Target:
    """Return the target that a URL names; ApiError 400 for one that must not be called.

    `allowed` are hosts and addresses beside those of this machine, None for whatever there
    is. This may ask a name server.
    """
    try:
        parts = urlsplit(url)
        port = PORTS.get(parts.scheme, 0) if parts.port is None else parts.port
    except ValueError as error:
        raise _invalid(param, str(error)) from None
    host = parts.hostname or ""
    _check(parts, host, url, param)
    addresses = _resolved(host, port, param)
    if allowed is None or host in allowed:
        may = addresses
    else:
        may = [one for one in addresses if one in allowed or ip_address(one).is_loopback]
    if not may:
        raise api_error("host_not_allowed", param=param, host=host, address=addresses[0])
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(url, parts.scheme == "https", host, port, path, tuple(may))


def _check(parts: SplitResult, host: str, url: str, param: str) -> None:
    if parts.scheme not in PORTS:
        raise _invalid(param, "it is neither an http nor an https URL")
    if not host:
        raise _invalid(param, "it names no host")
    if parts.port == 0:
        raise _invalid(param, "nobody listens on port 0")
    if parts.username is not None or parts.password is not None:
        raise _invalid(param, "it holds a user name or a password")
    if not url.isascii() or not url.isprintable() or " " in url:
        raise _invalid(param, "it holds characters that a URL has to escape")


def _resolved(host: str, port: int, param: str) -> list[str]:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise _invalid(param, f"its host cannot be found: {error}") from None
    # The zone of a link-local address is no part of it.
    return list(dict.fromkeys(str(one[4][0]).partition("%")[0] for one in found))


def _invalid(param: str, reason: str) -> ApiError:
    return api_error("invalid_value", param=param, reason=reason)
