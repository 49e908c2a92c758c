"""How deep the least values of a schema are, and which have an end at all."""

from collections.abc import Iterator

from mockbatch.endpoints.structured_output.alternatives import Alternative, Document, FlatSchema
from mockbatch.typing import Json

_DEEPEST = 64


class MinimumDepth:
    """The heights of what a document describes: how many objects and arrays are in each other."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[Alternative, int | None] = {}
        self._fitting: dict[tuple[int, int], bool] = {}

    def of(self, way: Alternative) -> int | None:
        """Return the height of the least value of one kind; None if none has an end."""
        if way not in self._known:
            found = (most for most in range(_DEEPEST) if self._within(way, most))
            self._known[way] = next(found, None)
        return self._known[way]

    def has_end(self, node: Json) -> bool:
        """Tell whether a schema has a value that ends."""
        return any(self.of(way) is not None for way in self._document.plain(node))

    def _within(self, way: Alternative, most: int) -> bool:
        needed = _needed(way)
        return not needed or (most > 0 and all(self._fits(part, most - 1) for part in needed))

    def _fits(self, node: Json, most: int) -> bool:
        key = id(node), most
        if key not in self._fitting:
            ways = self._document.plain(node)
            self._fitting[key] = any(self._within(way, most) for way in ways)
        return self._fitting[key]


def member_schema(schema: FlatSchema, name: str) -> Json:
    """Return the schema of a member of an object."""
    return schema.get("properties", {}).get(name, schema.get("additionalProperties", True))


def item_schemas(schema: FlatSchema, count: int) -> Iterator[Json]:
    """Yield the schemas of the first items of an array."""
    rest = schema.get("items", True)
    first = schema.get("prefixItems", ())
    if isinstance(rest, list):  # as until draft 7
        first, rest = rest, schema.get("additionalItems", True)
    for place in range(count):
        yield first[place] if place < len(first) else rest


def _needed(way: Alternative) -> list[Json]:
    if way.kind == "object":
        return [member_schema(way.schema, name) for name in way.schema.get("required", ())]
    if way.kind == "array":
        # Further items need no more than the last of these.
        first = len(way.schema.get("prefixItems", ())) + 1
        return list(item_schemas(way.schema, min(int(way.schema.get("minItems", 0)), first)))
    return []
