"""The response of the endpoints that generate images, and what they reject for the model."""

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

RESPONSE_SCHEMA = "images.response"

# Recorded in 2026-08, for prompts of gpt-image-1 and 2, and for one small image to edit.
_TOKENS_PER_PROMPT = 7
_TOKENS_PER_IMAGE = 194


def check_request(body: dict[str, Json], model: str) -> None:
    """Raise the ApiError of a body that fits its schema, for what the model does not accept.

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
    body: dict[str, Json], execution: Execution, model_name: str, sources: Sequence[Json] = ()
) -> dict[str, Json]:
    """Return the response with the images that a body asks for, based on source images if any."""
    model = get_image_model(model_name)
    spec = _picture_spec(body)
    seed = Seed.of("image", model_name, body["prompt"], *sources)
    pictures = [png.make_picture(spec, seed, number) for number in range(body.get("n") or 1)]
    data = [_make_image(picture, spec, body, model) for picture in pictures]
    if model.is_dall_e:
        return {"created": execution.created_at, "data": data}
    requested = str(body.get("quality"))
    quality = requested if requested in BILLED_QUALITIES else model.default_quality
    return {
        "created": execution.created_at,
        "background": "transparent" if spec.is_transparent else "opaque",
        "data": data,
        "output_format": spec.output_format,
        "quality": quality,
        "size": f"{spec.width}x{spec.height}",
        "usage": _make_usage(
            _TOKENS_PER_PROMPT + text.count_tokens(body["prompt"]),
            _TOKENS_PER_IMAGE * len(sources),
            len(pictures) * model.count_tokens(spec.width, spec.height, quality),
        ),
    }


def _picture_spec(body: dict[str, Json]) -> png.PictureSpec:
    width, height = parse_dimensions(body.get("size"))
    compression = body.get("output_compression")
    return png.PictureSpec(
        width,
        height,
        is_transparent=body.get("background") == "transparent",
        output_format=body.get("output_format") or png.PNG,
        compression=100 if compression is None else compression,
    )


def _make_image(
    picture: str, spec: png.PictureSpec, body: dict[str, Json], model: ImageModel
) -> Json:
    """Return one image: as base64, or as a data URL, because there is nowhere to fetch it from."""
    default = "url" if model.is_dall_e else "b64_json"
    if (body.get("response_format") or default) == "b64_json":
        image = {"b64_json": picture}
    else:
        image = {"url": f"data:image/{spec.output_format};base64,{picture}"}
    return {"revised_prompt": body["prompt"], **image} if model.revises_prompt else image


def _make_usage(text_tokens: int, image_tokens: int, output_tokens: int) -> dict[str, Json]:
    input_tokens = text_tokens + image_tokens
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"image_tokens": image_tokens, "text_tokens": text_tokens},
        "output_tokens": output_tokens,
        "output_tokens_details": {"image_tokens": output_tokens, "text_tokens": 0},
        "total_tokens": input_tokens + output_tokens,
    }


def read_usage(response: dict[str, Json]) -> Tokens:
    """Return what a response is billed for."""
    return Tokens(
        input=token_count(response, "usage", "input_tokens"),
        output=token_count(response, "usage", "output_tokens"),
    )
