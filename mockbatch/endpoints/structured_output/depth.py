"""How deeply the smallest values of a schema are nested, and which schemas have finite values."""

from collections.abc import Iterator

from mockbatch.endpoints.structured_output.alternatives import (
    Alternative,
    Document,
    FlatSchema,
)
from mockbatch.typing import Json

_MAX_DEPTH = 64


class MinimumDepth:
    """The minimum depth of what a document describes: how many objects and arrays are nested."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._depths: dict[Alternative, int | None] = {}
        self._has_value: dict[tuple[int, int], bool] = {}

    def of(self, alternative: Alternative) -> int | None:
        """Return the depth of the smallest value of an alternative; None if none is finite."""
        if alternative not in self._depths:
            depths = (depth for depth in range(_MAX_DEPTH) if self._fits(alternative, depth))
            self._depths[alternative] = next(depths, None)
        return self._depths[alternative]

    def is_finite(self, schema: Json) -> bool:
        """Return whether a schema has a finite value."""
        alternatives = self._document.alternatives(schema)
        return any(self.of(alternative) is not None for alternative in alternatives)

    def _fits(self, alternative: Alternative, depth: int) -> bool:
        """Return whether an alternative has a value of at most this depth."""
        required = _required_schemas(alternative)
        self._document.budget.spend(1 + len(required) // 4)
        return not required or (
            depth > 0 and all(self._any_fits(schema, depth - 1) for schema in required)
        )

    def _any_fits(self, schema: Json, depth: int) -> bool:
        key = id(schema), depth
        if key not in self._has_value:
            alternatives = self._document.alternatives(schema)
            self._has_value[key] = any(
                self._fits(alternative, depth) for alternative in alternatives
            )
        return self._has_value[key]


def member_schema(schema: FlatSchema, name: str) -> Json:
    """Return the schema of a member of an object."""
    return schema.get("properties", {}).get(name, schema.get("additionalProperties", True))


def item_schemas(schema: FlatSchema, count: int) -> Iterator[Json]:
    """Yield the schemas of the first `count` items of an array."""
    others = schema.get("items", True)
    first = schema.get("prefixItems", ())
    if isinstance(others, list):  # as up to draft 7
        first, others = others, schema.get("additionalItems", True)
    for index in range(count):
        yield first[index] if index < len(first) else others


def _required_schemas(alternative: Alternative) -> list[Json]:
    """Return the schemas of the members or items that every value of an alternative has."""
    schema = alternative.schema
    if alternative.type == "object":
        return [member_schema(schema, name) for name in schema.get("required", ())]
    if alternative.type == "array":
        # All further items have the schema of the last of these.
        distinct = len(schema.get("prefixItems", ())) + 1
        return list(item_schemas(schema, min(int(schema.get("minItems", 0)), distinct)))
    return []
