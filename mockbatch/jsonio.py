"""A strict JSON reader: what Python's own accepts beyond the standard is an error."""

import json
from math import isinf
from typing import Any

MAX_DEPTH = 100
# A body of 16 MB that is nothing but brackets would take ten seconds to read.
_MAX_BRACKETS, _MIN_CHARACTERS_PER_BRACKET = 1_500_000, 8
_WHITESPACE = " \t\n\r"


def _reject_constant(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _finite_float(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise ValueError(f"the number {digits[:20]} is too large")
    return number


# Kept, because json.loads() makes a new decoder at each call with an option.
_DECODER = json.JSONDecoder(parse_constant=_reject_constant, parse_float=_finite_float)


def parse(data: bytes | str) -> Any:
    """Return the value of a JSON text; bytes are UTF-8.

    Raises ValueError for anything else. That includes NaN and Infinity, a byte order mark,
    numbers that overflow a float and so could not be written again, values nested more than 100
    levels deep, which would overflow the stack of code that walks them, and texts of more than
    1.5 million brackets that hold little else.
    """
    text = (data if isinstance(data, str) else data.decode("utf-8")).rstrip(_WHITESPACE)
    brackets = text.count("[") + text.count("{")
    if brackets > max(_MAX_BRACKETS, len(text) // _MIN_CHARACTERS_PER_BRACKET):
        raise ValueError("too many arrays and objects")
    try:
        # Not decode(), whose regular expressions for whitespace take a tenth of a line's time.
        value, end = _DECODER.raw_decode(text, len(text) - len(text.lstrip(_WHITESPACE)))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if end < len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    # Counting brackets is quick, and few texts have enough of them to need the walk.
    if brackets > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise ValueError("nested too deeply")
    return value


def _depth(value: Any) -> int:
    """Return how many levels of lists and objects a value has, counting to MAX_DEPTH + 1."""
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        containers = [item for item in level if isinstance(item, dict | list)]
        level = [
            inner
            for item in containers
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        depth += bool(containers)
    return depth
