"""`/_mock/unused`: faults, replies and scenarios that never applied."""

from flask import Blueprint, Response

from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import json_response
from mockbatch.world.unused import describe_unused

blueprint = Blueprint("control_unused", __name__, url_prefix="/_mock/unused")
blueprint.before_request(guard)


@blueprint.get("")
def index() -> Response:
    """Return a sentence for each fault, reply and scenario that never applied.

    `has_batches` says whether the world has a batch.
    """
    has_batches = bool(world().batches(1, None).items)
    body = {"unused": describe_unused(world()), "has_batches": has_batches}
    return json_response("unused", body)
