"""Identifiers in OpenAI's recorded forms, derived from a seed and never from chance.

Two servers with the same seed that get the same requests mint the same ids, so a
failure can be replayed and two downloads of one file are equal.
Source: recorded traffic of 2025 and 2026 unless a line says otherwise.
"""

import string
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b, shake_256
from random import Random
from uuid import UUID

ALPHANUMERIC = string.ascii_letters + string.digits
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Seed:
    """A source of bytes that are always the same for the same path of names."""

    value: bytes

    @classmethod
    def of(cls, *names: object) -> "Seed":
        """Make the seed that these names lead to."""
        return cls(b"").child(*names)

    def child(self, *names: object) -> "Seed":
        """Make a seed of its own for something inside what this seed stands for."""
        digest = blake2b(self.value, digest_size=16)
        for name in names:
            encoded = str(name).encode("utf-8", "surrogatepass")
            # The length keeps ("ab", "c") and ("a", "bc") apart.
            digest.update(b"%d:%b" % (len(encoded), encoded))
        return Seed(digest.digest())

    def bytes(self, count: int) -> bytes:
        """Return `count` bytes."""
        return shake_256(self.value).digest(count)

    def hex(self, length: int) -> str:
        """Return `length` hexadecimal digits; `length` is even."""
        return self.bytes(length // 2).hex()

    def text(self, alphabet: str, length: int) -> str:
        """Return `length` characters of an alphabet, which is ASCII."""
        return self.bytes(length).translate(_characters(alphabet)).decode("ascii")

    def random(self) -> Random:
        """Return a generator for a shuffle or a sample; too slow to make one for each line."""
        return Random(self.value)  # noqa: S311 - repeatable on purpose, no secret comes from it


@cache
def _characters(alphabet: str) -> bytes:
    """Return the character that stands for each byte."""
    return bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))


def batch_id(seed: Seed, created_at: int) -> str:
    """Return `batch_`, the creation time in hex, 4 digits, the constant `8190`, 16 digits."""
    return "batch_" + _stamped(seed, created_at)


def batch_request_id(seed: Seed, built_at: int) -> str:
    """Return the id of an output line, stamped with the instant the file was built."""
    return "batch_req_" + _stamped(seed, built_at)


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


def line_request_id(seed: Seed) -> str:
    """Return the `request_id` of an output line: a version 4 UUID."""
    return str(UUID(bytes=seed.bytes(16), version=4))


def _stamped(seed: Seed, at: int) -> str:
    digits = seed.hex(20)
    return f"{at & 0xFFFFFFFF:08x}{digits[:4]}8190{digits[4:]}"
