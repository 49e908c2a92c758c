"""POST /v1/videos: the job that generates a video, as it is when it has just been created."""

from mockbatch.endpoints import form_fields, media_references
from mockbatch.endpoints.endpoint import Endpoint, Execution, Form, MainMember, Tokens
from mockbatch.endpoints.models import snapshot_name
from mockbatch.ids import video_id
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

_REQUEST_SCHEMA = "videos.request"
_REFERENCE = "input_reference"


def _check(body: dict[str, Json]) -> None:
    schema(_REQUEST_SCHEMA).check(body)
    if _REFERENCE in body:
        media_references.check(body[_REFERENCE], _REFERENCE, media_references.IMAGES_AND_VIDEOS)


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    return {
        "id": video_id(execution.seed.child("video"), execution.created_at),
        "object": "video",
        "created_at": execution.created_at,
        "status": "queued",
        "completed_at": None,
        "error": None,
        "expires_at": None,
        # Clients quote sora-2 in responses for sora-2, which has several snapshots.
        "model": snapshot_name(body.get("model") or "sora-2"),
        "progress": 0,
        "prompt": body["prompt"],
        "remixed_from_video_id": None,
        "seconds": body.get("seconds", "4"),
        "size": body.get("size", "720x1280"),
    }


def _read_usage(_: dict[str, Json]) -> Tokens:
    """Return no tokens: videos are billed by the second, and their jobs have no usage."""
    return Tokens(input=0, output=0)


def _parse_form(form: Form) -> dict[str, Json]:
    """Return the request body of a form, in which the reference may be a file."""
    form_fields.reject_other_files(form, _REFERENCE)
    body = form_fields.parse_texts(form, schema(_REQUEST_SCHEMA).document)
    for file in form.files.get(_REFERENCE, ()):
        body[_REFERENCE] = media_references.from_file(
            file, _REFERENCE, media_references.IMAGES_AND_VIDEOS
        )
    return body


ENDPOINT = Endpoint(
    path="/v1/videos",
    product="Videos",
    request_schema=_REQUEST_SCHEMA,
    response_schema="videos.response",
    check=_check,
    build_response=_build_response,
    main_member=MainMember("prompt"),
    read_usage=_read_usage,
    parse_form=_parse_form,
)
