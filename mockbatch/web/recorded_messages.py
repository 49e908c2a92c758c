"""What the journal keeps of a request and its response: mostly references, hardly any copies."""

from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from flask import Response
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request

from mockbatch.faults.message import MAX_BODY_BYTES, FileReference, Message
from mockbatch.faults.request_record import RequestRecord
from mockbatch.http_server import CLIENT_ERRORS, HTTP_REQUEST_KEY

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# How many files of a form are named, and how much is kept of a name.
_MAX_FILES, _MAX_NAME_CHARACTERS = 100, 200
# The headers whose names have no prefix in a WSGI environ.
_UNPREFIXED = ("CONTENT_TYPE", "CONTENT_LENGTH")


def request_message(request: Request, record: RequestRecord) -> Message:
    """Return the message of a request; a long body that no view has read stays unread."""
    message = record.request or _body_message(request, record.file_id)
    if message.size and request.mimetype == "multipart/form-data":
        message.start = b""  # it may hold a file
    message.headers = _headers(request.environ)
    return message


def _body_message(request: Request, file_id: str | None) -> Message:
    """Return the message of a body that is a form, or that no view has read."""
    length = request.environ.get("CONTENT_LENGTH", "")
    message = Message(size=int(length) if length.isdecimal() else 0)
    if "form" in request.__dict__:
        _add_form(message, request, file_id)
    elif 0 < message.size <= MAX_BODY_BYTES and request.mimetype != "multipart/form-data":
        with suppress(HTTPException, *CLIENT_ERRORS):
            message.set_body(request.get_data(cache=False))
    return message


def _headers(environ: "WSGIEnvironment") -> bytes | Iterable[tuple[str, str]]:
    """Return the headers as received, or from the environ if there was no socket."""
    http_request = environ.get(HTTP_REQUEST_KEY)
    if http_request is not None:
        head: bytes = http_request.conn.head
        return head
    unprefixed = [(name, environ[name]) for name in _UNPREFIXED if environ.get(name)]
    return [item for item in environ.items() if item[0].startswith("HTTP_")] + unprefixed


def note_response(response: Response, request: Request, record: RequestRecord) -> None:
    """Record the message of a response; a streamed response is recorded while it is sent."""
    message = record.response
    if message is None:
        message = record.response = Message()
        body = response.response
        if not isinstance(body, list):
            response.response = message.tee(body)  # type: ignore[arg-type]
        elif request.method != "HEAD":
            message.set_body(body[0] if len(body) == 1 else b"".join(body))
    message.headers = response.headers


def _add_form(message: Message, request: Request, file_id: str | None) -> None:
    """Add the fields of a parsed form: the beginnings of its texts, and references to files."""
    left, texts = MAX_BODY_BYTES, {}
    for name, text in request.form.items(multi=True):
        texts[name[:_MAX_NAME_CHARACTERS]] = text[:left]
        message.is_form_cut |= len(text) > left
        left = max(left - len(name) - len(text), 0)
    files = [file for _, file in request.files.items(multi=True)]
    message.form = texts
    message.files = tuple(_reference(file, file_id) for file in files[:_MAX_FILES])


def _reference(file: FileStorage, id: str | None) -> FileReference:
    name, field = file.filename or "", file.name or ""
    size = file.content_length  # as the form's parser measured it
    return FileReference(name[:_MAX_NAME_CHARACTERS], size, id, field[:_MAX_NAME_CHARACTERS])
