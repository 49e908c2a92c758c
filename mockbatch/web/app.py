"""The Flask app: its routes, and what surrounds every request."""

from collections.abc import Callable

from flask import Flask, Request, Response, current_app, g, request
from werkzeug.routing import Rule

from mockbatch import clock
from mockbatch.errors import api_error
from mockbatch.web import auth, errors, multipart, wakeup
from mockbatch.web.context import EXTENSION, ServerState, api_headers, server
from mockbatch.web.control import faults, main, replies, requests, scenarios, webhooks
from mockbatch.web.control import models as control_models
from mockbatch.web.fault_middleware import Faults
from mockbatch.web.portkey.middleware import Portkey
from mockbatch.web.request_recorder import record
from mockbatch.web.v1 import batches, files, live_calls, models, uploads, webhook_endpoints
from mockbatch.world.settings import ServerSettings
from mockbatch.world.snapshot.snapshot import Snapshot
from mockbatch.world.world import World

ROUTES = (
    files,
    uploads,
    batches,
    live_calls,
    models,
    main,
    faults,
    control_models,
    replies,
    requests,
    scenarios,
    webhooks,
    webhook_endpoints,
    wakeup,
)
# Room for what a form has beside its file.
FORM_BYTES = 1 << 20


class Route(Rule):
    """A route to which nobody builds URLs: making what builds them is most of an app's start."""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: ARG002
        return lambda *_: ("", "")


def create_app(settings: ServerSettings | None = None, beginning: Snapshot | None = None) -> Flask:
    """Make the app of one server, whose new worlds begin with a state."""
    app = Flask(__name__, static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.request_class = multipart.Request
    app.url_rule_class = Route
    server_state = ServerState(settings or ServerSettings(), beginning)
    app.config["MAX_CONTENT_LENGTH"] = server_state.settings.world.limits.file_bytes + FORM_BYTES
    app.extensions[EXTENSION] = server_state
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # the server collapses them: no redirect loses a body
    errors.register(app)
    app.before_request(_begin)
    app.before_request(auth.identify)
    app.after_request(_finish)
    for module in ROUTES:
        app.register_blueprint(module.blueprint)
    gateway = server_state.settings.gateway
    around = Faults(app.wsgi_app, server_state)
    app.wsgi_app = Portkey(around, always=gateway)  # type: ignore[method-assign]
    return app


def _begin() -> None:
    g.started = clock.monotonic()
    try:
        request.query_string.decode()
    except UnicodeDecodeError:
        raise api_error("bad_request", detail="The query is not UTF-8.") from None


def _finish(response: Response) -> Response:
    """Add the headers that every recorded answer of 2026 has, and write the request down."""
    # Each look through Flask's proxies takes its time, and every request comes by.
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]
    world: World | None = g.get("world")
    state = server()
    keeps = world is not None and state.worlds.keeps(world)
    if asked.path.startswith("/v1/"):
        milliseconds = max(1, round((clock.monotonic() - g.started) * 1000))
        # A world that is not kept would say the same of every request.
        id = world.next_request_id() if world is not None and keeps else state.next_request_id()
        response.headers.extend(api_headers(state.settings.organization, milliseconds, id))
    record(asked, world, response.status_code)
    if world is not None and keeps:
        wakeup.set_alarm(current_app._get_current_object(), world)  # type: ignore[attr-defined]
    return response
