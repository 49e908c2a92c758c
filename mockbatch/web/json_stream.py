"""Writes large JSON bodies in parts: the embeddings of 2,048 inputs are 130 MB of text."""

import json
import re
from collections.abc import Iterator
from itertools import chain

import msgspec

from mockbatch.typing import Json

_PART_CHARACTERS = 1 << 18
# What msgspec writes differently. The shorter regex is for texts without an exponent: with it, 200
# vectors take 135 ms instead of 174.
_SMALL = re.compile(rb"\b0\.0000\d+")
_SMALL_OR_WITH_EXPONENT = re.compile(rb"\b(?:0\.0000\d+|[\d.]+e[-+]?\d+)")


def iter_json(value: Json, end: str = "") -> Iterator[bytes]:
    """Yield the text of json.dumps(value, indent=2) and `end`, in parts of about 256 kB."""
    parts: list[str] = []
    size = 0
    for piece in chain(_pieces(value, "\n"), [end]):
        parts.append(piece)
        size += len(piece)
        if size >= _PART_CHARACTERS:
            yield "".join(parts).encode("ascii")
            parts, size = [], 0
    yield "".join(parts).encode("ascii")


def _pieces(value: Json, line_end: str) -> Iterator[str]:
    """Yield the text of a value; `line_end` is a line end with the indent of the value."""
    inner_line_end = line_end + "  "
    if isinstance(value, dict) and value:
        before = "{"
        for name, item in value.items():
            yield f"{before}{inner_line_end}{json.dumps(name)}: "
            yield from _pieces(item, inner_line_end)
            before = ","
        yield line_end + "}"
    elif isinstance(value, list) and value:
        numbers = _number_list(value, line_end) if isinstance(value[0], float) else None
        if numbers is not None:
            yield numbers
            return
        before = "["
        for item in value:
            yield before + inner_line_end
            yield from _pieces(item, inner_line_end)
            before = ","
        yield line_end + "]"
    else:
        yield json.dumps(value)


def _number_list(items: list[Json], line_end: str) -> str | None:
    """Return the text of a list, None if some items are not numbers."""
    # A vector has thousands of numbers, and formatting them takes longest. msgspec takes a fifth
    # of the time, and differs only in exponents: 1e16 and 0.000015 are 1e+16 and 1.5e-05 there. To
    # look at the text is faster than at each item.
    try:
        text = msgspec.json.encode(items)[1:-1]
    except (OverflowError, TypeError, ValueError):  # an integer of more than 64 bits
        return None
    if text.translate(None, b"0123456789.-,e+"):
        return None
    unlike_json = _SMALL_OR_WITH_EXPONENT if b"e" in text else _SMALL
    text = unlike_json.sub(lambda number: repr(float(number[0])).encode("ascii"), text)
    lines = text.replace(b",", f",{line_end}  ".encode()).decode("ascii")
    return f"[{line_end}  {lines}{line_end}]"
