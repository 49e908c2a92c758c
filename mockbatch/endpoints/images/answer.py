"""What the endpoints that make pictures have in common."""

from collections.abc import Sequence

from mockbatch.endpoints import text
from mockbatch.endpoints.endpoint import Execution, Tokens, token_count
from mockbatch.endpoints.images import png
from mockbatch.endpoints.images.models import (
    BILLED_QUALITIES,
    ImageModel,
    get_image_model,
    parse_dimensions,
)
from mockbatch.errors import api_error
from mockbatch.ids import Seed
from mockbatch.typing import Json

SCHEMA = "images.response"

# Recorded in 2026-08, of prompts of gpt-image-1 and 2; and of one small picture to edit.
_TOKENS_PER_PROMPT = 7
_TOKENS_PER_IMAGE = 194


def check_request(body: dict[str, Json], model: str) -> None:
    """Refuse what a model does not do, of a body whose shape is checked.

    Texts as clients have quoted them since 2025, or recorded in 2026-08.
    """
    get_image_model(model).check(body)
    output_format = body.get("output_format") or png.PNG
    if body.get("background") == "transparent" and output_format == "jpeg":
        raise api_error("no_transparent_jpeg")
    compression = body.get("output_compression")
    if output_format == png.PNG and compression is not None and compression < 100:
        raise api_error("no_png_compression")
    if not png.can_encode(output_format):
        raise api_error("no_encoder", format=output_format)


def make_response(
    body: dict[str, Json], execution: Execution, model: str, sources: Sequence[Json] = ()
) -> dict[str, Json]:
    """Return the pictures that a body asks for, which may be made from others."""
    of = get_image_model(model)
    look = _look(body)
    seed = Seed.of("image", model, body["prompt"], *sources)
    # JSON Schema takes 2.0 for an integer.
    made = [png.make_picture(look, seed, number) for number in range(int(body.get("n") or 1))]
    data = [_image(one, look, body, of) for one in made]
    if of.is_dall_e:
        return {"created": execution.created_at, "data": data}
    asked = str(body.get("quality"))
    quality = asked if asked in BILLED_QUALITIES else of.quality
    return {
        "created": execution.created_at,
        "background": "transparent" if look.transparent else "opaque",
        "data": data,
        "output_format": look.output_format,
        "quality": quality,
        "size": f"{look.width}x{look.height}",
        "usage": _usage(
            _TOKENS_PER_PROMPT + text.count_tokens(body["prompt"]),
            _TOKENS_PER_IMAGE * len(sources),
            len(made) * of.tokens(look.width, look.height, quality),
        ),
    }


def _look(body: dict[str, Json]) -> png.PictureSpec:
    width, height = parse_dimensions(body.get("size"))
    compression = body.get("output_compression")
    return png.PictureSpec(
        width,
        height,
        transparent=body.get("background") == "transparent",
        output_format=body.get("output_format") or png.PNG,
        compression=100 if compression is None else int(compression),
    )


def _image(made: str, look: png.PictureSpec, body: dict[str, Json], of: ImageModel) -> Json:
    """Return one picture: as base64, or as a URL that holds it, for nobody to fetch elsewhere."""
    default = "url" if of.is_dall_e else "b64_json"
    if (body.get("response_format") or default) == "b64_json":
        image = {"b64_json": made}
    else:
        image = {"url": f"data:image/{look.output_format};base64,{made}"}
    return {"revised_prompt": body["prompt"], **image} if of.revises else image


def _usage(texts: int, images: int, made: int) -> dict[str, Json]:
    return {
        "input_tokens": texts + images,
        "input_tokens_details": {"image_tokens": images, "text_tokens": texts},
        "output_tokens": made,
        "output_tokens_details": {"image_tokens": made, "text_tokens": 0},
        "total_tokens": texts + images + made,
    }


def read_usage(body: dict[str, Json]) -> Tokens:
    """Return what pictures are billed for."""
    return Tokens(
        input=token_count(body, "usage", "input_tokens"),
        output=token_count(body, "usage", "output_tokens"),
    )
