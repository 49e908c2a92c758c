"""JSON as the service writes it, indented by two spaces.

Python's own writer does that without its C code, and takes twice as long.
"""

import json
from collections.abc import Callable, Mapping
from json.encoder import encode_basestring_ascii
from typing import Any

Json = Any

_SCALARS: Mapping[type, Callable[[Json], str]] = {
    str: encode_basestring_ascii,
    int: str,
    bool: lambda value: "true" if value else "false",
    type(None): lambda _: "null",
}


def indented(value: Json, margin: str = "\n") -> str:
    """Return what `json.dumps(value, indent=2)` does; names of members have to be texts.

    `margin` begins the line on which the value ends.
    """
    scalar = _SCALARS.get(type(value))
    if scalar is not None:
        return scalar(value)
    inner = margin + "  "
    if isinstance(value, dict) and value:
        members = (
            f"{inner}{encode_basestring_ascii(name)}: {indented(item, inner)}"
            for name, item in value.items()
        )
        return f"{{{','.join(members)}{margin}}}"
    if isinstance(value, list | tuple) and value:
        return f"[{','.join(inner + indented(item, inner) for item in value)}{margin}]"
    return json.dumps(value)
