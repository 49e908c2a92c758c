"""Live calls of the endpoints: a POST route for each in `endpoints()`."""

import json
from collections.abc import Iterable, Iterator
from functools import partial

from flask import Blueprint, Response, request

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Endpoint, Form, FormFile, Stream
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.errors import api_error
from mockbatch.faults.request_record import RequestRecord
from mockbatch.typing import Json
from mockbatch.validation.schema import Schema, schema
from mockbatch.web.context import server, world
from mockbatch.web.errors import error_message
from mockbatch.web.json_stream import iter_json
from mockbatch.web.responses import check_response, json_body, send_json

blueprint = Blueprint("live", __name__)

# A vector of embeddings has up to 90 kB.
_MAX_BUFFERED_ITEMS = 32

# As recorded for an organization in 2026. mockbatch does not limit live calls: the whole budget
# of a minute is available before each of them.
_REQUESTS_PER_MINUTE, _TOKENS_PER_MINUTE = 5_000, 2_000_000


def call(endpoint: Endpoint, *, model: str | None = None) -> Response:
    """Respond to a live call of an endpoint, as a stream of events if its body says so.

    `model` takes the place of the body's, for a provider that has it in the path.
    """
    body = _request_body(endpoint)
    if model is not None:
        body["model"] = model
    result = respond(endpoint, body)
    stream = _stream(endpoint) if result.succeeded and body.get("stream") is True else None
    _check(endpoint, result, is_streamed=stream is not None)
    if stream is None:
        response = _json_response(result.body)
        response.status_code = result.status_code or 200
    else:
        events = frames(stream, stream.events(result.body, body))
        response = Response(events, content_type="text/event-stream; charset=utf-8")
    if result.succeeded:
        response.headers.update(_rate_limits(endpoint.read_usage(result.body).input))
    else:
        RequestRecord.of(request.environ).error = error_message(result.body)
    return response


def respond(endpoint: Endpoint, body: dict[str, Json]) -> EndpointResponse:
    """Return the response to a live call, and note for the journal which reply it got."""
    result = world().respond(endpoint, body)
    if result.match is not None:
        RequestRecord.of(request.environ).reply = result.match.as_json()
    return result


for _path, _endpoint in endpoints().items():
    blueprint.add_url_rule(_path, _path, partial(call, _endpoint), methods=["POST"])


def _request_body(endpoint: Endpoint) -> dict[str, Json]:
    """Return the request's JSON body, or the body that the endpoint makes of a form."""
    if endpoint.parse_form is None or request.mimetype != "multipart/form-data":
        return json_body()
    files = {
        name: [FormFile(file.filename or "", file.mimetype, file.read()) for file in fields]
        for name, fields in request.files.lists()
    }
    return endpoint.parse_form(Form(dict(request.form.lists()), files))


def _json_response(body: Json) -> Response:
    """Return a body, in parts if it may be large because it lists many objects."""
    data = body.get("data") if isinstance(body, dict) else None
    if isinstance(data, list) and len(data) > _MAX_BUFFERED_ITEMS:
        return Response(iter_json(body, "\n"), content_type="application/json")
    return send_json(body, end="\n")


def _stream(endpoint: Endpoint) -> Stream:
    """Return how an endpoint streams; ApiError 400 if mockbatch cannot stream it."""
    if endpoint.stream is None:
        raise api_error("live_streaming_unsupported", path=endpoint.path)
    return endpoint.stream


def _check(endpoint: Endpoint, result: EndpointResponse, *, is_streamed: bool) -> None:
    """Check a response body; ApiError 400 for a raw one that cannot be streamed."""
    if result.is_checked:
        check_response(
            endpoint.response_schema if result.status_code == 200 else "error", result.body
        )
    elif is_streamed and not schema(endpoint.response_schema).accepts(result.body):
        raise api_error("raw_reply_not_streamable", path=endpoint.path)


def frames(stream: Stream, events: Iterable[Json]) -> Iterator[bytes]:
    """Return the events as server-sent events, in compact JSON as the service sends them.

    They are checked against their schema, unless the server has --no-validate.
    """
    checked = schema(stream.schema) if server().settings.world.validate else None
    return _iter_frames(stream, events, checked)


def _iter_frames(
    stream: Stream, events: Iterable[Json], event_schema: Schema | None
) -> Iterator[bytes]:
    for event in events:
        if event_schema is not None:
            event_schema.assert_valid(event, "an event of a stream")
        name = f"event: {event['type']}\n" if "type" in event else ""
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        # UTF-8 cannot encode a lone surrogate, so it is written as a JSON escape.
        yield f"{name}data: {text}\n\n".encode("utf-8", "backslashreplace")
    if stream.end is not None:
        yield f"data: {stream.end}\n\n".encode()


def _rate_limits(tokens: int) -> dict[str, str]:
    """Return the `x-ratelimit-*` headers after one request of so many tokens."""
    limits = {"requests": (_REQUESTS_PER_MINUTE, 1), "tokens": (_TOKENS_PER_MINUTE, tokens)}
    headers = {}
    for name, (limit, used) in limits.items():
        milliseconds = min(used, limit) * 60_000 // limit
        headers[f"x-ratelimit-limit-{name}"] = str(limit)
        headers[f"x-ratelimit-remaining-{name}"] = str(max(limit - used, 0))
        headers[f"x-ratelimit-reset-{name}"] = f"{milliseconds}ms" if milliseconds else "0s"
    return headers
