"""16.0 becomes 16 where a schema asks for an integer."""

import json
from pathlib import Path

import pytest

import mockbatch
from mockbatch.typing import Json
from mockbatch.validation.integers import compile_coercion

INTEGER = {"type": "integer"}
SCHEMAS = sorted(Path(mockbatch.__file__).parent.joinpath("schemas").glob("*.json"))


def coerce(schema: dict[str, Json], value: Json) -> Json:
    """Return a value with its integers coerced."""
    return compile_coercion(schema)(value)


@pytest.mark.parametrize(
    ("schema", "value", "expected"),
    [
        (INTEGER, 16.0, 16),
        ({"type": ["integer", "null"]}, 16.0, 16),
        ({"anyOf": [{"type": "null"}, INTEGER]}, 16.0, 16),
        ({"$ref": "#/$defs/count", "$defs": {"count": INTEGER}}, 16.0, 16),
        ({"properties": {"n": INTEGER}}, {"n": 2.0, "x": 2.0}, {"n": 2, "x": 2.0}),
        ({"additionalProperties": INTEGER}, {"a": 2.0}, {"a": 2}),
        (
            {"properties": {"a": {"type": "number"}}, "additionalProperties": INTEGER},
            {"a": 2.0, "b": 2.0},
            {"a": 2.0, "b": 2},
        ),
        ({"items": INTEGER}, [1, 2.0], [1, 2]),
        ({"items": {"items": INTEGER}}, [[1], [2.0]], [[1], [2]]),
        ({"items": {"properties": {"n": INTEGER}}}, [{"n": 3.0}], [{"n": 3}]),
        ({"anyOf": [{"items": INTEGER}, INTEGER]}, [2.0], [2]),
        ({"type": "integer"}, 1e15, 10**15),
    ],
)
def test_an_integer_loses_its_point(schema: dict[str, Json], value: Json, expected: Json) -> None:
    """It may be in an object, an array, a branch of a union or behind a reference."""
    assert repr(coerce(schema, value)) == repr(expected)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "number"}, 16.0),
        ({}, {"n": 16.0}),
        ({"properties": {"n": {"type": "number"}}}, {"n": 16.0}),
        ({"properties": {"n": INTEGER}}, {"n": None, "m": 1.0}),
        ({"properties": {"n": INTEGER}}, [16.0]),
        ({"items": INTEGER}, {"n": 16.0}),
        ({"anyOf": [INTEGER, {"type": "number"}]}, 1.5),
        ({"type": "integer"}, True),
        ({"additionalProperties": False, "properties": {"n": True}}, {"n": 1.0}),
    ],
)
def test_anything_else_stays_as_it_is(schema: dict[str, Json], value: Json) -> None:
    """Where the schema asks for no integer, and where the value is none."""
    before = repr(value)
    assert coerce(schema, value) is value
    assert repr(value) == before


def test_the_value_itself_is_not_changed() -> None:
    """The caller gets a copy."""
    value = {"a": {"n": 1.0}, "b": [1.0]}
    schema = {"properties": {"a": {"properties": {"n": INTEGER}}, "b": {"items": INTEGER}}}
    assert repr(coerce(schema, value)) == "{'a': {'n': 1}, 'b': [1]}"
    assert repr(value) == "{'a': {'n': 1.0}, 'b': [1.0]}"


def test_members_keep_their_order() -> None:
    """An object is written again with its members in the same order."""
    schema = {"properties": {"a": INTEGER, "b": INTEGER}}
    assert list(coerce(schema, {"b": 1.0, "x": 1, "a": 2.0})) == ["b", "x", "a"]


def test_a_definition_may_refer_to_itself() -> None:
    """Integers are coerced at any depth."""
    node = {"properties": {"n": INTEGER, "next": {"$ref": "#/$defs/node"}}}
    schema = {"$ref": "#/$defs/node", "$defs": {"node": node}}
    value = {"n": 1.0, "next": {"n": 2.0, "next": {"n": 3.0}}}
    expected = {"n": 1, "next": {"n": 2, "next": {"n": 3}}}
    assert repr(coerce(schema, value)) == repr(expected)


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: str(path.stem))
def test_every_schema_of_the_package_compiles(path: Path) -> None:
    """Whatever keywords it has; a value without numbers comes back as it is."""
    value = {"name": ["text", None, {"other": True}]}
    assert coerce(json.loads(path.read_bytes()), value) is value
