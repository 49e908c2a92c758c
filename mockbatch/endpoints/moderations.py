"""POST /v1/moderations: whether inputs are harmful; none is, unless a scripted reply says so.

Each text has a result of its own; a picture is judged together with the texts beside it.
"""

import json
from collections.abc import Mapping
from typing import NamedTuple

from mockbatch.endpoints import media_references
from mockbatch.endpoints.endpoint import Endpoint, Execution, Tokens
from mockbatch.endpoints.models import get_model
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.errors import api_error
from mockbatch.ids import Seed
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

# A text, or the parts that are judged together.
Input = str | list[dict[str, Json]]

# Both met by clients: the limit in 2026-04, the refusal of older models in 2025-11.
_MOST_IMAGES = 1
_RETIRED = "text-moderation"


class _Category(NamedTuple):
    """One kind of harm: what a harmless text scored for it, and whether pictures are judged."""

    score: float
    of_images: bool = False


# In the order recorded in 2026-08, with the scores of "This is a safe message".
_CATEGORIES: Mapping[str, _Category] = {
    "harassment": _Category(1.2e-05),
    "harassment/threatening": _Category(3.8e-06),
    "sexual": _Category(6.7e-05, of_images=True),
    "hate": _Category(7.6e-06),
    "hate/threatening": _Category(3.2e-07),
    "illicit": _Category(1.5e-05),
    "illicit/violent": _Category(6.7e-06),
    "self-harm/intent": _Category(2.1e-04, of_images=True),
    "self-harm/instructions": _Category(3.9e-06, of_images=True),
    "self-harm": _Category(4.5e-04, of_images=True),
    "sexual/minors": _Category(5.3e-06),
    "violence": _Category(4.9e-04, of_images=True),
    "violence/graphic": _Category(2.9e-06, of_images=True),
}


def _check(body: dict[str, Json]) -> None:
    schema("moderations.request").check(body)
    if body.get("model", "").startswith(_RETIRED):
        raise api_error("retired_moderation_model")
    parts = body["input"] if _is_parts(body["input"]) else []
    images = [place for place, part in enumerate(parts) if part["type"] == "image_url"]
    if len(images) > _MOST_IMAGES:
        raise api_error("too_many_images", count=len(images), limit=_MOST_IMAGES)
    for place in images:
        media_references.check_url(
            parts[place]["image_url"]["url"], f"input[{place}].image_url.url"
        )


def _is_parts(given: Json) -> bool:
    return isinstance(given, list) and isinstance(given[0], dict)


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    given = body["input"]
    inputs = [given] if isinstance(given, str) or _is_parts(given) else given
    return {
        # Four digits as recorded; until 2025 there were 29 letters and digits, or 32 hex ones.
        "id": "modr-" + execution.seed.child("modr").text("0123456789", 4),
        "model": get_model(body.get("model", "omni-moderation-latest")).name,
        "results": [_result(one) for one in inputs],
    }


def _result(one: Input) -> dict[str, Json]:
    kinds = {"text"} if isinstance(one, str) else {part["type"] for part in one}
    applied = {name: _applied(category, kinds) for name, category in _CATEGORIES.items()}
    noise = Seed.of("moderation", json.dumps(one, sort_keys=True)).bytes(len(_CATEGORIES))
    return {
        "flagged": False,
        "categories": dict.fromkeys(_CATEGORIES, False),
        "category_scores": {
            # Between half and one and a half times the recorded score; recorded as 0 where a
            # picture is not judged.
            name: category.score * (128 + byte) / 256 if applied[name] else 0.0
            for (name, category), byte in zip(_CATEGORIES.items(), noise, strict=True)
        },
        "category_applied_input_types": applied,
    }


def _applied(category: _Category, kinds: set[str]) -> list[str]:
    images = ["image"] if category.of_images and "image_url" in kinds else []
    return ["text", *images] if "text" in kinds else images


def _read_usage(_: dict[str, Json]) -> Tokens:
    """Moderation is free, and its answers tell no usage."""
    return Tokens(input=0, output=0)


def _apply_reply(answer: dict[str, Json], reply: Reply, _: dict[str, Json]) -> dict[str, Json]:
    """Return the answer with each of its results flagged for the categories of a reply."""
    results = [_flagged(result, reply.flagged) for result in answer["results"]]
    return {**answer, "results": results}


def _flagged(result: dict[str, Json], names: tuple[str, ...]) -> dict[str, Json]:
    # Near 1, and another for each category.
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
    check=_check,
    build_response=_build_response,
    read_usage=_read_usage,
    schema="moderations.response",
    supported_reply_fields=frozenset({"flagged"}),
    apply_reply=_apply_reply,
)
