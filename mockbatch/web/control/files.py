"""`/_mock/files`: the files of a world, without a request that a client could have sent."""

import base64
import codecs

from flask import Blueprint, Response, request

from mockbatch.files.content import Content
from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import check_page, json_response, query_integer, send_json
from mockbatch.web.v1.files import attachment

blueprint = Blueprint("control_files", __name__, url_prefix="/_mock/files")
blueprint.before_request(guard)

_PREVIEW_BYTES = 1 << 16
_MAX_PREVIEW_BYTES = 1 << 20
# UTF-8 has characters of up to four bytes, and a preview has at least one.
_MIN_PREVIEW_BYTES = 4


@blueprint.get("")
def index() -> Response:
    """Return a page of the files, the newest first."""
    limit, after = query_integer("limit", 50, 1, 100), request.args.get("after")
    page = world().files(None, limit, after, newest_first=True)
    body = page.as_json(lambda file: file.as_json())
    check_page(["provider_file"] * len(page.items), body)
    return send_json(body, compact=True)


@blueprint.get("/<id>/preview")
def preview(id: str) -> Response:
    """Return a part of a file, as text if it is text."""
    return content_preview(id, world().file(id).content)


def content_preview(id: str, content: Content) -> Response:
    """Return the part of a content that the query asks for, as a text if it is one."""
    start = query_integer("from", 0, 0, 1 << 53)
    length = query_integer("bytes", _PREVIEW_BYTES, _MIN_PREVIEW_BYTES, _MAX_PREVIEW_BYTES)
    data = content.read(min(start, content.size), min(start + length, content.size))
    text = _decode(data, is_end=start + len(data) >= content.size)
    stop = start + len(data if text is None else text.encode())
    body = {
        "id": id,
        "size": content.size,
        "from": start,
        "next": stop if stop < content.size else None,
        "text": text,
        "base64": base64.b64encode(data).decode() if text is None else None,
    }
    return json_response("file_preview", body)


@blueprint.get("/<id>/content")
def download(id: str) -> Response:
    """Return the whole content of a file; no fault applies to this call."""
    file = world().file(id)
    response = Response(file.content.chunks(), content_type="application/octet-stream")
    response.headers["Content-Disposition"] = attachment(file.filename)
    response.headers["Content-Length"] = str(file.content.size)
    return response


def _decode(data: bytes, *, is_end: bool) -> str | None:
    """Return UTF-8 as text, without a character that is cut off; None if it is not UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        return decoder.decode(data, final=is_end)
    except UnicodeDecodeError:
        return None
