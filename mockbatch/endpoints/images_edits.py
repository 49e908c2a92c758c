"""POST /v1/images/edits: images for a prompt and other images.

A batch line refers to the other images; a live call may also send them as files of a form.
"""

from mockbatch.endpoints import form_fields, media_references
from mockbatch.endpoints.endpoint import Endpoint, Execution, Form, MainMember
from mockbatch.endpoints.images import response
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

_REQUEST_SCHEMA = "images_edits.request"
# As published; only live calls may leave the model out.
_DEFAULT_MODEL = "gpt-image-1.5"
_MORE_IMAGES = ("mask", "markup")


def _check(body: dict[str, Json]) -> None:
    schema(_REQUEST_SCHEMA).check(body)
    for index, reference in enumerate(body["images"]):
        media_references.check(reference, f"images[{index}]")
    for name in _MORE_IMAGES:
        if name in body:
            media_references.check(body[name], name)
    response.check_request(body, _model_name(body))


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    sources = [reference.get("image_url", reference.get("file_id")) for reference in body["images"]]
    return response.make_response(body, execution, _model_name(body), sources)


def _model_name(body: dict[str, Json]) -> str:
    return body.get("model") or _DEFAULT_MODEL


def _parse_form(form: Form) -> dict[str, Json]:
    """Return the request body of a form, in which `image` or `image[]` are the images to edit."""
    for name in ("image", "image[]"):
        if name in form.texts:
            # Seen by a client in 2025-05.
            raise api_error(
                "invalid_type",
                param="image",
                expected="one of an array of files or file",
                actual="a string",
            )
    form_fields.reject_other_files(form, "image", "image[]", *_MORE_IMAGES)
    body = form_fields.parse_texts(form, schema(_REQUEST_SCHEMA).document)
    images = [("image", file) for file in form.files.get("image", ())]
    images += [
        (f"image[{index}]", file) for index, file in enumerate(form.files.get("image[]", ()))
    ]
    if not images:
        raise api_error("missing_parameter", param="image")
    body["images"] = [media_references.from_file(file, param) for param, file in images]
    for name in _MORE_IMAGES:
        for file in form.files.get(name, ()):
            body[name] = media_references.from_file(file, name)
    return body


ENDPOINT = Endpoint(
    path="/v1/images/edits",
    product="Image Edits",
    request_schema=_REQUEST_SCHEMA,
    response_schema=response.RESPONSE_SCHEMA,
    check=_check,
    build_response=_build_response,
    main_member=MainMember("prompt"),
    read_usage=response.read_usage,
    parse_form=_parse_form,
)
