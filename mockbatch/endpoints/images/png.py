"""Small valid pictures: two bands of colour, other ones for every seed.

A PNG is a few hundred bytes whatever its size, because a band is one bit a pixel and the
colours stand in its palette; so 50,000 of them take seconds. Other formats need Pillow, from
the extra `[images]`, and milliseconds each: there are 256 for each size.
"""

import struct
from base64 import b64encode
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple
from zlib import compress, crc32

from mockbatch.ids import Seed

PNG = "png"
_WITH_PILLOW = 256


class PictureSpec(NamedTuple):
    """What is asked of a picture, but for what it shows; `compression` is 0 to 100, 100 best."""

    width: int
    height: int
    transparent: bool = False
    output_format: str = PNG
    compression: int = 100


def can_encode(output_format: str) -> bool:
    """Tell whether pictures of a format can be made here."""
    if output_format != PNG:
        try:
            import PIL  # noqa: F401
        except ImportError:
            return False
    return True


def make_picture(look: PictureSpec, seed: Seed, number: int) -> str:
    """Return picture `number` of a seed as base64 text; less than 256 differ for sure."""
    if look.output_format == PNG:
        return b64encode(_png(look, seed.child(number).bytes(6))).decode("ascii")
    return _converted(look, (seed.bytes(1)[0] + number) % _WITH_PILLOW)


def _png(look: PictureSpec, colours: bytes) -> bytes:
    """Return a PNG whose upper and lower half have two colours of three bytes each."""
    header = struct.pack(">IIBBBBB", look.width, look.height, 1, 3, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", colours)]
    if look.transparent:
        chunks.append((b"tRNS", b"\x00"))  # the upper one is the background
    chunks += [(b"IDAT", _pixels(look.width, look.height)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, content: bytes) -> bytes:
    crc = crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)


@lru_cache(maxsize=64)
def _pixels(width: int, height: int) -> bytes:
    """Return the compressed rows: each a filter byte, then a bit for each pixel."""
    row = -(-width // 8)
    upper, lower = b"\x00" + b"\x00" * row, b"\x00" + b"\xff" * row
    return compress(upper * (height // 2) + lower * (height - height // 2), 9)


@lru_cache(maxsize=4 * _WITH_PILLOW)
def _converted(look: PictureSpec, number: int) -> str:
    """Return a picture in another format than PNG."""
    from PIL import Image

    png = _png(look, Seed.of("picture", number).bytes(6))
    with Image.open(BytesIO(png)) as image, BytesIO() as file:
        mode = "RGBA" if look.transparent else "RGB"
        # Method 0 is WebP's fastest.
        image.convert(mode).save(file, look.output_format, quality=look.compression, method=0)
        return b64encode(file.getvalue()).decode("ascii")
