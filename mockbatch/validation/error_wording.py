"""What jsonschema finds wrong, in OpenAI's words for it.

Source: the forms of these messages were observed, in 2025 and 2026, where the table of
wordings says so; which of several faults the service tells first is not known.
"""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mockbatch.errors import ApiError, api_error
from mockbatch.typing import Json

if TYPE_CHECKING:
    from jsonschema import ValidationError


_NOUNS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a decimal",
    "boolean": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_KINDS: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),  # before int, of which it is one
    (str, "a string"),
    (int, "an integer"),
    (float, "a decimal number"),
    (dict, "an object"),
    (list, "an array"),
)


def to_api_error(errors: "Iterable[ValidationError]", path: str) -> ApiError:
    """Return the one failure that is told of all that jsonschema found in a value.

    `path` names the value within the request.
    """
    error = _deepest(min(errors, key=_order))
    place = _param(path, error.absolute_path)
    value: Json = error.instance
    limit: Json = error.validator_value
    match error.validator:
        case "required":
            missing = next(name for name in limit if name not in value)
            return api_error("missing_parameter", param=_param(place, [missing]))
        case "additionalProperties":
            schema: Json = error.schema
            extra = next(name for name in value if name not in schema.get("properties", {}))
            return api_error("unknown_parameter", param=_param(place, [extra]))
        case "type":
            return _wrong_type(place, _expected(error), value)
        case "anyOf" | "oneOf":
            # `_deepest` stops here only when every branch fails for its type.
            branches = error.context or []
            return _wrong_type(place, [noun for one in branches for noun in _expected(one)], value)
        case "enum":
            supported = join_items([_quoted(choice) for choice in limit])
            given = _shown(value)
            return api_error("unsupported_value", param=place, value=given, supported=supported)
        case "const":
            given = _shown(value)
            return api_error("only_value", param=place, value=given, supported=_quoted(limit))
    return _out_of_bounds(error, place or "body")


def _order(error: "ValidationError") -> tuple[bool, list[tuple[bool, str | int]]]:
    # What is missing is told before what is wrong, then in order of place.
    steps = [(isinstance(step, str), step) for step in error.absolute_path]
    return error.validator != "required", steps


def _deepest(error: "ValidationError") -> "ValidationError":
    """Of a failed anyOf, return the failure of the branch that got furthest."""
    while error.validator in ("anyOf", "oneOf") and error.context:
        best = max(error.context, key=_telling)
        if not best.relative_path and best.validator == "type":
            return error  # no branch got anywhere: the union itself is the news
        error = best
    return error


def _telling(error: "ValidationError") -> tuple[int, bool]:
    # Of the failures of branches, the deeper one tells more, and a wrong type the least.
    return len(error.relative_path), error.validator != "type"


def _wrong_type(place: str, nouns: list[str], value: Json) -> ApiError:
    nouns = [noun for noun in dict.fromkeys(nouns) if noun != "null"] or nouns
    expected = nouns[0] if len(nouns) == 1 else "one of " + join_items(nouns, "or")
    actual = next((noun for kind, noun in _KINDS if isinstance(value, kind)), "null")
    return api_error("invalid_type", param=place or "body", expected=expected, actual=actual)


def _out_of_bounds(error: "ValidationError", place: str) -> ApiError:
    value: Json = error.instance
    limit: Json = error.validator_value
    in_name = "propertyNames" in error.absolute_schema_path
    schema: Json = error.schema
    # Where null is allowed too, the type is a list.
    is_decimal = "number" in schema.get("type", ())
    match error.validator:
        case "maximum":
            name = "decimal_above_maximum" if is_decimal else "integer_above_maximum"
            return api_error(name, param=place, limit=limit, value=value)
        case "minimum":
            name = "decimal_below_minimum" if is_decimal else "integer_below_minimum"
            return api_error(name, param=place, limit=limit, value=value)
        case "maxLength" if in_name:
            key = _param(place, [value])
            return api_error("key_too_long", param=key, limit=limit, length=len(value))
        case "pattern":
            return api_error("pattern_mismatch", param=place, pattern=limit)
        case "minLength" if not value:
            return api_error("empty_string", param=place, limit=limit)
        case "minItems" if not value:
            return api_error("empty_array", param=place, limit=limit)
    names = {
        "maxLength": "string_too_long",
        "minLength": "string_too_short",
        "maxItems": "array_too_long",
        "minItems": "array_too_short",
        "maxProperties": "too_many_properties",
    }
    bound = names.get(str(error.validator))
    if bound is None:
        return api_error("invalid_value", param=place, reason=error.message[:200])
    return api_error(bound, param=place, limit=limit, length=len(value))


def _param(path: str, steps: Iterable[str | int]) -> str:
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path


def _expected(error: "ValidationError") -> list[str]:
    """Return what a value of the wrong type should have been: choices, if there are only these."""
    schema: Json = error.schema
    if error.validator == "type" and "enum" in schema:
        return [_quoted(choice) for choice in schema["enum"]]
    kinds: Json = error.validator_value if error.validator == "type" else []
    return [_NOUNS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)]


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)[:100]


def _quoted(choice: Json) -> str:
    return repr(choice) if isinstance(choice, str) else json.dumps(choice)


def join_items(items: list[str], last: str = "and") -> str:
    """Return items as OpenAI's messages list them."""
    if len(items) < 3:
        return f" {last} ".join(items)
    return ", ".join(items[:-1]) + f", {last} {items[-1]}"
