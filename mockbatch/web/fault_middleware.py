"""Faults around the routes of `/v1`: handlers know nothing of them.

A WSGI application around another, inside Portkey's: what goes wrong does so between the
gateway and the API. An exception that a fault raises to break a connection would become a
500 within Flask.
"""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from mockbatch.faults.exchange import Call
from mockbatch.faults.rule import Rule
from mockbatch.web.auth import kept_world
from mockbatch.web.context import ServerState, api_headers
from mockbatch.web.request_recorder import FAULT, RECORDED, record
from mockbatch.world.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class Faults:
    """Wraps the app of a server."""

    def __init__(self, app: "WSGIApplication", server: ServerState) -> None:
        self._app = app
        self._server = server

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Answer a request, as the fault has it that it meets if there is one."""
        world, rule = self._met(environ)
        if world is None or rule is None:
            return self._app(environ, start_response)
        environ[FAULT] = rule.name
        answered: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            answered[:] = [int(status[:3])]
            return start_response(status, headers, *more)

        try:
            own_headers = partial(self._headers, world)
            return rule.fault.around(Call(self._app, environ, start, own_headers))
        finally:
            if not environ.get(RECORDED):
                request = Request(environ, populate_request=False)
                record(request, world, answered[0] if answered else 0)

    def _met(self, environ: "WSGIEnvironment") -> tuple[World | None, Rule | None]:
        # The server hands the bytes of a path over as if they were Latin-1.
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        if path != "/v1" and not path.startswith("/v1/"):
            return None, None
        world = kept_world(self._server, environ.get("HTTP_AUTHORIZATION", ""))
        return world, None if world is None else world.faults.take(environ["REQUEST_METHOD"], path)

    def _headers(self, world: World) -> dict[str, str]:
        return api_headers(self._server.settings.organization, 1, world.next_request_id())
