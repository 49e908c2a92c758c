"""Templates and paths in the documents of cases: `${batch}`, `${created_at+86400}`, `data.0.id`."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from mockbatch.typing import Json

_PLACEHOLDER = re.compile(r"\$\{(\w+)(?:\+(\d+))?\}")


def fill(template: Json, values: Mapping[str, Json]) -> Json:
    """Replace the placeholders in a template; a string that is just one keeps the value's type."""
    if isinstance(template, dict):
        return {name: fill(item, values) for name, item in template.items()}
    if isinstance(template, list):
        return [fill(item, values) for item in template]
    if not isinstance(template, str):
        return template
    if whole := _PLACEHOLDER.fullmatch(template):
        return _value(whole, values)
    return _PLACEHOLDER.sub(lambda match: str(_value(match, values)), template)


def fill_request(template: Mapping[str, Json], values: Mapping[str, Json]) -> dict[str, Json]:
    """Replace the placeholders in a request; in its path a value is quoted to be one segment.

    So an id that a server has returned cannot change where the request goes.
    """
    quoted = {name: path_segment(value) for name, value in values.items()}
    return {**fill(template, values), "path": fill(template["path"], quoted)}


def path_segment(value: Json) -> str:
    """Return a value quoted as one segment of a path."""
    return quote(str(value), safe="", errors="replace")


def _value(match: re.Match[str], values: Mapping[str, Json]) -> Json:
    value = values[match[1]]
    # A server may have returned something else than a time: the step that compares it says so.
    return value + int(match[2]) if match[2] and _is_time(value) else value


def _is_time(value: Json) -> bool:
    return isinstance(value, int) and abs(value) < 1 << 53


def value_at(path: str, value: Json) -> Json:
    """Return the part of a value at a path such as `data.0.id`; KeyError if there is none."""
    try:
        for name in path.split("."):
            value = value[int(name)] if isinstance(value, list) else value[name]
    except (KeyError, IndexError, TypeError, ValueError):
        raise KeyError(path) from None
    return value


def to_printable(text: str, max_length: int = 500) -> str:
    """Return the start of a text, with U+FFFD for characters that are not printable.

    Those could start a new row, move the terminal's cursor, or be illegal in XML.
    """
    start = text if len(text) <= max_length else f"{text[:max_length]}..."
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in start)
