"""Authentication: the key of a request, and the world it opens."""

from collections.abc import Mapping
from typing import Any

from flask import Request, g, request

from mockbatch.errors import ApiError, api_error
from mockbatch.faults.request_record import RequestRecord
from mockbatch.web import dashboard
from mockbatch.web.context import ServerState, server
from mockbatch.web.credentials import request_key
from mockbatch.world.keys import key_digest
from mockbatch.world.world import World

#: The Flask endpoints of the routes that need no key.
PUBLIC_ENDPOINTS = frozenset({"control_server.health", dashboard.PAGE_FILE})

#: With the owner's key, this header names another world by its digest in `GET /_mock/worlds`.
WORLD_HEADER = "X-Mockbatch-World"

_READ_ONLY_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def authenticate(request: Request) -> None:
    """Open the world of the request's key; ApiError 401 without an accepted key.

    An unknown URL or method is reported even if the key is missing or wrong. With a valid key
    it is journaled in its world.
    """
    if request.path.startswith("/_mock"):
        _authenticate_control(request)
        return
    try:
        key = request_key(request.environ)
        if key is None:
            raise api_error("no_authorization")
        server().worlds.check_key(key)
        record = RequestRecord.of(request.environ)
        if record.failure is not None:
            raise record.failure
        # Looking into a store again would take as long as the rest of the request.
        found = record.world
        g.world = _without_expired(found) if isinstance(found, World) else open_world(key)
    except ApiError:
        if request.routing_exception is None:
            raise


def _authenticate_control(request: Request) -> None:
    """Raise ApiError 401 for a call of the control API without an accepted key, if there are any.

    An accepted key is also needed to learn which routes there are. Only a health check and the
    files of the dashboard need none. `control/guard.py` opens the world.
    """
    is_internal = RequestRecord.of(request.environ).due_world is not None
    if server().settings.api_keys and not is_internal and request.endpoint not in PUBLIC_ENDPOINTS:
        world_key()


def open_world(key: str) -> World:
    """Return the world of a key; only a request that changes something creates a lasting one.

    Whatever has expired in it is removed first.
    """
    return _without_expired(server().worlds.open(key, is_read_only=_is_read_only()))


def _without_expired(world: World) -> World:
    world.release_expired()
    return world


def world_key() -> str:
    """Return the key of the request's world; without a key, that of the server's only world.

    With the owner's key, a header may name another world to the control API. ApiError 401 if the
    key is not accepted, or is missing and the server has a list of accepted keys; 400 if it is
    missing and the server has several worlds.
    """
    key, digest = request_key(request.environ), request.headers.get(WORLD_HEADER)
    if key is not None:
        server().worlds.check_key(key)
    elif server().settings.api_keys:
        raise api_error("no_authorization")
    if digest is not None:
        return _other_world(digest)
    return server().worlds.default_key() if key is None else key


def _other_world(digest: str) -> str:
    """Return the key of the world with this digest; ApiError 403 for all but the owner."""
    check_owner("not_your_world")
    for name in server().worlds.names():
        if key_digest(name) == digest:
            return name
    raise api_error("no_such_world", digest=digest)


def check_owner(refusal: str) -> None:
    """Raise this ApiError 403 unless the request has the key that `mockbatch serve` prints."""
    if request_key(request.environ) != server().settings.owner_key:
        raise api_error(refusal)


def _is_read_only() -> bool:
    return request.method in _READ_ONLY_METHODS or request.routing_exception is not None


def existing_world(state: ServerState, environ: Mapping[str, Any]) -> World | None:
    """Return the world that the key in a WSGI environ opens, None if there is none yet.

    For code outside Flask's request context. ApiError 503 if the store cannot be used.
    """
    try:
        key = request_key(environ)
        if key is None:
            return None
        state.worlds.check_key(key)
    except ApiError:  # which the handler of the request is going to meet, too
        return None
    return state.worlds.find(key)
