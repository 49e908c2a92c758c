"""How a schema differs from the one that a type of the SDK has: a line for each difference.

Both are JSON Schemas, and are walked side by side. What can be one of several objects is
compared object by object, as their `type` or `role` tells them apart, however each of the two
writes that down. Where our schema lets anything pass, there is nothing to compare.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mockbatch.typing import Json

TAGS = ("type", "role")
ANY = "anything"
TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}
KINDS = {*TYPES.values(), "array", "object", "null", ANY}


def differences(sdk: Json, ours: Json, *, sent: bool) -> Iterator[str]:
    """Yield what differs between the schemas of what is sent, or else of what is answered.

    An answer may always hold what the SDK thinks may be absent or null, and be narrower in its
    types. What is sent is taken as the SDK lets it be sent, no less and no more.
    """
    nodes = ([Node(one, one.get("$defs", {}))] for one in (sdk, ours))
    yield from _Comparison(sent).values("", *map(shape, nodes))


@dataclass(frozen=True)
class Node:
    """A place in a schema, with the definitions it can refer to and those it is inside."""

    schema: Json
    known: dict[str, Json]
    above: tuple[str, ...] = ()

    def to(self, schema: Json) -> "Node":
        """Return another place of the same schema."""
        return replace(self, schema=schema)

    def member(self, name: str) -> Iterator["Node"]:
        """Yield the place of a member, if the object here can have it."""
        found = self.schema["properties"].get(name, False)
        if found is not False:
            yield self.to(found)

    def alternatives(self) -> Iterator["Node"]:
        """Yield what a value may be: no references, no unions, objects of one tag each."""
        schema = {} if self.schema is True else self.schema
        if "$ref" in schema:
            yield from self._resolve(schema["$ref"].rpartition("/")[2])
        elif union := schema.get("anyOf", schema.get("oneOf")):
            for one in union:
                yield from self.to(one).alternatives()
        elif isinstance(schema.get("type"), list):
            for one in schema["type"]:
                yield self.to({**schema, "type": one})
        elif "properties" in schema:
            yield from self._by_tag(schema)
        else:
            yield self.to(schema)

    def _resolve(self, name: str) -> Iterator["Node"]:
        if name in self.above:  # from here on it goes round in circles
            yield self.to({"type": "object"})
        else:
            yield from Node(self.known[name], self.known, (*self.above, name)).alternatives()

    def _by_tag(self, schema: Json) -> Iterator["Node"]:
        """Yield an object once for each value of its tag, with what only holds for that."""
        tag = next((tag for tag in TAGS if _tells(schema, tag)), "")
        judged = {
            value: rule["then"]
            for rule in schema.get("allOf", ())
            for value in enum_values(rule["if"]["properties"].get(tag, {}))
        }
        found = [one.schema for place in self.member(tag) for one in place.alternatives()]
        values = [value for one in found for value in enum_values(one) if value is not None]
        if not values:  # an object with a tag that is not judged passes, too
            yield self.to({"type": "object"} if judged else schema)
        for value in values or judged:
            for rest in self.to(judged.get(value, True)).alternatives():
                yield replace(rest, schema=_merge(schema, rest.schema, {tag: {"const": value}}))


@dataclass(frozen=True)
class Shape:
    """What a value may be, one level deep: `objects` by their tags, `open` to any others."""

    kinds: set[str]
    objects: dict[str, list[Node]]
    items: list[Node]
    others: list[Node]
    open: bool


def shape(nodes: Iterable[Node]) -> Shape:
    """Return what a value may be that fits one of some nodes."""
    every = [one for node in nodes for one in node.alternatives()]
    objects: dict[str, list[Node]] = {}
    for one in every:
        if "properties" in one.schema:
            objects.setdefault(_tag(one.schema), []).append(one)
    rests = [one.to(one.schema.get("additionalProperties", True)) for one in every]
    kinds = {kind for one in every for kind in _kinds(one.schema)}
    if kinds >= {"true", "false"}:
        kinds = kinds - {"true", "false"} | {"boolean"}
    return Shape(
        kinds,
        objects,
        [one.to(one.schema["items"]) for one in every if "items" in one.schema],
        [rest for rest in rests if isinstance(rest.schema, dict)],
        any(
            rest.schema is True and _kinds(one.schema) & {"object", ANY} and not _tag(one.schema)
            for one, rest in zip(every, rests, strict=True)
        ),
    )


@dataclass(frozen=True)
class _Comparison:
    """One of the SDK's types and a schema, both as shapes, of what is sent or of an answer."""

    sent: bool

    def values(self, path: str, sdk: Shape, ours: Shape) -> Iterator[str]:
        if ANY in ours.kinds:
            return
        yield from self._kinds(path, sdk.kinds, ours.kinds)
        for tag in sorted({*sdk.objects, *ours.objects}):
            here = f"{path}<{tag}>" if tag else path
            if tag in sdk.objects and tag in ours.objects:
                yield from self._members(here, sdk.objects[tag], ours.objects[tag])
            elif tag in sdk.objects and not ours.open:
                yield _only_sdk(here, "an object")
            elif tag in ours.objects and not sdk.open and not (ours.open and not tag):
                yield _only_ours(here, "an object")
        if sdk.items and ours.items:
            yield from self.values(f"{path}[]", shape(sdk.items), shape(ours.items))
        if sdk.others and ours.others:
            yield from self.values(f"{path}{{}}", shape(sdk.others), shape(ours.others))

    def _kinds(self, path: str, sdk: set[str], ours: set[str]) -> Iterator[str]:
        wanting = _beyond(sdk, ours)
        if not self.sent:
            narrowed = {_type(kind) for kind in ours}
            wanting -= {"null", *narrowed, *({"number"} if "integer" in narrowed else ())}
        for kind in sorted(wanting):
            yield _only_sdk(path, kind)
        for kind in sorted(_beyond(ours, sdk)):
            yield _only_ours(path, kind)

    def _members(self, path: str, sdk: list[Node], ours: list[Node]) -> Iterator[str]:
        is_open = any(one.schema.get("additionalProperties", True) is True for one in ours)
        for name in sorted({name for one in sdk + ours for name in one.schema["properties"]}):
            here = f"{path}.{name}" if path else name
            theirs, mine = (
                shape(place for one in objects for place in one.member(name))
                for objects in (sdk, ours)
            )
            if not mine.kinds:
                if not is_open:
                    yield _only_sdk(here, *theirs.kinds)
            elif not theirs.kinds:
                if ANY not in mine.kinds:
                    yield _only_ours(here, *mine.kinds)
            else:
                yield from self._needs(
                    here, _required_names(name, sdk), _required_names(name, ours)
                )
                yield from self.values(here, theirs, mine)

    def _needs(self, path: str, sdk: bool, ours: bool) -> Iterator[str]:
        if sdk and not ours:
            yield f"{path}: the SDK requires it, the schema does not"
        if ours and not sdk and self.sent:
            yield f"{path}: the schema requires it, the SDK does not"


