"""POST /v1/moderations: whether inputs are harmful; only a scripted reply says that they are.

Each text has a result of its own; an image is judged together with the texts beside it.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from mockbatch.endpoints import media_references
from mockbatch.endpoints.endpoint import Endpoint, Execution, MainMember, Tokens
from mockbatch.endpoints.models import get_model
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.errors import api_error
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

# A text, or the parts that are judged together.
Input = str | list[dict[str, Json]]

_REQUEST_SCHEMA = "moderations.request"
# Clients have seen both: the limit in 2026-04, the error for older models in 2025-11.
_MAX_IMAGES = 1
_RETIRED_MODELS = "text-moderation"


class _Category(NamedTuple):
    """One category of harm: the score of a harmless text, and whether images are judged for it."""

    score: float
    judges_images: bool = False


# In the order recorded in 2026-08, with the scores of "This is a safe message".
_CATEGORIES: Mapping[str, _Category] = {
    "harassment": _Category(1.2e-05),
    "harassment/threatening": _Category(3.8e-06),
    "sexual": _Category(6.7e-05, judges_images=True),
    "hate": _Category(7.6e-06),
    "hate/threatening": _Category(3.2e-07),
    "illicit": _Category(1.5e-05),
    "illicit/violent": _Category(6.7e-06),
    "self-harm/intent": _Category(2.1e-04, judges_images=True),
    "self-harm/instructions": _Category(3.9e-06, judges_images=True),
    "self-harm": _Category(4.5e-04, judges_images=True),
    "sexual/minors": _Category(5.3e-06),
    "violence": _Category(4.9e-04, judges_images=True),
    "violence/graphic": _Category(2.9e-06, judges_images=True),
}


def _check(body: dict[str, Json]) -> None:
    schema(_REQUEST_SCHEMA).check(body)
    if body.get("model", "").startswith(_RETIRED_MODELS):
        raise api_error("retired_moderation_model")
    parts = body["input"] if _is_parts(body["input"]) else []
    images = [index for index, part in enumerate(parts) if part["type"] == "image_url"]
    if len(images) > _MAX_IMAGES:
        raise api_error("too_many_images", count=len(images), limit=_MAX_IMAGES)
    for index in images:
        media_references.check_url(
            parts[index]["image_url"]["url"], f"input[{index}].image_url.url"
        )


def _is_parts(input_: Json) -> bool:
    return isinstance(input_, list) and isinstance(input_[0], dict)


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    input_ = body["input"]
    inputs = [input_] if isinstance(input_, str) or _is_parts(input_) else input_
    return {
        # Four digits as recorded; until 2025, 29 letters and digits or 32 hex digits.
        "id": "modr-" + execution.seed.child("modr").text("0123456789", 4),
        "model": get_model(body.get("model", "omni-moderation-latest")).name,
        "results": [_make_result(each) for each in inputs],
    }


def _make_result(input_: Input) -> dict[str, Json]:
    types = {"text"} if isinstance(input_, str) else {part["type"] for part in input_}
    applied = {
        name: _applied_input_types(category, types) for name, category in _CATEGORIES.items()
    }
    noise = Seed.of("moderation", json.dumps(input_, sort_keys=True)).bytes(len(_CATEGORIES))
    return {
        "flagged": False,
        "categories": dict.fromkeys(_CATEGORIES, False),
        "category_scores": {
            # From half to one and a half times the recorded score; as recorded, 0 for a category
            # that does not judge images.
            name: category.score * (128 + byte) / 256 if applied[name] else 0.0
            for (name, category), byte in zip(_CATEGORIES.items(), noise, strict=True)
        },
        "category_applied_input_types": applied,
    }


def _applied_input_types(category: _Category, types: set[str]) -> list[str]:
    images = ["image"] if category.judges_images and "image_url" in types else []
    return ["text", *images] if "text" in types else images


def _read_usage(_: dict[str, Json]) -> Tokens:
    """Return no tokens: moderation is free, and its responses have no usage."""
    return Tokens(input=0, output=0)


def _apply_reply(response: dict[str, Json], reply: Reply, _: dict[str, Json]) -> dict[str, Json]:
    """Return the response with each of its results flagged for the categories of a reply."""
    results = [_flag(result, reply.flagged) for result in response["results"]]
    return {**response, "results": results}


def _flag(result: dict[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    # Near 1, and different for each category.
    scores = {name: 1 - 100 * _CATEGORIES[name].score for name in names}
    return {
        **result,
        "flagged": bool(names),
        "categories": {name: name in names for name in _CATEGORIES},
        "category_scores": {**result["category_scores"], **scores},
    }


ENDPOINT = Endpoint(
    path="/v1/moderations",
    product="Moderations",
    request_schema=_REQUEST_SCHEMA,
    response_schema="moderations.response",
    check=_check,
    build_response=_build_response,
    main_member=MainMember("input"),
    read_usage=_read_usage,
    supported_reply_fields=frozenset({"flagged"}),
    apply_reply=_apply_reply,
)
