"""What OpenAI refuses of a schema, in its words, and in the order of the schema's parts.

Texts are quoted by clients from 2024 to 2026; `default`, `const` and the bounds of numbers,
texts and arrays were refused in 2024 and no longer are. Which of several faults the service
tells first is not known.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from mockbatch.endpoints.structured_output.subschemas import SchemaPath, walk_subschemas
from mockbatch.typing import Json

# From OpenAI's guide to structured outputs.
_DEEPEST = 10
_MOST_PROPERTIES = 5000
_MOST_CHOICES = 1000
_MOST_CHARACTERS = 120_000
_MANY_CHOICES = 250
_MOST_CHARACTERS_OF_MANY_CHOICES = 15_000
_FORMATS = frozenset(
    ("date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid")
)
_NOT_PERMITTED = (
    *("allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"),
    *("dependencies", "patternProperties", "propertyNames", "minProperties", "maxProperties"),
    *("unevaluatedProperties", "unevaluatedItems", "contains", "minContains", "maxContains"),
    *("uniqueItems", "prefixItems", "additionalItems"),
)
_NOT_IN_PARAMETERS = ("oneOf", "anyOf", "allOf", "enum", "not")


@dataclass(frozen=True, slots=True)
class SchemaIssue:
    """One thing that is wrong: its name in the table of wordings, and what fills its gaps."""

    name: str
    fields: Mapping[str, Json] = field(default_factory=dict)


def find_format_issue(schema: Json, *, strict: bool) -> SchemaIssue | None:
    """Return what OpenAI refuses of the schema of a `response_format` or a `text.format`."""
    return _first(_faults_of_format, json.dumps(schema), strict)


def find_parameters_issue(schema: Json, *, strict: bool) -> SchemaIssue | None:
    """Return what OpenAI refuses of the schema of a function's parameters."""
    return _first(_faults_of_parameters, json.dumps(schema), strict)


@lru_cache(maxsize=256)
def _first(
    faults: Callable[[Json, bool], Iterator[SchemaIssue]], sent: str, strict: bool
) -> SchemaIssue | None:
    return next(faults(json.loads(sent), strict), None)


def _is_schema(sent: Json) -> bool:
    # Few clients send schemas, and loading what judges them takes long.
    from mockbatch.validation.client_schema import ClientSchema

    return ClientSchema(sent).is_valid()


def _faults_of_format(schema: Json, strict: bool) -> Iterator[SchemaIssue]:
    if strict:
        yield from _not_an_object(schema)
    if not _is_schema(schema):
        yield SchemaIssue("no_json_schema")
    elif strict:
        if "anyOf" in schema:
            yield SchemaIssue("keyword_not_permitted", {"context": (), "keyword": "anyOf"})
        yield from _strict(schema)


def _faults_of_parameters(schema: Json, strict: bool) -> Iterator[SchemaIssue]:
    yield from _not_an_object(schema)
    if any(name in schema for name in _NOT_IN_PARAMETERS):
        yield SchemaIssue("root_has_combinators")
    if "properties" not in schema:
        yield SchemaIssue("object_without_properties", {"context": ()})
    if not _is_schema(schema):
        yield SchemaIssue("no_json_schema")
    elif strict:
        yield from _strict(schema)
    else:
        for context, node in walk_subschemas(schema):
            yield from _without_items(context, node)


def _not_an_object(schema: Json) -> Iterator[SchemaIssue]:
    kind = schema.get("type")
    if kind != "object":
        yield SchemaIssue("root_not_an_object", {"kind": kind if isinstance(kind, str) else "None"})


def _without_items(context: SchemaPath, node: Json) -> Iterator[SchemaIssue]:
    for place, kind in _kinds(context, node):
        if kind == "array" and "items" not in node and "prefixItems" not in node:
            yield SchemaIssue("array_without_items", {"context": place})


def _kinds(context: SchemaPath, node: Json) -> list[tuple[SchemaPath, str]]:
    """Return the types of a schema, with the way to each."""
    named = node.get("type", ()) if isinstance(node, dict) else ()
    if isinstance(named, str):
        return [(context, named)]
    return [((*context, "type", str(place)), kind) for place, kind in enumerate(named)]


