"""Reads JSON strictly, without what Python's own reader accepts beyond the standard; indents it."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from math import isinf
from typing import Any

import msgspec

MAX_DEPTH = 100
# A body of 16 MB that is nothing but brackets would take ten seconds to read.
_MAX_BRACKETS, _MIN_CHARACTERS_PER_BRACKET = 1_500_000, 8
#: The most values in the body of a request or in a line of an input file, and how many of them
#: may be arrays and objects: checking the worst of them takes about a second.
MAX_VALUES, MAX_CONTAINERS = 500_000, 50_000
_WHITESPACE = " \t\n\r"
_STRING = re.compile('"[^"]*"')
_EMPTY_CONTAINER = re.compile(r"\[\s*\]|\{\s*\}")


class TooManyValuesError(ValueError):
    """A JSON text has more values than a request may have."""


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
    text = _decode(data).rstrip(_WHITESPACE)
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


def parse_request(data: bytes | str) -> Any:
    """Return the value of a JSON text that is the body of a request, or a line of an input file.

    Raises TooManyValuesError for more values, or more arrays and objects, than one may have.
    """
    text = _decode(data)
    # Before it is parsed, which would take ten times as long. Few texts have so many of these
    # characters that those in strings need to be told from the others.
    if _may_have_too_many_values(text) and _may_have_too_many_values(_without_strings(text)):
        raise TooManyValuesError("too many values")
    return parse(text)


def _decode(data: bytes | str) -> str:
    """Return a JSON text; one in bytes without the whitespace around it.

    A string takes four times as long to strip as bytes do: two seconds for 200 MB of line ends.
    """
    return data if isinstance(data, str) else data.strip(b" \t\n\r").decode("utf-8")


def _may_have_too_many_values(text: str) -> bool:
    """Return whether a JSON text has too many values if no string has a comma or a bracket."""
    containers = text.count("[") + text.count("{")
    if containers > MAX_CONTAINERS:
        return True
    # Empty arrays and objects have no value, the others have one more than commas.
    commas = text.count(",")
    if commas >= MAX_VALUES:  # enough, even if all arrays and objects are empty
        return True
    most = 1 + containers + commas
    return most > MAX_VALUES and most - len(_EMPTY_CONTAINER.findall(text)) > MAX_VALUES


def _without_strings(text: str) -> str:
    """Return a JSON text without its strings, but the quotes around them."""
    return _STRING.sub('""', text.replace(r"\\", "").replace(r"\"", ""))


def _depth(value: Any) -> int:
    """Return how many levels of lists and objects a value has, counting to MAX_DEPTH + 1."""
    return sum(1 for _ in islice(_levels(value), MAX_DEPTH + 1))


def _levels(value: Any) -> Iterator[list[Any]]:
    """Yield the lists and objects at each level of a value that has any."""
    level = [value]
    while containers := [item for item in level if isinstance(item, dict | list)]:
        yield containers
        level = [
            inner
            for item in containers
            for inner in (item.values() if isinstance(item, dict) else item)
        ]


def indent(value: Any) -> str:
    """Return the text of `json.dumps(value, indent=2)`.

    That has no encoder in C. Indenting compact JSON takes a third of its time for a batch (30 us),
    and a quarter for a long list.
    """
    try:
        return msgspec.json.format(json.dumps(value), indent=2)
    except msgspec.DecodeError:  # half of a surrogate pair
        return json.dumps(value, indent=2)
