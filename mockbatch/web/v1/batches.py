"""`/v1/batches`."""

from flask import Blueprint, Response, request

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.create import parse_request
from mockbatch.typing import Json
from mockbatch.web.context import world
from mockbatch.web.request_recorder import FAULT
from mockbatch.web.responses import hold, hold_page, json_body, query_integer, send
from mockbatch.world.polling import poll

blueprint = Blueprint("batches", __name__, url_prefix="/v1/batches")


def answer_batch(batch: Batch, *, compact: bool = False) -> Response:
    """Send a batch as it is now, as its scenario lets clients see it."""
    honest = world().batch_json(batch)
    hold(batch.schema, honest)
    return send(_shown(batch, honest), compact=compact)


def _shown(batch: Batch, honest: Json) -> Json:
    shown = batch.distorted(honest)
    if shown != honest:
        # Told in the journal, as a fault is.
        request.environ.setdefault(FAULT, batch.schedule.scenario.name)
    return shown


@blueprint.post("")
def create() -> Response:
    """Create a batch."""
    batch = world().create_batch(parse_request(json_body()))
    return answer_batch(batch)


@blueprint.get("")
def index() -> Response:
    """List batches, newest first."""
    page = world().batches(query_integer("limit", 20, 1, 100), request.args.get("after"))
    body = page.as_json(world().batch_json)
    hold_page([batch.schema for batch in page.items], body)
    pairs = zip(page.items, body["data"], strict=True)
    return send({**body, "data": [_shown(batch, honest) for batch, honest in pairs]})


@blueprint.get("/<id>")
def retrieve(id: str) -> Response:
    """Retrieve a batch; one that waits for it polls, but not who only repeats a request."""
    repeated = request.headers.get("x-stainless-retry-count", "0") != "0"
    polls = request.method == "GET" and not repeated and FAULT not in request.environ
    return answer_batch(poll(world(), id) if polls else world().batch(id))


@blueprint.post("/<id>/cancel")
def cancel(id: str) -> Response:
    """Cancel a batch. The body is not read: clients send none, `{}`, or none as JSON."""
    batch = world().command(id, commands.cancel)
    # Recorded: this answer alone is not indented.
    return answer_batch(batch, compact=True)
