"""`/_mock/state`: a whole world as a JSON document."""

from flask import Blueprint, Response, request

from mockbatch.web.auth import world_key
from mockbatch.web.context import server, world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import json_body, json_response
from mockbatch.world.snapshot.dump import dump
from mockbatch.world.snapshot.load import load

blueprint = Blueprint("control_state", __name__, url_prefix="/_mock/state")


@blueprint.before_request
def open_unless_deleted() -> None:
    """Open the world of the caller's key; not to delete it, because it may be damaged."""
    if request.method != "DELETE":
        guard()


@blueprint.get("")
def show() -> Response:
    """Return this world as a document."""
    return json_response("state", dump(world().snapshot()))


@blueprint.put("")
def replace() -> Response:
    """Replace this world with the one in a document; an invalid document changes nothing."""
    document = json_body(is_long=True)
    snapshot = load(document, world().settings, present=world().snapshot())
    world().restore(snapshot)
    body = {"files": len(snapshot.files), "batches": len(snapshot.batches)}
    return json_response("loaded", body)


@blueprint.delete("")
def delete() -> Response:
    """Remove the world of the caller's key, if there is one."""
    worlds = server().worlds
    worlds.remove(worlds.name_of(world_key()))
    return json_response("world_reset", {"reset": 1})