def _only_sdk(path: str, *kinds: str) -> str:
    return f"{path}: the SDK has {', '.join(sorted(kinds))}, the schema does not"


def _only_ours(path: str, *kinds: str) -> str:
    return f"{path}: the schema has {', '.join(sorted(kinds))}, the SDK does not"


def enum_values(schema: Json) -> list[Json]:
    """Return the values that a schema names."""
    return [schema["const"]] if "const" in schema else schema.get("enum", [])


def _tells(schema: Json, tag: str) -> bool:
    # An object that may leave out its role, such as a delta, is not recognised by it.
    return tag in schema.get("properties", ()) and (
        tag == "type" or tag in schema.get("required", ())
    )


def _tag(schema: Json) -> str:
    """Return the value of the tag of an object of one tag."""
    tags = (schema["properties"][tag] for tag in TAGS if _tells(schema, tag))
    return next((str(one["const"]) for one in tags if one is not True and "const" in one), "")


def _merge(schema: Json, judged: Json, tag: Json) -> Json:
    """Return the schema of an object to which a rule of it applies."""
    own = {name: one for name, one in schema["properties"].items() if one is not True}
    properties = {**judged.get("properties", {}), **own, **tag}
    required = [*schema.get("required", ()), *judged.get("required", ())]
    return {**schema, **judged, "properties": properties, "required": required}


def _kinds(schema: Json) -> set[str]:
    """Return the values that a schema names, as JSON, or the one type that it has."""
    if "const" in schema or "enum" in schema:
        return {json.dumps(value) for value in enum_values(schema)}
    return {schema.get("type", "object" if "properties" in schema else ANY)}


def _type(kind: str) -> str:
    return kind if kind in KINDS else TYPES[type(json.loads(kind))]


def _beyond(kinds: set[str], others: set[str]) -> set[str]:
    """Return the kinds that are not among others, nor within one of them."""
    within = {*others, ANY, *({"integer"} if "number" in others else ())}
    return set() if ANY in others else {k for k in kinds if not {k, _type(k)} & within}


def _required_names(name: str, objects: list[Node]) -> bool:
    return all(name in one.schema.get("required", ()) for one in objects)
