"""A number within the bounds of a schema."""

from collections.abc import Mapping
from fractions import Fraction
from math import ceil, floor, lcm
from random import Random

from mockbatch.endpoints.structured_output.alternatives import NoSampleError
from mockbatch.typing import Json

# How far apart the bounds are that a schema leaves open.
_SPAN = 1000
_MAX_TRIES = 50
# Larger numbers cannot be floats, as which jsonschema checks multiples.
_MAX_NUMBER = 10**300
_BOUNDS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def make_number(schema: Mapping[str, Json], random: Random, *, is_integer: bool) -> int | float:
    """Return a number that the schema allows, from 0 to 1000 if it has no bounds.

    Without `multipleOf`, it has at most two decimals if the bounds leave room for that.
    Raises NoSampleError if no number was found.
    """
    if any(abs(schema[name]) > _MAX_NUMBER for name in _BOUNDS if name in schema):
        raise NoSampleError("its numbers are too large")
    step = Fraction(1) if is_integer else Fraction(1, 100)
    if "multipleOf" in schema:
        step = _multiple(Fraction(str(schema["multipleOf"])), is_integer=is_integer)
    low, high = _step_bounds(schema, step)
    if low > high and "multipleOf" not in schema and not is_integer:
        return _middle(schema)
    for _ in range(_MAX_TRIES):
        if low > high:
            break
        fraction = step * (low + random.randrange(high - low + 1))
        number = fraction.numerator if fraction.denominator == 1 else float(fraction)
        if "multipleOf" not in schema or (number / schema["multipleOf"]).is_integer():
            return number
    raise NoSampleError("no number is within its bounds")


def _multiple(multiple_of: Fraction, *, is_integer: bool) -> Fraction:
    if not is_integer:
        return multiple_of
    return Fraction(lcm(multiple_of.numerator, multiple_of.denominator), multiple_of.denominator)


def _step_bounds(schema: Mapping[str, Json], step: Fraction) -> tuple[int, int]:
    """Return the smallest and the largest number of steps that a schema allows."""
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


def _middle(schema: Mapping[str, Json]) -> int | float:
    """Return the number in the middle of bounds too close together for two decimals."""
    low = max(schema[name] for name in ("minimum", "exclusiveMinimum") if name in schema)
    high = min(schema[name] for name in ("maximum", "exclusiveMaximum") if name in schema)
    middle: int | float = low if low == high else (low + high) / 2
    return middle
