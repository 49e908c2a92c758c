"""Anthropic's routes, under `/v1/messages`."""

import re

from flask import Blueprint, Response, request

from mockbatch.endpoints.endpoint import Endpoint
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.errors import api_error
from mockbatch.faults.request_record import RequestRecord
from mockbatch.providers.anthropic import messages
from mockbatch.providers.anthropic.errors import anthropic_error, as_envelope
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.web.context import request_id, world
from mockbatch.web.errors import error_message
from mockbatch.web.responses import check_response, json_body, send_json
from mockbatch.web.v1.live_calls import frames

blueprint = Blueprint("anthropic", __name__, url_prefix=messages.PATH)

_DATE = re.compile(r"20[0-9]{2}-[01][0-9]-[0-3][0-9]")


def version() -> str:
    """Return the version of the API that the client names; ApiError 400 without one."""
    name = request.headers.get("anthropic-version")
    if name is None:
        raise anthropic_error("no_version")
    if not _DATE.fullmatch(name):
        raise anthropic_error("unknown_version", version=name[:100])
    return name


@blueprint.post("")
def create_message() -> Response:
    """Answer a live call, as a stream of events if its body says so."""
    endpoint = messages.live_endpoint(version())
    body = json_body()
    result = world().respond(endpoint, body)
    if not result.succeeded:
        return _error_response(result)
    if body.get("stream") is True:
        return _stream(endpoint, result, body)
    if result.is_checked:
        check_response(endpoint.response_schema, result.body)
    return send_json(result.body, compact=True)


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
