"""`/_mock/faults`: what shall go wrong between a client and the API."""

from flask import Blueprint, Response

from mockbatch import faults
from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import json_body, json_response

blueprint = Blueprint("control_faults", __name__, url_prefix="/_mock/faults")
blueprint.before_request(guard)


@blueprint.post("")
def add() -> Response:
    """Let requests of this world meet a fault: a rule in full, or a preset with changes."""
    world().faults.add(faults.rule(json_body()))
    return show()


@blueprint.get("")
def show() -> Response:
    """Tell the faults of this world, how often each was met, and the presets there are."""
    body = {"faults": world().faults.as_json(), "presets": list(faults.presets())}
    return json_response("faults", body)


@blueprint.delete("")
def clear() -> Response:
    """Forget the faults of this world; requests under way meet theirs to its end."""
    world().faults.clear()
    return show()
