"""The kinds of fault: one module for each, which is found automatically.

A new kind is a new module that defines `KIND`, and its members in schemas/fault.json.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from mockbatch.errors import api_error
from mockbatch.faults.fault import Fault
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

MAX_BYTES = 1 << 20


@cache
def kinds() -> Mapping[str, type[Fault]]:
    """Return the kinds of fault by name."""
    modules = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]
    return {module.KIND.members()[0]: module.KIND for module in modules}


def parse(document: Mapping[str, Json]) -> Fault:
    """Parse a document of schema fault.json; ApiError 400 names what does not fit."""
    schema("fault").check(document, "fault")
    document = schema("fault").coerce_integers(document)
    if len(json.dumps(document)) > MAX_BYTES:
        reason = f"it has more than {MAX_BYTES} bytes"
        raise api_error("invalid_value", param="fault", reason=reason)
    named = [name for name in kinds() if name in document]
    if len(named) != 1:
        actual = " and ".join(named) or "none"
        reason = f"it takes one of {', '.join(kinds())}, and it has {actual}"
        raise api_error("invalid_value", param="fault", reason=reason)
    kind = kinds()[named[0]]
    stranger = next((member for member in document if member not in kind.members()), None)
    if stranger is not None:
        reason = f"it does not go with {named[0]}"
        raise api_error("invalid_value", param=f"fault.{stranger}", reason=reason)
    return kind.of(document)
