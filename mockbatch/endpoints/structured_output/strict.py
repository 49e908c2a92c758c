"""Which schemas OpenAI rejects, with which messages, in the order of the schema's parts.

Messages are quoted by clients from 2024 to 2026; `default`, `const` and the bounds of numbers,
texts and arrays were rejected in 2024 and no longer are. Which of several issues the service
reports first is not known.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache, partial

from msgspec import Struct, field

from mockbatch.endpoints.structured_output.subschemas import SchemaPath, walk_subschemas
from mockbatch.typing import Json
from mockbatch.validation.step_budget import (
    BudgetSpentError,
    preparation_budget,
    remember_work,
)

#: The issue of a schema that mockbatch cannot check within its budget.
TOO_COSTLY = "schema_too_costly"

#: Longer schemas are checked each time, because the memory for keeping them would be large.
MAX_CACHED_CHARACTERS = 1 << 16
# From OpenAI's guide to structured outputs.
_MAX_DEPTH = 10
_MAX_PROPERTIES = 5000
_MAX_ENUM_VALUES = 1000
_MAX_CHARACTERS = 120_000
# Above how many values an enum is large, and how many characters it may then have in all.
_LARGE_ENUM = 250
_MAX_CHARACTERS_OF_LARGE_ENUM = 15_000
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
_DEFINITIONS = ("$defs", "definitions")


class SchemaIssue(Struct, frozen=True):
    """One thing that is wrong with a schema: its name in error_messages.json, and the fields."""

    name: str
    fields: Mapping[str, Json] = field(default_factory=dict)


FindIssues = Callable[[Json, bool], Iterator[SchemaIssue]]


def find_format_issue(schema: Json, *, strict: bool) -> SchemaIssue | None:
    """Return what OpenAI rejects in the schema of a `response_format` or a `text.format`."""
    return _find_first(_format_issues, schema, strict)


def find_parameters_issue(schema: Json, *, strict: bool) -> SchemaIssue | None:
    """Return what OpenAI rejects in the schema of a function's parameters."""
    return _find_first(_parameters_issues, schema, strict)


def _find_first(find_issues: FindIssues, schema: Json, strict: bool) -> SchemaIssue | None:
    """Return the first issue of a schema; what was found is remembered unless it took too long."""
    text = json.dumps(schema)
    is_long = len(text) > MAX_CACHED_CHARACTERS
    find_first = _cached_first.__wrapped__ if is_long else _cached_first
    try:
        work = partial(find_first, find_issues, strict)
        return remember_work("issues", work, preparation_budget(), text)
    except BudgetSpentError:
        return SchemaIssue(TOO_COSTLY)


@lru_cache(maxsize=256)
def _cached_first(
    find_issues: FindIssues, strict: bool, schema_json: str
) -> tuple[SchemaIssue | None, int]:
    """Return the first issue of a schema, and the steps that it took to find it."""
    budget = preparation_budget()
    left = budget.steps_left
    issue = next(find_issues(json.loads(schema_json), strict), None)
    return issue, left - budget.steps_left


def _is_json_schema(document: Json) -> bool:
    # Imported here because few clients send schemas, and it loads jsonschema.
    from mockbatch.validation.client_schema import ClientSchema

    return ClientSchema(document).is_valid()


def _format_issues(schema: Json, strict: bool) -> Iterator[SchemaIssue]:
    if strict:
        yield from _root_issues(schema)
    if not _is_json_schema(schema):
        yield SchemaIssue("no_json_schema")
    elif strict:
        if "anyOf" in schema:
            yield SchemaIssue("keyword_not_permitted", {"context": (), "keyword": "anyOf"})
        yield from _strict_issues(schema)


def _parameters_issues(schema: Json, strict: bool) -> Iterator[SchemaIssue]:
    yield from _root_issues(schema)
    if any(name in schema for name in _NOT_IN_PARAMETERS):
        yield SchemaIssue("root_has_combinators")
    if "properties" not in schema:
        yield SchemaIssue("object_without_properties", {"context": ()})
    if not _is_json_schema(schema):
        yield SchemaIssue("no_json_schema")
    elif strict:
        yield from _strict_issues(schema)
    else:
        for path, subschema in walk_subschemas(schema):
            yield from _array_issues(path, subschema)


def _root_issues(schema: Json) -> Iterator[SchemaIssue]:
    type_ = schema.get("type")
    if type_ != "object":
        yield SchemaIssue(
            "root_not_an_object", {"kind": type_ if isinstance(type_, str) else "None"}
        )


def _array_issues(path: SchemaPath, schema: Json) -> Iterator[SchemaIssue]:
    for type_path, type_ in _types(path, schema):
        if type_ == "array" and "items" not in schema and "prefixItems" not in schema:
            yield SchemaIssue("array_without_items", {"context": type_path})


