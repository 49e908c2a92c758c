"""`/v1/batches`."""

from flask import Blueprint, Response, request

from mockbatch.batch import commands
from mockbatch.batch.create import parsed
from mockbatch.web.answers import answer, answer_page, json_body, query_integer
from mockbatch.web.state import world

blueprint = Blueprint("batches", __name__, url_prefix="/v1/batches")


@blueprint.post("")
def create() -> Response:
    """Create a batch."""
    batch = world().create_batch(parsed(json_body()))
    return answer("batch", world().batch_json(batch))


@blueprint.get("")
def index() -> Response:
    """List batches, newest first."""
    page = world().batches(query_integer("limit", 20, 1, 100), request.args.get("after"))
    return answer_page("batch", page.as_json(world().batch_json))


@blueprint.get("/<id>")
def retrieve(id: str) -> Response:
    """Retrieve a batch."""
    return answer("batch", world().batch_json(world().poll(id)))


@blueprint.post("/<id>/cancel")
def cancel(id: str) -> Response:
    """Cancel a batch. The body is not read: clients send none, `{}`, or none as JSON."""
    batch = world().command(id, commands.cancel)
    # Recorded: this answer alone is not indented.
    return answer("batch", world().batch_json(batch), compact=True)
