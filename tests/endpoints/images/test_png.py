"""The pictures that are generated."""

import sys
from base64 import b64decode
from io import BytesIO
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from mockbatch.endpoints.images.png import PictureSpec, can_encode, make_picture
from mockbatch.ids import Seed

SEED = Seed.of("test")
FORMATS = pytest.mark.parametrize("output_format", ["png", "jpeg", "webp"])


def open_picture(look: PictureSpec, number: int = 0, seed: Seed = SEED) -> Image.Image:
    """Return a picture as Pillow reads it, which checks every byte of it."""
    image = Image.open(BytesIO(b64decode(make_picture(look, seed, number), validate=True)))
    image.load()
    return image


@FORMATS
@pytest.mark.parametrize("size", [(1024, 1024), (1536, 864), (17, 1), (1, 1)])
def test_a_picture_has_its_size_and_format(output_format: str, size: tuple[int, int]) -> None:
    """Those of its spec."""
    image = open_picture(PictureSpec(*size, output_format=output_format))
    assert (image.size, image.format) == (size, output_format.upper())


@given(st.integers(1, 200), st.integers(1, 200), st.booleans())
def test_any_size_is_a_valid_png(width: int, height: int, transparent: bool) -> None:
    """Also widths that are no multiple of eight."""
    image = open_picture(PictureSpec(width, height, is_transparent=transparent))
    assert image.size == (width, height)


@pytest.mark.parametrize("output_format", ["png", "webp"])
def test_a_transparent_background_is_transparent(output_format: str) -> None:
    """The upper half is transparent, the lower half is a colour."""
    image = open_picture(
        PictureSpec(64, 64, is_transparent=True, output_format=output_format)
    ).convert("RGBA")
    assert [image.getpixel((32, row))[3] for row in (5, 58)] == [0, 255]  # type: ignore[index]


@FORMATS
def test_an_opaque_picture_has_two_colours(output_format: str) -> None:
    """One above the other."""
    image = open_picture(PictureSpec(64, 64, output_format=output_format)).convert("RGBA")
    upper, lower = image.getpixel((32, 5)), image.getpixel((32, 58))
    assert upper != lower
    assert (upper[3], lower[3]) == (255, 255)  # type: ignore[index]


@FORMATS
def test_pictures_of_one_request_differ(output_format: str) -> None:
    """Each of the ten has colours of its own, and they are the same each time."""
    look = PictureSpec(64, 64, output_format=output_format)
    made = [make_picture(look, SEED, number) for number in range(10)]
    assert len(set(made)) == 10
    assert made == [make_picture(look, SEED, number) for number in range(10)]


def test_pictures_of_two_requests_differ() -> None:
    """Another seed, another picture."""
    assert (
        len({make_picture(PictureSpec(64, 64), Seed.of(number), 0) for number in range(1000)})
        == 1000
    )


def test_lower_compression_quality_is_shorter() -> None:
    """The number is the quality of the encoder."""
    long, short = (
        PictureSpec(256, 256, output_format="jpeg", compression=worth) for worth in (100, 10)
    )
    assert len(make_picture(long, SEED, 0)) > len(make_picture(short, SEED, 0))


def test_a_png_is_small() -> None:
    """The usual size is less than a kilobyte in base64, the largest less than three."""
    assert len(make_picture(PictureSpec(1024, 1024), SEED, 0)) < 1000
    assert len(make_picture(PictureSpec(3840, 2160), SEED, 0)) < 3000


def test_many_pngs_take_little_time() -> None:
    """A thousand different ones are generated in less than a second."""
    begin = process_time()
    for number in range(1000):
        make_picture(PictureSpec(1024, 1536), Seed.of(number), 0)
    assert process_time() - begin < 1


def test_png_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Pillow, PNG is the only format."""
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert [can_encode(name) for name in ("png", "jpeg", "webp")] == [True, False, False]
    assert make_picture(PictureSpec(8, 8), SEED, 0)