def _strict(schema: dict[str, Json]) -> Iterator[SchemaIssue]:
    yield from _too_large(schema)
    for context, node in walk_subschemas(schema):
        if isinstance(node, dict):
            yield from _strict_node(context, node)
        elif context[-1] != "additionalProperties":
            yield SchemaIssue("schema_without_type", {"context": context})


def _strict_node(context: SchemaPath, node: dict[str, Json]) -> Iterator[SchemaIssue]:
    if "$ref" in node:
        yield from _strict_reference(context, node)
        return
    for name in _NOT_PERMITTED:
        if name in node:
            yield SchemaIssue("keyword_not_permitted", {"context": context, "keyword": name})
    if not node.keys() & {"type", "anyOf", "enum", "const"}:
        yield SchemaIssue("schema_without_type", {"context": context})
    for place, kind in _kinds(context, node):
        if kind == "object":
            yield from _strict_object(place, node)
    yield from _without_items(context, node)
    if "format" in node and node["format"] not in _FORMATS:
        place = _kinds(context, node)[0][0] if "type" in node else context
        yield SchemaIssue("format_not_valid", {"context": place, "format": node["format"]})


def _strict_reference(context: SchemaPath, node: dict[str, Json]) -> Iterator[SchemaIssue]:
    others = ", ".join(repr(name) for name in sorted(node) if name != "$ref")
    if others:
        yield SchemaIssue(
            "reference_with_keywords", {"context": context, "keywords": f"{{{others}}}"}
        )
    steps = node["$ref"].split("/")
    if steps != ["#"] and not (len(steps) == 3 and steps[1] in ("$defs", "definitions")):
        yield SchemaIssue("reference_not_to_definition", {"context": context})


def _strict_object(context: SchemaPath, node: dict[str, Json]) -> Iterator[SchemaIssue]:
    if node.get("additionalProperties") is not False:
        yield SchemaIssue("additional_properties_not_false", {"context": context})
    properties, required = node.get("properties", {}), dict.fromkeys(node.get("required", ()))
    for name in properties:
        if name not in required:
            which = f"Missing '{name}'"
            yield SchemaIssue("not_all_required", {"context": context, "which": which})
    for name in required:
        if name not in properties:
            which = f"Extra required key '{name}' supplied"
            yield SchemaIssue("not_all_required", {"context": context, "which": which})


def _too_large(schema: dict[str, Json]) -> Iterator[SchemaIssue]:
    """Yield what is beyond the limits; a definition is counted where it stands, from its root."""
    nodes = [(context, node) for context, node in walk_subschemas(schema) if isinstance(node, dict)]
    depth = max(_depth(context) for context, _ in nodes)
    if depth > _DEEPEST:
        yield SchemaIssue("schema_too_deep", {"depth": depth, "limit": _DEEPEST})
    names = [name for _, node in nodes for name in node.get("properties", ())]
    if len(names) > _MOST_PROPERTIES:
        yield SchemaIssue("too_many_parameters", {"count": len(names), "limit": _MOST_PROPERTIES})
    choices = [node["enum"] for _, node in nodes if "enum" in node]
    count = sum(map(len, choices))
    if count > _MOST_CHOICES:
        yield SchemaIssue("too_many_enum_values", {"count": count, "limit": _MOST_CHOICES})
    for choice in choices:
        limit = _MOST_CHARACTERS_OF_MANY_CHOICES
        if len(choice) > _MANY_CHOICES and (size := _characters(choice)) > limit:
            yield SchemaIssue("enum_values_too_long", {"size": size, "limit": limit})
    defined = [name for key in ("$defs", "definitions") for name in schema.get(key, ())]
    constants = [node["const"] for _, node in nodes if "const" in node]
    size = _characters([*names, *defined, *constants, *(one for many in choices for one in many)])
    if size > _MOST_CHARACTERS:
        yield SchemaIssue("schema_strings_too_long", {"size": size, "limit": _MOST_CHARACTERS})


def _depth(context: SchemaPath) -> int:
    """Return in how many objects and arrays of its definition a part is."""
    depth, steps = 0, iter(context)
    for step in steps:
        if step in ("$defs", "definitions"):
            depth = 0
        if step in ("properties", "items"):
            depth += 1
        if step in ("$defs", "definitions", "properties"):
            next(steps)
    return depth


def _characters(values: list[Json]) -> int:
    return sum(len(value) for value in values if isinstance(value, str))
