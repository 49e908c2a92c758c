"""`/v1/uploads`: files uploaded in parts. Like OpenAI's API, it cannot retrieve or list them."""

from flask import Blueprint, Response, request

from mockbatch.faults.request_record import RequestRecord
from mockbatch.files.file import File
from mockbatch.files.upload import Upload
from mockbatch.web.context import world
from mockbatch.web.responses import check_response, checked_body, json_response
from mockbatch.web.v1.files import detach_content, required_file

blueprint = Blueprint("uploads", __name__, url_prefix="/v1/uploads")


@blueprint.post("")
def create() -> Response:
    """Create an upload."""
    body = checked_body("create_upload")
    expires_after = body.get("expires_after")
    seconds = None if expires_after is None else expires_after["seconds"]
    upload = world().uploads.create(body["filename"], body["purpose"], body["bytes"], seconds)
    return _upload_response(upload)


@blueprint.post("/<id>/parts")
def add_part(id: str) -> Response:
    """Add a part to an upload."""
    part = world().uploads.add_part(id, detach_content(required_file("data")))
    RequestRecord.of(request.environ).file_id = part.id
    return json_response("upload_part", part.as_json())


@blueprint.post("/<id>/complete")
def complete(id: str) -> Response:
    """Create a file from the parts in the body."""
    body = checked_body("complete_upload")
    upload, file = world().uploads.complete(id, body["part_ids"], body.get("md5"))
    return _upload_response(upload, file)


@blueprint.post("/<id>/cancel")
def cancel(id: str) -> Response:
    """Cancel an upload. The body is not read: clients send none, `{}`, or an empty JSON body."""
    return _upload_response(world().uploads.cancel(id))


def _upload_response(upload: Upload, file: File | None = None) -> Response:
    if file is not None:
        check_response("file", file.as_json())
    return json_response("upload", upload.as_json(world().now(), file))
