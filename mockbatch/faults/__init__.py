"""What can go wrong between a client and the API: single requests meet faults.

(Scenarios decide what happens to a batch.)

    kinds/           one module for each kind of fault; a new kind is a new module there
    presets/         one JSON file for each named fault; a new preset is a new file there
    fault            the base of every kind of fault
    rule, rule_set   which requests meet a fault, and the rules of one world in order
    exchange         a request and its response, as a fault handles them
    connection       the client's connection, below HTTP
    retry            headers that ask a client to retry
    request_record   what the layers note about a request while they handle it
    message          what the journal keeps of a request and of its response
    docs             renders the presets as text, as docs/faults.md and as JSON
"""

from collections.abc import Mapping
from functools import cache

from mockbatch.errors import api_error
from mockbatch.faults.rule import Rule, parse
from mockbatch.package_data import did_you_mean, read_json_folder
from mockbatch.typing import Json

#: The members of a rule in the document of a preset.
RULE_MEMBERS = ("match", "fault", "times", "skip")


@cache
def presets() -> Mapping[str, dict[str, Json]]:
    """Return the documents of the presets by name, schema fault_preset.json."""
    return read_json_folder("faults", "presets")


def rule(body: Mapping[str, Json]) -> Rule:
    """Return the rule that a request asks for: in full, or a preset with changes.

    Raises ApiError 400 for an unknown preset, with similar names, and for an invalid rule.
    """
    if "preset" not in body:
        return parse(dict(body))
    changes = dict(body)
    name = changes.pop("preset")
    defaults = preset(name)
    document = {member: defaults[member] for member in RULE_MEMBERS if member in defaults}
    for member, change in changes.items():
        default = document.get(member)
        if isinstance(default, dict) and isinstance(change, dict):
            change = {**default, **change}
        document[member] = change
    return parse(document, name)


def preset(name: object) -> dict[str, Json]:
    """Return the document of a preset; ApiError 400 suggests similar names for an unknown one."""
    if not isinstance(name, str):
        raise api_error("invalid_value", param="preset", reason="it is not the name of a preset")
    if name not in presets():
        raise api_error("unknown_fault", name=name, hint=did_you_mean(name, presets()))
    return presets()[name]