def _types(path: SchemaPath, schema: Json) -> list[tuple[SchemaPath, str]]:
    """Return the types that a schema names, each with its path."""
    types = schema.get("type", ()) if isinstance(schema, dict) else ()
    if isinstance(types, str):
        return [(path, types)]
    return [((*path, "type", str(index)), type_) for index, type_ in enumerate(types)]


def _strict_issues(schema: dict[str, Json]) -> Iterator[SchemaIssue]:
    yield from _size_issues(schema)
    for path, subschema in walk_subschemas(schema):
        if isinstance(subschema, dict):
            yield from _subschema_issues(path, subschema)
        elif path[-1] != "additionalProperties":
            yield SchemaIssue("schema_without_type", {"context": path})


def _subschema_issues(path: SchemaPath, schema: dict[str, Json]) -> Iterator[SchemaIssue]:
    if "$ref" in schema:
        yield from _reference_issues(path, schema)
        return
    for name in _NOT_PERMITTED:
        if name in schema:
            yield SchemaIssue("keyword_not_permitted", {"context": path, "keyword": name})
    if not schema.keys() & {"type", "anyOf", "enum", "const"}:
        yield SchemaIssue("schema_without_type", {"context": path})
    for type_path, type_ in _types(path, schema):
        if type_ == "object":
            yield from _object_issues(type_path, schema)
    yield from _array_issues(path, schema)
    if "format" in schema and schema["format"] not in _FORMATS:
        format_path = _types(path, schema)[0][0] if "type" in schema else path
        yield SchemaIssue("format_not_valid", {"context": format_path, "format": schema["format"]})


def _reference_issues(path: SchemaPath, schema: dict[str, Json]) -> Iterator[SchemaIssue]:
    others = ", ".join(repr(name) for name in sorted(schema) if name != "$ref")
    if others:
        fields = {"context": path, "keywords": f"{{{others}}}"}
        yield SchemaIssue("reference_with_keywords", fields)
    steps = schema["$ref"].split("/")
    if steps != ["#"] and not (len(steps) == 3 and steps[1] in _DEFINITIONS):
        yield SchemaIssue("reference_not_to_definition", {"context": path})


def _object_issues(path: SchemaPath, schema: dict[str, Json]) -> Iterator[SchemaIssue]:
    if schema.get("additionalProperties") is not False:
        yield SchemaIssue("additional_properties_not_false", {"context": path})
    properties, required = schema.get("properties", {}), dict.fromkeys(schema.get("required", ()))
    for name in properties:
        if name not in required:
            which = f"Missing '{name}'"
            yield SchemaIssue("not_all_required", {"context": path, "which": which})
    for name in required:
        if name not in properties:
            which = f"Extra required key '{name}' supplied"
            yield SchemaIssue("not_all_required", {"context": path, "which": which})


def _size_issues(schema: dict[str, Json]) -> Iterator[SchemaIssue]:
    """Yield the limits that a schema exceeds; the depth of a definition counts from its root."""
    subschemas = [(path, part) for path, part in walk_subschemas(schema) if isinstance(part, dict)]
    depth = max(_depth(path) for path, _ in subschemas)
    properties = [name for _, part in subschemas for name in part.get("properties", ())]
    enums = [part["enum"] for _, part in subschemas if "enum" in part]
    values = [value for enum in enums for value in enum]
    definitions = [name for key in _DEFINITIONS for name in schema.get(key, ())]
    constants = [part["const"] for _, part in subschemas if "const" in part]
    if depth > _MAX_DEPTH:
        yield SchemaIssue("schema_too_deep", {"depth": depth, "limit": _MAX_DEPTH})
    if (count := len(properties)) > _MAX_PROPERTIES:
        yield SchemaIssue("too_many_parameters", {"count": count, "limit": _MAX_PROPERTIES})
    if (count := len(values)) > _MAX_ENUM_VALUES:
        yield SchemaIssue("too_many_enum_values", {"count": count, "limit": _MAX_ENUM_VALUES})
    yield from _large_enum_issues(enums)
    size = _count_characters([*properties, *definitions, *constants, *values])
    if size > _MAX_CHARACTERS:
        yield SchemaIssue("schema_strings_too_long", {"size": size, "limit": _MAX_CHARACTERS})


def _large_enum_issues(enums: list[list[Json]]) -> Iterator[SchemaIssue]:
    limit = _MAX_CHARACTERS_OF_LARGE_ENUM
    for enum in enums:
        if len(enum) > _LARGE_ENUM and (size := _count_characters(enum)) > limit:
            yield SchemaIssue("enum_values_too_long", {"size": size, "limit": limit})


def _depth(path: SchemaPath) -> int:
    """Return how many objects and arrays of its definition a subschema is nested in."""
    depth, steps = 0, iter(path)
    for step in steps:
        if step in _DEFINITIONS:
            depth = 0
        if step in ("properties", "items"):
            depth += 1
        if step in (*_DEFINITIONS, "properties"):
            next(steps)  # the name of a definition or a property
    return depth


def _count_characters(values: list[Json]) -> int:
    return sum(len(value) for value in values if isinstance(value, str))
