"""Recognises values that are obviously valid, so that jsonschema need not check them.

A schema is compiled into Python functions. A yes is exact; a no only means "not obviously":
the caller then uses jsonschema, which also words every error. Subschemas with keywords that
are not compiled here are checked by jsonschema, and the values it accepted are remembered.

Why this exists: checking a batch object takes jsonschema 100 us and this a tenth of it, and a
server that meets no invalid value never imports jsonschema, which takes 65 ms.

Why it is not `jsonschema-rs`: version 0.61 agreed with jsonschema in 77,000 comparisons over all
77 schemas, is MIT, has wheels for CPython 3.10 to 3.14 and adds 5 ms to the start of a server,
but it adds 15.3 MB to a core install of 12.5 MB, where 8 MB were the limit (measured 2026-11).
"""

import marshal
import math
import re
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from mockbatch.typing import Json
from mockbatch.validation.type_names import PYTHON_TYPES

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Check = Callable[[Json], bool]
Types = frozenset[type]
# Returns jsonschema's validator for a subschema of the document.
ValidatorFactory = Callable[[Json], "Validator"]

_ANNOTATIONS = {
    *("$schema", "$id", "$comment", "$defs"),
    *("title", "description", "default", "examples"),
}
# The keywords that are compiled, by what they apply to.
_OBJECT = {
    *("type", "properties", "required", "additionalProperties", "allOf"),
    *("propertyNames", "maxProperties"),
}
_CONDITION = {"if", "then", "else"}
_ARRAY = {"type", "items", "minItems", "maxItems"}
_STRING = {"type", "pattern", "minLength", "maxLength"}
_NUMBER = {"type", "minimum", "maximum", "exclusiveMinimum"}
# How many values that jsonschema accepted are remembered; a full cache is emptied.
_CACHE_SIZE = 512


def compile_check(document: dict[str, Json], make_validator: ValidatorFactory) -> Check:
    """Compile a schema document into a function that accepts obviously valid values."""
    return Compiler(document, make_validator).compile(document)


class Compiler:
    """Compiles the subschemas of one document; `$ref`s may be recursive."""

    def __init__(self, document: dict[str, Json], make_validator: ValidatorFactory) -> None:
        self._document = document
        self._make_validator = make_validator
        self._compiled: dict[str, Check] = {}

    def compile(self, schema: Json) -> Check:
        """Compile a part of the document."""
        if schema is True:
            return lambda _: True
        if not isinstance(schema, dict):
            return lambda _: False
        keywords = set(schema) - _ANNOTATIONS
        if keywords == {"$ref"} and schema["$ref"].startswith("#/$defs/"):
            return self._reference(schema["$ref"])
        if keywords == {"anyOf"}:
            return _any(tuple(self.compile(branch) for branch in schema["anyOf"]))
        if schema.get("type", "object") == "object" and keywords <= _OBJECT and keywords:
            return self._object(schema)
        if schema.get("type") == "array" and keywords <= _ARRAY:
            return self._array(schema)
        return _scalar(schema, keywords) or self._via_jsonschema(schema)

    def _via_jsonschema(self, schema: Json) -> Check:
        return _cache_accepted(cache(lambda: self._make_validator(schema)))

    def _reference(self, ref: str) -> Check:
        if ref not in self._compiled:
            # Looked up at each call, because a recursive definition refers to itself.
            self._compiled[ref] = lambda value: self._compiled[ref](value)
            self._compiled[ref] = self.compile(self._document["$defs"][ref.split("/")[-1]])
        return lambda value: self._compiled[ref](value)

    def _object(self, schema: dict[str, Json]) -> Check:
        properties = {name: self.compile(sub) for name, sub in schema.get("properties", {}).items()}
        required = frozenset(schema.get("required", ()))
        others = self.compile(schema.get("additionalProperties", True))
        checks = [self._condition(rule) for rule in schema.get("allOf", ())]
        if "propertyNames" in schema:
            is_name = self.compile({"type": "string", **schema["propertyNames"]})
            checks.append(lambda value: all(map(is_name, value)))
        if "maxProperties" in schema:
            checks.append(lambda value: len(value) <= schema["maxProperties"])

        def accepts(value: Json) -> bool:
            if type(value) is not dict:
                return "type" not in schema
            if not required <= value.keys():
                return False
            for name, item in value.items():
                if not properties.get(name, others)(item):
                    return False
            return not checks or all(check(value) for check in checks)

        return accepts

    def _condition(self, rule: Json) -> Check:
        """Compile a condition on one member: `{"if": ..., "then": ..., "else": ...}`.

        The `if` is `{"properties": {NAME: {"const": VALUE}}}`, with NAME required or not.
        """
        condition = rule.get("if", {})
        properties = condition.get("properties", {})
        name = next(iter(properties), "")
        constant = properties.get(name, {}).get("const")
        optional = {"properties": {name: {"const": constant}}}
        is_compiled = condition in (optional, {**optional, "required": [name]})
        if not (is_compiled and isinstance(constant, str | bool) and rule.keys() <= _CONDITION):
            return self._via_jsonschema(rule)
        # Without the member the condition holds, as in JSON Schema, unless it is required.
        missing = constant if condition == optional else None
        then, otherwise = (self.compile(rule.get(keyword, True)) for keyword in ("then", "else"))

        def accepts(value: Json) -> bool:
            member = value.get(name, missing)
            holds = type(member) is type(constant) and member == constant
            return then(value) if holds else otherwise(value)

        return accepts

    def _array(self, schema: dict[str, Json]) -> Check:
        minimum, maximum = schema.get("minItems", 0), schema.get("maxItems", math.inf)
        if schema.get("items") == {"type": "number"}:
            # Vectors: a call for each of their numbers would take ten times as long.
            numbers = frozenset(PYTHON_TYPES["number"])
            return lambda value: (
                type(value) is list
                and minimum <= len(value) <= maximum
                and numbers.issuperset(map(type, value))
            )
        accepts_item = self.compile(schema.get("items", True))

        def accepts(value: Json) -> bool:
            return (
                type(value) is list
                and minimum <= len(value) <= maximum
                and all(map(accepts_item, value))
            )

        return accepts


