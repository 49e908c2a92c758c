"""The endpoints as live calls: a route for each of their one list."""

import json
from collections.abc import Iterable, Iterator
from functools import partial

from flask import Blueprint, Response, request

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Endpoint, Form, FormFile, Stream
from mockbatch.endpoints.respond import EndpointResponse
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import Schema, schema
from mockbatch.web.context import server, world
from mockbatch.web.responses import check_response, json_body, send_json

blueprint = Blueprint("live", __name__)

# As recorded of an organization in 2026. Nothing is limited here: each call finds all of it.
_REQUESTS_A_MINUTE, _TOKENS_A_MINUTE = 5_000, 2_000_000


def call(endpoint: Endpoint) -> Response:
    """Answer a live call of an endpoint, event by event if its body wants that."""
    body = _body(endpoint)
    answer = world().answer(endpoint, body)
    stream = _stream(endpoint) if answer.succeeded and body.get("stream") is True else None
    _hold(endpoint, answer, streamed=stream is not None)
    if stream is None:
        response = send_json(answer.body, end="\n")
        response.status_code = answer.status_code or 200
    else:
        frames = _frames(stream, stream.events(answer.body, body), _judge(stream))
        response = Response(frames, content_type="text/event-stream; charset=utf-8")
    if answer.succeeded:
        response.headers.update(_rate_limits(endpoint.read_usage(answer.body).input))
    return response


for _path, _endpoint in endpoints().items():
    blueprint.add_url_rule(_path, _path, partial(call, _endpoint), methods=["POST"])


def _body(endpoint: Endpoint) -> dict[str, Json]:
    """Return the request's body; what an endpoint makes of it, if it is a form."""
    if endpoint.parse_form is None or request.mimetype != "multipart/form-data":
        return json_body()
    files = {
        name: [FormFile(one.filename or "", one.mimetype, one.read()) for one in parts]
        for name, parts in request.files.lists()
    }
    return endpoint.parse_form(Form(dict(request.form.lists()), files))


def _stream(endpoint: Endpoint) -> Stream:
    if endpoint.stream is None:
        raise api_error("live_streaming_unsupported", path=endpoint.path)
    return endpoint.stream


def _hold(endpoint: Endpoint, answer: EndpointResponse, *, streamed: bool) -> None:
    """Check an answer; ApiError 400 for a raw one of which no events can be made."""
    if answer.is_checked:
        check_response(endpoint.schema if answer.status_code == 200 else "error", answer.body)
    elif streamed and not schema(endpoint.schema).accepts(answer.body):
        raise api_error("raw_reply_not_streamable", path=endpoint.path)


def _judge(stream: Stream) -> Schema | None:
    return schema(stream.schema) if server().settings.world.validate else None


def _frames(stream: Stream, events: Iterable[Json], judge: Schema | None) -> Iterator[bytes]:
    """Yield events as server-sent ones, in the service's compact JSON."""
    for event in events:
        if judge is not None:
            judge.assert_valid(event, "an event of a stream")
        name = f"event: {event['type']}\n" if "type" in event else ""
        text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        # Half a surrogate can only be written as its escape.
        yield f"{name}data: {text}\n\n".encode("utf-8", "backslashreplace")
    if stream.end is not None:
        yield f"data: {stream.end}\n\n".encode()


def _rate_limits(tokens: int) -> dict[str, str]:
    """Return the headers that tell what is left of a minute's limits after so many tokens."""
    limits = {"requests": (_REQUESTS_A_MINUTE, 1), "tokens": (_TOKENS_A_MINUTE, tokens)}
    headers = {}
    for name, (limit, used) in limits.items():
        milliseconds = min(used, limit) * 60_000 // limit
        headers[f"x-ratelimit-limit-{name}"] = str(limit)
        headers[f"x-ratelimit-remaining-{name}"] = str(max(limit - used, 0))
        headers[f"x-ratelimit-reset-{name}"] = f"{milliseconds}ms" if milliseconds else "0s"
    return headers
