"""The schemas inside of a schema, each with the way to it, as OpenAI's messages write it."""

from collections.abc import Iterator

from mockbatch.typing import Json

SchemaPath = tuple[str, ...]

_OF_ONE = (
    *("items", "additionalProperties", "additionalItems", "contains", "propertyNames", "not"),
    *("if", "then", "else", "unevaluatedItems", "unevaluatedProperties"),
)
_OF_MANY = ("anyOf", "oneOf", "allOf", "prefixItems", "items")
_BY_NAME = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")


def walk_subschemas(root: Json) -> Iterator[tuple[SchemaPath, Json]]:
    """Yield a schema and all inside of it, each before its parts; references are not followed."""
    waiting: list[tuple[SchemaPath, Json]] = [((), root)]
    while waiting:
        context, node = waiting.pop()
        yield context, node
        if isinstance(node, dict):
            waiting += reversed([((*context, *step), part) for step, part in _parts(node)])


def _parts(node: dict[str, Json]) -> Iterator[tuple[SchemaPath, Json]]:
    for name in node:
        inside = node[name]
        if name == "additionalItems" and not isinstance(node.get("items"), list):
            continue  # It says nothing then, and nobody has judged it.
        if name in _BY_NAME and isinstance(inside, dict):
            yield from (((name, key), part) for key, part in inside.items())
        elif name in _OF_MANY and isinstance(inside, list):
            yield from (((name, str(place)), part) for place, part in enumerate(inside))
        elif name in _OF_ONE and isinstance(inside, dict | bool):
            yield (name,), inside
