"""`/_mock/faults`: faults between clients and the API."""

from flask import Blueprint, Response

from mockbatch import faults
from mockbatch.web.context import server, world
from mockbatch.web.control.guard import guard
from mockbatch.web.fault_middleware import check_server
from mockbatch.web.responses import check_response, json_body, json_response

blueprint = Blueprint("control_faults", __name__, url_prefix="/_mock/faults")
blueprint.before_request(guard)


@blueprint.post("")
def add() -> Response:
    """Add a fault rule to this world: in full, or a preset with changes."""
    rule = faults.rule(json_body())
    check_server(rule, server().settings)
    world().faults.add(rule)
    return show()


@blueprint.get("")
def show() -> Response:
    """Return the faults of this world, how often each fired, and the names of the presets."""
    body = {"faults": world().faults.as_json(), "presets": list(faults.presets())}
    return json_response("faults", body)


@blueprint.delete("")
def clear() -> Response:
    """Remove the faults of this world; requests in progress keep theirs."""
    world().faults.clear()
    return show()


@blueprint.get("/presets")
def show_presets() -> Response:
    """Return the documents of the presets."""
    presets = list(faults.presets().values())
    for preset in presets:
        check_response("fault_preset", preset)
    return json_response("fault_presets", {"presets": presets})
