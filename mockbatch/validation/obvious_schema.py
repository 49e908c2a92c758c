"""Recognises documents that are obviously JSON Schemas, which jsonschema takes long to check.

A yes is exact, for draft 7 as for 2020-12; a no only means "not obviously".
"""

from collections.abc import Callable, Mapping

from mockbatch.typing import Json
from mockbatch.validation.step_budget import StepBudget

_TYPES = frozenset(("array", "boolean", "integer", "null", "number", "object", "string"))
# Includes the steps of the checks that follow.
_STEPS_PER_SCHEMA = 5


def _is_text(value: Json) -> bool:
    return isinstance(value, str)


def _is_count(value: Json) -> bool:
    return type(value) is int and value >= 0


def _is_number(value: Json) -> bool:
    return type(value) in (int, float)


def _is_type(value: Json) -> bool:
    names = value if isinstance(value, list) else [value]
    texts = [name for name in names if isinstance(name, str)]
    return bool(names) and len(set(texts)) == len(names) and _TYPES.issuperset(texts)


def _are_names(value: Json) -> bool:
    if not isinstance(value, list):
        return False
    texts = [name for name in value if isinstance(name, str)]
    return len(set(texts)) == len(value)


_CHECKS: Mapping[str, Callable[[Json], bool]] = {
    **dict.fromkeys(("title", "description", "pattern", "format"), _is_text),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
    **dict.fromkeys(("minProperties", "maxProperties"), _is_count),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number),
    "$ref": _is_text,
    "type": _is_type,
    "required": _are_names,
    "enum": lambda value: isinstance(value, list),
    **dict.fromkeys(("const", "default"), lambda _: True),
}
_ONE = frozenset(("items", "additionalProperties", "not"))
_LIST = frozenset(("anyOf", "oneOf", "allOf"))
_BY_NAME = frozenset(("properties", "$defs", "definitions"))


def is_obviously_schema(document: Json, budget: StepBudget) -> bool:
    """Return whether a document is a schema with everyday keywords only."""
    pending = [document]
    while pending:
        schema = pending.pop()
        if isinstance(schema, bool):
            continue
        if not isinstance(schema, dict):
            return False
        budget.spend(_STEPS_PER_SCHEMA + len(schema))
        for keyword, value in schema.items():
            inner = _subschemas(keyword, value)
            if inner is None:
                return False
            pending += inner
    return True


def _subschemas(keyword: str, value: Json) -> list[Json] | None:
    """Return the schemas in a keyword's argument; None if it is not obviously valid."""
    if keyword in _ONE:
        return [value]
    if keyword in _LIST:
        return value if isinstance(value, list) and value else None
    if keyword in _BY_NAME:
        return list(value.values()) if isinstance(value, dict) else None
    check = _CHECKS.get(keyword)
    return [] if check is not None and check(value) else None
