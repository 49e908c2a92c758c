"""Generates a value of a schema from the root down; free texts are the reply to the prompt.

Recursion ends because inside a schema that contains itself, only required members are
generated, from the alternatives with the smallest depth.
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
from mockbatch.validation.step_budget import StepBudget
from mockbatch.validation.type_names import PYTHON_TYPES

# The references that were followed to a schema.
Refs = frozenset[str]

# The member of an object that may have any members.
FREE_MEMBER = "reply"
_MAX_VALUES = 10_000
_STEPS_PER_VALUE = 60
_MAX_CHARACTERS = 200_000
_MAX_ITEMS = 1000
_MAX_TRIES_FOR_ITEM = 200


class SampleGenerator:
    """Generates one value; what the schema leaves open is drawn from `random`.

    `prompt` is what free texts reply to, and `index` counts several replies to it from 0.
    """

    def __init__(
        self,
        document: Document,
        depths: MinimumDepth,
        random: Random,
        prompt: str,
        index: int,
        budget: StepBudget,
    ) -> None:
        self._document = document
        self._depths = depths
        self._random = random
        self._prompt = prompt
        self._index = index
        self._path: list[str] = []
        self._value_count = 0
        self._character_count = 0
        self._budget = budget

    def generate(self, *, minimal: bool) -> Json:
        """Return a value, a `minimal` one with only what is required; raises NoSampleError."""
        try:
            return self._value(self._document.root, frozenset(), self._index, minimal)
        except NoSampleError as error:
            raise NoSampleError(str(error), tuple(self._path)) from error

    def _value(self, schema: Json, refs: Refs, index: int, minimal: bool) -> Json:
        self._value_count += 1
        if self._value_count > _MAX_VALUES:
            raise NoSampleError(f"it has more than {_MAX_VALUES} values")
        alternatives = self._document.alternatives(schema)
        self._budget.spend(_STEPS_PER_VALUE + len(alternatives))
        is_recursive = any(refs & alternative.refs for alternative in alternatives)
        minimal = minimal or is_recursive
        chosen = self._choose(alternatives, minimal)
        match chosen.type:
            case "object":
                return self._object(chosen.schema, refs | chosen.refs, index, minimal)
            case "array":
                return self._array(chosen.schema, refs | chosen.refs, index, minimal)
        return self._scalar(chosen.type, chosen.schema, index)

    def _choose(self, alternatives: tuple[Alternative, ...], minimal: bool) -> Alternative:
        if not alternatives:
            raise NoSampleError("no value fits it")
        depths = {alternative: self._depths.of(alternative) for alternative in alternatives}
        finite = [alternative for alternative in alternatives if depths[alternative] is not None]
        if not finite:
            raise NoSampleError("it has no finite value")
        if minimal:
            return min(finite, key=lambda alternative: depths[alternative] or 0)
        # A reply with a value is more useful than one with null.
        not_null = [alternative for alternative in finite if alternative.type != "null"]
        return self._random.choice(not_null or finite)

    def _object(self, schema: FlatSchema, refs: Refs, index: int, minimal: bool) -> dict[str, Json]:
        return {
            name: self._member(name, schema, refs, index, minimal)
            for name in self._names(schema, minimal)
        }

    def _member(self, name: str, schema: FlatSchema, refs: Refs, index: int, minimal: bool) -> Json:
        self._count_characters(name)
        self._path.append(name)
        value = self._value(member_schema(schema, name), refs, index, minimal)
        self._path.pop()
        return value

    def _names(self, schema: FlatSchema, minimal: bool) -> list[str]:
        """Return the names of an object's members: as declared, then others that it must have."""
        properties: dict[str, Json] = schema.get("properties", {})
        required = dict.fromkeys(schema.get("required", ()))
        self._budget.spend((len(properties) + len(required)) // 2)
        names = [
            name
            for name, member in properties.items()
            if name in required or (not minimal and self._depths.is_finite(member))
        ]
        names += [name for name in required if name not in properties]
        minimum = int(schema.get("minProperties", 0))
        if not minimal and "properties" not in schema:
            minimum = max(minimum, 1)
        free = member_schema(schema, FREE_MEMBER)
        if len(names) < minimum <= _MAX_VALUES and self._depths.is_finite(free):
            others = [FREE_MEMBER, *(f"{FREE_MEMBER}_{count}" for count in range(2, minimum + 1))]
            names += [name for name in others if name not in names][: minimum - len(names)]
        return names

    def _array(self, schema: FlatSchema, refs: Refs, index: int, minimal: bool) -> list[Json]:
        minimum = int(schema.get("minItems", 0))
        maximum = schema.get("maxItems", _MAX_ITEMS)
        if minimum > min(maximum, _MAX_ITEMS):
            raise NoSampleError(f"no array of {minimum} items is generated")
        preferred = 0 if minimal else max(1, len(schema.get("prefixItems", ())))
        count = int(min(max(minimum, preferred), maximum))
        array: list[Json] = []
        known: set[str] | None = set() if schema.get("uniqueItems") else None
        for position, item in enumerate(item_schemas(schema, count)):
            if position >= minimum and not self._depths.is_finite(item):
                break
            self._path.append(str(position))
            array.append(self._item(item, known, refs, index + position, minimal))
            self._path.pop()
        return array

    def _item(
        self, schema: Json, known: set[str] | None, refs: Refs, index: int, minimal: bool
    ) -> Json:
        """Return an item that differs from all `known` ones, to which it is added."""
        for _ in range(_MAX_TRIES_FOR_ITEM):
            item = self._value(schema, refs, index, minimal)
            if known is None:
                return item
            key = json.dumps(item, sort_keys=True)
            self._budget.spend(len(key) // 50)
            if key not in known:
                known.add(key)
                return item
        raise NoSampleError("its items cannot all differ")

    def _scalar(self, type_: str, schema: FlatSchema, index: int) -> Json:
        match type_:
            case "enum":
                self._budget.spend(len(schema["enum"]) // 4)
                choice = self._random.choice(_choices_of_type(schema))
                self._count_characters(choice)
                return choice
            case "string":
                reply = text.mock_reply(self._prompt, index)
                string = make_string(schema, self._random, self._budget, reply)
                self._count_characters(string)
                return string
            case "integer" | "number":
                return make_number(schema, self._random, is_integer=type_ == "integer")
            case "boolean":
                return self._random.random() < 0.5
        return None

    def _count_characters(self, value: Json) -> None:
        """Count those of a text, a choice or a name; NoSampleError if there are too many."""
        self._character_count += len(value if isinstance(value, str) else json.dumps(value))
        if self._character_count > _MAX_CHARACTERS:
            raise NoSampleError(f"it has more than {_MAX_CHARACTERS} characters")


def _choices_of_type(schema: FlatSchema) -> list[Json]:
    """Return the values of an `enum` that have the schema's type; NoSampleError if none has."""
    type_ = schema.get("type", list(PYTHON_TYPES))
    names = [type_] if isinstance(type_, str) else type_
    python_types = {each for name in names for each in PYTHON_TYPES[name]}
    values = [value for value in schema["enum"] if type(value) in python_types]
    if not values:
        raise NoSampleError("no value of its 'enum' has its type")
    return values
