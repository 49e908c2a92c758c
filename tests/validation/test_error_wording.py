"""What jsonschema finds wrong, in OpenAI's words."""

import json

import pytest
from jsonschema import Draft202012Validator

from mockbatch.errors import ApiError
from mockbatch.typing import Json
from mockbatch.validation.error_wording import to_api_error
from mockbatch.validation.schema import schema

DAY = {"input_file_id": "file-1", "endpoint": "/v1/embeddings", "completion_window": "24h"}


def refused(part: Json, value: Json, path: str = "") -> ApiError:
    """Return how a value is refused by a schema that stands here."""
    return to_api_error(Draft202012Validator(part).iter_errors(value), path)


def told(error: ApiError | None) -> tuple[int, str | None, str | None]:
    """Return status, code and param of a refusal."""
    assert error is not None
    return error.status, error.code, error.param


def test_a_missing_parameter_is_named() -> None:
    """A missing member is told by its name, in the observed words."""
    error = refused({"required": ["a", "b"]}, {"a": 1})
    assert told(error) == (400, "missing_required_parameter", "b")
    assert str(error) == "Missing required parameter: 'b'."


def test_what_is_missing_is_told_before_what_is_wrong() -> None:
    """Of several faults the missing member is told first."""
    error = schema("create_batch").error({"input_file_id": 1, "completion_window": "24h"})
    assert told(error) == (400, "missing_required_parameter", "endpoint")


def test_a_missing_parameter_inside_is_named_by_its_path() -> None:
    """A missing member of an object inside is named with the way to it."""
    body = {**DAY, "output_expires_after": {"anchor": "created_at"}}
    error = schema("create_batch").error(body)
    assert told(error) == (400, "missing_required_parameter", "output_expires_after.seconds")


def test_a_wrong_type_is_told_in_the_observed_words() -> None:
    """A value of another type is told with both types."""
    error = schema("metadata").error({"tags": ["a"]}, "metadata")
    assert told(error) == (400, "invalid_type", "metadata.tags")
    assert str(error) == (
        "Invalid type for 'metadata.tags': expected a string, but got an array instead."
    )


def test_choices_are_told_in_place_of_their_type() -> None:
    """A value of another type than all its choices is told the choices; met by a client in 2026."""
    error = refused({"type": "string", "enum": ["4", "8", "12"]}, 8, "seconds")
    assert str(error) == (
        "Invalid type for 'seconds': expected one of '4', '8', or '12', but got an integer instead."
    )


@pytest.mark.parametrize(
    ("value", "noun"),
    [
        (None, "null"),
        (True, "a boolean"),
        (1, "an integer"),
        (0.5, "a decimal number"),
        ([], "an array"),
        ({}, "an object"),
    ],
)
def test_every_type_has_its_noun(value: Json, noun: str) -> None:
    """The type that came instead is told by OpenAI's word for it."""
    assert f"but got {noun} instead" in str(refused({"type": "string"}, value))


def test_a_union_is_told_by_its_types() -> None:
    """A value that fits no branch at all is told which types there are."""
    part = {"anyOf": [{"type": "string"}, {"type": "array"}, {"type": "null"}]}
    assert "expected one of a string or an array" in str(refused(part, 1, "x"))


def test_null_alone_is_expected_by_its_name() -> None:
    """Where only null fits, null is what is expected."""
    assert "expected null, but got an integer" in str(refused({"type": "null"}, 1, "x"))


def test_of_a_union_the_nearest_branch_is_told() -> None:
    """A value that is broken deep in one branch is told of that place."""
    body = {**DAY, "output_expires_after": {"anchor": "created_at", "seconds": 1}}
    error = schema("create_batch").error(body)
    assert told(error) == (400, "integer_below_min_value", "output_expires_after.seconds")


def test_an_unsupported_value_is_told_the_supported_ones() -> None:
    """A value outside of an enumeration is told what is in it."""
    error = refused({"enum": ["a", "b", "c"]}, "z", "kind")
    assert told(error) == (400, "invalid_value", "kind")
    assert str(error) == "Invalid value: 'z'. Supported values are: 'a', 'b', and 'c'."


@pytest.mark.parametrize("window", ["1h", "", "24H", "7d"])
def test_the_completion_window_has_one_value(window: str) -> None:
    """Any other completion window is an invalid value of that parameter."""
    error = schema("create_batch").error({**DAY, "completion_window": window})
    assert told(error) == (400, "invalid_value", "completion_window")


