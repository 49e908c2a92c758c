"""POST /v1/images/generations: pictures for a prompt."""

from mockbatch.endpoints.endpoint import Endpoint, Execution
from mockbatch.endpoints.images import answer
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema


def _check(body: dict[str, Json]) -> None:
    # The published default, dall-e-2, was retired in 2026-05.
    if isinstance(body, dict) and body.get("model", "") == "":
        raise api_error("no_model_named")
    schema("images_generations.request").check(body)
    answer.check_request(body, body["model"])


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    return answer.make_response(body, execution, body["model"])


ENDPOINT = Endpoint(
    path="/v1/images/generations",
    product="Image Generations",
    check=_check,
    build_response=_build_response,
    read_usage=answer.read_usage,
    schema=answer.SCHEMA,
)
