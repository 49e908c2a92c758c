"""POST /v1/images/edits: pictures for a prompt and other pictures.

A batch line has them as references; a live call may have them as the files of a form.
"""

from mockbatch.endpoints import form_fields, media_references
from mockbatch.endpoints.endpoint import Endpoint, Execution, Form
from mockbatch.endpoints.images import answer
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

_REQUEST = "images_edits.request"
# As published; only live calls may leave the model out.
_DEFAULT_MODEL = "gpt-image-1.5"
_MORE_IMAGES = ("mask", "markup")


def _check(body: dict[str, Json]) -> None:
    schema(_REQUEST).check(body)
    for place, reference in enumerate(body["images"]):
        media_references.check(reference, f"images[{place}]")
    for name in _MORE_IMAGES:
        if name in body:
            media_references.check(body[name], name)
    answer.check_request(body, _model(body))


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    sources = [reference.get("image_url", reference.get("file_id")) for reference in body["images"]]
    return answer.make_response(body, execution, _model(body), sources)


def _model(body: dict[str, Json]) -> str:
    return body.get("model") or _DEFAULT_MODEL


def _parse_form(form: Form) -> dict[str, Json]:
    """Return the body of a form, in which `image` or `image[]` are the pictures to edit."""
    for name in ("image", "image[]"):
        if name in form.texts:
            # Met by a client in 2025-05.
            raise api_error(
                "invalid_type",
                param="image",
                expected="one of an array of files or file",
                actual="a string",
            )
    form_fields.reject_other_files(form, "image", "image[]", *_MORE_IMAGES)
    body = form_fields.parse_texts(form, schema(_REQUEST).document)
    named = [("image", file) for file in form.files.get("image", ())]
    named += [(f"image[{place}]", file) for place, file in enumerate(form.files.get("image[]", ()))]
    if not named:
        raise api_error("missing_parameter", param="image")
    body["images"] = [media_references.from_file(file, name) for name, file in named]
    for name in _MORE_IMAGES:
        for file in form.files.get(name, ()):
            body[name] = media_references.from_file(file, name)
    return body


ENDPOINT = Endpoint(
    path="/v1/images/edits",
    product="Image Edits",
    check=_check,
    build_response=_build_response,
    read_usage=answer.read_usage,
    schema=answer.SCHEMA,
    parse_form=_parse_form,
)
