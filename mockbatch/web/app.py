"""Creates the Flask app: its routes, and what happens before and after each request."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules

from flask import Blueprint, Flask, Request, Response, current_app, g, request

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.models import model_aliases
from mockbatch.errors import api_error
from mockbatch.faults import presets
from mockbatch.faults.kinds import kinds
from mockbatch.faults.request_record import RequestRecord
from mockbatch.scenarios import catalogue
from mockbatch.validation.schema import read_schemas
from mockbatch.web import auth, control, dashboard, errors, multipart, v1, wakeup
from mockbatch.web.body_limit import limit_body
from mockbatch.web.caller_guard import CallerGuard
from mockbatch.web.context import EXTENSION, ServerState, api_headers, server
from mockbatch.web.dashboard import DashboardForBrowsers, read_page_files
from mockbatch.web.fault_middleware import FaultMiddleware
from mockbatch.web.matching_rule import MatchingRule
from mockbatch.web.portkey.middleware import PortkeyGateway
from mockbatch.web.process_guard import ProcessGuard
from mockbatch.web.recorded_messages import note_response
from mockbatch.web.request_recorder import record_request
from mockbatch.world.settings import ServerSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.world import World

# Every module in these packages that has a `blueprint` adds routes.
ROUTE_PACKAGES = (v1, control)
# How much larger than its file an upload form may be.
FORM_BYTES = 1 << 20


def create_app(settings: ServerSettings | None = None, initial: Snapshot | None = None) -> Flask:
    """Create the app of one server; its new worlds start from the snapshot `initial`."""
    _read_package_data()
    app = Flask(__name__, static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.request_class = multipart.Request
    app.url_rule_class = MatchingRule
    server_state = ServerState(settings or ServerSettings(), initial)
    app.config["MAX_CONTENT_LENGTH"] = server_state.settings.world.limits.file_bytes + FORM_BYTES
    app.extensions[EXTENSION] = server_state
    app.url_map.strict_slashes = False
    # The HTTP server merges slashes: a redirect by Flask would lose the request body.
    app.url_map.merge_slashes = False
    errors.register(app)
    app.before_request(_begin_request)
    app.before_request(auth.authenticate)
    app.before_request(limit_body)
    app.after_request(_finish_request)
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)
    if server_state.settings.has_dashboard:
        read_page_files()
        app.register_blueprint(dashboard.blueprint)
    gateway = server_state.settings.gateway
    with_faults = FaultMiddleware(app.wsgi_app, server_state)
    with_gateway = PortkeyGateway(with_faults, always=gateway)
    has_dashboard = server_state.settings.has_dashboard
    whole = DashboardForBrowsers(with_gateway) if has_dashboard else with_gateway
    guarded = CallerGuard(whole, server_state.settings)
    app.wsgi_app = ProcessGuard(guarded)  # type: ignore[method-assign]
    return app


def _read_package_data() -> None:
    """Read the package data for requests now: later there may be no file descriptors left."""
    for read in (read_schemas, endpoints, model_aliases, catalogue, presets, kinds):
        read()


def _blueprints() -> Iterator[Blueprint]:
    yield wakeup.blueprint
    for package in ROUTE_PACKAGES:
        for info in iter_modules(package.__path__, f"{package.__name__}."):
            module = import_module(info.name)
            if hasattr(module, "blueprint"):
                yield module.blueprint


def _begin_request() -> None:
    RequestRecord.of(request.environ)  # measures the time from here on
    try:
        request.query_string.decode()
    except UnicodeDecodeError:
        raise api_error("bad_request", detail="The query is not UTF-8.") from None


def _finish_request(response: Response) -> Response:
    """Add OpenAI's response headers, record the request, and schedule the next wake-up."""
    # Resolved once: going through Flask's proxies takes time in every request.
    current: Request = request._get_current_object()  # type: ignore[attr-defined]
    world: World | None = g.get("world")
    state = server()
    is_kept = world is not None and state.worlds.contains(world)
    if current.path.startswith("/v1/"):
        milliseconds = max(1, round(RequestRecord.of(current.environ).elapsed_ms))
        # A world that is not kept starts from zero each time, so its ids would repeat.
        ids = world.request_ids if world is not None and is_kept else state.request_ids
        response.headers.extend(api_headers(state.settings.organization, milliseconds, ids.next()))
    if world is not None:
        note_response(response, current, RequestRecord.of(current.environ))
    record_request(current, world, response.status_code)
    if world is not None and is_kept:
        wakeup.schedule_wakeup(current_app._get_current_object(), world)  # type: ignore[attr-defined]
    return response
