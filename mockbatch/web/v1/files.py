"""`/v1/files`."""

from io import BytesIO
from typing import TypeVar
from urllib.parse import quote

from flask import Blueprint, Response, request
from werkzeug.datastructures import FileStorage

from mockbatch.errors import api_error
from mockbatch.faults.request_record import RequestRecord
from mockbatch.files.content import Content
from mockbatch.files.file import UPLOAD_PURPOSES
from mockbatch.validation.schema import schema
from mockbatch.web.context import world
from mockbatch.web.responses import (
    check_page,
    json_response,
    query_choice,
    query_integer,
    send_json,
)

T = TypeVar("T")

blueprint = Blueprint("files", __name__, url_prefix="/v1/files")

MOST_LISTED = 10_000


@blueprint.post("")
def create() -> Response:
    """Upload a file."""
    part = required_part("file", request.files.get("file"))
    purpose = required_part("purpose", request.form.get("purpose"))
    file = world().upload(detach_content(part), part.filename or "", purpose, _expires_after())
    return json_response("file", file.as_json(), end="\n")


@blueprint.get("")
def index() -> Response:
    """List files."""
    page = world().files(
        query_choice("purpose", (*UPLOAD_PURPOSES, "batch_output", "fine-tune-results")),
        query_integer("limit", MOST_LISTED, 1, MOST_LISTED),
        request.args.get("after"),
        newest_first=query_choice("order", ("asc", "desc")) != "asc",
    )
    body = page.as_json(lambda file: file.as_json())
    check_page(["file"] * len(page.items), body)
    return send_json(body)


@blueprint.get("/<id>")
def retrieve(id: str) -> Response:
    """Describe a file."""
    return json_response("file", world().file(id).as_json(), end="\n")


@blueprint.delete("/<id>")
def delete(id: str) -> Response:
    """Delete a file."""
    world().delete_file(id)
    return json_response("file_deleted", {"object": "file", "id": id, "deleted": True}, end="\n")


@blueprint.get("/<id>/content")
def content(id: str) -> Response:
    """Download a file, or one range of it.

    The content type is exact: a gateway in front answers 500 when it has parameters.
    """
    file = world().file(id)
    record = RequestRecord.of(request.environ)
    record.fault = record.fault or file.distortion
    size = file.content.size
    start, stop = _range(size)
    whole = (start, stop) == (0, size)
    response = Response(file.content.chunks(start, stop), 200 if whole else 206)
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Disposition"] = _attachment(file.filename)
    response.headers["Content-Length"] = str(stop - start)
    response.headers["Accept-Ranges"] = "bytes"
    if not whole:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    return response


def detach_content(part: FileStorage) -> Content:
    """Return the content of an uploaded file, which outlives the request."""
    # Flask closes what it has parsed when the request is over: it is given something else.
    stream, part.stream = part.stream, BytesIO()
    return Content(stream)


def required_part(name: str, value: T | None) -> T:
    """Return what a form has under a name; ApiError 400 when it has nothing."""
    if value is None:
        raise api_error("missing_part", param=name)
    return value


def _expires_after() -> int | None:
    given = {
        name: request.form[f"expires_after[{name}]"]
        for name in ("anchor", "seconds")
        if f"expires_after[{name}]" in request.form
    }
    if not given:
        return None
    seconds = given.get("seconds", "")
    number = int(seconds) if seconds.isascii() and seconds.isdigit() and len(seconds) < 19 else None
    wanted: dict[str, object] = {**given} if number is None else {**given, "seconds": number}
    schema("expires_after").check(wanted, "expires_after")
    return number


def _range(size: int) -> tuple[int, int]:
    """Return the bytes asked for; several ranges, other units, a condition: all of them."""
    asked = request.range if request.method == "GET" else None
    if asked is None or asked.units != "bytes" or "If-Range" in request.headers:
        return 0, size
    if len(asked.ranges) != 1:
        return 0, size
    [(start, stop)] = asked.ranges
    if start < 0:  # the last bytes, or the whole of a file that has fewer
        start = max(start + size, 0)
    if start >= size:
        error = api_error("bad_request", detail=f"The file has {size} bytes, none in that range.")
        error.status, error.headers = 416, {"Content-Range": f"bytes */{size}"}
        raise error
    return start, size if stop is None else min(stop, size)


def _attachment(filename: str) -> str:
    plain = "".join(char if char.isprintable() and char.isascii() else "_" for char in filename)
    plain = plain.replace("\\", "\\\\").replace('"', '\\"')
    header = f'attachment; filename="{plain}"'
    if not filename.isascii():
        header += f"; filename*=UTF-8''{quote(filename, safe='', errors='replace')}"
    return header
