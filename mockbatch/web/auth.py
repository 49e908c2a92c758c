"""Who asks: the bearer key of a request, and the world that it opens."""

import base64
import binascii

from flask import g, request

from mockbatch.errors import ApiError, api_error
from mockbatch.web.context import ServerState, server
from mockbatch.world.world import World

_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def authenticate() -> None:
    """Open the world of the request's key; ApiError 401 without an accepted one.

    An unknown URL or method is told before a missing key, but journaled in the world of a
    good one.
    """
    if request.path.startswith("/_mock"):
        return  # the control API has rules of its own
    try:
        key = bearer_key()
        if key is None:
            raise api_error("no_authorization")
        g.world = open_world(key)
    except ApiError:
        if request.routing_exception is None:
            raise


def open_world(key: str) -> World:
    """Return the world of an accepted key; reading makes none."""
    worlds = server().worlds
    worlds.check_key(key)
    return worlds.open(key, is_read_only=_reads())


def default_world() -> World:
    """Return the world of a caller without a key: the only one there is."""
    return server().worlds.open_default(is_read_only=_reads())


def _reads() -> bool:
    return request.method in _READING or request.routing_exception is not None


def bearer_key() -> str | None:
    """Return the key of the Authorization header, None when there is no header of use.

    A scheme doubled by mistake is no key: `Bearer Bearer x` stays what it is and is refused.
    """
    return _key(request.headers.get("Authorization", ""))


def existing_world(state: ServerState, authorization: str) -> World | None:
    """Return the world that a header opens, for callers outside a request; None for none yet."""
    try:
        key = _key(authorization)
        if key is None:
            return None
        state.worlds.check_key(key)
    except ApiError:
        return None
    return state.worlds.find(key)


def _key(authorization: str) -> str | None:
    scheme, _, credentials = authorization.partition(" ")
    credentials = credentials.strip()
    if scheme.lower() == "basic":
        return _basic_user(credentials)
    if scheme.lower() != "bearer":
        return None
    if " " in credentials:
        raise api_error("no_authorization")
    return credentials


def _basic_user(credentials: str) -> str | None:
    try:
        user, _, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user or password
