"""The state that the routes of one app share, and the world of the current request."""

from flask import current_app, g

from mockbatch import clock
from mockbatch.ids import RequestIds, Seed
from mockbatch.world.registry import WorldRegistry
from mockbatch.world.settings import ServerSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.world import World

EXTENSION = "mockbatch"


class ServerState:
    """One server's settings and worlds.

    It is in `app.extensions`, so that several servers can run in one process.
    """

    def __init__(self, settings: ServerSettings, beginning: Snapshot | None) -> None:
        self.settings = settings
        self.worlds = WorldRegistry(settings, beginning)
        self.started = clock.monotonic()
        #: For requests that belong to no world of the registry.
        self.request_ids = RequestIds(Seed.of(settings.world.seed, "requests without a world"))


def server() -> ServerState:
    """Return the state of the server that handles this request."""
    state: ServerState = current_app.extensions[EXTENSION]
    return state


def world() -> World:
    """Return the world of this request's key."""
    current: World = g.world
    return current


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
