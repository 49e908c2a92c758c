"""What the mock knows about models for images: the sizes, qualities and parameters they accept."""

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct

from mockbatch.endpoints.models import model_traits
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.error_wording import join_items

_SIZE = re.compile(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})")
# As published for gpt-image-2; the numbers of pixels as users found them in 2026.
_MAX_EDGE = 3840
_MAX_ASPECT_RATIO = 3
_MIN_PIXELS = 655_360
_MAX_PIXELS = 8_294_400
# The qualities by which images are billed; the others are DALL·E's.
BILLED_QUALITIES = ("low", "medium", "high", "xhigh", "max")
# The edge of a patch in pixels, and the number of patches along an edge: see `count_tokens`.
_PATCH_EDGE = {"low": 64, "medium": 32, "high": 16}
_PATCHES_PER_EDGE = {"low": 16, "medium": 48, "high": 96, "xhigh": 144, "max": 192}


class ImageModel(Struct, frozen=True):
    """One model that generates images.

    `sizes` are all sizes that it generates; a model with a `grid` generates any size whose
    width and height are divisible by it. An unknown model has neither, and rejects nothing.
    `default_quality` is what `auto` stands for, `max_count` is the most images in one request,
    `unknown_parameters` are those that it rejects, and `unsupported_features` are what it
    cannot do. A model that `revises_prompt` returns the prompt that it used.
    """

    name: str
    sizes: Sequence[str] | None = None
    grid: int | None = None
    qualities: Sequence[str] = ("standard", "hd", *BILLED_QUALITIES)
    default_quality: str = "medium"
    max_count: int = 10
    unknown_parameters: Sequence[str] = ()
    unsupported_features: Sequence[str] = ()
    revises_prompt: bool = False

    @property
    def is_dall_e(self) -> bool:
        """Whether it responds with URLs by default, and is not billed by tokens."""
        return "usage" in self.unsupported_features

    def check(self, body: Mapping[str, Json]) -> None:
        """Raise the ApiError of a request for what the model does not support."""
        for name in self.unknown_parameters:
            if name in body:
                raise api_error("unknown_parameter", param=name)
        if (body.get("n") or 1) > self.max_count:
            limit = self.max_count
            raise api_error("integer_above_maximum", param="n", limit=limit, value=body["n"])
        _check_choice("quality", body.get("quality"), self.qualities)
        self._check_size(body.get("size") or "auto")
        if "input_fidelity" in self.unsupported_features and body.get("input_fidelity"):
            raise api_error("no_input_fidelity", model=self.name)
        is_transparent = body.get("background") == "transparent"
        if "transparency" in self.unsupported_features and is_transparent:
            raise api_error("no_transparency")

    def count_tokens(self, width: int, height: int, quality: str) -> int:
        """Return the number of tokens of an image with one of BILLED_QUALITIES.

        For fixed sizes, each patch is a token, and so is the end of each row of patches: that
        gives the numbers published for gpt-image-1. For free sizes, patches grow with the image;
        the formula is that of OpenAI's calculator, as read from it in 2026-06, and gives the
        recorded numbers. The two highest qualities are made up.
        """
        if self.sizes is not None:
            patch = _PATCH_EDGE[quality]
            return height // patch * (width // patch + 1)
        long, short = max(width, height), min(width, height)
        patches = _PATCHES_PER_EDGE[quality]
        patches_along_short = (2 * patches * short + long) // (2 * long)
        return -(-patches * patches_along_short * (2_000_000 + width * height) // 4_000_000)

    def _check_size(self, size: str) -> None:
        if self.sizes is not None:
            if self.is_dall_e and size not in (*self.sizes, "auto"):
                raise api_error("size_not_supported")
            _check_choice("size", size, self.sizes)
        elif size != "auto":
            self._check_dimensions(size)

    def _check_dimensions(self, size: str) -> None:
        match = _SIZE.fullmatch(size)
        if match is None:
            reason = "it is neither 'auto' nor a WIDTHxHEIGHT of at most four digits each"
            raise api_error("invalid_value", param="size", reason=reason)
        width, height = map(int, match.groups())
        if self.grid and (width % self.grid or height % self.grid):
            raise api_error("size_not_divisible", size=size, grid=self.grid)
        if max(width, height) > _MAX_EDGE:
            raise api_error("size_edge_too_long", size=size, limit=_MAX_EDGE)
        if width * height > _MAX_PIXELS:
            raise api_error("size_too_large", size=size)
        if self.grid and max(width, height) > _MAX_ASPECT_RATIO * min(width, height):
            raise api_error("size_too_narrow", size=size, limit=_MAX_ASPECT_RATIO)
        if self.grid and width * height < _MIN_PIXELS:
            raise api_error("size_too_small", size=size)


def _check_choice(param: str, value: str | None, choices: Sequence[str]) -> None:
    if value not in (None, *choices, "auto"):
        supported = join_items([repr(choice) for choice in (*choices, "auto")])
        raise api_error("unsupported_value", param=param, value=value, supported=supported)


def get_image_model(name: str) -> ImageModel:
    """Return the model with a name."""
    return ImageModel(name, **(model_traits(name, "images") or {}))


def parse_dimensions(size: str | None) -> tuple[int, int]:
    """Return the width and height of a valid size; `auto` is a square."""
    match = _SIZE.fullmatch(size or "auto")
    return (int(match[1]), int(match[2])) if match else (1024, 1024)
