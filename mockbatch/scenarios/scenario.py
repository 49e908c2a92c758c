"""A scenario: how long each stage of a batch lasts and which of its lines fail."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mockbatch.errors import api_error
from mockbatch.schema import schema

Json = Any

# Seconds. The first two and the last are what was recorded of the real service in 2025 and
# 2026; lines and load make them differ by orders of magnitude there.
RECORDED_SECONDS: Mapping[str, float] = {
    "validating": 62,
    "in_progress": 61,
    "finalizing": 1,
    "cancelling": 605,
}


@dataclass(frozen=True, slots=True)
class Failing:
    """The lines that fail when they run: which share, and with what answer."""

    fraction: float
    status_code: int
    error: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Scenario:
    """What befalls a batch, as a function of time alone.

    `stages` holds the seconds of each status at pace 1, None for one that never ends by
    itself. `executed` is the share of lines that run before such an `in_progress` stands
    still. `failing` is None when only those lines fail that their endpoint refuses.
    """

    name: str
    stages: Mapping[str, float | None]
    executed: float
    failing: Failing | None


def parsed(document: Mapping[str, Json]) -> Scenario:
    """Make a scenario from a document; ApiError 400 names what does not fit scenario.json."""
    schema("scenario").check(document, "scenario")
    failing = document.get("failing")
    return Scenario(
        name=document["name"],
        stages={**RECORDED_SECONDS, **document.get("stages", {})},
        executed=document.get("executed", 1),
        failing=None if failing is None else Failing(**failing),
    )


def filled(document: dict[str, Json], arguments: Mapping[str, object]) -> dict[str, Json]:
    """Return the document with arguments put where its parameters say.

    Arguments are numbers, or texts of numbers as they come in metadata.
    Raises ApiError 400 naming an unknown parameter or one out of its range.
    """
    document = copy.deepcopy(document)
    parameters = document.get("parameters", {}) if isinstance(document, dict) else {}
    for name, argument in arguments.items():
        if name not in parameters:
            raise api_error("unknown_parameter", param=name)
        _put(document, parameters[name]["sets"], _number(name, argument, parameters[name]))
    return document


def _put(document: dict[str, Json], place: list[str], value: float) -> None:
    *path, last = place
    for step in path:
        document = document.setdefault(step, {})
    document[last] = value


def _number(name: str, argument: object, bounds: Mapping[str, Json]) -> float:
    try:
        value = float(argument) if isinstance(argument, str) else argument
    except ValueError:
        value = argument
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise api_error("invalid_type", param=name, expected="a number", actual=repr(argument))
    if not bounds["minimum"] <= value <= bounds["maximum"]:
        why = f"{argument} is not between {bounds['minimum']:g} and {bounds['maximum']:g}"
        raise api_error("invalid_value", param=name, why=why)
    return value
