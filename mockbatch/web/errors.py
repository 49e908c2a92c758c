"""The one place where failures become answers, in OpenAI's envelope."""

import json
import logging

from flask import Flask, Response, request
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)

from mockbatch.errors import ApiError, api_error
from mockbatch.faults.request_record import RequestRecord

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Let an app answer every failure with the envelope: never HTML, never a traceback."""
    app.register_error_handler(ApiError, envelope)
    app.register_error_handler(HTTPException, _of_flask)
    app.register_error_handler(OSError, _of_connection)
    app.register_error_handler(Exception, _of_ours)


def envelope(error: ApiError) -> Response:
    """Return the answer that tells a client of a failure."""
    response = Response(json.dumps(error.body(), indent=2), error.status)
    response.content_type = "application/json"
    response.headers.update(error.headers)
    return response


def _of_flask(error: HTTPException) -> Response:
    if isinstance(error, NotFound | MethodNotAllowed):
        RequestRecord.of(request.environ).is_unrouted = True
    if isinstance(error, NotFound):
        return envelope(api_error("unknown_url", method=request.method, path=request.path))
    if isinstance(error, MethodNotAllowed):
        refusal = api_error("wrong_method", method=request.method, path=request.path)
        refusal.headers = {"Allow": ", ".join(sorted(error.valid_methods or ()))}
        return envelope(refusal)
    if isinstance(error, RequestEntityTooLarge):
        return envelope(api_error("too_large", limit=_exceeded()))
    refusal = api_error("bad_request", detail=error.description or error.name)
    refusal.status = error.code or 400
    return envelope(refusal)


def _exceeded() -> int | None:
    """Return the limit that a request has met: its own, or that of the text in its form."""
    whole, length = request.max_content_length, request.content_length
    return whole if length is None or length > (whole or 0) else request.max_form_memory_size


def _of_connection(error: OSError) -> Response:
    # Reading the body raises these: a cut connection, a bad chunk. A file of ours does not.
    log.debug("the request could not be read: %s", error)
    return envelope(api_error("bad_request", detail="The body of the request could not be read."))


def _of_ours(error: Exception) -> Response:
    RequestRecord.of(request.environ).has_failed = True
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return envelope(api_error("server_error"))
