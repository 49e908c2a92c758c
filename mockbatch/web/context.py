"""What the routes of one app share, and what belongs to the request at hand."""

from itertools import count

from flask import current_app, g

from mockbatch import clock
from mockbatch.ids import Seed, request_id
from mockbatch.settings import ServerSettings
from mockbatch.state.state import State
from mockbatch.world import World
from mockbatch.worlds import Worlds

EXTENSION = "mockbatch"


class ServerState:
    """One server's settings and worlds; kept in `app.extensions`, so that two never meet."""

    def __init__(self, settings: ServerSettings, beginning: State | None) -> None:
        self.settings = settings
        self.worlds = Worlds(settings, beginning)
        self.started = clock.stopwatch()
        self.nowhere = Seed.of(settings.world.seed, "requests without a world")
        self.requests_nowhere = count()


def server() -> ServerState:
    """Return what belongs to the server that handles this request."""
    found: ServerState = current_app.extensions[EXTENSION]
    return found


def world() -> World:
    """Return the world of this request's key."""
    found: World = g.world
    return found


def new_request_id() -> str:
    """Return the id that the answer to this request carries."""
    found: World | None = g.get("world")
    if found is not None:
        return found.next_request_id()
    return request_id(server().nowhere.child(next(server().requests_nowhere)))
