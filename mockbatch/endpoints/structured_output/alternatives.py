"""What a schema comes down to: alternatives of one type each, without references and unions.

Merging is near enough, not exact: what is made from it is judged by jsonschema in the end.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote

from mockbatch.endpoints.structured_output.subschemas import SchemaPath, walk_subschemas
from mockbatch.typing import Json

FlatSchema = dict[str, Json]

# In how many alternatives of one schema a value is sought, and how much one document is looked
# through and merged for it: who sends more does it to see what happens.
_MOST_ALTERNATIVES = 100
_MOST_WORK = 200_000
_LONGEST_CHAIN = 50
_COMBINING = frozenset({"$ref", "allOf", "anyOf", "oneOf"})
# The type of a schema that names none, by a keyword that says something of one type only.
_TYPE_BY_KEYWORD = {
    **dict.fromkeys(("properties", "required", "additionalProperties", "minProperties"), "object"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "maxItems", "uniqueItems"), "array"),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), "number"),
    "multipleOf": "number",
}
_HIGHER = frozenset({"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"})
_LOWER = frozenset({"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"})

# What neither is made for nor can be judged in bounded time, or elsewhere than in the document.
_UNSUPPORTED = ("patternProperties", "$dynamicRef", "$recursiveRef")
_ONLY_AT_THE_ROOT = ("$id", "$schema")


class NoSampleError(ValueError):
    """No value of a schema was found; says why, and where, in the schema or in the value."""

    def __init__(self, reason: str, place: SchemaPath = ()) -> None:
        super().__init__(reason)
        self.place = place


@dataclass(frozen=True, slots=True, eq=False)
class Alternative:
    """One way to meet a schema: `kind` is a type, or `enum` for a choice of values.

    `refs` are the references that led to it, by which a recursion is known.
    """

    kind: str
    schema: FlatSchema
    refs: frozenset[str]


class Document:
    """A schema as it was sent, whose parts may refer to each other."""

    def __init__(self, root: Json) -> None:
        """Raise CannotMakeError for a schema that leads elsewhere, or is not supported."""
        self.root = root
        self._parts = {id(node) for _, node in walk_subschemas(root)}
        for context, node in walk_subschemas(root):
            if isinstance(node, dict):
                self._check(node, context)
        self._plain: dict[int, tuple[Json, tuple[Alternative, ...]]] = {}
        self._work = 0
        # All at once, so that what is too much does not depend on which replies came before.
        for _, node in walk_subschemas(root):
            self.plain(node)

    def plain(self, node: Json) -> tuple[Alternative, ...]:
        """Return the ways to meet a schema of the document; none if it cannot be met."""
        if id(node) not in self._plain:
            opened = frozenset({"#"}) if node is self.root else frozenset[str]()
            flats = islice(self._flat(node, opened), _MOST_ALTERNATIVES)
            ways = tuple(Alternative(kind, *found) for found in flats for kind in _kinds(found[0]))
            # The node is kept so that no other one gets its identity.
            self._plain[id(node)] = node, ways
        return self._plain[id(node)][1]

    def _flat(
        self, node: Json, refs: frozenset[str]
    ) -> Iterator[tuple[FlatSchema, frozenset[str]]]:
        self._spend(1)
        if not isinstance(node, dict):
            if node is True:
                yield {}, refs
            return
        own = {name: value for name, value in node.items() if name not in _COMBINING}
        if "const" in own:
            own["enum"] = [own.pop("const")]
        found = [(own, refs)]
        for factor in self._factors(node, refs):
            pairs = (
                (self._merged(left, right), left_refs | right_refs)
                for left, left_refs in found
                for right, right_refs in factor
            )
            met = ((flat, seen) for flat, seen in pairs if flat is not None)
            found = list(islice(met, _MOST_ALTERNATIVES))
        yield from found

    def _factors(
        self, node: FlatSchema, refs: frozenset[str]
    ) -> Iterator[list[tuple[FlatSchema, frozenset[str]]]]:
        """Yield the alternatives of each keyword of which one has to be met as well."""
        if "$ref" in node:
            ref = node["$ref"]
            if len(refs) > _LONGEST_CHAIN:
                raise NoSampleError("its references lead on and on")
            # A reference that leads to itself, without an object or an array between, is no way.
            yield [] if ref in refs else list(self._flat(self._at(ref), refs | {ref}))
        for part in node.get("allOf", ()):
            yield list(self._flat(part, refs))
        for name in ("anyOf", "oneOf"):
            if name in node:
                branches = (found for part in node[name] for found in self._flat(part, refs))
                yield list(islice(branches, _MOST_ALTERNATIVES))

    def _merged(self, left: FlatSchema, right: FlatSchema) -> FlatSchema | None:
        """Return a schema that asks for what both ask for; None if they exclude each other."""
        merged = {**left, **right}
        for name in left.keys() & right.keys():
            merged[name] = _both(name, left[name], right[name])
            if merged[name] == [] and name in ("type", "enum"):
                return None
        self._spend(len(merged) + len(merged.get("properties", ())))
        return merged

    def _spend(self, work: int) -> None:
        self._work += work
        if self._work > _MOST_WORK:
            raise NoSampleError("it has too many parts")

    def _check(self, node: FlatSchema, context: SchemaPath) -> None:
        for name in (*_UNSUPPORTED, *(_ONLY_AT_THE_ROOT if context else ())):
            if name in node:
                raise NoSampleError(f"'{name}' is not supported", context)
        if "$ref" in node and id(self._at(node["$ref"])) not in self._parts:
            raise NoSampleError(f"'$ref' leads to no schema in it: '{node['$ref'][:100]}'", context)

    def _at(self, ref: str) -> Json:
        """Return what a reference within the document means; None for any other."""
        if ref != "#" and not ref.startswith("#/"):
            return None
        node = self.root
        for step in ref.split("/")[1:]:
            name = unquote(step).replace("~1", "/").replace("~0", "~")
            if isinstance(node, list):
                node = node[int(name)] if name.isdecimal() and int(name) < len(node) else None
            else:
                node = node.get(name) if isinstance(node, dict) else None
        return node


def _kinds(flat: FlatSchema) -> Iterable[str]:
    if "enum" in flat:
        return ("enum",)
    named = flat.get("type")
    if named is None:
        told = (_TYPE_BY_KEYWORD[name] for name in flat if name in _TYPE_BY_KEYWORD)
        return (next(told, "string"),)
    return (named,) if isinstance(named, str) else named


def _both(name: str, left: Json, right: Json) -> Json:
    if left == right:
        return left
    if name == "type":
        return _common_types(left, right)
    if name == "enum":
        return [value for value in left if value in right]
    if name == "required":
        return list(dict.fromkeys([*left, *right]))
    if name in _HIGHER:
        return max(left, right)
    if name in _LOWER:
        return min(left, right)
    if name == "properties":
        return {**left, **right, **_shared(left, right)}
    if name in ("items", "additionalProperties"):
        return False if left is False or right is False else {"allOf": [left, right]}
    return right


def _shared(left: Mapping[str, Json], right: Mapping[str, Json]) -> dict[str, Json]:
    return {
        name: left[name] if left[name] == right[name] else {"allOf": [left[name], right[name]]}
        for name in left
        if name in right
    }


def _common_types(left: Json, right: Json) -> list[str]:
    first, second = ([given] if isinstance(given, str) else given for given in (left, right))
    common = [name for name in first if name in second]
    apart = "integer" not in common and {"integer", "number"} <= {*first, *second}
    return [*common, "integer"] if apart else common
