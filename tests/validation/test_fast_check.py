"""The fast check never accepts what jsonschema rejects.

Values are drawn from each schema of the package, then broken in one place or left as they are.
"""

import copy
import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from mockbatch.errors import ApiError
from mockbatch.typing import Json
from mockbatch.validation.fast_check import compile_check
from mockbatch.validation.schema import schema
from tests.support.examples import examples
from tests.support.slow_tests import mark_slow_except_each

NAMES = sorted(
    entry.name.removesuffix(".json")
    for entry in resources.files("mockbatch").joinpath("schemas").iterdir()
)
OBJECTS = Draft202012Validator({"type": "object"})
JUNK = st.sampled_from(
    [None, True, False, 0, 1, -1, 1.0, 0.5, 10**30, "", "x", "batch", [], [[]], [1], {}, {"x": 1}]
).map(copy.deepcopy)
FEW_EXAMPLES = examples(60, suppress_health_check=list(HealthCheck), derandomize=True)


def validator_factory(document: dict[str, Json]) -> Callable[[Json], Any]:
    """Return what makes jsonschema's validator of a subschema."""
    whole = Draft202012Validator(document)
    return lambda part: whole.evolve(schema=part)


def valid_values(part: Json, document: dict[str, Json]) -> st.SearchStrategy[Json]:
    """Return a strategy for values of a schema; conditions and rare keywords are left to luck."""
    if part is True:
        return JUNK
    if part is False:
        return st.nothing()
    if "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        return st.deferred(lambda: valid_values(document["$defs"][name], document))
    if "const" in part:
        return st.just(part["const"])
    if "enum" in part:
        return st.sampled_from(part["enum"])
    if "anyOf" in part:
        return st.one_of([valid_values(branch, document) for branch in part["anyOf"]])
    kinds = part.get("type", ["object", "string"])
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return st.one_of([_KINDS[kind](part, document) for kind in kinds])


def _objects(part: Json, document: dict[str, Json]) -> st.SearchStrategy[Json]:
    known = {name: valid_values(sub, document) for name, sub in part.get("properties", {}).items()}
    required = {name: known.pop(name) for name in part.get("required", ()) if name in known}
    others = valid_values(part.get("additionalProperties", True), document)
    extra = st.dictionaries(st.sampled_from(["x", "y" * 70]), others, max_size=2)
    if others.is_empty:
        return st.fixed_dictionaries(required, optional=known)
    return st.builds(
        lambda a, b: {**b, **a}, st.fixed_dictionaries(required, optional=known), extra
    )


def _arrays(part: Json, document: dict[str, Json]) -> st.SearchStrategy[Json]:
    least = part.get("minItems", 0)
    return st.lists(
        valid_values(part.get("items", True), document), min_size=least, max_size=least + 2
    )


def _texts(part: Json, _: dict[str, Json]) -> st.SearchStrategy[Json]:
    if "pattern" in part:
        return st.from_regex(part["pattern"])
    return st.sampled_from(["", "x", "gpt-4o-mini", "y" * 65, "z" * 600])


def _numbers(part: Json, _: dict[str, Json]) -> st.SearchStrategy[Json]:
    least, most = part.get("minimum", -2), part.get("maximum", 3)
    return st.sampled_from([least, most, least + 1, float(least), True, 0.5])


_KINDS = {
    "object": _objects,
    "array": _arrays,
    "string": _texts,
    "integer": _numbers,
    "number": _numbers,
    "boolean": lambda *_: st.booleans(),
    "null": lambda *_: st.none(),
}


@st.composite
def broken(draw: st.DrawFn, whole: st.SearchStrategy[Json]) -> Json:
    """Draw a value, and sometimes replace something in it."""
    value = copy.deepcopy(draw(whole))
    spot = value
    while isinstance(spot, dict | list) and spot and draw(st.booleans()):
        keys = list(spot) if isinstance(spot, dict) else list(range(len(spot)))
        key = draw(st.sampled_from(keys))
        if draw(st.booleans()):
            spot = spot[key]
        else:
            spot[key] = draw(JUNK)
    if isinstance(spot, dict) and draw(st.booleans()):
        spot.pop(draw(st.sampled_from([*spot, "x"])), None)
    return value


@pytest.mark.parametrize("name", mark_slow_except_each(5, NAMES))
def test_the_fast_check_is_never_wrong(name: str) -> None:
    """For each schema: jsonschema accepts what it accepts; `Schema` decides like jsonschema.

    For what is invalid there is a message without an unfilled field.
    """
    one = schema(name)
    judge = Draft202012Validator(one.document)
    quick = compile_check(one.document, validator_factory(one.document))

    @FEW_EXAMPLES
    @given(broken(valid_values(one.document, one.document)))
    def agree(value: Json) -> None:
        verdict = judge.is_valid(value)
        assert verdict or not quick(value)
        assert one.accepts(value) == verdict
        check_error(one.error(value), is_valid=verdict)

    agree()


def check_error(error: ApiError | None, *, is_valid: bool) -> None:
    """Check that there is an error exactly for an invalid value, and that its text is whole."""
    assert (error is None) == is_valid
    if error is not None:
        assert isinstance(error, ApiError)
        assert error.param
        assert "one of ," not in error.message


