"""`/v1/files`."""

from io import BytesIO
from urllib.parse import quote

from flask import Blueprint, Response, request
from werkzeug.datastructures import FileStorage

from mockbatch.errors import api_error
from mockbatch.faults.message import FileReference, Message
from mockbatch.faults.request_record import RequestRecord
from mockbatch.files.content import Content
from mockbatch.files.file import UPLOAD_PURPOSES
from mockbatch.validation.schema import schema
from mockbatch.web.context import world
from mockbatch.web.multipart import TextTooLongError
from mockbatch.web.responses import (
    check_page,
    json_response,
    query_choice,
    query_integer,
    send_json,
)

blueprint = Blueprint("files", __name__, url_prefix="/v1/files")

MAX_LISTED = 10_000


@blueprint.post("")
def create() -> Response:
    """Upload a file."""
    part = required_file("file")
    purpose = request.form.get("purpose")
    if purpose is None:
        raise api_error("missing_part", param="purpose")
    file = world().upload(detach_content(part), part.filename or "", purpose, _expires_after())
    RequestRecord.of(request.environ).file_id = file.id
    return json_response("file", file.as_json(), end="\n")


@blueprint.get("")
def index() -> Response:
    """List files."""
    page = world().files(
        query_choice("purpose", (*UPLOAD_PURPOSES, "batch_output", "fine-tune-results")),
        query_integer("limit", MAX_LISTED, 1, MAX_LISTED),
        request.args.get("after"),
        newest_first=query_choice("order", ("asc", "desc")) != "asc",
    )
    body = page.as_json(lambda file: file.as_json())
    check_page(["file"] * len(page.items), body)
    return send_json(body)


@blueprint.get("/<id>")
def retrieve(id: str) -> Response:
    """Retrieve a file."""
    return json_response("file", world().file(id).as_json(), end="\n")


@blueprint.delete("/<id>")
def delete(id: str) -> Response:
    """Delete a file."""
    world().delete_file(id)
    return json_response("file_deleted", {"object": "file", "id": id, "deleted": True}, end="\n")


@blueprint.get("/<id>/content")
def content(id: str) -> Response:
    """Download a file, or one range of it.

    The content type must not have parameters: Portkey's gateway would respond with a 500.
    """
    file = world().file(id)
    record = RequestRecord.of(request.environ)
    record.fault = record.fault or file.distortion
    size = file.content.size
    start, stop = _range(size)
    is_whole = (start, stop) == (0, size)
    response = Response(file.content.chunks(start, stop), 200 if is_whole else 206)
    record.response = Message(size=stop - start, files=(FileReference(file.filename, size, id),))
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Disposition"] = attachment(file.filename)
    response.headers["Content-Length"] = str(stop - start)
    response.headers["Accept-Ranges"] = "bytes"
    if not is_whole:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def detach_content(part: FileStorage) -> Content:
    """Return the content of an uploaded file, which outlives the request."""
    # Flask closes parsed files at the end of the request, so it gets an empty stream instead.
    stream, part.stream = part.stream, BytesIO()
    return Content(stream)


def required_file(name: str) -> FileStorage:
    """Return the uploaded file in a form field; ApiError 400 if there is none.

    The service treats a part as a file only if it has a `filename`. Here that may be empty; how
    the service responds to an empty one is not known.
    """
    try:
        part = request.files.get(name)
        is_text = name in request.form
    except TextTooLongError as error:
        if error.field != name:
            raise
        part, is_text = None, True
    if part is None:
        raise api_error("part_without_filename" if is_text else "missing_part", param=name)
    return part


def _expires_after() -> int | None:
    """Return the seconds in the form's `expires_after[…]` fields, None without any."""
    fields: dict[str, object] = {
        name: request.form[f"expires_after[{name}]"]
        for name in ("anchor", "seconds")
        if f"expires_after[{name}]" in request.form
    }
    if not fields:
        return None
    text = request.form.get("expires_after[seconds]", "")
    seconds = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    if seconds is not None:
        fields["seconds"] = seconds
    schema("expires_after").check(fields, "expires_after")
    return seconds


def _range(size: int) -> tuple[int, int]:
    """Return the start and stop of the requested bytes.

    Several ranges, other units and conditional ranges are ignored: the whole file is sent.
    """
    requested = request.range if request.method == "GET" else None
    if requested is None or requested.units != "bytes" or "If-Range" in request.headers:
        return 0, size
    if len(requested.ranges) != 1:
        return 0, size
    [(start, stop)] = requested.ranges
    if start < 0:  # the last bytes, or all of a file that has fewer
        start = max(start + size, 0)
    if start >= size:
        detail = f"The file has {size} bytes, none of them in the requested range."
        error = api_error("bad_request", detail=detail)
        error.status, error.headers = 416, {"Content-Range": f"bytes */{size}"}
        raise error
    return start, size if stop is None else min(stop, size)


def attachment(filename: str) -> str:
    """Return a Content-Disposition with the file's name, in ASCII and if necessary in UTF-8."""
    text = "".join(char if char.isprintable() and char.isascii() else "_" for char in filename)
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    header = f'attachment; filename="{text}"'
    if not filename.isascii():
        header += f"; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"
    return header
