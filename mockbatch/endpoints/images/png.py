"""Generates small valid pictures: two bands of colour, different ones for each seed.

A PNG has a few hundred bytes whatever its size, because a pixel is one bit and the colours are
in the palette; so 50,000 of them take seconds. Other formats need Pillow, from the extra
`[images]`, and milliseconds each, so there are only 256 different ones for each size.
"""

import struct
from base64 import b64encode
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple
from zlib import compress, crc32

from mockbatch.ids import Seed

PNG = "png"
_PICTURES_WITH_PILLOW = 256


class PictureSpec(NamedTuple):
    """What a picture is like, apart from its colours; `compression` is 0 to 100, 100 the best."""

    width: int
    height: int
    is_transparent: bool = False
    output_format: str = PNG
    compression: int = 100


def can_encode(output_format: str) -> bool:
    """Return whether pictures in a format can be generated; all but PNG need Pillow."""
    if output_format != PNG:
        try:
            import PIL  # noqa: F401
        except ImportError:
            return False
    return True


def make_picture(spec: PictureSpec, seed: Seed, number: int) -> str:
    """Return picture `number` of a seed in base64; the first 256 are all different."""
    if spec.output_format == PNG:
        return b64encode(_encode_png(spec, seed.child(number).bytes(6))).decode("ascii")
    return _encode_with_pillow(spec, (seed.bytes(1)[0] + number) % _PICTURES_WITH_PILLOW)


def _encode_png(spec: PictureSpec, colours: bytes) -> bytes:
    """Return a PNG whose upper and lower half have two colours, of three bytes each."""
    header = struct.pack(">IIBBBBB", spec.width, spec.height, 1, 3, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"PLTE", colours)]
    if spec.is_transparent:
        chunks.append((b"tRNS", b"\x00"))  # the upper half is transparent
    chunks += [(b"IDAT", _compressed_rows(spec.width, spec.height)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_encode_chunk(*chunk) for chunk in chunks)


def _encode_chunk(name: bytes, content: bytes) -> bytes:
    crc = crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)


@lru_cache(maxsize=64)
def _compressed_rows(width: int, height: int) -> bytes:
    """Return the compressed rows, each a filter byte and then a bit for each pixel."""
    row_bytes = -(-width // 8)
    upper, lower = b"\x00" + b"\x00" * row_bytes, b"\x00" + b"\xff" * row_bytes
    return compress(upper * (height // 2) + lower * (height - height // 2), 9)


@lru_cache(maxsize=4 * _PICTURES_WITH_PILLOW)
def _encode_with_pillow(spec: PictureSpec, number: int) -> str:
    """Return a picture in another format than PNG, in base64."""
    from PIL import Image

    png = _encode_png(spec, Seed.of("picture", number).bytes(6))
    with Image.open(BytesIO(png)) as image, BytesIO() as file:
        mode = "RGBA" if spec.is_transparent else "RGB"
        # Method 0 is the fastest for WebP.
        image.convert(mode).save(file, spec.output_format, quality=spec.compression, method=0)
        return b64encode(file.getvalue()).decode("ascii")
