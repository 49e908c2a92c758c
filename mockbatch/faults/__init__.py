"""What can go wrong between a client and the API, and the catalogue of it: one data file each.

A fault befalls a request, whatever the batch behind it; what befalls a batch is a scenario.
"""

from collections.abc import Mapping
from functools import cache

from mockbatch.errors import api_error
from mockbatch.faults.rule import Rule, parsed
from mockbatch.package_data import near, read
from mockbatch.typing import Json

_OF_A_RULE = ("match", "fault", "times", "skip")


@cache
def presets() -> Mapping[str, dict[str, Json]]:
    """Return the documents of the shipped faults by name, schema fault_preset.json."""
    return read("faults", "presets")


def rule(body: Mapping[str, Json]) -> Rule:
    """Return the rule that a request asks for: in full, or a preset with changes.

    Raises ApiError 400: an unknown preset, with the names near it; whatever does not fit.
    """
    asked = dict(body)
    if "preset" not in asked:
        return parsed(asked)
    name = asked.pop("preset")
    document = _preset(name)
    whole = {member: document[member] for member in _OF_A_RULE if member in document}
    for member, change in asked.items():
        given = whole.get(member)
        if isinstance(given, dict) and isinstance(change, dict):
            change = {**given, **change}
        whole[member] = change
    return parsed(whole, name)


def _preset(name: object) -> dict[str, Json]:
    if not isinstance(name, str):
        raise api_error("invalid_value", param="preset", why="it is not the name of a preset")
    if name not in presets():
        raise api_error("unknown_fault", name=name[:200], hint=near(name, presets()))
    return presets()[name]
