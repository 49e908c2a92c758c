"""What the mock knows of models that make pictures: who takes which size, quality and parameter."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mockbatch.endpoints.models import model_traits
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.error_wording import join_items

_SIZE = re.compile(r"([1-9][0-9]{0,3})x([1-9][0-9]{0,3})")
# As published for gpt-image-2; the pixels as those who tried it found them in 2026.
_LONGEST_EDGE = 3840
_MOST_NARROW = 3
_FEWEST_PIXELS = 655_360
_MOST_PIXELS = 8_294_400
# The qualities by which pictures are billed; the others are DALL·E's.
BILLED_QUALITIES = ("low", "medium", "high", "xhigh", "max")
# How many pixels a patch is wide and high, and how many patches an edge has: see `tokens`.
_PATCH = {"low": 64, "medium": 32, "high": 16}
_PATCHES = {"low": 16, "medium": 48, "high": 96, "xhigh": 144, "max": 192}


@dataclass(frozen=True, slots=True)
class ImageModel:
    """One model that makes pictures.

    `sizes` are all that it makes, and `grid` the number that divides both edges of any size;
    a model that nobody knows has neither, and refuses nothing. `quality` is what `auto` comes
    to, `most` how many pictures a request may ask for, `refuses` are parameters that it does
    not know, and `lacks` is what it cannot do. One that `revises` tells the prompt it used.
    """

    name: str
    sizes: Sequence[str] | None = None
    grid: int | None = None
    qualities: Sequence[str] = ("standard", "hd", *BILLED_QUALITIES)
    quality: str = "medium"
    most: int = 10
    refuses: Sequence[str] = ()
    lacks: Sequence[str] = ()
    revises: bool = False

    @property
    def is_dall_e(self) -> bool:
        """Whether it is of the generation that answered with URLs and was not billed by tokens."""
        return "usage" in self.lacks

    def check(self, body: Mapping[str, Json]) -> None:
        """Refuse what a request asks of it that it does not do."""
        for name in self.refuses:
            if name in body:
                raise api_error("unknown_parameter", param=name)
        if (body.get("n") or 1) > self.most:
            raise api_error("integer_above_maximum", param="n", limit=self.most, value=body["n"])
        self._check_choice("quality", body.get("quality"), self.qualities)
        self._check_size(body.get("size") or "auto")
        if "input_fidelity" in self.lacks and body.get("input_fidelity"):
            raise api_error("no_input_fidelity", model=self.name)
        if "transparency" in self.lacks and body.get("background") == "transparent":
            raise api_error("no_transparency")

    def tokens(self, width: int, height: int, quality: str) -> int:
        """Return how many tokens a picture is, of a quality by which it is billed.

        Of fixed sizes, a token is a patch or the end of a row of them: that gives the numbers
        published for gpt-image-1. Of free ones, patches grow with the picture; the formula is
        that of OpenAI's calculator, as read out of it in 2026-06, and gives the recorded ones.
        The two highest qualities are made up.
        """
        if self.sizes is not None:
            patch = _PATCH[quality]
            return height // patch * (width // patch + 1)
        long, short = max(width, height), min(width, height)
        patches = _PATCHES[quality]
        across = (2 * patches * short + long) // (2 * long)
        return -(-patches * across * (2_000_000 + width * height) // 4_000_000)

    def _check_size(self, size: str) -> None:
        if self.sizes is not None:
            if self.is_dall_e and size not in (*self.sizes, "auto"):
                raise api_error("size_not_supported")
            self._check_choice("size", size, self.sizes)
        elif size != "auto":
            self._check_edges(size)

    def _check_edges(self, size: str) -> None:
        found = _SIZE.fullmatch(size)
        if found is None:
            reason = "it is neither 'auto' nor a WIDTHxHEIGHT of at most four digits each"
            raise api_error("invalid_value", param="size", reason=reason)
        width, height = map(int, found.groups())
        if self.grid and (width % self.grid or height % self.grid):
            raise api_error("size_not_divisible", size=size, grid=self.grid)
        if max(width, height) > _LONGEST_EDGE:
            raise api_error("size_edge_too_long", size=size, limit=_LONGEST_EDGE)
        if width * height > _MOST_PIXELS:
            raise api_error("size_too_large", size=size)
        if self.grid and max(width, height) > _MOST_NARROW * min(width, height):
            raise api_error("size_too_narrow", size=size, limit=_MOST_NARROW)
        if self.grid and width * height < _FEWEST_PIXELS:
            raise api_error("size_too_small", size=size)

    @staticmethod
    def _check_choice(param: str, value: str | None, choices: Sequence[str]) -> None:
        if value not in (None, *choices, "auto"):
            supported = join_items([repr(choice) for choice in (*choices, "auto")])
            raise api_error("unsupported_value", param=param, value=value, supported=supported)


@lru_cache(maxsize=256)
def get_image_model(name: str) -> ImageModel:
    """Return the model of a name."""
    traits = model_traits(name, "images") or {}
    return ImageModel(name, **traits)


def parse_dimensions(size: str | None) -> tuple[int, int]:
    """Return the width and height of a size that was let through; `auto` makes a square."""
    found = _SIZE.fullmatch(size or "auto")
    return (int(found[1]), int(found[2])) if found else (1024, 1024)
