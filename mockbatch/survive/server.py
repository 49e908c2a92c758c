"""The server of a survey: every run has a world of its own on it, found by its key."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from threading import Lock
from typing import TYPE_CHECKING

from mockbatch.http_server.server import HttpServer
from mockbatch.survive.misfortunes import Misfortune
from mockbatch.web.app import create_app
from mockbatch.web.context import EXTENSION
from mockbatch.world.settings import WorldSettings
from mockbatch.world.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from typing_extensions import Self

# A program that polls so often while time stands still does not sleep, or sleeps for real.
_PATIENCE = 20
# Where the program sleeps for real, so that each of its polls counts.
_REAL_PATIENCE = 2
_STEP_SECONDS = 3600
_POLL = re.compile(r"/v1/batches/([^/]+)")


class PolledClocks:
    """A WSGI middleware that moves the clock for programs whose sleeps do not.

    After `patience` polls of one batch at one instant it moves the clock of the world to its next
    event, or an hour on if there is none. It also counts the requests that are in flight.
    """

    def __init__(self, app: "WSGIApplication", patience: int) -> None:
        self._app = app
        self._patience = patience
        self._lock = Lock()
        self._worlds: dict[str, World] = {}
        self._polls: defaultdict[str, Counter[tuple[str, float]]] = defaultdict(Counter)
        self._in_flight: Counter[str] = Counter()

    def watch(self, key: str, world: World) -> None:
        """Move the clock of a world from now on."""
        self._worlds[key] = world

    def forget(self, key: str) -> None:
        """Leave a world alone."""
        self._worlds.pop(key, None)
        self._polls.pop(key, None)

    def in_flight(self, key: str) -> int:
        """Return how many requests with a key have no response yet."""
        return self._in_flight[key]

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Handle a request, after it was counted."""
        key = environ.get("HTTP_AUTHORIZATION", "").removeprefix("Bearer ")
        polled = _POLL.fullmatch(environ["PATH_INFO"])
        world = self._worlds.get(key)
        if world is not None and polled and environ["REQUEST_METHOD"] == "GET":
            self._count_poll(key, world, polled[1])
        with self._lock:
            self._in_flight[key] += 1
        try:
            return self._app(environ, start_response)
        finally:
            with self._lock:
                self._in_flight[key] -= 1

    def _count_poll(self, key: str, world: World, id: str) -> None:
        now = world.now()
        with self._lock:
            polls = self._polls[key]
            polls[id, now] += 1
            is_due = polls[id, now] >= self._patience
            if is_due:
                polls.clear()
        if is_due:
            upcoming = world.advance.next_event()
            at = now + _STEP_SECONDS if upcoming is None else upcoming.at
            world.advance.fast_forward(min(at, now + _STEP_SECONDS))


class SurveyServer:
    """A server on a free loopback port of this process."""

    def __init__(self, *, sleeps_for_real: bool = False) -> None:
        self._app = create_app()
        patience = _REAL_PATIENCE if sleeps_for_real else _PATIENCE
        self._clocks = PolledClocks(self._app, patience)
        self._http_server = HttpServer(self._clocks)

    def __enter__(self) -> "Self":
        self._http_server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._app.extensions[EXTENSION].worlds.close()
        self._http_server.stop()

    @property
    def url(self) -> str:
        """The address of the server, without `/v1`."""
        return self._http_server.url

    def open_world(self, key: str, misfortune: Misfortune) -> World:
        """Return a new world under a key, in which a misfortune is going to happen.

        Worlds have the same ids and marks in every run, so that runs can be compared.
        """
        settings = WorldSettings(clock="manual", owner="mockbatch survive", marks=True)
        worlds = self._app.extensions[EXTENSION].worlds
        world: World = worlds.create(key, misfortune.settings(settings))
        misfortune.arm(world)
        self._clocks.watch(key, world)
        return world

    def close_world(self, key: str) -> None:
        """Remove a world, whose key is refused from now on."""
        self._clocks.forget(key)
        self._app.extensions[EXTENSION].worlds.remove(key)

    def in_flight(self, key: str) -> int:
        """Return how many requests with a key have no response yet."""
        return self._clocks.in_flight(key)
