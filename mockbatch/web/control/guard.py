"""Who may call the control API, and which world a call is about."""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import g, request

from mockbatch.errors import api_error
from mockbatch.web.auth import open_world, world_key
from mockbatch.web.context import server

# How much of a header a message repeats.
_MAX_ECHOED_CHARACTERS = 200


def check_caller() -> None:
    """Refuse requests of foreign web pages, which can reach loopback; ApiError 403."""
    host = request.headers.get("Host", "")
    settings = server().settings
    if not _is_local_host(host, settings.host, settings.allowed_hosts):
        raise api_error("foreign_host", value=host[:_MAX_ECHOED_CHARACTERS])
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != host:
        raise api_error("foreign_origin", value=origin[:_MAX_ECHOED_CHARACTERS])


def guard() -> None:
    """Check the caller, and open the world of its key."""
    check_caller()
    g.world = open_world(world_key())


@lru_cache(64)
def _is_local_host(host: str, own: str, allowed: frozenset[str]) -> bool:
    """Return whether a Host header is safe from DNS rebinding.

    An attack needs a public domain name that resolves to this machine. So addresses, names
    without a dot and the names that the server knows are safe.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if "." not in name or name in {own, "host.docker.internal", *allowed}:
        return bool(name)
    try:
        return bool(ip_address(name))
    except ValueError:
        return name.endswith(".localhost")
