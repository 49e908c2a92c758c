"""Turns 16.0 into 16 where a schema asks for an integer.

JSON Schema counts 16.0 as an integer; Python's `range` and slices, for example, do not.
"""

from collections.abc import Callable, Mapping

from mockbatch.typing import Json

Coercion = Callable[[Json], Json]

_MAY_HOLD_FLOATS = frozenset({float, dict, list})


def compile_coercion(document: dict[str, Json]) -> Coercion:
    """Return a function that coerces the integers of values that fit a schema document.

    It follows `properties`, `additionalProperties`, `items`, `anyOf` and `$ref`. It returns the
    value itself if there is nothing to coerce, and else a copy.
    """
    return _Compiler(document.get("$defs", {})).compile(document) or _keep


class _Compiler:
    """Compiles the subschemas in which there are integers; for the others it returns None."""

    def __init__(self, definitions: Mapping[str, Json]) -> None:
        self._definitions = definitions
        self._compiled: dict[str, Coercion | None] = {}

    def compile(self, schema: Json) -> Coercion | None:
        if not isinstance(schema, dict):
            return None
        coercions = [
            _coerce_number if "integer" in schema.get("type", ()) else None,
            self._object(schema),
            self._array(schema),
            self._reference(schema["$ref"]) if "$ref" in schema else None,
            *(self.compile(branch) for branch in schema.get("anyOf", ())),
        ]
        return _chain([coercion for coercion in coercions if coercion is not None])

    def _reference(self, ref: str) -> Coercion | None:
        name = ref.rpartition("/")[2]
        if name not in self._compiled:
            # Looked up at each call, because definitions may be recursive.
            self._compiled[name] = lambda value: (self._compiled[name] or _keep)(value)
            self._compiled[name] = self.compile(self._definitions[name])
        return self._compiled[name]

    def _object(self, schema: dict[str, Json]) -> Coercion | None:
        properties = schema.get("properties", {})
        known = {name: self.compile(member) for name, member in properties.items()}
        members = {name: coerce for name, coerce in known.items() if coerce is not None}
        others = self.compile(schema.get("additionalProperties"))
        if not members and others is None:
            return None

        def coerce(value: Json) -> Json:
            if type(value) is not dict:
                return value
            coerced = value
            names = members.keys() & value.keys() if others is None else value.keys()
            for name in names:
                coerce_member = members.get(name) if name in known else others
                if coerce_member is None:
                    continue
                member = coerce_member(value[name])
                if member is not value[name]:
                    coerced = {**coerced, name: member}
            return coerced

        return coerce

    def _array(self, schema: dict[str, Json]) -> Coercion | None:
        coerce_item = self.compile(schema.get("items"))
        if coerce_item is None:
            return None

        def coerce(value: Json) -> Json:
            # Most arrays in which there may be integers are long lists of tokens.
            if type(value) is not list or _MAY_HOLD_FLOATS.isdisjoint(map(type, value)):
                return value
            return list(map(coerce_item, value))

        return coerce


def _chain(coercions: list[Coercion]) -> Coercion | None:
    if len(coercions) < 2:
        return coercions[0] if coercions else None

    def coerce(value: Json) -> Json:
        for each in coercions:
            value = each(value)
        return value

    return coerce


def _coerce_number(value: Json) -> Json:
    return int(value) if type(value) is float and value.is_integer() else value


def _keep(value: Json) -> Json:
    return value
