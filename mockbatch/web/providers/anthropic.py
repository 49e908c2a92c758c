"""Anthropic's routes, under `/v1/messages`."""

import re
import sys

from flask import Blueprint, Response, request

from mockbatch.batch import commands
from mockbatch.batch.batch import OUTPUT, Batch
from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.errors import ApiError, api_error
from mockbatch.faults.message import FileReference, Message
from mockbatch.faults.request_record import RequestRecord
from mockbatch.providers.anthropic import batches, listing, messages
from mockbatch.providers.anthropic.errors import anthropic_error, as_envelope
from mockbatch.providers.anthropic.rate_limits import rate_limit_headers
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.web.context import request_id, world
from mockbatch.web.errors import error_message
from mockbatch.web.responses import check_response, json_body, send_json
from mockbatch.web.v1.batches import find_retrieved
from mockbatch.web.v1.live_calls import frames, respond
from mockbatch.world.polling import check_provider

blueprint = Blueprint("anthropic", __name__, url_prefix=messages.PATH)

# Seconds; recorded in each of 98 responses to polls of batches that had not ended.
_RETRY_AFTER = "10"
_DATE = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]")


@blueprint.before_request
def check_version() -> None:
    """Raise ApiError 400 for a request that names no version of the API."""
    version()


def version() -> str:
    """Return the version of the API that the client names; ApiError 400 without one."""
    name = request.headers.get("anthropic-version")
    if name is None:
        raise anthropic_error("no_version")
    if not _DATE.fullmatch(name):
        raise anthropic_error("unknown_version", version=name)
    return name


@blueprint.post("")
def create_message() -> Response:
    """Answer a live call, as a stream of events if its body says so."""
    endpoint = messages.live_endpoint(version())
    body = json_body()
    result = respond(endpoint, body)
    if not result.succeeded:
        return _error_response(result)
    if body.get("stream") is True:
        response = _stream(endpoint, result, body)
    else:
        if result.is_checked:
            check_response(endpoint.response_schema, result.body)
        response = send_json(result.body, compact=True)
    tokens = endpoint.read_usage(result.body)
    response.headers.update(rate_limit_headers(tokens, world().now()))
    return response


def _error_response(result: EndpointResponse) -> Response:
    body = as_envelope(result.status_code or 400, result.body, request_id())
    if result.is_checked:
        check_response("anthropic/error", body)
    RequestRecord.of(request.environ).error = error_message(body)
    response = send_json(body, compact=True)
    response.status_code = result.status_code or 400
    return response


def _stream(endpoint: Endpoint, result: EndpointResponse, body: dict[str, Json]) -> Response:
    stream = endpoint.stream
    if stream is None or not schema(endpoint.response_schema).accepts(result.body):
        raise api_error("raw_reply_not_streamable", path=endpoint.path)
    events = stream.events(result.body, body)
    return Response(frames(stream, events), content_type="text/event-stream; charset=utf-8")


@blueprint.post("/batches")
def create_batch() -> Response:
    """Create a Message Batch."""
    if (request.content_length or 0) > batches.MAX_BYTES:
        raise anthropic_error("too_large")
    named = version()
    body = json_body(is_long=True)
    batch = world().create_batch(batches.parse_request(body, named, world().models))
    return _batch_response(batch, batch.created_at)


create_batch.takes_long_bodies = True  # type: ignore[attr-defined]


@blueprint.get("/batches")
def list_batches() -> Response:
    """List Message Batches, newest first."""
    limit = listing.parse_limit(request.args.get("limit"))
    own = [
        batch
        for batch in world().batches(sys.maxsize, None, batches.RULES.provider).items
        if not batches.is_deleted(batch)
    ]
    after_id, before_id = request.args.get("after_id"), request.args.get("before_id")
    page = listing.make_page(own, limit, after_id or None, before_id or None)
    now = world().now()
    shown = [batch_json(batch, now) for batch in page.items]
    for shown_batch in shown:
        check_response(batches.RULES.schema, shown_batch)
    body = {
        "data": shown,
        "has_more": page.has_more,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
    }
    check_response("anthropic/message_batch_page", body)
    return send_json(body, compact=True)


@blueprint.get("/batches/<id>")
def retrieve_batch(id: str) -> Response:
    """Retrieve a Message Batch."""
    _own_batch(id)
    batch = find_retrieved(id, batches.RULES.provider)
    response = _batch_response(batch)
    if not batch.is_final(world().now()):
        response.headers["retry-after"] = _RETRY_AFTER
    return response


@blueprint.post("/batches/<id>/cancel")
def cancel_batch(id: str) -> Response:
    """Cancel a Message Batch. The body is not read: clients send none, `{}`, or an empty one."""
    batches.check_cancel(_own_batch(id), world().now())
    return _batch_response(world().command(id, commands.cancel))


@blueprint.delete("/batches/<id>")
def delete_batch(id: str) -> Response:
    """Delete a Message Batch that has ended."""
    _own_batch(id)
    world().command(id, batches.delete)
    body = {"id": id, "type": "message_batch_deleted"}
    check_response("anthropic/message_batch_deleted", body)
    return send_json(body, compact=True)


@blueprint.get("/batches/<id>/results")
def read_results(id: str) -> Response:
    """Send the results of a Message Batch, in chunks as the service does."""
    batch = _own_batch(id)
    try:
        file = world().file(batch.planned_file_id(OUTPUT))
    except ApiError:
        raise anthropic_error("no_results", id=id) from None
    record = RequestRecord.of(request.environ)
    record.fault = record.fault or file.distortion
    size = file.content.size
    name = f"{id}_results.jsonl"
    record.response = Message(size=size, files=(FileReference(name, size, file.id),))
    response = Response(file.content.chunks(0, size), content_type="application/x-jsonl")
    response.headers["Content-Disposition"] = f"attachment; filename*=utf-8''{name}"
    return response


def _own_batch(id: str) -> Batch:
    """Return a Message Batch; ApiError 404 for one that is deleted, or that is not Anthropic's."""
    check_provider(world(), id, batches.RULES.provider)
    batch = world().batch(id)
    if batches.is_deleted(batch):
        raise anthropic_error("no_such_batch", id=id)
    return batch


def batch_json(batch: Batch, at: float | None = None) -> dict[str, Json]:
    """Return the object of a Message Batch as of now, or of a given second."""
    instant = world().now() if at is None else at
    return batches.batch_json(batch, instant, request.host_url)


def _batch_response(batch: Batch, at: int | None = None) -> Response:
    body = batch_json(batch, at)
    check_response(batch.schema, body)
    return send_json(body, compact=True)
