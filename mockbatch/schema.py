"""The JSON Schemas of the package: loaded and compiled once, asked often.

jsonschema is the one judge of shapes. `mockbatch.accept` spares it the values that are
plainly fine; whatever is not accepted there is judged, and refused in OpenAI's words, here.
"""

import json
from collections.abc import Callable, Iterable
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator, ValidationError

from mockbatch.accept import accepter
from mockbatch.errors import ApiError, api_error

Json = Any


class SchemaBreachError(RuntimeError):
    """Something of mockbatch's own that does not fit its schema: a bug, never the client's."""


class Schema:
    """One schema file of the package, by its name without the suffix."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.document: dict[str, Json] = json.loads(
            resources.files("mockbatch").joinpath("schemas", f"{name}.json").read_bytes()
        )
        self._validator = Draft202012Validator(self.document)
        self._accepts: Callable[[Json], bool] = accepter(self.document, self._validator)

    def accepts(self, value: Json) -> bool:
        """Tell whether a value fits the schema."""
        return self._accepts(value) or self._validator.is_valid(value)

    def error(self, value: Json, path: str = "") -> ApiError | None:
        """Return the failure of a value that does not fit, worded as OpenAI does.

        `path` names the value within the request, for the failure's `param`.
        """
        if self.accepts(value):
            return None
        errors = sorted(self._validator.iter_errors(value), key=_order)
        return worded(_deepest(errors[0]), path)

    def check(self, value: Json, path: str = "") -> None:
        """Raise the ApiError of a value that does not fit."""
        error = self.error(value, path)
        if error:
            raise error


    def hold(self, value: Json, what: str) -> None:
        """Raise SchemaBreachError when a value of our own does not fit; `what` it is."""
        breach = self.error(value)
        if breach is not None:
            raise SchemaBreachError(f"{what} breaks schema {self.name}: {breach}")


@cache
def schema(name: str) -> Schema:
    """Return the schema of that name, compiled at its first use."""
    return Schema(name)


def _order(error: ValidationError) -> tuple[bool, list[str]]:
    # What is missing is told before what is wrong, then in order of place.
    return error.validator != "required", [str(step) for step in error.absolute_path]


def _deepest(error: ValidationError) -> ValidationError:
    """Of a failed anyOf, return the failure of the branch that got furthest."""
    while error.validator in ("anyOf", "oneOf") and error.context:
        best = max(error.context, key=_telling)
        if not best.relative_path and best.validator == "type":
            return error  # no branch got anywhere: the union itself is the news
        error = best
    return error


def _telling(error: ValidationError) -> tuple[int, bool]:
    # Of the failures of branches, the deeper one tells more, and a wrong type the least.
    return len(error.relative_path), error.validator != "type"


def worded(error: ValidationError, path: str) -> ApiError:
    """Turn a failure of jsonschema into OpenAI's words for it."""
    param = _param(path, error.absolute_path) or "body"
    value: Json = error.instance
    limit: Json = error.validator_value
    match error.validator:
        case "required":
            missing = next(name for name in limit if name not in value)
            return api_error(
                "missing_parameter", param=_param(_param(path, error.absolute_path), [missing])
            )
        case "type":
            return api_error(
                "invalid_type", param=param, expected=_expected(limit), actual=_noun(value)
            )
        case "anyOf" | "oneOf":
            expected = _expected([kind for branch in limit for kind in _types(branch)])
            return api_error("invalid_type", param=param, expected=expected, actual=_noun(value))
        case "enum":
            supported = _listed([repr(choice) for choice in limit])
            return api_error(
                "unsupported_value", param=param, value=_shown(value), supported=supported
            )
        case "const":
            return api_error("only_value", param=param, value=_shown(value), supported=repr(limit))
        case "additionalProperties":
            schema: Json = error.schema
            extra = next(name for name in value if name not in schema.get("properties", {}))
            return api_error(
                "unknown_parameter", param=_param(_param(path, error.absolute_path), [extra])
            )
    return _bounded(error, param)


def _bounded(error: ValidationError, param: str) -> ApiError:
    value, limit = error.instance, error.validator_value
    in_name = "propertyNames" in error.absolute_schema_path
    names = {
        "maximum": "above_maximum",
        "minimum": "below_minimum",
        "maxLength": "key_too_long" if in_name else "string_too_long",
        "minLength": "string_too_short",
        "maxItems": "array_too_long",
        "minItems": "array_too_short",
        "maxProperties": "too_many_properties",
    }
    name = names.get(str(error.validator))
    if name is None:
        return api_error("invalid_value", param=param, why=error.message[:200])
    length = len(value) if hasattr(value, "__len__") else None
    return api_error(name, param=param, limit=limit, value=value, length=length)


def _param(path: str, steps: Iterable[str | int]) -> str:
    for step in steps:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += f".{step}" if path else step
    return path


_NOUNS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a decimal",
    "boolean": "a boolean",
    "array": "an array",
    "object": "an object",
    "null": "null",
}


def _noun(value: Json) -> str:
    kinds: list[tuple[type | tuple[type, ...], str]] = [
        (bool, "boolean"),
        (str, "string"),
        (int, "integer"),
        (float, "number"),
        (dict, "object"),
        (list, "array"),
    ]
    return _NOUNS[next((name for kind, name in kinds if isinstance(value, kind)), "null")]


def _expected(types: str | list[str]) -> str:
    kinds = [types] if isinstance(types, str) else [kind for kind in types if kind != "null"]
    nouns = list(dict.fromkeys(_NOUNS[kind] for kind in kinds))
    return nouns[0] if len(nouns) == 1 else "one of " + " or ".join(nouns)


def _types(branch: Json) -> list[str]:
    kinds = branch.get("type", [])
    return [kinds] if isinstance(kinds, str) else kinds


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value)[:100]


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else ", ".join(items[:-1]) + f", and {items[-1]}"
