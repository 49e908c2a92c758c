"""What messages call the types of values."""

import pytest

from mockbatch.typing import Json
from mockbatch.validation.type_names import EXPECTED_TYPES, PYTHON_TYPES, describe_type


@pytest.mark.parametrize(
    ("value", "description"),
    [
        ("x", "a string"),
        (1, "an integer"),
        (1.5, "a decimal number"),
        (True, "a boolean"),
        ([], "an array"),
        ({}, "an object"),
        (None, "null"),
        ({1}, "a value of type set"),
    ],
)
def test_each_type_has_a_name(value: Json, description: str) -> None:
    """JSON's types are called as OpenAI calls them, others by their name in Python."""
    assert describe_type(value) == description


def test_the_tables_have_the_types_of_json_schema() -> None:
    """Both have all seven."""
    types = {"string", "integer", "number", "boolean", "object", "array", "null"}
    assert set(EXPECTED_TYPES) == set(PYTHON_TYPES) == types