def _scalar(schema: dict[str, Json], keywords: set[str]) -> Check | None:
    """Compile the schema of a text or a number, an enum, or a schema with only a type."""
    names = schema.get("type", list(PYTHON_TYPES))
    names = [names] if isinstance(names, str) else names
    types = frozenset(type_ for name in names for type_ in PYTHON_TYPES[name])
    if keywords <= {"type"}:
        return lambda value: type(value) in types
    if keywords in ({"const"}, {"enum"}, {"type", "enum"}):
        return _enum(schema.get("enum", [schema.get("const")]), types)
    if types <= {str, type(None)} and keywords <= _STRING:
        return _string(schema, types)
    if types <= {int, float, type(None)} and keywords <= _NUMBER:
        return _number(schema, types)
    return None


def _enum(choices: list[Json], types: Types) -> Check:
    scalars = types - {dict, list}
    # With the type, because Python's True, 1 and 1.0 are equal.
    known = frozenset((type(choice), choice) for choice in choices if type(choice) in scalars)
    return lambda value: type(value) in scalars and (type(value), value) in known


def _string(schema: dict[str, Json], types: Types) -> Check:
    minimum, maximum = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    if "pattern" not in schema:
        return lambda value: (
            type(value) in types and (value is None or minimum <= len(value) <= maximum)
        )
    search = re.compile(schema["pattern"]).search
    return lambda value: (
        type(value) in types
        and (value is None or (minimum <= len(value) <= maximum and search(value) is not None))
    )


def _number(schema: dict[str, Json], types: Types) -> Check:
    minimum, maximum = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above = schema.get("exclusiveMinimum", -math.inf)
    return lambda value: (
        type(value) in types and (value is None or (minimum <= value <= maximum and above < value))
    )


def _any(branches: tuple[Check, ...]) -> Check:
    return lambda value: any(accepts(value) for accepts in branches)


def _cache_accepted(get_validator: "Callable[[], Validator]") -> Check:
    """Return a check by jsonschema that remembers the values that were accepted."""
    accepted: set[bytes] = set()

    def accepts(value: Json) -> bool:
        try:
            # Version 2 writes equal values alike, and 1, 1.0 and True differently.
            key = marshal.dumps(value, 2)
        except ValueError:  # nested too deeply
            return False
        if key in accepted:
            return True
        if not get_validator().is_valid(value):
            return False
        if len(accepted) >= _CACHE_SIZE:
            accepted.clear()
        accepted.add(key)
        return True

    return accepts
