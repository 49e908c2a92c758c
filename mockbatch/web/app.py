"""The Flask app: its routes, and what surrounds every request."""

import logging
import re

from flask import Flask, Response, g, request

from mockbatch import clock
from mockbatch.errors import api_error
from mockbatch.journal import Entry
from mockbatch.settings import ServerSettings
from mockbatch.state.state import State
from mockbatch.web import auth, batches, control, errors, files
from mockbatch.web.context import EXTENSION, ServerState, new_request_id, server
from mockbatch.web.portkey import Portkey
from mockbatch.world import World

log = logging.getLogger("mockbatch.requests")

# Room for the largest file and the rest of its form.
LARGEST_REQUEST = 512 * 1024 * 1024 + (1 << 20)


def create_app(settings: ServerSettings | None = None, beginning: State | None = None) -> Flask:
    """Make the app of one server, whose new worlds begin with a state."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.request_class = files.Request
    server_state = ServerState(settings or ServerSettings(), beginning)
    app.extensions[EXTENSION] = server_state
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # the server collapses them: no redirect loses a body
    errors.register(app)
    app.before_request(_begin)
    app.before_request(auth.identify)
    app.after_request(_finish)
    for blueprint in (files.blueprint, batches.blueprint, control.blueprint):
        app.register_blueprint(blueprint)
    gateway = server_state.settings.gateway
    app.wsgi_app = Portkey(app.wsgi_app, always=gateway)  # type: ignore[method-assign]
    return app


def _begin() -> None:
    g.started = clock.stopwatch()
    try:
        request.query_string.decode()
    except UnicodeDecodeError:
        raise api_error("bad_request", detail="The query is not UTF-8.") from None


def _finish(response: Response) -> Response:
    """Add the headers that every recorded answer of 2026 has, and write the request down."""
    settings = server().settings
    world: World | None = g.get("world")
    if request.path.startswith("/v1/"):
        milliseconds = max(1, round((clock.stopwatch() - g.started) * 1000))
        response.headers.update(
            {
                "openai-version": "2020-10-01",
                "openai-organization": settings.organization,
                "openai-project": "proj_mockbatch",
                "openai-processing-ms": str(milliseconds),
                "x-request-id": new_request_id(),
                "x-content-type-options": "nosniff",
                "access-control-expose-headers": "CF-Ray, X-Request-ID",
            }
        )
    if world is not None and not request.path.startswith("/_mock"):
        world.journal.add(_entry(world, response))
    _log(world, response)
    return response


def _entry(world: World, response: Response) -> Entry:
    retries = request.headers.get("x-stainless-retry-count", "0")
    # Not request.full_path, which fails on bytes that are no UTF-8.
    query = request.query_string.decode(errors="replace")
    return Entry(
        method=request.method,
        path=f"{request.path}?{query}" if query else request.path,
        status=response.status_code,
        retry_count=int(retries) if re.fullmatch("[0-9]{1,9}", retries) else 0,
        now=world.now(),
        wall=clock.wall(),
    )


def _log(world: World | None, response: Response) -> None:
    if log.isEnabledFor(logging.INFO):
        fields = {
            "method": request.method,
            "path": request.path,
            "status": response.status_code,
            "now": None if world is None else world.now(),
        }
        log.info("%(method)s %(path)s %(status)s", fields, extra={"request": fields})
