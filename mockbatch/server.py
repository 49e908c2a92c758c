"""The server in a thread of this process, and what a test says to get it."""

from collections.abc import Mapping
from itertools import count
from typing import Any

from mockbatch.handle import Handle, Transport, http_transport, wsgi_transport
from mockbatch.httpd import Httpd
from mockbatch.ids import Seed
from mockbatch.web.app import create_app

Json = Any

# What a test wants unless it says otherwise: time stands still, and says so before a
# polling loop hangs.
TEST_SETTINGS: Mapping[str, Json] = {"clock": "manual", "pace": 1, "poll_limit": 100}
OPTIONS = ("clock", "pace", "start_time", "seed", "scenario", "poll_limit")


class Server:
    """A server on a free loopback port, until it is closed."""

    def __init__(self) -> None:
        self.app = create_app()
        self._httpd = Httpd(self.app)
        self._httpd.start()
        self._names = count(1)

    @property
    def url(self) -> str:
        """Where the server listens, without `/v1`."""
        return self._httpd.url

    def world(self, name: str | None = None, **options: Json) -> Handle:
        """Make a world of its own: `name` decides its key, and with the seed all its ids.

        `options` are clock, pace, start_time, seed, scenario and poll_limit.
        """
        return begin(Handle(self.url, key(name or next(self._names)), self.transport()), options)

    def transport(self) -> Transport:
        """Return a way to the control API that needs no socket."""
        return wsgi_transport(self.app)

    def close(self) -> None:
        """Stop listening."""
        self._httpd.stop()


class RemoteServer:
    """A server that somebody else has started."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/").removesuffix("/v1")
        self._names = count(1)

    def world(self, name: str | None = None, **options: Json) -> Handle:
        """Make a world of its own, as `Server.world` does."""
        transport = http_transport(self.url)
        return begin(Handle(self.url, key(name or next(self._names)), transport), options)

    def close(self) -> None:
        """Leave the server as it is."""


class MockBatch(Handle):
    """A server with one world, as a context manager.

    >>> with MockBatch(scenario="some_failed") as mock:
    ...     mock.clock.mode
    'manual'
    """

    def __init__(self, **options: Json) -> None:
        self._server = Server()
        super().__init__(self._server.url, key("MockBatch"), self._server.transport())
        begin(self, options)

    def world(self, name: str | None = None, **options: Json) -> Handle:
        """Make a further world on the same server."""
        return self._server.world(name, **options)

    def close(self) -> None:
        """Stop the server."""
        super().close()
        self._server.close()


def begin(handle: Handle, options: Mapping[str, Json]) -> Handle:
    """Begin a handle's world anew with the settings of a test; TypeError for unknown ones."""
    unknown = set(options) - set(OPTIONS)
    if unknown:
        known = ", ".join(OPTIONS)
        raise TypeError(f"unknown option {', '.join(sorted(unknown))}; there are {known}")
    handle.call("POST", "/_mock/reset", {**TEST_SETTINGS, **options})
    return handle


def key(name: object) -> str:
    """Return the API key of a world by its name."""
    return f"sk-mockbatch-{Seed.of('key', name).hex(24)}"
