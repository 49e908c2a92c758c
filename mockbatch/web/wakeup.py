"""The request that a server sends to itself when a world's alarm rings.

Whatever asks for the time has to do so within a request, where a faked clock is the same for
everybody: so the thread of the alarm asks for nothing, and sends one.
"""

from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, g, request
from werkzeug.test import create_environ, run_wsgi_app

from mockbatch.errors import api_error
from mockbatch.web.context import world
from mockbatch.web.request_recorder import RECORDED
from mockbatch.web.responses import answer
from mockbatch.world.world import World

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# In the environ: the world whose alarm rings. Nobody outside of the process can put it there.
RINGS = "mockbatch.rings"
PATH = "/_mock/webhooks/alarm"

blueprint = Blueprint("alarm", __name__)


@blueprint.post(PATH)
def ring() -> Response:
    """Deliver what is due in the world whose alarm rings."""
    if RINGS not in request.environ:
        raise api_error("unknown_url", method=request.method, path=request.path)
    g.world = request.environ[RINGS]
    world().webhooks.courier.settle()
    return answer("nothing", {})


def set_alarm(app: Flask, world: World) -> None:
    """Let a world of an app be rung for when its next webhook is due."""
    world.webhooks.set_alarm(lambda: _send(app, world))


def _send(app: Flask, rings: World) -> None:
    own: WSGIEnvironment = {RINGS: rings, RECORDED: False}  # no client's: it stands in no log
    run_wsgi_app(app, {**create_environ(PATH, method="POST"), **own}, buffered=True)
