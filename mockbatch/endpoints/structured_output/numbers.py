"""A number between the bounds of a schema."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor, lcm
from random import Random

from mockbatch.endpoints.structured_output.alternatives import NoSampleError
from mockbatch.typing import Json

_SPAN = 1000
_TRIES = 50
# Larger ones cannot be floats, which multiples are judged by.
_LARGEST = 10**300
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def make_number(schema: Mapping[str, Json], random: Random, *, whole: bool) -> int | float:
    """Return a number that the schema allows, one of at most a thousand if it is free."""
    if any(abs(schema[name]) > _LARGEST for name in _BOUNDS if name in schema):
        raise NoSampleError("its numbers are too large")
    step = Fraction(1) if whole else Fraction(1, 100)
    if "multipleOf" in schema:
        step = _multiple(Fraction(str(schema["multipleOf"])), whole=whole)
    low, high = _bounds(schema, step)
    if low > high and "multipleOf" not in schema and not whole:
        return _between(schema)
    for _ in range(_TRIES):
        if low > high:
            break
        value = step * (low + random.randrange(high - low + 1))
        made = value.numerator if value.denominator == 1 else float(value)
        if "multipleOf" not in schema or (made / schema["multipleOf"]).is_integer():
            return made
    raise NoSampleError("no number is within its bounds")


def _multiple(of: Fraction, *, whole: bool) -> Fraction:
    if not whole:
        return of
    return Fraction(lcm(of.numerator, of.denominator), of.denominator)


def _bounds(schema: Mapping[str, Json], step: Fraction) -> tuple[int, int]:
    """Return the least and the greatest number of steps."""
    lowest = [ceil(Fraction(str(schema["minimum"])) / step)] if "minimum" in schema else []
    highest = [floor(Fraction(str(schema["maximum"])) / step)] if "maximum" in schema else []
    if "exclusiveMinimum" in schema:
        lowest.append(floor(Fraction(str(schema["exclusiveMinimum"])) / step) + 1)
    if "exclusiveMaximum" in schema:
        highest.append(ceil(Fraction(str(schema["exclusiveMaximum"])) / step) - 1)
    span = ceil(_SPAN / step) if step < 1 else _SPAN
    if not lowest and not highest:
        return 0, span
    low = max(lowest) if lowest else min(highest) - span
    high = min(highest) if highest else low + span
    return low, min(high, low + span * span)


def _between(schema: Mapping[str, Json]) -> int | float:
    """Return the number in the middle of bounds too narrow for two decimals."""
    low = max(schema[name] for name in ("minimum", "exclusiveMinimum") if name in schema)
    high = min(schema[name] for name in ("maximum", "exclusiveMaximum") if name in schema)
    middle: int | float = low if low == high else (low + high) / 2
    return middle
