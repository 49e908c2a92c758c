"""Values that one step of a case keeps for the next: `${batch}`, `${created_at+86400}`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Json = Any

_NAME = re.compile(r"\$\{(\w+)(?:\+(\d+))?\}")


def filled(template: Json, values: Mapping[str, Json]) -> Json:
    """Return a template with its names replaced; a text that is one name gets its type too."""
    if isinstance(template, dict):
        return {name: filled(one, values) for name, one in template.items()}
    if isinstance(template, list):
        return [filled(one, values) for one in template]
    if not isinstance(template, str):
        return template
    if whole := _NAME.fullmatch(template):
        return _value(whole, values)
    return _NAME.sub(lambda match: str(_value(match, values)), template)


def _value(match: re.Match[str], values: Mapping[str, Json]) -> Json:
    value = values[match[1]]
    # What is no number stays as it is: the step that compares it says so.
    return value + int(match[2]) if match[2] and isinstance(value, int) else value


def at(path: str, value: Json) -> Json:
    """Return what is at a path such as `data.0.id`; KeyError when there is nothing."""
    try:
        for name in path.split("."):
            value = value[int(name)] if isinstance(value, list) else value[name]
    except (KeyError, IndexError, TypeError, ValueError):
        raise KeyError(path) from None
    return value


def differences(wanted: Json, value: Json, where: str = "") -> Iterator[str]:
    """Say where a value is not as wanted; members that are not mentioned may be anything."""
    if isinstance(wanted, dict) and isinstance(value, dict):
        for name, inner in wanted.items():
            path = f"{where}.{name}".lstrip(".")
            if name in value:
                yield from differences(inner, value[name], path)
            else:
                yield f"{path} is missing"
    elif isinstance(wanted, list) and isinstance(value, list) and len(wanted) == len(value):
        for number, (one, other) in enumerate(zip(wanted, value, strict=True)):
            yield from differences(one, other, f"{where}.{number}".lstrip("."))
    # In JSON true is not 1.
    elif wanted != value or isinstance(wanted, bool) != isinstance(value, bool):
        yield f"{where or 'the body'} is {value!r:.99}, not {wanted!r:.99}"
