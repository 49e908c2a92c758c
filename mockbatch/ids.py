"""Identifiers in OpenAI's recorded forms, derived from a seed and never from chance.

Two servers with the same seed that get the same requests mint the same ids, so a
failure can be replayed and two downloads of one file are equal.
Source: recorded traffic of 2025 and 2026 unless a line says otherwise.
"""

import string
from collections.abc import Callable
from functools import cache
from hashlib import blake2b, shake_256
from random import Random
from typing import NamedTuple

ALPHANUMERIC = string.ascii_letters + string.digits
# As many bytes as an id of the longest kind takes, so that most need no further hash.
_SEED_BYTES = 32
# What the 17th digit of a version 4 UUID is made into.
_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
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

    def family(self, *names: object) -> "Callable[[str], Seed]":
        """Return what makes the seeds of many things that have a first part of their path alike.

        `seed.family("a")("b")` is `seed.child("a", "b")`, only quicker.
        """
        parent = blake2b(self.value, digest_size=_SEED_BYTES)
        for name in names:
            parent.update(_encoded(str(name)))

        def child(name: str) -> Seed:
            digest = parent.copy()
            digest.update(_encoded(name))
            return Seed(digest.digest())

        return child

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


def line_ids(seed: Seed, built_at: int) -> tuple[str, str]:
    """Return the id of an output line and its `request_id`.

    The id is `batch_req_` and stamped with the instant at which the file was built, like that
    of a batch; the other is a version 4 UUID.
    """
    digits = seed.hex(64)
    id = f"batch_req_{built_at & 0xFFFFFFFF:08x}{digits[:4]}8190{digits[4:20]}"
    uuid = digits[32:]
    # A UUID object takes five times as long.
    variant = _VARIANTS[uuid[16]]
    return id, f"{uuid[:8]}-{uuid[8:12]}-4{uuid[13:16]}-{variant}{uuid[17:20]}-{uuid[20:]}"


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
