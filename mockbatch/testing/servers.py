"""Servers for tests: one in a thread of this process, or one that runs elsewhere."""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from socket import gethostname
from typing import TYPE_CHECKING, Any

from flask import Flask

from mockbatch.client import ControlError, Transport, WorldClient, http_transport, wsgi_transport
from mockbatch.errors import ApiError
from mockbatch.http_server.server import HttpServer
from mockbatch.ids import Seed
from mockbatch.scripting.script import parse
from mockbatch.testing.options import WorldOptions, reset_body
from mockbatch.typing import Json
from mockbatch.web.app import create_app

if TYPE_CHECKING:
    from typing_extensions import Unpack

__tracebackhide__ = True


class _BaseServer:
    """Creates worlds on the server at `url`, and closes those still open when it is closed.

    `defaults` are options for worlds that are created without them. `on_world` is called with
    each new world. `owner_name` returns what a world without a name is created for. `prefix`
    distinguishes the keys of this process from those of others on the same server.

    `api_key` is the key of the shared world, under which one test after the other has a world of
    its own, so that a client kept from an earlier test works in the next.
    """

    #: The Flask app, if it runs in this process.
    app: Flask | None = None

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "",
        defaults: Mapping[str, Json] | None = None,
        on_world: Callable[[WorldClient], None] = lambda _: None,
        owner_name: Callable[[], str] = lambda: "mockbatch_server",
    ) -> None:
        self.url = url
        self.base_url = f"{url}/v1"
        self._prefix = prefix
        self.api_key = self._key("the shared world")
        self._shared: WorldClient | None = None
        self._defaults = defaults or {}
        self._on_world = on_world
        self._owner_name = owner_name
        self._counts: Counter[str] = Counter()
        self._open: list[WorldClient] = []

    def __repr__(self) -> str:
        return f"<{type(self).__name__} at {self.url}>"

    def world(self, name: str | None = None, **options: "Unpack[WorldOptions]") -> WorldClient:
        """Create a world with a key of its own.

        `name` determines its API key and, with the seed and the start time, every id in it; a
        world that had this name is closed.
        `options` are those of the marker: scenario, clock, pace, seed, start_time and poll_limit.
        The parameters of the scenario are in `params`, or options themselves.
        """
        return self._create(self._key(name := name or self._next_name()), name, options)

    def _next_name(self) -> str:
        owner = self._owner_name()
        self._counts[owner] += 1
        return f"{owner} (world {self._counts[owner]})"

    def shared_world(self, name: str, **options: "Unpack[WorldOptions]") -> WorldClient:
        """Create a world under `api_key`, for one test at a time; `name` is that of the test."""
        if self._shared is not None and not self._shared.closed:
            raise RuntimeError(
                f"{name} takes the mockbatch fixture while {self._shared.owner} still has it. "
                "For tests that run at the same time in one process give each world a key of "
                "its own: @pytest.mark.mockbatch(own_key=True), or mockbatch_own_key in the "
                "ini file."
            )
        self._shared = self._create(self.api_key, name, options)
        return self._shared

    def prepare_shared_world(self) -> WorldClient:
        """Reject calls with `api_key` until the first test has a world under it.

        Returns a closed world, for its address.
        """
        world = self._client(self.api_key, "")
        reset_world(world, {}, owner="")
        world.close()
        return world

    def _create(self, key: str, owner: str, options: Mapping[str, Json]) -> WorldClient:
        for other in self._open:
            if other.api_key == key:
                other.close()  # so that it does not meet, or remove, the world that follows it
        world = self._client(key, owner)
        reset_world(world, {**self._defaults, **options}, owner=owner)
        self._on_world(world)
        self._open = [*(other for other in self._open if not other.closed), world]
        return world

    def _client(self, key: str, owner: str) -> WorldClient:
        abilities = in_process_abilities(self.app, key)
        return WorldClient(self.url, key, self.transport(), owner=owner, **abilities)

    def _key(self, name: str) -> str:
        return api_key_for(self._prefix + name)

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
        **options: Any,
    ) -> None:
        self.app = app or create_app()
        self._http_server = HttpServer(self.app)
        self._http_server.start()
        super().__init__(self._http_server.url, **options)

    def transport(self) -> Transport:
        """Return a transport that calls the app without a socket."""
        return wsgi_transport(self.app, self.url)

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
        **options: Any,
    ) -> None:
        root = url.rstrip("/").removesuffix("/v1")
        # Each pytest-xdist worker, and each run, has keys of its own on the same server.
        prefix = f"{gethostname()} {os.getpid()} "
        super().__init__(root, prefix=prefix, **options)


def app_world(app: Flask, name: str, options: Mapping[str, Json]) -> WorldClient:
    """Create a world of an app that is called without a socket."""
    key = api_key_for(name)
    transport, abilities = wsgi_transport(app), in_process_abilities(app, key)
    world = WorldClient("http://localhost", key, transport, owner=name, app=app, **abilities)
    return reset_world(world, options, owner=name)


def reset_world(
    world: WorldClient, options: Mapping[str, Json], *, owner: str | None = None
) -> WorldClient:
    """Reset a world to a test's settings, and return it; TypeError for an unknown option."""
    body = reset_body(options)
    if owner is not None:
        body["owner"] = owner
    world.call("POST", "/_mock/reset", body)
    return world


def api_key_for(name: object) -> str:
    """Return the API key of the world of that name."""
    return f"sk-mockbatch-{Seed.of('key', name).hex(24)}"


def in_process_abilities(app: Flask | None, api_key: str) -> dict[str, Json]:
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
