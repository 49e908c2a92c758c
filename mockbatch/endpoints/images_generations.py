"""POST /v1/images/generations: images for a prompt."""

from mockbatch.endpoints.endpoint import Endpoint, Execution, MainMember
from mockbatch.endpoints.images import response
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

_REQUEST_SCHEMA = "images_generations.request"


def _check(body: dict[str, Json]) -> None:
    # The published default, dall-e-2, was retired in 2026-05.
    if isinstance(body, dict) and body.get("model", "") == "":
        raise api_error("no_model_named")
    schema(_REQUEST_SCHEMA).check(body)
    response.check_request(body, body["model"])


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    return response.make_response(body, execution, body["model"])


ENDPOINT = Endpoint(
    path="/v1/images/generations",
    product="Image Generations",
    request_schema=_REQUEST_SCHEMA,
    response_schema=response.RESPONSE_SCHEMA,
    check=_check,
    build_response=_build_response,
    main_member=MainMember("prompt"),
    read_usage=response.read_usage,
)
