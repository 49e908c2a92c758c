"""Identifiers in OpenAI's recorded forms, derived from a seed and never from chance.

Two servers with the same seed that get the same requests mint the same ids, so a
failure can be replayed and two downloads of one file are equal.
Source: recorded traffic of 2025 and 2026 unless a line says otherwise.
"""

import string
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import blake2b, shake_256
from random import Random
from typing import NamedTuple

ALPHANUMERIC = string.ascii_letters + string.digits
# As many bytes as an id of the longest kind takes, so that most need no further hash.
_SEED_BYTES = 32
# What the 17th digit of a version 4 UUID is made into.
_VARIANTS = bytes.maketrans(b"0123456789abcdef", b"89ab" * 4)
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Seed(NamedTuple):
    """A source of bytes that are always the same for the same path of names."""

    value: bytes

    @classmethod
    def of(cls, *names: object) -> "Seed":
        """Make the seed that these names lead to."""
        return cls(b"").child(*names)

    def child(self, *names: object) -> "Seed":
        """Make a seed of its own for something inside what this seed stands for."""
        digest = blake2b(self.value, digest_size=_SEED_BYTES)
        for name in names:
            digest.update(_encoded(str(name)))
        return Seed(digest.digest())

    def bytes(self, count: int) -> bytes:
        """Return `count` bytes."""
        if count <= _SEED_BYTES:
            return self.value[:count]
        return self.value + shake_256(self.value).digest(count - _SEED_BYTES)

    def hex(self, length: int) -> str:
        """Return `length` hexadecimal digits; `length` is even."""
        return self.bytes(length // 2).hex()

    def text(self, alphabet: str, length: int) -> str:
        """Return `length` characters of an alphabet, which is ASCII."""
        return self.bytes(length).translate(_characters(alphabet)).decode("ascii")

    @property
    def letters(self) -> str:
        """As many letters and digits as it has bytes."""
        return self.text(ALPHANUMERIC, _SEED_BYTES)

    def random(self) -> Random:
        """Return a generator for a shuffle or a sample; too slow to make one for each line."""
        return Random(self.value)  # noqa: S311 - repeatable on purpose, no secret comes from it


def _encoded(name: str) -> bytes:
    encoded = name.encode("utf-8", "surrogatepass")
    # The length keeps ("ab", "c") and ("a", "bc") apart.
    return b"%d:%b" % (len(encoded), encoded)


@cache
def _characters(alphabet: str) -> bytes:
    """Return the character that stands for each byte."""
    return bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))


def batch_id(seed: Seed, created_at: int) -> str:
    """Return `batch_`, the creation time in hex, 4 digits, the constant `8190`, 16 digits."""
    return "batch_" + _stamped(seed, created_at)


# What identifies an output line: the value of its seed, its letters, its id, its request_id.
LineIdentity = tuple[bytes, str, str, str]


class LineIds:
    """What identifies the lines of a batch, made for many of them at once.

    A line's id is `batch_req_` and stamped with the instant at which the file was built, like
    that of a batch; its `request_id` is a version 4 UUID. One by one they take four times as
    long, which was a quarter of the time of a line.
    """

    def __init__(self, parent: Seed, count: int, built_at: int) -> None:
        self._seeds = shake_256(parent.value).digest(count * _SEED_BYTES)
        self._id = f"batch_req_{built_at & 0xFFFFFFFF:08x}????8190????????????????"

    def generate(self, lines: Iterable[int]) -> Iterator[LineIdentity]:
        """Return what identifies each of some lines, by their number."""
        all_seeds = self._seeds
        starts = [line * _SEED_BYTES for line in lines]
        seeds = [all_seeds[start : start + _SEED_BYTES] for start in starts]
        joined = b"".join(seeds)
        digits = joined.hex().encode()
        return zip(
            seeds,
            _cut(joined.translate(_characters(ALPHANUMERIC)), _SEED_BYTES),
            _laid_out(self._id, digits, 0),
            _laid_out("????????-????-4???-!???-????????????", digits, _SEED_BYTES),
            strict=True,
        )


def _laid_out(layout: str, digits: bytes, place: int) -> list[str]:
    """Return a text for each seed: a layout with its digits from a place on, one for each mark.

    `!` marks a UUID's variant. A mark is replaced in all texts by one copy.
    """
    width, row = len(layout), 2 * _SEED_BYTES
    texts = bytearray(layout.encode() * (len(digits) // row))
    for column, mark in enumerate(layout):
        if mark in "?!":
            found = digits[place::row]
            texts[column::width] = found if mark == "?" else found.translate(_VARIANTS)
            place += 1
    return _cut(texts, width)


def _cut(text: bytes | bytearray, width: int) -> list[str]:
    whole = text.decode("ascii")
    return [whole[start : start + width] for start in range(0, len(whole), width)]


def video_id(seed: Seed, created_at: int) -> str:
    """Return the id of a video's job, of the form of a batch's, as clients quote it since 2025."""
    return "video_" + _stamped(seed, created_at)


def file_id(seed: Seed) -> str:
    """Return `file-` and 22 base58 characters."""
    return "file-" + seed.text(BASE58, 22)


def upload_id(seed: Seed, created_at: int) -> str:
    """Return `upload_` and what a batch's id has there; that it is so is a guess."""
    return "upload_" + _stamped(seed, created_at)


def part_id(seed: Seed, created_at: int) -> str:
    """Return `part_` and what a batch's id has there; that it is so is a guess."""
    return "part_" + _stamped(seed, created_at)


def request_id(seed: Seed) -> str:
    """Return the value of an `x-request-id` header."""
    return "req_" + seed.hex(32)


def _stamped(seed: Seed, at: int) -> str:
    digits = seed.hex(20)
    return f"{at & 0xFFFFFFFF:08x}{digits[:4]}8190{digits[4:]}"
