"""A quick yes for values that plainly fit their schema, so that jsonschema need not look.

Compiled from the same documents. A yes is exact: values are looked at in Python by the
keywords below, and one under any other keyword is accepted only after jsonschema has
accepted an equal one. A no means only "not plainly": the caller then asks jsonschema.
Checking a batch object takes 100 us in jsonschema and a tenth of it this way, and where
nothing else is asked for, jsonschema need not even be loaded.
"""

import marshal
import math
import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING

from mockbatch.typing import Json

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

Accepter = Callable[[Json], bool]
Kinds = frozenset[type]
# Returns what judges by a part of the document.
Judges = Callable[[Json], "Validator"]

# What Python's reader makes of each type that JSON Schema has.
PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "array": (list,),
    "null": (type(None),),
}
_NOTES = {"$schema", "$id", "$comment", "$defs", "title", "description", "default", "examples"}
_OBJECT = {
    *("type", "properties", "required", "additionalProperties", "allOf"),
    *("propertyNames", "maxProperties"),
}
_RULE = {"if", "then", "else"}
_ARRAY = {"type", "items", "minItems", "maxItems"}
_TEXT = {"type", "pattern", "minLength", "maxLength"}
_NUMBER = {"type", "minimum", "maximum", "exclusiveMinimum"}
# Few distinct values are worth remembering; a cache that is full begins anew.
_REMEMBERED = 512


def compile_check(document: dict[str, Json], judges: Judges) -> Accepter:
    """Compile a schema document into a function that accepts what plainly fits it."""
    return _Compiler(document, judges).compile(document)


class _Compiler:
    """Compiles each subschema of one document once; `$ref`s may run in circles."""

    def __init__(self, document: dict[str, Json], judges: Judges) -> None:
        self._document = document
        self._judges = judges
        self._compiled: dict[str, Accepter] = {}

    def compile(self, schema: Json) -> Accepter:
        if schema is True:
            return lambda _: True
        if not isinstance(schema, dict):
            return lambda _: False
        keywords = set(schema) - _NOTES
        if keywords == {"$ref"} and schema["$ref"].startswith("#/$defs/"):
            return self._reference(schema["$ref"])
        if keywords == {"anyOf"}:
            return _any(tuple(self.compile(branch) for branch in schema["anyOf"]))
        if schema.get("type", "object") == "object" and keywords <= _OBJECT and keywords:
            return self._object(schema)
        if schema.get("type") == "array" and keywords <= _ARRAY:
            return self._array(schema)
        return _scalar(schema, keywords) or self._judged(schema)

    def _judged(self, schema: Json) -> Accepter:
        return _remembering(cache(lambda: self._judges(schema)))

    def _reference(self, ref: str) -> Accepter:
        if ref not in self._compiled:
            # Looked up at each call, because a circle has no end to compile first.
            self._compiled[ref] = lambda value: self._compiled[ref](value)
            self._compiled[ref] = self.compile(self._document["$defs"][ref.split("/")[-1]])
        return lambda value: self._compiled[ref](value)

    def _object(self, schema: dict[str, Json]) -> Accepter:
        properties = {name: self.compile(sub) for name, sub in schema.get("properties", {}).items()}
        required = frozenset(schema.get("required", ()))
        others = self.compile(schema.get("additionalProperties", True))
        cases = [self._case(rule) for rule in schema.get("allOf", ())]
        if "propertyNames" in schema:
            is_name = self.compile({"type": "string", **schema["propertyNames"]})
            cases.append(lambda value: all(map(is_name, value)))
        if "maxProperties" in schema:
            cases.append(lambda value: len(value) <= schema["maxProperties"])

        def accepts(value: Json) -> bool:
            if type(value) is not dict:
                return "type" not in schema
            if not required <= value.keys():
                return False
            for name, item in value.items():
                if not properties.get(name, others)(item):
                    return False
            return all(case(value) for case in cases)

        return accepts

    def _case(self, rule: Json) -> Accepter:
        """Compile a rule that looks at one member: `{"if": ..., "then": ..., "else": ...}`.

        Its condition is `{"properties": {NAME: {"const": VALUE}}}`, with NAME required or not.
        """
        condition = rule.get("if", {})
        properties = condition.get("properties", {})
        name = next(iter(properties), "")
        wanted = properties.get(name, {}).get("const")
        plain = {"properties": {name: {"const": wanted}}}
        is_plain = condition in (plain, {**plain, "required": [name]})
        if not (is_plain and isinstance(wanted, str | bool) and rule.keys() <= _RULE):
            return self._judged(rule)
        # Without the member the condition holds, as in JSON Schema, unless it is required.
        missing = wanted if condition == plain else None
        if_so, if_not = (self.compile(rule.get(way, True)) for way in ("then", "else"))

        def accepts(value: Json) -> bool:
            found = value.get(name, missing)
            holds = type(found) is type(wanted) and found == wanted
            return if_so(value) if holds else if_not(value)

        return accepts

    def _array(self, schema: dict[str, Json]) -> Accepter:
        accepts_item = self.compile(schema.get("items", True))
        fewest, most = schema.get("minItems", 0), schema.get("maxItems", float("inf"))

        def accepts(value: Json) -> bool:
            return (
                type(value) is list
                and fewest <= len(value) <= most
                and all(map(accepts_item, value))
            )

        return accepts


def _scalar(schema: dict[str, Json], keywords: set[str]) -> Accepter | None:
    """Compile a schema of a text or a number, of choices, or of nothing but a type."""
    names = schema.get("type", list(PYTHON_TYPES))
    names = [names] if isinstance(names, str) else names
    kinds = frozenset(kind for name in names for kind in PYTHON_TYPES[name])
    if keywords <= {"type"}:
        return lambda value: type(value) in kinds
    if keywords in ({"const"}, {"enum"}, {"type", "enum"}):
        return _choice(schema.get("enum", [schema.get("const")]), kinds)
    if kinds <= {str, type(None)} and keywords <= _TEXT:
        return _text(schema, kinds)
    if kinds <= {int, float, type(None)} and keywords <= _NUMBER:
        return _number(schema, kinds)
    return None


def _choice(choices: list[Json], kinds: Kinds) -> Accepter:
    scalars = kinds - {dict, list}
    # With its type: to Python, True, 1 and 1.0 are one.
    known = frozenset((type(choice), choice) for choice in choices if type(choice) in scalars)
    return lambda value: type(value) in scalars and (type(value), value) in known


def _text(schema: dict[str, Json], kinds: Kinds) -> Accepter:
    fewest, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    found = re.compile(schema.get("pattern", "")).search
    return lambda value: (
        type(value) in kinds
        and (value is None or (fewest <= len(value) <= most and found(value) is not None))
    )


def _number(schema: dict[str, Json], kinds: Kinds) -> Accepter:
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    above = schema.get("exclusiveMinimum", -math.inf)
    return lambda value: (
        type(value) in kinds and (value is None or (least <= value <= most and above < value))
    )


def _any(branches: tuple[Accepter, ...]) -> Accepter:
    return lambda value: any(accepts(value) for accepts in branches)


def _remembering(judge: "Callable[[], Validator]") -> Accepter:
    accepted: set[bytes] = set()

    def accepts(value: Json) -> bool:
        try:
            # Version 2 writes equal values alike and 1, 1.0 and True apart.
            key = marshal.dumps(value, 2)
        except ValueError:  # nested too deeply
            return False
        if key in accepted:
            return True
        if not judge().is_valid(value):
            return False
        if len(accepted) >= _REMEMBERED:
            accepted.clear()
        accepted.add(key)
        return True

    return accepts
