"""Violations of a schema in the words of Anthropic's API, which are Pydantic's.

Only `Field required`, the lengths and the pattern were observed; the others are Pydantic's own
texts for the same fault, and not verified against the service.
"""

from collections.abc import Callable, Mapping

from mockbatch.strings.echo import shorten
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.validation.violations import Violation

_TYPES = {
    "string": "Input should be a valid string",
    "integer": "Input should be a valid integer",
    "number": "Input should be a valid number",
    "boolean": "Input should be a valid boolean",
    "array": "Input should be a valid list",
    "object": "Input should be a valid dictionary",
}


def find_violation(name: str, value: Json, place: str = "") -> str | None:
    """Return what is wrong with a value by a schema, in a sentence, None if it fits.

    `place` is where the value is, with a dot at its end.
    """
    if schema(name).accepts(value):
        return None
    violations = schema(name).violations(value)
    first = min(violations, key=lambda one: (one.keyword != "required", len(one.path)))
    path = shorten(".".join(map(str, first.path)))
    describe = _BY_KEYWORD.get(first.keyword, _invalid)
    return f"{place}{path}: {describe(first)}" if place or path else describe(first)


def _invalid(_: Violation) -> str:
    return "Input is not valid"


def _type(violation: Violation) -> str:
    names = [violation.limit] if isinstance(violation.limit, str) else list(violation.limit)
    return next((_TYPES[name] for name in names if name in _TYPES), "Input is not valid")


def _choice(violation: Violation) -> str:
    choices = violation.limit if isinstance(violation.limit, list) else [violation.limit]
    *first, last = map(repr, choices)
    return "Input should be " + (f"{', '.join(first)} or {last}" if first else last)


def _short_list(violation: Violation) -> str:
    count = len(violation.value)
    return f"List should have at least {violation.limit} item after validation, not {count}"


_BY_KEYWORD: Mapping[str, Callable[[Violation], str]] = {
    "required": lambda _: "Field required",
    "type": _type,
    "enum": _choice,
    "const": _choice,
    "minimum": lambda one: f"Input should be greater than or equal to {one.limit}",
    "maximum": lambda one: f"Input should be less than or equal to {one.limit}",
    "minItems": _short_list,
    "maxLength": lambda one: f"String should have at most {one.limit} characters",
    "minLength": lambda one: f"String should have at least {one.limit} character",
    "pattern": lambda one: f"String should match pattern '{one.limit}'",
}
