"""What the routes of one app share, and what belongs to the request at hand."""

from itertools import count

from flask import current_app, g

from mockbatch import clock
from mockbatch.ids import Seed, request_id
from mockbatch.world.registry import WorldRegistry
from mockbatch.world.settings import ServerSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.world import World

EXTENSION = "mockbatch"


class ServerState:
    """One server's settings and worlds; kept in `app.extensions`, so that two never meet."""

    def __init__(self, settings: ServerSettings, beginning: Snapshot | None) -> None:
        self.settings = settings
        self.worlds = WorldRegistry(settings, beginning)
        self.started = clock.monotonic()
        self._nowhere = Seed.of(settings.world.seed, "requests without a world")
        self._requests_nowhere = count()

    def next_request_id(self) -> str:
        """Return the id of one more request to no world that is kept."""
        return request_id(self._nowhere.child(next(self._requests_nowhere)))


def server() -> ServerState:
    """Return what belongs to the server that handles this request."""
    found: ServerState = current_app.extensions[EXTENSION]
    return found


def world() -> World:
    """Return the world of this request's key."""
    found: World = g.world
    return found


def api_headers(organization: str, milliseconds: int, request_id: str) -> dict[str, str]:
    """Return the headers that every answer of `/v1` carries.

    Source: every recorded answer of 2026 has them.
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
