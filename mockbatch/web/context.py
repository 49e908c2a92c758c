"""The state that the routes of one app share, and the world of the current request."""

import logging
import secrets
from collections.abc import Mapping

from flask import Flask, Request, current_app, g, request

from mockbatch import clock
from mockbatch.ids import RequestIds, Seed
from mockbatch.providers.provider import Provider
from mockbatch.world.registry import WorldRegistry
from mockbatch.world.settings import MEMORY, ServerSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.world import World

log = logging.getLogger(__name__)

EXTENSION = "mockbatch"
#: Where an app of another provider than OpenAI has its Provider.
PROVIDER_EXTENSION = "mockbatch.provider"


class ServerState:
    """One server's settings and worlds.

    It is in `app.extensions`, so that several servers can run in one process.
    """

    def __init__(self, settings: ServerSettings, beginning: Snapshot | None) -> None:
        self.settings = settings
        self.worlds = _open_worlds(settings, beginning)
        self.started = clock.monotonic()
        seed = Seed.of(settings.world.seed, "requests without a world")
        # Other processes with the same store count their own requests.
        is_shared = settings.state != MEMORY
        #: For requests that belong to no world of the registry.
        self.request_ids = RequestIds(seed.child(secrets.token_hex(8)) if is_shared else seed)


def _open_worlds(settings: ServerSettings, beginning: Snapshot | None) -> WorldRegistry:
    """Return the worlds of a server; ValueError if its store cannot be opened."""
    if settings.state == MEMORY:
        return WorldRegistry(settings, beginning)
    # Imported here, because a server in memory starts faster without.
    from mockbatch.stores.failure import StoreUnreachableError
    from mockbatch.stores.location import check_store
    from mockbatch.world.shared.registry import open_shared_worlds

    try:
        check_store(settings.state)
    except StoreUnreachableError as error:
        if not settings.waits_for_store:
            raise
        reason = str(error).rstrip(".")
        log.error("%s: until it can be reached, each request is a 503", reason)
    return open_shared_worlds(settings, beginning)


def current_request() -> Request:
    """Return the request behind Flask's proxy, which takes a microsecond at each use."""
    return request._get_current_object()  # type: ignore[attr-defined,no-any-return]


def current_flask_app() -> Flask:
    """Return the app behind Flask's proxy."""
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


def server() -> ServerState:
    """Return the state of the server that handles this request."""
    state: ServerState = current_flask_app().extensions[EXTENSION]
    return state


def provider() -> Provider | None:
    """Return the provider whose app handles this request, None for OpenAI."""
    return current_flask_app().extensions.get(PROVIDER_EXTENSION)


def world() -> World:
    """Return the world of this request's key."""
    current: World = g.world
    return current


def request_id() -> str:
    """Return the id of this request, the same at each call."""
    notes = g._get_current_object()
    if "request_id" not in notes:
        state, current, current_provider = server(), notes.get("world"), provider()
        # A world that is not kept starts from zero each time, so its ids would repeat.
        is_kept = current is not None and state.worlds.contains(current)
        id = (current.request_ids if is_kept else state.request_ids).next()
        notes.request_id = current_provider.request_id(id) if current_provider else id
    id_of_request: str = notes.request_id
    return id_of_request


def response_headers(
    state: ServerState, provider: Provider | None, milliseconds: int, request_id: str
) -> Mapping[str, str]:
    """Return the headers that every response of a provider has; None is OpenAI."""
    organization = state.settings.organization
    if provider is None:
        return api_headers(organization, milliseconds, request_id)
    return provider.headers(organization, milliseconds, request_id)


def api_headers(organization: str, milliseconds: int, request_id: str) -> dict[str, str]:
    """Return the headers that every response under `/v1` has.

    Source: every response recorded in 2026.
    """
    return {
        "openai-version": "2020-10-01",
        "openai-organization": organization,
        "openai-project": "proj_mockbatch",
        "openai-processing-ms": str(milliseconds),
        "x-request-id": request_id,
        "x-content-type-options": "nosniff",
        "access-control-expose-headers": "CF-Ray, X-Request-ID",
    }
