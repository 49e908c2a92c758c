"""Creates the Flask app: its routes, and what happens before and after each request."""

from collections.abc import Iterable, Iterator
from functools import partial
from importlib import import_module
from pkgutil import iter_modules

from flask import Blueprint, Flask, Response, g

from mockbatch import providers
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.models import model_aliases
from mockbatch.endpoints.provider_registry import provider_documents
from mockbatch.errors import api_error
from mockbatch.faults import presets
from mockbatch.faults.kinds import kinds
from mockbatch.faults.request_record import RequestRecord
from mockbatch.scenarios import catalogue
from mockbatch.validation.schema import read_schemas
from mockbatch.web import auth, control, dashboard, errors, multipart, v1, wakeup
from mockbatch.web.body_limit import limit_body
from mockbatch.web.caller_guard import CallerGuard
from mockbatch.web.context import (
    EXTENSION,
    PROVIDER_EXTENSION,
    ServerState,
    current_flask_app,
    current_request,
    provider,
    request_id,
    response_headers,
    server,
)
from mockbatch.web.control.direct import DIRECT_EXTENSION, DirectCalls
from mockbatch.web.dashboard import DashboardForBrowsers, read_page_files
from mockbatch.web.fault_middleware import FaultMiddleware
from mockbatch.web.matching_rule import MatchingRule
from mockbatch.web.portkey.middleware import PortkeyGateway
from mockbatch.web.process_guard import ProcessGuard
from mockbatch.web.provider_apps import ProviderApps
from mockbatch.web.providers import find_routes
from mockbatch.web.recorded_messages import note_response
from mockbatch.web.request_recorder import record_request
from mockbatch.world.settings import MEMORY, ServerSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.world import World

# Every module in these packages that has a `blueprint` adds routes.
ROUTE_PACKAGES = (v1, control)
# How much larger than its file an upload form may be.
FORM_BYTES = 1 << 20


def create_app(settings: ServerSettings | None = None, initial: Snapshot | None = None) -> Flask:
    """Create the app of one server; its new worlds start from the snapshot `initial`."""
    _read_package_data()
    server_state = ServerState(settings or ServerSettings(), initial)
    app = _new_app(server_state, _blueprints())
    if server_state.settings.has_dashboard:
        read_page_files()
        app.register_blueprint(dashboard.blueprint)
    gateway = server_state.settings.gateway
    with_providers = ProviderApps(app.wsgi_app, partial(_create_provider_app, server_state))
    with_faults = FaultMiddleware(with_providers, server_state)
    with_gateway = PortkeyGateway(with_faults, always=gateway)
    has_dashboard = server_state.settings.has_dashboard
    whole = DashboardForBrowsers(with_gateway) if has_dashboard else with_gateway
    guarded = CallerGuard(whole, server_state.settings)
    is_shared = server_state.settings.state != MEMORY
    if is_shared:
        wakeup.watch_store(app, server_state.worlds)
    else:
        app.extensions[DIRECT_EXTENSION] = DirectCalls(app, server_state)
    app.wsgi_app = guarded if is_shared else ProcessGuard(guarded)  # type: ignore[method-assign]
    return app


def _create_provider_app(server_state: ServerState, name: str) -> Flask:
    """Create the app with the routes of a provider other than OpenAI, on the same worlds."""
    app = _new_app(server_state, [find_routes(name).blueprint])
    app.extensions[PROVIDER_EXTENSION] = providers.find(name)
    return app


def _new_app(server_state: ServerState, blueprints: Iterable[Blueprint]) -> Flask:
    app = Flask(__name__, static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.request_class = multipart.Request
    app.url_rule_class = MatchingRule
    app.config["MAX_CONTENT_LENGTH"] = server_state.settings.world.limits.file_bytes + FORM_BYTES
    app.config["MAX_FORM_PARTS"] = multipart.MAX_PARTS
    app.extensions[EXTENSION] = server_state
    app.url_map.strict_slashes = False
    # The HTTP server merges slashes: a redirect by Flask would lose the request body.
    app.url_map.merge_slashes = False
    errors.register(app)
    app.before_request(_begin_request)
    app.after_request(_finish_request)
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    return app


def _read_package_data() -> None:
    """Read the package data for requests now: later there may be no file descriptors left."""
    for read in (
        *(read_schemas, endpoints, model_aliases, catalogue, presets, kinds),
        provider_documents,
    ):
        read()


def _blueprints() -> Iterator[Blueprint]:
    yield wakeup.blueprint
    for package in ROUTE_PACKAGES:
        for info in iter_modules(package.__path__, f"{package.__name__}."):
            module = import_module(info.name)
            if hasattr(module, "blueprint"):
                yield module.blueprint


def _begin_request() -> None:
    """Open the world of the request's key; ApiError for a request that no route should see."""
    current = current_request()
    RequestRecord.of(current.environ)  # measures the time from here on
    try:
        current.query_string.decode()
    except UnicodeDecodeError:
        raise api_error("bad_request", detail="The query is not UTF-8.") from None
    auth.authenticate(current)
    limit_body(current)


def _finish_request(response: Response) -> Response:
    """Add the API's response headers, record the request, and schedule the next wake-up."""
    current = current_request()
    world: World | None = g.get("world")
    state = server()
    is_kept = world is not None and state.worlds.contains(world)
    called = provider()
    if called is not None or current.path.startswith("/v1/"):
        milliseconds = max(1, round(RequestRecord.of(current.environ).elapsed_ms))
        response.headers.extend(response_headers(state, called, milliseconds, request_id()))
    if world is not None:
        note_response(response, current, RequestRecord.of(current.environ))
    record_request(current, world, response.status_code)
    if world is not None and is_kept and called is None:  # the others have no webhooks
        wakeup.schedule_wakeup(current_flask_app(), world)
    return response
