"""jsonschema's errors in OpenAI's words."""

import json

import pytest
from jsonschema import Draft202012Validator

from mockbatch.errors import ApiError
from mockbatch.typing import Json
from mockbatch.validation.error_wording import to_api_error
from mockbatch.validation.schema import schema

DAY = {"input_file_id": "file-1", "endpoint": "/v1/embeddings", "completion_window": "24h"}


def find_error(part: Json, value: Json, path: str = "") -> ApiError:
    """Return the error of a value that violates a schema."""
    return to_api_error(Draft202012Validator(part).iter_errors(value), path)


def summary(error: ApiError | None) -> tuple[int, str | None, str | None]:
    """Return status, code and param of an error."""
    assert error is not None
    return error.status, error.code, error.param


def test_a_missing_parameter_is_named() -> None:
    """In the observed words."""
    error = find_error({"required": ["a", "b"]}, {"a": 1})
    assert summary(error) == (400, "missing_required_parameter", "b")
    assert str(error) == "Missing required parameter: 'b'."


def test_missing_parameters_are_reported_before_invalid_ones() -> None:
    """Of several errors, the missing parameter is the one."""
    error = schema("create_batch").error({"input_file_id": 1, "completion_window": "24h"})
    assert summary(error) == (400, "missing_required_parameter", "endpoint")


def test_a_missing_member_is_reported_before_an_invalid_parameter() -> None:
    """Even if the path of the invalid one comes first."""
    part = {"properties": {"a": {"type": "string"}, "b": {"required": ["c"]}}}
    error = find_error(part, {"a": 1, "b": {}})
    assert summary(error) == (400, "missing_required_parameter", "b.c")


def test_a_missing_member_is_named_by_its_path() -> None:
    """The param is the whole path."""
    body = {**DAY, "output_expires_after": {"anchor": "created_at"}}
    error = schema("create_batch").error(body)
    assert summary(error) == (400, "missing_required_parameter", "output_expires_after.seconds")


def test_a_wrong_type_has_the_observed_message() -> None:
    """It names both types."""
    error = schema("metadata").error({"tags": ["a"]}, "metadata")
    assert summary(error) == (400, "invalid_type", "metadata.tags")
    assert str(error) == (
        "Invalid type for 'metadata.tags': expected a string, but got an array instead."
    )


def test_choices_are_named_instead_of_their_type() -> None:
    """A value of another type than all choices gets the choices; met by a client in 2026."""
    error = find_error({"type": "string", "enum": ["4", "8", "12"]}, 8, "seconds")
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
def test_every_type_has_its_name(value: Json, noun: str) -> None:
    """The actual type is named as OpenAI names it."""
    assert f"but got {noun} instead" in str(find_error({"type": "string"}, value))


def test_a_union_is_named_by_its_types() -> None:
    """If the value fits no branch at all."""
    part = {"anyOf": [{"type": "string"}, {"type": "array"}, {"type": "null"}]}
    assert "expected one of a string or an array" in str(find_error(part, 1, "x"))


def test_a_type_of_several_branches_is_named_once() -> None:
    """They may differ in their other keywords."""
    part = {"anyOf": [{"type": "string", "maxLength": 2}, {"type": "string", "pattern": "^a"}]}
    assert "expected a string, but got an integer" in str(find_error(part, 1, "x"))


def test_null_is_named_only_if_nothing_else_fits() -> None:
    """Among other types it is left out."""
    assert "expected null, but got an integer" in str(find_error({"type": "null"}, 1, "x"))


def test_the_deepest_error_of_a_union_is_reported() -> None:
    """It is the one of the branch that matched most of the value."""
    body = {**DAY, "output_expires_after": {"anchor": "created_at", "seconds": 1}}
    error = schema("create_batch").error(body)
    assert summary(error) == (400, "integer_below_min_value", "output_expires_after.seconds")


