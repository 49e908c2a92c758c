"""A value for a schema: made from the top, with what was asked in its free texts.

A schema that contains itself ends: where it is met again, only what is required is made, by
the shortest way.
"""

import json
from random import Random

from mockbatch.endpoints import text
from mockbatch.endpoints.structured_output.alternatives import (
    Alternative,
    Document,
    FlatSchema,
    NoSampleError,
)
from mockbatch.endpoints.structured_output.depth import MinimumDepth, item_schemas, member_schema
from mockbatch.endpoints.structured_output.numbers import make_number
from mockbatch.endpoints.structured_output.strings import make_string
from mockbatch.typing import Json
from mockbatch.validation.fast_check import PYTHON_TYPES
from mockbatch.validation.regex import StepBudget

Refs = frozenset[str]

# What an object says that may have any members.
FREE_MEMBER = "reply"
_MOST_VALUES = 10_000
_MOST_CHARACTERS = 1_000_000
_LONGEST_ARRAY = 1000
_TRIES_FOR_ITEM = 200


class SampleGenerator:
    """Makes one value; what the schema leaves to choice is drawn from `random`.

    `asked` is what the texts repeat, `place` which of several replies, from 0, they are in.
    """

    def __init__(
        self, document: Document, heights: MinimumDepth, random: Random, asked: str, place: int
    ) -> None:
        self._document = document
        self._heights = heights
        self._random = random
        self._asked = asked
        self._place = place
        self._path: list[str] = []
        self._values = 0
        self._characters = 0
        self._steps = StepBudget()

    def make(self, *, brief: bool) -> Json:
        """Return a value, a `brief` one without what is not required; raises CannotMakeError."""
        try:
            return self._value(self._document.root, frozenset(), self._place, brief)
        except NoSampleError as error:
            raise NoSampleError(str(error), tuple(self._path)) from error

    def _value(self, node: Json, opened: Refs, place: int, brief: bool) -> Json:
        self._values += 1
        if self._values > _MOST_VALUES:
            raise NoSampleError(f"it has more than {_MOST_VALUES} values")
        ways = self._document.plain(node)
        brief = brief or any(opened & way.refs for way in ways)
        way = self._chosen(ways, brief)
        match way.kind:
            case "object":
                return self._object(way.schema, opened | way.refs, place, brief)
            case "array":
                return self._array(way.schema, opened | way.refs, place, brief)
        return self._scalar(way.kind, way.schema, place)

    def _chosen(self, ways: tuple[Alternative, ...], brief: bool) -> Alternative:
        if not ways:
            raise NoSampleError("no value meets it")
        heights = {way: self._heights.of(way) for way in ways}
        ending = [way for way in ways if heights[way] is not None]
        if not ending:
            raise NoSampleError("no value of it ends")
        if brief:
            return min(ending, key=lambda way: heights[way] or 0)
        # Null is what is said for nothing, and a mock has something to say.
        telling = [way for way in ending if way.kind != "null"]
        return self._random.choice(telling or ending)

    def _object(self, schema: FlatSchema, opened: Refs, place: int, brief: bool) -> dict[str, Json]:
        return {
            name: self._member(name, schema, opened, place, brief)
            for name in self._names(schema, brief)
        }

    def _member(self, name: str, schema: FlatSchema, opened: Refs, place: int, brief: bool) -> Json:
        self._path.append(name)
        made = self._value(member_schema(schema, name), opened, place, brief)
        self._path.pop()
        return made

    def _names(self, schema: FlatSchema, brief: bool) -> list[str]:
        """Return the members of an object: as declared, then the others that there have to be."""
        properties: dict[str, Json] = schema.get("properties", {})
        required = dict.fromkeys(schema.get("required", ()))
        names = [
            name
            for name, part in properties.items()
            if name in required or (not brief and self._heights.has_end(part))
        ]
        names += [name for name in required if name not in properties]
        least = int(schema.get("minProperties", 0))
        if not brief and "properties" not in schema:
            least = max(least, 1)
        if len(names) < least <= _MOST_VALUES and self._heights.has_end(
            member_schema(schema, FREE_MEMBER)
        ):
            others = [FREE_MEMBER, *(f"{FREE_MEMBER}_{count}" for count in range(2, least + 1))]
            names += [name for name in others if name not in names][: least - len(names)]
        return names

    def _array(self, schema: FlatSchema, opened: Refs, place: int, brief: bool) -> list[Json]:
        least, most = int(schema.get("minItems", 0)), schema.get("maxItems", _LONGEST_ARRAY)
        if least > min(most, _LONGEST_ARRAY):
            raise NoSampleError(f"no array of {least} items is made")
        usual = 0 if brief else max(1, len(schema.get("prefixItems", ())))
        made: list[Json] = []
        known: set[str] | None = set() if schema.get("uniqueItems") else None
        for index, part in enumerate(item_schemas(schema, int(min(max(least, usual), most)))):
            if index >= least and not self._heights.has_end(part):
                break
            self._path.append(str(index))
            made.append(self._item(part, known, opened, place + index, brief))
            self._path.pop()
        return made

    def _item(
        self, part: Json, known: set[str] | None, opened: Refs, place: int, brief: bool
    ) -> Json:
        """Return an item that is not among the known ones, which it joins."""
        for _ in range(_TRIES_FOR_ITEM):
            item = self._value(part, opened, place, brief)
            if known is None:
                return item
            written = json.dumps(item, sort_keys=True)
            if written not in known:
                known.add(written)
                return item
        raise NoSampleError("its items cannot all differ")

    def _scalar(self, kind: str, schema: FlatSchema, place: int) -> Json:
        match kind:
            case "enum":
                return self._random.choice(_of_type(schema))
            case "string":
                said = text.mock_reply(self._asked, place)
                made = make_string(schema, self._random, self._steps, said)
                self._characters += len(made)
                if self._characters > _MOST_CHARACTERS:
                    raise NoSampleError(f"it has more than {_MOST_CHARACTERS} characters")
                return made
            case "integer" | "number":
                return make_number(schema, self._random, whole=kind == "integer")
            case "boolean":
                return self._random.random() < 0.5
        return None


def _of_type(schema: FlatSchema) -> list[Json]:
    """Return the values of a choice that are of its type."""
    named = schema.get("type", list(PYTHON_TYPES))
    kinds = {
        kind
        for name in ([named] if isinstance(named, str) else named)
        for kind in PYTHON_TYPES[name]
    }
    values = [value for value in schema["enum"] if type(value) in kinds]
    if not values:
        raise NoSampleError("none of its values is of its type")
    return values
