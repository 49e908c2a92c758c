"""POST /v1/images/generations: pictures for a prompt."""

from typing import Any

from mockbatch.errors import api_error
from mockbatch.replies import images
from mockbatch.replies.endpoint import Endpoint, Moment
from mockbatch.schema import schema

Json = Any


def _check(body: dict[str, Json]) -> None:
    # The published default, dall-e-2, was retired in 2026-05.
    if isinstance(body, dict) and body.get("model", "") == "":
        raise api_error("no_model_named")
    schema("images_generations.request").check(body)
    images.check(body, body["model"])


def _answer(body: dict[str, Json], moment: Moment) -> dict[str, Json]:
    return images.answer(body, moment, body["model"])


ENDPOINT = Endpoint(
    path="/v1/images/generations",
    product="Image Generations",
    check=_check,
    answer=_answer,
    tokens=images.tokens,
    schema=images.SCHEMA,
)