def check_fast(document: dict[str, Json], value: Json) -> bool:
    """Return whether the fast check of a schema accepts a value."""
    return compile_check(document, validator_factory(document))(value)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ({"type": "integer"}, True),
        ({"type": "number"}, False),
        ({"type": "object"}, []),
        ({"type": "array", "maxItems": 1}, [1, 2]),
        ({"type": "array", "minItems": 1}, []),
        ({"type": "object", "required": ["a"]}, {}),
        ({"type": "object", "additionalProperties": False}, {"a": 1}),
        ({"type": "object", "maxProperties": 1}, {"a": 1, "b": 2}),
        ({"type": "object", "propertyNames": {"maxLength": 1}}, {"ab": 1}),
        ({"required": ["a"]}, {}),
        ({"const": 1}, True),
        ({"const": False}, 0),
        ({"enum": [0]}, False),
        ({"type": "string", "enum": ["a", 1]}, 1),
        ({"type": "string", "pattern": "^a"}, "ba"),
        ({"type": "string", "maxLength": 1}, "ab"),
        ({"type": "string", "minLength": 1}, None),
        ({"type": ["integer", "null"], "minimum": 1}, 0),
        ({"type": "integer", "maximum": 1}, 2),
        ({"type": "number", "exclusiveMinimum": 0}, 0),
        ({"type": "number", "minimum": 0}, True),
        (False, None),
    ],
)
def test_invalid_values_are_not_accepted(part: Json, value: Json) -> None:
    """No keyword accepts what violates it, not even values that Python counts as equal."""
    document = {"type": "object", "properties": {"a": part}}
    assert not check_fast(document, {"a": value})


@pytest.mark.parametrize("value", [1.0, 1])
def test_the_cache_distinguishes_equal_values(value: Json) -> None:
    """A value that jsonschema accepted is accepted again, but not True in place of 1."""
    document = {"not": {"const": True}}
    look = compile_check(document, validator_factory(document))
    assert look(value)
    assert not look(True)


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ({"type": "string", "pattern": "^a", "maxLength": 3}, "abc"),
        ({"type": ["string", "null"], "minLength": 1}, None),
        ({"type": "number", "exclusiveMinimum": 0, "maximum": 1}, 0.5),
        ({"type": ["integer", "null"], "minimum": 1}, None),
        ({"const": None}, None),
        ({"type": "string", "enum": ["a", "b"]}, "b"),
        ({"description": "whatever it is"}, [1]),
        ({"type": "object", "maxProperties": 1, "propertyNames": {"maxLength": 1}}, {"a": 1}),
        ({"required": ["a"]}, None),
    ],
)
def test_obviously_valid_values_need_no_jsonschema(part: Json, value: Json) -> None:
    """Bounded texts and numbers, and enums."""

    def fail_if_asked(_: Json) -> Draft202012Validator:
        raise AssertionError("jsonschema was called")

    document = {"type": "object", "properties": {"a": part}}
    assert compile_check(document, fail_if_asked)({"a": value})


def test_a_condition_holds_without_its_property() -> None:
    """The value then has to fit `then`."""
    rule = {"if": {"properties": {"a": {"const": "x"}}}, "then": {"required": ["b"]}}
    document = {"type": "object", "allOf": [rule]}
    assert not check_fast(document, {})
    assert check_fast(document, {"a": "y"})


@pytest.mark.parametrize("required", [{}, {"required": ["a"]}], ids=["as it is", "required"])
@pytest.mark.parametrize("value", [{}, {"a": True}, {"a": 1}, {"a": False}, {"a": None}])
def test_a_condition_chooses_between_then_and_else(required: Json, value: Json) -> None:
    """As jsonschema does."""
    condition = {"properties": {"a": {"const": True}}, **required}
    for ways in ({"then": False, "else": True}, {"then": True, "else": False}):
        document = {"type": "object", "allOf": [{"if": condition, **ways}]}
        assert check_fast(document, value) == Draft202012Validator(document).is_valid(value)


def test_conditions_with_other_keywords_are_left_to_jsonschema() -> None:
    """The other keywords are checked as well."""
    rule = {"if": {"properties": {"a": {"const": True}}}, "then": True, "required": ["b"]}
    assert not check_fast({"type": "object", "allOf": [rule]}, {})


def test_a_definition_may_refer_to_itself() -> None:
    """The check goes as deep as the value."""
    node = {"type": "object", "properties": {"next": {"$ref": "#/$defs/node"}}}
    document = {"$ref": "#/$defs/node", "$defs": {"node": node}}
    assert check_fast(document, {"next": {"next": {}}})
    assert not check_fast(document, {"next": {"next": 1}})


def test_a_full_cache_is_emptied() -> None:
    """Values beyond its size are still checked correctly."""
    look = compile_check({"pattern": "^a"}, validator_factory({"pattern": "^a"}))
    texts = [f"a{number}" for number in range(600)]
    assert all(map(look, texts))
    assert all(map(look, texts))
    assert not look("b")


def test_values_too_deep_for_the_cache_are_left_to_jsonschema() -> None:
    """The fast check does not accept them."""
    deep: Json = []
    for _ in range(3000):
        deep = [deep]
    document = {"minItems": 1}
    assert not compile_check(document, validator_factory(document))(deep)


@pytest.mark.parametrize("name", mark_slow_except_each(5, NAMES))
def test_every_schema_is_valid(name: str) -> None:
    """It fits the metaschema of draft 2020-12, and its $id is its name."""
    document = schema(name).document
    Draft202012Validator.check_schema(document)
    assert document["$id"] == f"urn:mockbatch:{name}"


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_has_a_definition(name: str) -> None:
    """Every $ref of a schema names one of its own definitions."""
    document = schema(name).document
    text = json.dumps(document)
    used = {part.split('"')[0] for part in text.split('"$ref": "#/$defs/')[1:]}
    assert used <= set(document.get("$defs", {}))
    assert text.count('"$ref"') == text.count('"$ref": "#/$defs/')
