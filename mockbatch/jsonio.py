"""JSON as the standard has it: what Python's reader lets through beyond that is refused."""

import json
from math import isinf
from typing import Any

DEEPEST = 100
_SPACE = " \t\n\r"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        raise ValueError(f"{digits[:20]} is too large a number")
    return number


# Made once: json.loads() makes a new one at each call with an option.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)


def parse(data: bytes | str) -> Any:
    """Return the value of UTF-8 JSON text.

    Raises ValueError for anything else: NaN and Infinity, bytes that are not UTF-8, a byte
    order mark, numbers beyond every float, which could not be written again, and values
    nested more than 100 levels deep, which would overflow the stack of whoever walks them.
    """
    text = (data if isinstance(data, str) else data.decode("utf-8")).rstrip(_SPACE)
    try:
        # Not its decode(), which looks for space by patterns: a tenth of the time of a line.
        value, end = _DECODER.raw_decode(text, len(text) - len(text.lstrip(_SPACE)))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if end < len(text):
        raise json.JSONDecodeError("Extra data", text, end)
    # Counting brackets is quick, and few texts have enough of them to need the walk.
    if text.count("[") + text.count("{") > DEEPEST and _depth(value) > DEEPEST:
        raise ValueError("nested too deeply")
    return value


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        containers = [item for item in level if isinstance(item, dict | list)]
        level = [
            inner
            for item in containers
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        depth += bool(containers)
    return depth
