"""A WSGI middleware that applies faults to the routes of `/v1` and of other providers.

It wraps the Flask app, and the Portkey middleware wraps it: faults happen between the gateway
and the API. It is outside Flask, which would turn an exception that breaks a connection into
a 500.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Request

from mockbatch import providers
from mockbatch.endpoints.provider_registry import OPENAI, find_provider
from mockbatch.errors import ApiError, api_error
from mockbatch.faults.exchange import Exchange
from mockbatch.faults.request_record import RequestRecord
from mockbatch.faults.rule import Rule
from mockbatch.typing import Json
from mockbatch.web.auth import existing_world
from mockbatch.web.context import ServerState, response_headers
from mockbatch.web.errors import error_response
from mockbatch.web.request_recorder import record_request
from mockbatch.world.settings import ServerSettings
from mockbatch.world.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def check_server(rule: Rule, settings: ServerSettings) -> None:
    """Raise ApiError 400 for a fault that breaks a connection if the HTTP server is not ours."""
    if rule.fault.breaks_connection and not settings.breaks_connections:
        raise api_error("unbreakable_connection", fault=rule.name)


class FaultMiddleware:
    """Applies the faults of a request's world to the request."""

    def __init__(self, app: "WSGIApplication", server: ServerState) -> None:
        self._app = app
        self._server = server

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        """Handle a request, applying the next matching fault of its world."""
        provider = find_provider(environ)
        record = RequestRecord.of(environ)
        try:
            world, rule = self._next_fault(environ, provider)
        except ApiError as error:  # of the store: the request could not be counted
            record.failure = error
            return self._app(environ, start_response)
        if world is None or rule is None:
            record.world = world
            return self._app(environ, start_response)
        record.fault = rule.name
        statuses: list[int] = []

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            statuses[:] = [int(status[:3])]
            return start_response(status, headers, *more)

        try:
            own = _OwnResponse(self._server, world, provider)
            exchange = Exchange(self._app, environ, start, own.headers, own.error_body)
            return self._apply(rule, exchange)
        finally:
            if not record.is_journaled:
                request = Request(environ, populate_request=False)
                record_request(request, world, statuses[0] if statuses else 0)

    def _apply(self, rule: Rule, exchange: Exchange) -> Iterable[bytes]:
        """Handle the request; nothing takes effect if the connection cannot be broken."""
        if not rule.fault.breaks_connection or exchange.has_connection:
            return rule.fault.apply(exchange)
        try:
            check_server(rule, self._server.settings)
        except ApiError as error:
            RequestRecord.of(exchange.environ).error = error.message
            exchange.drain()
            return error_response(error)(exchange.environ, exchange.start_response)
        raise exchange.no_connection_error()

    def _next_fault(
        self, environ: "WSGIEnvironment", provider: str
    ) -> tuple[World | None, Rule | None]:
        # WSGI decodes the bytes of a path as Latin-1.
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        if provider == OPENAI and path != "/v1" and not path.startswith("/v1/"):
            return None, None
        world = existing_world(self._server, environ)
        if world is None:
            return None, None
        return world, world.faults.next_match(environ["REQUEST_METHOD"], path)


class _OwnResponse:
    """What a response has instead of the app's, in the form of the provider that is called."""

    def __init__(self, server: ServerState, world: World, provider: str) -> None:
        self._server = server
        self._world = world
        self._provider = None if provider == OPENAI else providers.find(provider)

    @cached_property
    def _request_id(self) -> str:
        id = self._world.request_ids.next()
        return id if self._provider is None else self._provider.request_id(id)

    def headers(self) -> Mapping[str, str]:
        """Return the headers that every response has."""
        return response_headers(self._server, self._provider, 1, self._request_id)

    def error_body(self, error: ApiError) -> dict[str, Json]:
        """Return the body that reports an error."""
        if self._provider is None:
            return error.body()
        return self._provider.error(error, self._request_id)[1]
