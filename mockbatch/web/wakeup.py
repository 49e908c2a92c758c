"""The request that a server sends to itself when a webhook is due on a running clock.

freezegun hands out the real time to code near the top of a thread's stack, because `threading` is
on its list of modules to ignore. So the timer's thread reads no clock: it sends this request, and
time is read while the request is handled.
"""

from flask import Blueprint, Flask, Response, g, request
from werkzeug.test import create_environ, run_wsgi_app

from mockbatch.errors import api_error
from mockbatch.faults.request_record import RequestRecord
from mockbatch.web.context import server, world
from mockbatch.web.responses import json_response
from mockbatch.world.keys import StoredName
from mockbatch.world.registry import WorldRegistry
from mockbatch.world.world import World

PATH = "/_mock/webhooks/alarm"

blueprint = Blueprint("wakeup", __name__)


@blueprint.post(PATH)
def deliver_due() -> Response:
    """Deliver the due webhooks of the world in the environ.

    A client cannot put one there, so for clients this URL is a 404.
    """
    due_world = RequestRecord.of(request.environ).due_world
    if due_world is None:
        raise api_error("unknown_url", method=request.method, path=request.path)
    # Not what it was when the timer was set: other processes may have changed it.
    g.world = server().worlds.find(due_world.name) if isinstance(due_world, World) else None
    if g.world is not None:
        world().deliver_due()
    return json_response("nothing", {})


def schedule_wakeup(app: Flask, world: World) -> None:
    """Schedule the request for when the world's next webhook is due."""
    world.webhooks.schedule_wakeup(lambda: _send(app, world))


def watch_store(app: Flask, worlds: WorldRegistry) -> None:
    """Send the request for every world of a store in which a webhook is due, each second."""
    from mockbatch.world.shared.registry import SharedWorlds

    def fire(name: StoredName) -> None:
        world = worlds.find(name)
        if world is not None:
            _send(app, world)

    if isinstance(worlds, SharedWorlds):
        worlds.watch.start(fire)


def _send(app: Flask, world: World) -> None:
    record = RequestRecord(due_world=world, is_logged=True)  # the log is about clients
    environ = record.added_to(create_environ(PATH, method="POST"))
    run_wsgi_app(app, environ, buffered=True)
