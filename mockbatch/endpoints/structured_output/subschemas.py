"""The schemas inside a schema, each with its path, in the form that OpenAI's messages use."""

from collections.abc import Iterator

from mockbatch.typing import Json

SchemaPath = tuple[str, ...]

# Keywords by what they contain: one schema, a list of schemas, or schemas by name.
_ONE = (
    *("items", "additionalProperties", "additionalItems", "contains", "propertyNames", "not"),
    *("if", "then", "else", "unevaluatedItems", "unevaluatedProperties"),
)
_LIST = ("anyOf", "oneOf", "allOf", "prefixItems", "items")
_BY_NAME = ("properties", "$defs", "definitions", "patternProperties", "dependentSchemas")


def walk_subschemas(root: Json) -> Iterator[tuple[SchemaPath, Json]]:
    """Yield a schema and all schemas inside it, each before its own; references are not followed.

    The first one is the root itself, with an empty path.
    """
    pending: list[tuple[SchemaPath, Json]] = [((), root)]
    while pending:
        path, schema = pending.pop()
        yield path, schema
        if isinstance(schema, dict):
            pending += reversed([((*path, *steps), child) for steps, child in _children(schema)])


def _children(schema: dict[str, Json]) -> Iterator[tuple[SchemaPath, Json]]:
    for keyword, value in schema.items():
        if keyword == "additionalItems" and not isinstance(schema.get("items"), list):
            continue  # It has no effect then, and the metaschema has not checked it.
        if keyword in _BY_NAME and isinstance(value, dict):
            yield from (((keyword, name), child) for name, child in value.items())
        elif keyword in _LIST and isinstance(value, list):
            yield from (((keyword, str(index)), child) for index, child in enumerate(value))
        elif keyword in _ONE and isinstance(value, dict | bool):
            yield (keyword,), value
