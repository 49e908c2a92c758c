"""`/v1/batches`."""

from flask import Blueprint, Response, request

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.create import parse_request
from mockbatch.batch.rules import OPENAI
from mockbatch.faults.request_record import RequestRecord
from mockbatch.typing import Json
from mockbatch.web.context import current_request, world
from mockbatch.web.responses import check_page, check_response, json_body, query_integer, send_json
from mockbatch.world.polling import check_provider, retrieve_polled

blueprint = Blueprint("batches", __name__, url_prefix="/v1/batches")


def batch_response(batch: Batch, at: int | None = None, *, compact: bool = False) -> Response:
    """Send a batch as it is now, or was at a second, distorted if its scenario says so."""
    undistorted = world().batch_json(batch, at)
    check_response(batch.schema, undistorted)
    return send_json(distort(batch, undistorted), compact=compact)


def distort(batch: Batch, undistorted: Json) -> Json:
    """Return a Batch object as its scenario shows it, and record a distortion in the journal."""
    shown = batch.distorted(undistorted)
    if shown != undistorted:
        record = RequestRecord.of(request.environ)
        if record.fault is None:
            # The journal names a distortion as it names a fault.
            record.fault = batch.schedule.scenario.name
    return shown


def find_retrieved(id: str, provider: str) -> Batch:
    """Return the batch that the current request retrieves; ApiError 404 if it is not `provider`'s.

    This is a poll, unless it is a retry, a HEAD, or hit by a fault.
    """
    current, current_world = current_request(), world()
    check_provider(current_world, id, provider)
    is_retry = current.headers.get("x-stainless-retry-count", "0") != "0"
    has_fault = RequestRecord.of(current.environ).fault is not None
    is_poll = current.method == "GET" and not is_retry and not has_fault
    return retrieve_polled(current_world, id) if is_poll else current_world.batch(id)


def cancel_batch(id: str, provider: str) -> Batch:
    """Cancel a batch; ApiError 404 if it is not `provider`'s."""
    check_provider(world(), id, provider)
    return world().command(id, commands.cancel)


@blueprint.post("")
def create() -> Response:
    """Create a batch.

    The response shows it as it is created: on a fast clock its validation may be over meanwhile.
    """
    batch = world().create_batch(parse_request(json_body()))
    return batch_response(batch, batch.created_at)


@blueprint.get("")
def index() -> Response:
    """List batches, newest first."""
    limit = query_integer("limit", 20, 1, 100)
    page = world().batches(limit, request.args.get("after"), OPENAI)
    body = page.as_json(world().batch_json)
    check_page([batch.schema for batch in page.items], body)
    pairs = zip(page.items, body["data"], strict=True)
    return send_json({**body, "data": [distort(batch, shown) for batch, shown in pairs]})


@blueprint.get("/<id>")
def retrieve(id: str) -> Response:
    """Retrieve a batch."""
    return batch_response(find_retrieved(id, OPENAI))


@blueprint.post("/<id>/cancel")
def cancel(id: str) -> Response:
    """Cancel a batch. The body is not read: clients send none, `{}`, or an empty JSON body."""
    # Recorded: this is the only response that is not indented.
    return batch_response(cancel_batch(id, OPENAI), compact=True)
