"""Turns jsonschema's errors into errors in OpenAI's words.

Source: error_messages.json says which of these messages were observed, in 2025 and 2026. Which
of several errors the service reports first is not known.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import TYPE_CHECKING

from mockbatch.errors import ApiError, api_error
from mockbatch.typing import Json
from mockbatch.validation.type_names import EXPECTED_TYPES, describe_type

if TYPE_CHECKING:
    from jsonschema import ValidationError

# How many errors of a value are looked for: finding each takes a fraction of a millisecond.
_MAX_ERRORS = 1000


def to_api_error(errors: "Iterable[ValidationError]", path: str) -> ApiError | None:
    """Return the ApiError for the most relevant of the errors that jsonschema found in a value.

    Without any it is None. `path` names the value within the request.
    """
    first = min(islice(errors, _MAX_ERRORS), key=_sort_key, default=None)
    if first is None:
        return None
    error = find_deepest(first)
    describe = _BY_KEYWORD.get(str(error.validator), _invalid_value)
    return describe(error, _param(path, error.absolute_path))


def find_deepest(error: "ValidationError") -> "ValidationError":
    """Return the error of the branch that matched most of the value, if a union failed.

    If each branch failed for the value's type, it is the error of the union itself.
    """
    while error.validator in ("anyOf", "oneOf") and error.context:
        best = max(error.context, key=_relevance)
        if not best.relative_path and best.validator == "type":
            return error
        error = best
    return error


def join_items(items: list[str], last: str = "and") -> str:
    """Return items as OpenAI's messages list them: "a, b, and c"."""
    if len(items) < 3:
        return f" {last} ".join(items)
    return ", ".join(items[:-1]) + f", {last} {items[-1]}"


def _sort_key(error: "ValidationError") -> tuple[bool, list[tuple[bool, str | int]]]:
    # Missing parameters come first, the others in the order of their paths.
    steps = [(isinstance(step, str), step) for step in error.absolute_path]
    return error.validator != "required", steps


def _relevance(error: "ValidationError") -> tuple[int, bool]:
    # A deeper error is more relevant, and a wrong type the least.
    return len(error.relative_path), error.validator != "type"


def _missing_parameter(error: "ValidationError", param: str) -> ApiError:
    names: Json = error.validator_value
    value: Json = error.instance
    missing = next(name for name in names if name not in value)
    return api_error("missing_parameter", param=_param(param, [missing]))


def _unknown_parameter(error: "ValidationError", param: str) -> ApiError:
    schema: Json = error.schema
    value: Json = error.instance
    unknown = next(name for name in value if name not in schema.get("properties", {}))
    return api_error("unknown_parameter", param=_param(param, [unknown]))


def _invalid_type(error: "ValidationError", param: str) -> ApiError:
    # A union gets here only if each branch failed for the value's type.
    branches = [error] if error.validator == "type" else error.context or []
    types = dict.fromkeys(name for branch in branches for name in _expected_types(branch))
    names = [name for name in types if name != "null"] or list(types)
    expected = names[0] if len(names) == 1 else "one of " + join_items(names, "or")
    actual = describe_type(error.instance)
    return api_error("invalid_type", param=param or "body", expected=expected, actual=actual)


def _expected_types(error: "ValidationError") -> list[str]:
    """Return the types that a value should have had; the choices instead, if there is an enum."""
    schema: Json = error.schema
    if error.validator != "type":
        return []
    if "enum" in schema:
        return [_quote_choice(choice) for choice in schema["enum"]]
    types: Json = error.validator_value
    return [EXPECTED_TYPES[name] for name in ([types] if isinstance(types, str) else types)]


def _unsupported_value(error: "ValidationError", param: str) -> ApiError:
    choices: Json = error.validator_value
    supported = join_items([_quote_choice(choice) for choice in choices])
    value = _show(error.instance)
    return api_error("unsupported_value", param=param, value=value, supported=supported)


def _only_value(error: "ValidationError", param: str) -> ApiError:
    supported = _quote_choice(error.validator_value)
    return api_error("only_value", param=param, value=_show(error.instance), supported=supported)


def _number_out_of_range(error: "ValidationError", param: str) -> ApiError:
    schema: Json = error.schema
    integer_error, decimal_error = _RANGE_ERRORS[str(error.validator)]
    # Where null is allowed too, the type is a list.
    name = decimal_error if "number" in schema.get("type", ()) else integer_error
    limit, value = error.validator_value, error.instance
    return api_error(name, param=param or "body", limit=limit, value=value)


def _wrong_length(error: "ValidationError", param: str) -> ApiError:
    value: Json = error.instance
    limit, length = error.validator_value, len(value)
    if error.validator == "maxLength" and "propertyNames" in error.absolute_schema_path:
        key = _param(param or "body", [value])
        return api_error("key_too_long", param=key, limit=limit, length=length)
    keyword = str(error.validator)
    name = _LENGTH_ERRORS[keyword] if value else _EMPTY_ERRORS.get(keyword, _LENGTH_ERRORS[keyword])
    return api_error(name, param=param or "body", limit=limit, length=length)


def _pattern_mismatch(error: "ValidationError", param: str) -> ApiError:
    return api_error("pattern_mismatch", param=param or "body", pattern=error.validator_value)


def _invalid_value(error: "ValidationError", param: str) -> ApiError:
    return api_error("invalid_value", param=param or "body", reason=error.message[:200])


# The errors of integers, and of decimals.
_RANGE_ERRORS = {
    "maximum": ("integer_above_maximum", "decimal_above_maximum"),
    "minimum": ("integer_below_minimum", "decimal_below_minimum"),
}
_LENGTH_ERRORS = {
    "maxLength": "string_too_long",
    "minLength": "string_too_short",
    "maxItems": "array_too_long",
    "minItems": "array_too_short",
    "maxProperties": "too_many_properties",
}
_EMPTY_ERRORS = {"minLength": "empty_string", "minItems": "empty_array"}
# The function that describes a failed keyword; `param` is empty for the body as a whole.
_BY_KEYWORD: "Mapping[str, Callable[[ValidationError, str], ApiError]]" = {
    "required": _missing_parameter,
    "additionalProperties": _unknown_parameter,
    **dict.fromkeys(("type", "anyOf", "oneOf"), _invalid_type),
    "enum": _unsupported_value,
    "const": _only_value,
    **dict.fromkeys(_RANGE_ERRORS, _number_out_of_range),
    **dict.fromkeys(_LENGTH_ERRORS, _wrong_length),
    "pattern": _pattern_mismatch,
}


def _param(path: str, steps: Iterable[str | int]) -> str:
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path


def _show(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)[:100]


def _quote_choice(choice: Json) -> str:
    return repr(choice) if isinstance(choice, str) else json.dumps(choice)