@pytest.mark.parametrize(("constant", "shown"), [(True, "true"), (None, "null"), ("a", "'a'")])
def test_the_only_value_is_told_as_json_has_it(constant: Json, shown: str) -> None:
    """The one value there is stands in the message as a client would send it."""
    assert str(refused({"const": constant}, 5)).endswith(f"Value must be {shown}.")


def test_null_in_an_enumeration_is_told_as_json_has_it() -> None:
    """Null among the supported values is not Python's word for it."""
    assert str(refused({"enum": ["a", None]}, 5)).endswith("are: 'a' and null.")


def test_an_unknown_parameter_is_named() -> None:
    """A member that nobody knows is named, with the way to it."""
    error = schema("create_batch").error({**DAY, "windows": 1})
    assert told(error) == (400, "unknown_parameter", "windows")


@pytest.mark.parametrize(
    ("part", "value", "code"),
    [
        ({"maximum": 5}, 6, "integer_above_max_value"),
        ({"minimum": 5}, 4, "integer_below_min_value"),
        ({"maxLength": 1}, "ab", "string_above_max_length"),
        ({"minLength": 1}, "", "empty_string"),
        ({"minLength": 2}, "a", "string_below_min_length"),
        ({"type": "number", "maximum": 5}, 5.5, "decimal_above_max_value"),
        ({"type": "number", "minimum": 5}, 4, "decimal_below_min_value"),
        ({"maxItems": 1}, [1, 2], "array_above_max_length"),
        ({"minItems": 1}, [], "empty_array"),
        ({"minItems": 2}, [1], "array_below_min_length"),
        ({"maxProperties": 1}, {"a": 1, "b": 2}, "object_above_max_properties"),
        ({"pattern": "^a"}, "b", "invalid_value"),
        ({"exclusiveMinimum": 0}, 0, "invalid_value"),
    ],
)
def test_every_bound_has_its_code(part: Json, value: Json, code: str) -> None:
    """Each kind of bound is refused by a code of its own, others as an invalid value."""
    assert told(refused(part, value, "p")) == (400, code, "p")


def test_above_the_maximum_is_told_in_the_observed_words() -> None:
    """A number above its maximum is told the maximum and itself."""
    assert str(refused({"maximum": 100}, 500, "limit")) == (
        "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 500 "
        "instead."
    )


@pytest.mark.parametrize(
    ("metadata", "code", "param"),
    [
        ({f"k{n}": "v" for n in range(17)}, "object_above_max_properties", "metadata"),
        ({"k" * 65: "v"}, "property_name_above_max_length", "metadata." + "k" * 65),
        ({"k": "v" * 513}, "string_above_max_length", "metadata.k"),
        ({"k": 1}, "invalid_type", "metadata.k"),
    ],
)
def test_metadata_has_limits(metadata: dict[str, Json], code: str, param: str) -> None:
    """Too many pairs, too long keys and values, and values that are no texts are refused."""
    assert told(schema("metadata").error(metadata, "metadata")) == (400, code, param)


def test_metadata_at_its_limits_fits() -> None:
    """16 pairs of 64 and 512 characters are accepted."""
    assert schema("metadata").accepts({f"{n:064}": "v" * 512 for n in range(16)})


def test_a_place_in_a_list_is_told_by_its_number() -> None:
    """What is wrong in a list is named with its place in brackets."""
    error = schema("advance").error({"include": ["expiry", "nothing"]})
    assert told(error) == (400, "invalid_value", "include[1]")


def test_a_value_that_is_wrong_as_a_whole_is_the_body() -> None:
    """Without a way to the value its param is `body`."""
    assert told(schema("create_batch").error([])) == (400, "invalid_type", "body")


def test_a_long_value_is_cut_in_the_message() -> None:
    """A value that is large is shown by its beginning."""
    error = refused({"enum": ["a"]}, {"x": "y" * 500}, "p")
    assert len(str(error)) < 200
    assert json.dumps({"x": "y" * 500})[:100] in str(error)


@pytest.mark.parametrize("kind", ["number", ["number", "null"]])
def test_decimals_are_told_as_such(kind: Json) -> None:
    """Also where null may stand in their place."""
    assert told(refused({"type": kind, "maximum": 2}, 3, "t"))[1] == "decimal_above_max_value"
    assert told(refused({"type": kind, "minimum": 2}, 1, "t"))[1] == "decimal_below_min_value"
