"""Values that one step of a case keeps for the next: `${batch}`, `${created_at+86400}`."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from mockbatch.typing import Json

_NAME = re.compile(r"\$\{(\w+)(?:\+(\d+))?\}")


def fill(template: Json, values: Mapping[str, Json]) -> Json:
    """Return a template with its names replaced; a text that is one name gets its type too."""
    if isinstance(template, dict):
        return {name: fill(one, values) for name, one in template.items()}
    if isinstance(template, list):
        return [fill(one, values) for one in template]
    if not isinstance(template, str):
        return template
    if whole := _NAME.fullmatch(template):
        return _value(whole, values)
    return _NAME.sub(lambda match: str(_value(match, values)), template)


def fill_request(template: Mapping[str, Json], values: Mapping[str, Json]) -> dict[str, Json]:
    """Return a request with its names replaced; in its path a value is one segment.

    What a server has called an id must not lead anywhere else.
    """
    quoted = {name: path_segment(value) for name, value in values.items()}
    return {**fill(template, values), "path": fill(template["path"], quoted)}


def path_segment(value: Json) -> str:
    """Return a value as one segment of a path."""
    return quote(str(value), safe="", errors="replace")


def _value(match: re.Match[str], values: Mapping[str, Json]) -> Json:
    value = values[match[1]]
    # What is no number, or none that tells a time, stays: the step that compares it says so.
    return value + int(match[2]) if match[2] and _is_time(value) else value


def _is_time(value: Json) -> bool:
    return isinstance(value, int) and abs(value) < 1 << 53


def value_at(path: str, value: Json) -> Json:
    """Return what is at a path such as `data.0.id`; KeyError when there is nothing."""
    try:
        for name in path.split("."):
            value = value[int(name)] if isinstance(value, list) else value[name]
    except (KeyError, IndexError, TypeError, ValueError):
        raise KeyError(path) from None
    return value


def find_differences(wanted: Json, value: Json, where: str = "") -> Iterator[str]:
    """Say where a value is not as wanted; members that are not mentioned may be anything."""
    if isinstance(wanted, dict) and isinstance(value, dict):
        for name, inner in wanted.items():
            path = f"{where}.{name}".lstrip(".")
            if name in value:
                yield from find_differences(inner, value[name], path)
            else:
                yield f"{path} is missing"
    elif isinstance(wanted, list) and isinstance(value, list) and len(wanted) == len(value):
        for number, (one, other) in enumerate(zip(wanted, value, strict=True)):
            yield from find_differences(one, other, f"{where}.{number}".lstrip("."))
    # In JSON true is not 1.
    elif wanted != value or isinstance(wanted, bool) != isinstance(value, bool):
        yield f"{where or 'the body'} is {value!r:.99}, not {wanted!r:.99}"


def to_printable(text: str, most: int = 500) -> str:
    """Return the beginning of a text, without what could end a row, move a cursor or break XML."""
    begun = text if len(text) <= most else f"{text[:most]}..."
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in begun)
