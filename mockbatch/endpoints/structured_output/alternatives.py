"""A schema reduced to alternatives of one type each, without references and unions.

`{"anyOf": [{"type": "string"}, {"$ref": "#/$defs/a"}]}` has the alternatives of its two
branches, `{"type": ["string", "null"]}` one for each type, and `allOf` is merged into one
schema. Merging is approximate: jsonschema checks what is generated from it in the end.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from urllib.parse import unquote

from msgspec import Struct

from mockbatch.endpoints.structured_output.subschemas import SchemaPath, walk_subschemas
from mockbatch.typing import Json
from mockbatch.validation.step_budget import StepBudget

# A schema without `$ref`, `allOf`, `anyOf` and `oneOf`, apart from those inside its members.
FlatSchema = dict[str, Json]
# A flat schema, and the references that were followed to it.
_Flattened = tuple[FlatSchema, frozenset[str]]

# Limits for schemas that are only sent to see what happens: the alternatives of one schema that
# are considered, and the steps of walking and merging that one document may take.
_MAX_ALTERNATIVES = 100
_MAX_STEPS = 200_000
_STEPS_PER_SCHEMA = 30
_MAX_REFERENCE_CHAIN = 50
_COMBINING = frozenset({"$ref", "allOf", "anyOf", "oneOf"})
# The type of a schema that names none, by a keyword that only applies to one type.
_TYPE_BY_KEYWORD = {
    **dict.fromkeys(("properties", "required", "additionalProperties", "minProperties"), "object"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems", "uniqueItems"), "array"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), "number"),
    "multipleOf": "number",
}
_LOWER_BOUNDS = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_UPPER_BOUNDS = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})

# No values are generated for these, or they cannot be checked in bounded time, or they make
# references lead out of the document.
_UNSUPPORTED = ("patternProperties", "$dynamicRef", "$recursiveRef")
_ONLY_AT_THE_ROOT = ("$id", "$schema")


class NoSampleError(ValueError):
    """No value of a schema was found; `path` says where, in the schema or in the value."""

    def __init__(self, reason: str, path: SchemaPath = ()) -> None:
        super().__init__(reason)
        self.path = path


class TooCostlyError(NoSampleError):
    """The budget for a schema was spent before a value was found."""


class Alternative(Struct, frozen=True, eq=False):
    """One way to fit a schema: `type` is a type, or "enum" for a choice of values.

    `refs` are the references that were followed to it, by which recursion is detected.
    """

    type: str
    schema: FlatSchema
    refs: frozenset[str]


class Document:
    """A schema as the client sent it; schemas in it may refer to each other."""

    def __init__(self, root: Json, budget: StepBudget) -> None:
        """Raise NoSampleError if the schema refers elsewhere, or is not supported.

        `budget` is that of looking at its parts.
        """
        self.root = root
        self.budget = budget
        self._schema_ids = {id(schema) for _, schema in walk_subschemas(root)}
        for path, schema in walk_subschemas(root):
            if isinstance(schema, dict):
                self._check(schema, path)
        self._alternatives: dict[int, tuple[Json, tuple[Alternative, ...]]] = {}
        self._steps = 0
        # All at once, so that reaching the limit does not depend on which replies came before.
        for _, schema in walk_subschemas(root):
            self.alternatives(schema)

    def alternatives(self, schema: Json) -> tuple[Alternative, ...]:
        """Return the alternatives of a schema in the document; empty if no value fits it."""
        if id(schema) not in self._alternatives:
            self.budget.spend(_STEPS_PER_SCHEMA)
            refs = frozenset({"#"}) if schema is self.root else frozenset[str]()
            flattened = islice(self._flatten(schema, refs), _MAX_ALTERNATIVES)
            found = tuple(
                Alternative(type_, flat, followed)
                for flat, followed in flattened
                for type_ in _types(flat)
            )
            # The schema is kept, so that no other object gets its id.
            self._alternatives[id(schema)] = schema, found
        return self._alternatives[id(schema)][1]

    def _flatten(self, schema: Json, refs: frozenset[str]) -> Iterator[_Flattened]:
        """Yield the flat schemas; a value has to fit one of them."""
        self._count_steps(1)
        if not isinstance(schema, dict):
            if schema is True:
                yield {}, refs
            return
        own = {name: value for name, value in schema.items() if name not in _COMBINING}
        if "const" in own:
            own["enum"] = [own.pop("const")]
        results: list[_Flattened] = [(own, refs)]
        for others in self._expand_keywords(schema, refs):
            pairs = (
                (self._merge(left, right), left_refs | right_refs)
                for left, left_refs in results
                for right, right_refs in others
            )
            satisfiable = ((flat, followed) for flat, followed in pairs if flat is not None)
            results = list(islice(satisfiable, _MAX_ALTERNATIVES))
        yield from results

    def _expand_keywords(
        self, schema: FlatSchema, refs: frozenset[str]
    ) -> Iterator[list[_Flattened]]:
        """Yield, for each keyword that combines schemas, flat schemas; a value has to fit one."""
        if "$ref" in schema:
            ref = schema["$ref"]
            if len(refs) > _MAX_REFERENCE_CHAIN:
                raise NoSampleError("its chain of references is too long")
            # A reference to itself, with no object or array in between, has no value.
            yield [] if ref in refs else list(self._flatten(self._resolve(ref), refs | {ref}))
        for branch in schema.get("allOf", ()):
            yield list(self._flatten(branch, refs))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                branches = (flat for each in schema[keyword] for flat in self._flatten(each, refs))
                yield list(islice(branches, _MAX_ALTERNATIVES))

    def _merge(self, left: FlatSchema, right: FlatSchema) -> FlatSchema | None:
        """Return a schema that requires what both require; None if they exclude each other."""
        merged = {**left, **right}
        for keyword in left.keys() & right.keys():
            self.budget.spend(_merge_steps(left[keyword], right[keyword]))
            merged[keyword] = _merge_values(keyword, left[keyword], right[keyword])
            if merged[keyword] == [] and keyword in ("type", "enum"):
                return None
        self._count_steps(len(merged) + len(merged.get("properties", ())))
        return merged

    def _count_steps(self, steps: int) -> None:
        self.budget.spend(steps)
        self._steps += steps
        if self._steps > _MAX_STEPS:
            raise NoSampleError("it has too many parts")

    def _check(self, schema: FlatSchema, path: SchemaPath) -> None:
        for keyword in (*_UNSUPPORTED, *(_ONLY_AT_THE_ROOT if path else ())):
            if keyword in schema:
                raise NoSampleError(f"'{keyword}' is not supported", path)
        if "$ref" in schema and id(self._resolve(schema["$ref"])) not in self._schema_ids:
            raise NoSampleError(f"'$ref' leads to no schema in it: '{schema['$ref'][:100]}'", path)

    def _resolve(self, ref: str) -> Json:
        """Return what a reference within the document refers to; None for any other reference."""
        if ref != "#" and not ref.startswith("#/"):
            return None
        self.budget.spend(len(ref))
        value = self.root
        for step in ref.split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(value, list):
                value = value[int(name)] if name.isdecimal() and int(name) < len(value) else None
            else:
                value = value.get(name) if isinstance(value, dict) else None
        return value


def _types(flat: FlatSchema) -> Iterable[str]:
    """Return the types of alternatives that a flat schema has."""
    if "enum" in flat:
        return ("enum",)
    type_ = flat.get("type")
    if type_ is None:
        implied = (_TYPE_BY_KEYWORD[name] for name in flat if name in _TYPE_BY_KEYWORD)
        return (next(implied, "string"),)
    return (type_,) if isinstance(type_, str) else type_


def _merge_steps(left: Json, right: Json) -> int:
    """Return the steps of merging two arguments of a keyword, each value with each."""
    if isinstance(left, list) and isinstance(right, list):
        return len(left) * len(right) // 8 + len(left) + len(right)
    return 1


def _merge_values(keyword: str, left: Json, right: Json) -> Json:
    if left == right:
        return left
    if keyword == "type":
        return _common_types(left, right)
    if keyword == "enum":
        return [value for value in left if value in right]
    if keyword == "required":
        return list(dict.fromkeys([*left, *right]))
    if keyword in _LOWER_BOUNDS:
        return max(left, right)
    if keyword in _UPPER_BOUNDS:
        return min(left, right)
    if keyword == "properties":
        return {**left, **right, **_merge_properties(left, right)}
    if keyword in ("items", "additionalProperties"):
        return False if left is False or right is False else {"allOf": [left, right]}
    return right


def _merge_properties(left: Mapping[str, Json], right: Mapping[str, Json]) -> dict[str, Json]:
    """Return the schemas of the properties that both sides have."""
    return {
        name: left[name] if left[name] == right[name] else {"allOf": [left[name], right[name]]}
        for name in left
        if name in right
    }


def _common_types(left: Json, right: Json) -> list[str]:
    first, second = ([types] if isinstance(types, str) else types for types in (left, right))
    common = [name for name in first if name in second]
    is_integer = "integer" not in common and {"integer", "number"} <= {*first, *second}
    return [*common, "integer"] if is_integer else common
