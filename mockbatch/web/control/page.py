"""`/_mock/page`: what the dashboard requests each second, at almost no cost."""

from flask import Blueprint, Response, request

from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import json_response
from mockbatch.world.version import world_version

blueprint = Blueprint("control_page", __name__, url_prefix="/_mock/page")
blueprint.before_request(guard)


@blueprint.get("")
def show() -> Response:
    """Return the clock and how many objects there are; 304 if `seen` is the current version."""
    event = world().advance.next_event()
    version = world_version(world(), event)
    if request.args.get("seen") == version:
        return Response(status=304)
    newest = world().batches(1, None).items
    body = {
        "version": version,
        "now": world().now(),
        "mode": world().clock.mode,
        "speed": world().clock.current.speed,
        "next_event": None if event is None else event.as_json(),
        "counts": {
            "batches": newest[0].number + 1 if newest else 0,
            "requests": world().journal.count,
            "deliveries": world().webhooks.deliveries_json(0)["count"],
            "faults": len(world().faults.as_json()),
            "scenarios": len(world().scenarios.waiting()),
            "replies": len(world().script.entries),
        },
    }
    return json_response("dashboard_version", body)