def test_a_deeper_wrong_type_is_more_relevant_than_a_missing_member() -> None:
    """The branch with the wrong type matched more of the value."""
    members = {"properties": {"a": {"properties": {"b": {"type": "string"}}}}}
    error = find_error({"anyOf": [{"required": ["x"]}, members]}, {"a": {"b": 1}})
    assert summary(error) == (400, "invalid_type", "a.b")


def test_an_unsupported_value_gets_the_supported_ones() -> None:
    """The message lists the enum."""
    error = find_error({"enum": ["a", "b", "c"]}, "z", "kind")
    assert summary(error) == (400, "invalid_value", "kind")
    assert str(error) == "Invalid value: 'z'. Supported values are: 'a', 'b', and 'c'."


@pytest.mark.parametrize("window", ["1h", "", "24H", "7d"])
def test_the_completion_window_has_one_value(window: str) -> None:
    """Any other is an invalid value of that parameter."""
    error = schema("create_batch").error({**DAY, "completion_window": window})
    assert summary(error) == (400, "invalid_value", "completion_window")


@pytest.mark.parametrize(("constant", "shown"), [(True, "true"), (None, "null"), ("a", "'a'")])
def test_the_only_value_is_shown_as_json(constant: Json, shown: str) -> None:
    """As a client would send it."""
    assert str(find_error({"const": constant}, 5)).endswith(f"Value must be {shown}.")


def test_null_in_an_enum_is_shown_as_json() -> None:
    """Not as Python's None."""
    assert str(find_error({"enum": ["a", None]}, 5)).endswith("are: 'a' and null.")


def test_an_unknown_parameter_is_named() -> None:
    """With its path."""
    error = schema("create_batch").error({**DAY, "windows": 1})
    assert summary(error) == (400, "unknown_parameter", "windows")


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
    """Other keywords are an invalid value."""
    assert summary(find_error(part, value, "p")) == (400, code, "p")


def test_a_number_above_the_maximum_has_the_observed_message() -> None:
    """It names the maximum and the number."""
    assert str(find_error({"maximum": 100}, 500, "limit")) == (
        "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 500 "
        "instead."
    )


def test_a_text_that_is_too_long_has_the_observed_message() -> None:
    """It names the maximum and the length."""
    assert str(find_error({"maxLength": 2}, "abcde", "user")) == (
        "Invalid 'user': string too long. Expected a string with maximum length 2, but got a "
        "string with length 5 instead."
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
    """Too many pairs, too long keys and values, and values that are not texts are rejected."""
    assert summary(schema("metadata").error(metadata, "metadata")) == (400, code, param)


def test_metadata_at_its_limits_is_accepted() -> None:
    """16 pairs of 64 and 512 characters."""
    assert schema("metadata").accepts({f"{n:064}": "v" * 512 for n in range(16)})


def test_an_index_is_in_brackets() -> None:
    """The param names an item of an array that way."""
    error = schema("advance").error({"include": ["expiry", "nothing"]})
    assert summary(error) == (400, "invalid_value", "include[1]")


def test_an_error_of_the_whole_value_has_the_param_body() -> None:
    """Unless the value has a path."""
    assert summary(schema("create_batch").error([])) == (400, "invalid_type", "body")


def test_a_long_value_is_cut_in_the_message() -> None:
    """Its beginning is shown."""
    error = find_error({"enum": ["a"]}, {"x": "y" * 500}, "p")
    assert len(str(error)) < 200
    assert json.dumps({"x": "y" * 500})[:100] in str(error)


@pytest.mark.parametrize("kind", ["number", ["number", "null"]])
def test_bounds_of_decimals_have_their_own_message(kind: Json) -> None:
    """Also if null is allowed, too."""
    assert summary(find_error({"type": kind, "maximum": 2}, 3, "t"))[1] == "decimal_above_max_value"
    assert summary(find_error({"type": kind, "minimum": 2}, 1, "t"))[1] == "decimal_below_min_value"
