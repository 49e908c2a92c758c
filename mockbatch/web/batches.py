"""`/v1/batches`."""

from flask import Blueprint, Response, request

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.create import parsed
from mockbatch.web.answers import answer, answer_page, json_body, query_integer
from mockbatch.web.context import world

blueprint = Blueprint("batches", __name__, url_prefix="/v1/batches")


def answer_batch(batch: Batch, *, compact: bool = False) -> Response:
    """Send a batch as it is now."""
    return answer(batch.schema, world().batch_json(batch), compact=compact)


@blueprint.post("")
def create() -> Response:
    """Create a batch."""
    batch = world().create_batch(parsed(json_body()))
    return answer_batch(batch)


@blueprint.get("")
def index() -> Response:
    """List batches, newest first."""
    page = world().batches(query_integer("limit", 20, 1, 100), request.args.get("after"))
    body = page.as_json(world().batch_json)
    return answer_page([batch.schema for batch in page.items], body)


@blueprint.get("/<id>")
def retrieve(id: str) -> Response:
    """Retrieve a batch."""
    return answer_batch(world().poll(id))


@blueprint.post("/<id>/cancel")
def cancel(id: str) -> Response:
    """Cancel a batch. The body is not read: clients send none, `{}`, or none as JSON."""
    batch = world().command(id, commands.cancel)
    # Recorded: this answer alone is not indented.
    return answer_batch(batch, compact=True)
