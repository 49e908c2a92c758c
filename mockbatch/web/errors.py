"""Turns every exception into a response in OpenAI's error format."""

import errno
import json
import logging

from flask import Flask, Response, request
from werkzeug.exceptions import (
    ClientDisconnected,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)
from werkzeug.routing.exceptions import WebsocketMismatch

from mockbatch.errors import ApiError, api_error
from mockbatch.faults.request_record import RequestRecord
from mockbatch.http_server import CLIENT_ERRORS, describe_body_error
from mockbatch.jsonio import indent
from mockbatch.strings.redaction import redact
from mockbatch.typing import Json
from mockbatch.web.context import provider, request_id
from mockbatch.web.request_recorder import MAX_CHARACTERS, MAX_METHOD_CHARACTERS

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Register handlers for all exceptions, so that no response is HTML or a traceback."""
    app.register_error_handler(ApiError, _respond)
    app.register_error_handler(HTTPException, _handle_http_exception)
    app.register_error_handler(OSError, _handle_os_error)
    app.register_error_handler(Exception, _handle_bug)


def error_response(error: ApiError) -> Response:
    """Return the response for an error, in OpenAI's format."""
    return _json_error(indent(error.body()), error.status, error)


def _respond(error: ApiError) -> Response:
    """Return the response for an error, and note its message for the journal and the log."""
    called = provider()
    if called is None:
        RequestRecord.of(request.environ).error = error.message
        return error_response(error)
    status, body = called.error(error, request_id())
    RequestRecord.of(request.environ).error = error_message(body)
    return _json_error(json.dumps(body, separators=(",", ":")), status, error)


def error_message(body: Json) -> str | None:
    """Return the message of an error body, None for a scripted body of another shape."""
    error = body.get("error") if isinstance(body, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) else None


def _json_error(text: str, status: int, error: ApiError) -> Response:
    response = Response(text, status, content_type="application/json")
    response.headers.update(error.headers)
    return response


def _handle_http_exception(error: HTTPException) -> Response:
    if isinstance(error, NotFound | MethodNotAllowed):
        RequestRecord.of(request.environ).is_unrouted = True
    if isinstance(error, NotFound):
        return _respond(api_error("unknown_url", method=request.method, path=request.path))
    if isinstance(error, MethodNotAllowed):
        wrong_method = api_error("wrong_method", method=request.method, path=request.path)
        wrong_method.headers = {"Allow": ", ".join(sorted(error.valid_methods or ()))}
        return _respond(wrong_method)
    if isinstance(error, RequestEntityTooLarge):
        return _respond(_size_error())
    if isinstance(error, ClientDisconnected):
        return _respond(_body_error(error.__context__))
    if isinstance(error, WebsocketMismatch):
        return _respond(api_error("bad_request", detail="This server has no WebSockets."))
    bad_request = api_error("bad_request", detail=error.description or error.name)
    bad_request.status = error.code or 400
    return _respond(bad_request)


def _size_error() -> ApiError:
    """Return the error of a request whose body is too large, or a text field of its form."""
    limit, length = request.max_content_length, request.content_length
    if length is not None and length <= (limit or 0):
        return api_error("too_large", limit=request.max_form_memory_size)
    if request.endpoint == "files.create":
        return api_error("file_too_large")
    return api_error("too_large", limit=limit)


def _handle_os_error(error: OSError) -> Response:
    if isinstance(error, CLIENT_ERRORS):
        return _respond(_body_error(error))
    return _handle_bug(error)


def _body_error(error: BaseException | None) -> ApiError:
    """Return the error of a request whose body could not be read because of this exception."""
    log.debug("the body of the request could not be read: %s", error)
    reason = describe_body_error(error) or "it is incomplete, or came too slowly"
    return api_error("bad_request", detail=f"The body of the request could not be read: {reason}.")


def _handle_bug(error: Exception) -> Response:
    RequestRecord.of(request.environ).has_failed = True
    path = redact(request.path, MAX_CHARACTERS)
    log.error("%s %s failed", request.method[:MAX_METHOD_CHARACTERS], path, exc_info=error)
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return _respond(api_error("no_disk_space", reason=error.strerror))
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        return _respond(api_error("no_descriptors", reason=error.strerror))
    return _respond(api_error("server_error"))
