"""The server in a thread of this process, and what a test says to get it."""

import os
from collections.abc import Callable, Mapping
from itertools import count

from flask import Flask

from mockbatch.client import ControlError, Transport, WorldClient, http_transport, wsgi_transport
from mockbatch.errors import ApiError
from mockbatch.http_server.server import Httpd
from mockbatch.ids import Seed
from mockbatch.scripting.script import parse
from mockbatch.typing import Json
from mockbatch.web.app import create_app

# What a test wants unless it says otherwise: time stands still, and says so before a
# polling loop hangs.
TEST_SETTINGS: Mapping[str, Json] = {"clock": "manual", "pace": 1, "poll_limit": 100}
OPTIONS = ("clock", "pace", "start_time", "seed", "scenario", "poll_limit")


class _AnyServer:
    """Makes worlds on the server at `url`; those still open when it is closed go with it."""

    #: The app, where it is of this process.
    app: Flask | None = None

    def __init__(self, url: str) -> None:
        self.url = url
        #: Options of worlds that are made without them.
        self.defaults: Mapping[str, Json] = {}
        self._names = count(1)
        self._open: list[WorldClient] = []

    def world(self, name: str | None = None, **options: Json) -> WorldClient:
        """Make a world of its own: `name` decides its key, and with the seed all its ids.

        `options` are clock, pace, start_time, seed, scenario and poll_limit.
        """
        handle = WorldClient(self.url, key(name or self._next_name()), self.transport())
        begin(handle, {**self.defaults, **options}, self.app)
        self._open = [*(one for one in self._open if not one.closed), handle]
        return handle

    def _next_name(self) -> str:
        return str(next(self._names))

    def transport(self) -> Transport:
        """Return a way to the control API."""
        return http_transport(self.url)

    def close(self) -> None:
        """Let the worlds go that nobody has closed."""
        for handle in self._open:
            if not handle.closed:
                handle.close()


class Server(_AnyServer):
    """A server on a free loopback port, until it is closed; of an `app` if one is given."""

    app: Flask

    def __init__(self, app: Flask | None = None) -> None:
        self.app = app or create_app()
        self._httpd = Httpd(self.app)
        self._httpd.start()
        super().__init__(self._httpd.url)

    def transport(self) -> Transport:
        """Return a way to the control API that needs no socket."""
        return wsgi_transport(self.app)

    def close(self) -> None:
        """Stop listening."""
        super().close()
        self.app.extensions["mockbatch"].worlds.close()
        self._httpd.stop()


class RemoteServer(_AnyServer):
    """A server that somebody else has started, and that goes on when this is closed."""

    def __init__(self, url: str) -> None:
        super().__init__(url.rstrip("/").removesuffix("/v1"))

    def _next_name(self) -> str:
        # Each worker of pytest-xdist counts for itself, and all meet the same server.
        return f"{os.environ.get('PYTEST_XDIST_WORKER', '')} {super()._next_name()}"


class MockBatch(WorldClient):
    """A server with one world, as a context manager.

    >>> with MockBatch(scenario="some_failed") as mock:
    ...     mock.clock.mode
    'manual'
    """

    def __init__(self, **options: Json) -> None:
        self._server = Server()
        super().__init__(self._server.url, key("MockBatch"), self._server.transport())
        try:
            begin(self, options, self._server.app)
        except BaseException:
            self._server.close()
            raise

    def world(self, name: str | None = None, **options: Json) -> WorldClient:
        """Make a further world on the same server."""
        return self._server.world(name, **options)

    def close(self) -> None:
        """Stop the server."""
        super().close()
        self._server.close()


def begin(
    handle: WorldClient, options: Mapping[str, Json], app: Flask | None = None
) -> WorldClient:
    """Begin a handle's world anew with the settings of a test; TypeError for unknown ones.

    `app` is the one that serves it, where it is of this process.
    """
    # `pinned` is the plugin's: a marker's scenario outranks one that is chosen in the test.
    unknown = set(options) - {*OPTIONS, "pinned"}
    if unknown:
        known = ", ".join(OPTIONS)
        raise TypeError(f"unknown option {', '.join(sorted(unknown))}; there are {known}")
    handle.call("POST", "/_mock/reset", {**TEST_SETTINGS, **options})
    if app is not None:
        handle.enter_function = _entering(app, handle.api_key)
    return handle


def _entering(app: Flask, api_key: str) -> Callable[[dict[str, Json]], None]:
    def enter(document: dict[str, Json]) -> None:
        world = app.extensions["mockbatch"].worlds.world(api_key, reading=False)
        try:
            world.enter(parse(document))
        except ApiError as error:
            raise ControlError(error.status, error.body()["error"]) from error

    return enter


def key(name: object) -> str:
    """Return the API key of a world by its name."""
    return f"sk-mockbatch-{Seed.of('key', name).hex(24)}"
