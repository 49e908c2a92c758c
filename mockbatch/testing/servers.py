"""Servers for tests: one in a thread of this process, or one that runs elsewhere."""

import os
from collections.abc import Callable, Mapping
from itertools import count

from flask import Flask

from mockbatch.client import ControlError, Transport, WorldClient, http_transport, wsgi_transport
from mockbatch.errors import ApiError
from mockbatch.http_server.server import HttpServer
from mockbatch.ids import Seed
from mockbatch.scripting.script import parse
from mockbatch.typing import Json
from mockbatch.web.app import create_app

# A test's clock stands still unless the test moves it, and a polling loop that waits for it is
# refused before it hangs.
TEST_SETTINGS: Mapping[str, Json] = {"clock": "manual", "pace": 1, "poll_limit": 100}
OPTIONS = ("clock", "pace", "start_time", "seed", "scenario", "poll_limit")


class _BaseServer:
    """Creates worlds on the server at `url`, and closes those still open when it is closed.

    `defaults` are options for worlds that are created without them. `on_world` is called with
    each new world.
    """

    #: The Flask app, if it runs in this process.
    app: Flask | None = None

    def __init__(
        self,
        url: str,
        *,
        defaults: Mapping[str, Json] | None = None,
        on_world: Callable[[WorldClient], None] = lambda _: None,
    ) -> None:
        self.url = url
        self._defaults = defaults or {}
        self._on_world = on_world
        self._names = count(1)
        self._open: list[WorldClient] = []

    def world(self, name: str | None = None, **options: Json) -> WorldClient:
        """Create a world.

        `name` determines its API key and, with the seed, every id in it. `options` are clock,
        pace, start_time, seed, scenario and poll_limit.
        """
        key = api_key_for(name or self._next_name())
        world = WorldClient(self.url, key, self.transport(), **_in_process(self.app, key))
        reset_world(world, {**self._defaults, **options})
        self._on_world(world)
        self._open = [*(other for other in self._open if not other.closed), world]
        return world

    def _next_name(self) -> str:
        return str(next(self._names))

    def transport(self) -> Transport:
        """Return a transport to the control API."""
        return http_transport(self.url)

    def close(self) -> None:
        """Close the worlds that are still open."""
        for world in self._open:
            if not world.closed:
                world.close()


class LocalServer(_BaseServer):
    """A server on a free loopback port in this process; it serves `app`, if one is given."""

    app: Flask

    def __init__(
        self,
        app: Flask | None = None,
        *,
        defaults: Mapping[str, Json] | None = None,
        on_world: Callable[[WorldClient], None] = lambda _: None,
    ) -> None:
        self.app = app or create_app()
        self._http_server = HttpServer(self.app)
        self._http_server.start()
        super().__init__(self._http_server.url, defaults=defaults, on_world=on_world)

    def transport(self) -> Transport:
        """Return a transport that calls the app without a socket."""
        return wsgi_transport(self.app)

    def close(self) -> None:
        """Close the worlds and stop listening."""
        super().close()
        self.app.extensions["mockbatch"].worlds.close()
        self._http_server.stop()


class RemoteServer(_BaseServer):
    """A server that was started elsewhere and keeps running when this is closed."""

    def __init__(
        self,
        url: str,
        *,
        defaults: Mapping[str, Json] | None = None,
        on_world: Callable[[WorldClient], None] = lambda _: None,
    ) -> None:
        root = url.rstrip("/").removesuffix("/v1")
        super().__init__(root, defaults=defaults, on_world=on_world)

    def _next_name(self) -> str:
        # Each pytest-xdist worker counts by itself, and all of them use the same server.
        return f"{os.environ.get('PYTEST_XDIST_WORKER', '')} {super()._next_name()}"


class MockBatch(WorldClient):
    """A server with one world, as a context manager.

    >>> with MockBatch(scenario="some_failed") as mock:
    ...     mock.clock.mode
    'manual'
    """

    def __init__(self, **options: Json) -> None:
        self._server = LocalServer()
        key = api_key_for("MockBatch")
        in_process = _in_process(self._server.app, key)
        super().__init__(self._server.url, key, self._server.transport(), **in_process)
        try:
            reset_world(self, options)
        except BaseException:
            self._server.close()
            raise

    def world(self, name: str | None = None, **options: Json) -> WorldClient:
        """Create another world on the same server."""
        return self._server.world(name, **options)

    def close(self) -> None:
        """Stop the server."""
        super().close()
        self._server.close()


def app_world(app: Flask, name: str, options: Mapping[str, Json]) -> WorldClient:
    """Create a world of an app that is called without a socket."""
    key = api_key_for(name)
    transport = wsgi_transport(app)
    world = WorldClient("http://localhost", key, transport, app=app, **_in_process(app, key))
    return reset_world(world, options)


def reset_world(world: WorldClient, options: Mapping[str, Json]) -> WorldClient:
    """Reset a world to a test's settings, and return it; TypeError for an unknown option."""
    # `pinned` is for the plugin alone: a marker's scenario outranks one queued in the test.
    unknown = set(options) - {*OPTIONS, "pinned"}
    if unknown:
        known = ", ".join(OPTIONS)
        raise TypeError(f"unknown option {', '.join(sorted(unknown))}; valid options: {known}")
    world.call("POST", "/_mock/reset", {**TEST_SETTINGS, **options})
    return world


def api_key_for(name: object) -> str:
    """Return the API key of the world of that name."""
    return f"sk-mockbatch-{Seed.of('key', name).hex(24)}"


def _in_process(app: Flask | None, api_key: str) -> dict[str, Json]:
    """Return what a WorldClient can do only with a world of this process."""
    if app is None:
        return {}

    def add_reply(document: dict[str, Json]) -> None:
        world = app.extensions["mockbatch"].worlds.open(api_key, is_read_only=False)
        try:
            world.add_reply(parse(document))
        except ApiError as error:
            raise ControlError(error.status, error.body()["error"]) from error

    return {"add_callable_reply": add_reply}
