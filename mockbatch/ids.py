"""Identifiers in OpenAI's recorded forms, derived from a seed and never random.

Two servers with the same seed that get the same requests mint the same ids, so a
failure can be replayed and two downloads of one file are equal. The ids of batches, uploads,
parts, videos and output lines also contain the simulated time in seconds: they are the same only if
that is, on a clock with a fixed start that only the client moves.
Source: recorded traffic of 2025 and 2026 unless a line says otherwise.
"""

import string
from functools import cache
from hashlib import blake2b, shake_256
from random import Random
from threading import Lock
from typing import NamedTuple

ALPHANUMERIC = string.ascii_letters + string.digits
# As many bytes as an id of the longest kind takes, so that most need no further hash.
_SEED_BYTES = 32
# The 17th digit of a version 4 UUID is one of 8, 9, a and b.
_VARIANTS = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))
#: How many objects of one type, or requests, a world can count: the highest number that is
#: exact in every JSON reader.
MAX_NUMBER = 2**53 - 1
BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


class Seed(NamedTuple):
    """A source of bytes that are always the same for the same path of names."""

    value: bytes

    @classmethod
    def of(cls, *names: object) -> "Seed":
        """Return the seed for a path of names."""
        return cls(b"").child(*names)

    def child(self, *names: object) -> "Seed":
        """Return the seed of a part of what this seed stands for."""
        digest = blake2b(self.value, digest_size=_SEED_BYTES)
        for name in names:
            digest.update(_encode_name(str(name)))
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
        """One letter or digit for each of its bytes."""
        return self.text(ALPHANUMERIC, _SEED_BYTES)

    def random(self) -> Random:
        """Return a generator for a shuffle or a sample; too slow to make one for each line."""
        return Random(self.value)  # noqa: S311 - repeatable on purpose, no secret comes from it


def _encode_name(name: str) -> bytes:
    encoded = name.encode("utf-8", "surrogatepass")
    # The length keeps ("ab", "c") and ("a", "bc") apart.
    return b"%d:%b" % (len(encoded), encoded)


@cache
def _characters(alphabet: str) -> bytes:
    """Return the character that stands for each byte."""
    return bytes(ord(alphabet[byte % len(alphabet)]) for byte in range(256))


def batch_id(seed: Seed, created_at: int) -> str:
    """Return `batch_`, the creation time in hex, 4 digits, the constant `8190`, 16 digits."""
    return "batch_" + _hex_with_time(seed, created_at)


def uuid(seed: Seed) -> str:
    """Return a version 4 UUID."""
    digits = seed.hex(32)
    head = f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}"
    return f"{head}-{_VARIANTS[digits[16]]}{digits[17:20]}-{digits[20:]}"


class LineIdentity(NamedTuple):
    """What identifies one output line: the seed of its response, its `id` and `request_id`.

    `letters` are those of the seed.
    """

    seed_bytes: bytes
    letters: str
    id: str
    request_id: str

    @property
    def seed(self) -> Seed:
        """The seed of the line's response."""
        return Seed(self.seed_bytes)


class LineIdentities:
    """The identities of the lines of one batch.

    An `id` is `batch_req_`, then like a batch's id, with the time at which the output file was
    begun. A `request_id` is a version 4 UUID.
    """

    def __init__(self, batch_seed: Seed, count: int, built_at: int) -> None:
        # Only the hash is computed for all lines at once: with the digits and letters of each, it
        # would take four times the memory, which is 18 MB for 140,000 lines.
        self._seeds = shake_256(batch_seed.child("lines").value).digest(count * _SEED_BYTES)
        self._characters = _characters(ALPHANUMERIC)
        self._id_start = f"batch_req_{built_at & 0xFFFFFFFF:08x}"

    def of_line(self, index: int) -> LineIdentity:
        """Return the identity of a line by its index in the input file."""
        seed_bytes = self._seeds[index * _SEED_BYTES : (index + 1) * _SEED_BYTES]
        digits = seed_bytes.hex()
        variant = _VARIANTS[digits[47]]
        return LineIdentity(
            seed_bytes,
            seed_bytes.translate(self._characters).decode("ascii"),
            f"{self._id_start}{digits[:4]}8190{digits[4:20]}",
            f"{digits[32:40]}-{digits[40:44]}-4{digits[44:47]}"
            f"-{variant}{digits[48:51]}-{digits[51:63]}",
        )


def video_id(seed: Seed, created_at: int) -> str:
    """Return the id of a video's job, of the form of a batch's, as clients quote it since 2025."""
    return "video_" + _hex_with_time(seed, created_at)


def file_id(seed: Seed) -> str:
    """Return `file-` and 22 base58 characters."""
    return "file-" + seed.text(BASE58, 22)


def upload_id(seed: Seed, created_at: int) -> str:
    """Return `upload_` and what follows `batch_` in a batch's id; this form is a guess."""
    return "upload_" + _hex_with_time(seed, created_at)


def part_id(seed: Seed, created_at: int) -> str:
    """Return `part_` and what follows `batch_` in a batch's id; this form is a guess."""
    return "part_" + _hex_with_time(seed, created_at)


def request_id(seed: Seed) -> str:
    """Return the value of an `x-request-id` header."""
    return "req_" + seed.hex(32)


class RequestIds:
    """The ids of requests, one after the other, for any thread; `count` of them are used."""

    def __init__(self, seed: Seed, count: int = 0) -> None:
        self._seed = seed
        self.count = count
        self._lock = Lock()

    def next(self) -> str:
        """Return the id of one more request."""
        with self._lock:
            number, self.count = self.count, min(self.count + 1, MAX_NUMBER)
        return request_id(self._seed.child(number))


def make_mark(seed: Seed) -> str:
    """Return a word that nothing else contains: `mark` and ten hexadecimal digits.

    Letters and digits alone come through every encoding, escape and tokenizer unchanged.
    """
    return "mark" + seed.child("mark").hex(10)


def _hex_with_time(seed: Seed, at: int) -> str:
    digits = seed.hex(20)
    return f"{at & 0xFFFFFFFF:08x}{digits[:4]}8190{digits[4:]}"
