"""What is obviously a JSON Schema is one."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from mockbatch.typing import Json
from mockbatch.validation.obvious_schema import is_obviously_schema
from mockbatch.validation.step_budget import BudgetSpentError, StepBudget

_VALUES = st.sampled_from(
    [True, 1, -1, 1.5, "string", "x", [], ["string"], ["string", "string"], [1], {}, None]
)
_KEYWORDS = st.sampled_from(
    [
        *("type", "properties", "required", "items", "additionalProperties", "anyOf", "allOf"),
        *("enum", "const", "minLength", "minimum", "pattern", "$ref", "$defs", "not", "title"),
        *("maxItems", "format", "unknown"),
    ]
)
SCHEMAS = st.recursive(
    _VALUES,
    lambda inner: st.dictionaries(_KEYWORDS, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)


@given(SCHEMAS)
def test_yes_is_exact(document: Json) -> None:
    """The metaschemas of both drafts agree."""
    if is_obviously_schema(document, StepBudget()):
        drafts: list[Any] = [Draft7Validator, Draft202012Validator]
        for draft in drafts:
            assert draft(draft.META_SCHEMA).is_valid(document)


def test_everyday_schema_is_obvious() -> None:
    """As libraries write them for models."""
    document = {
        "type": "object",
        "title": "A",
        "properties": {"a": {"anyOf": [{"type": ["string", "null"]}, {"$ref": "#/$defs/b"}]}},
        "required": ["a"],
        "additionalProperties": False,
        "$defs": {"b": {"type": "array", "items": {"enum": ["x", 1]}, "minItems": 1}},
    }
    assert is_obviously_schema(document, StepBudget())
    assert not is_obviously_schema({**document, "if": {}}, StepBudget())


@pytest.mark.parametrize(
    "keywords",
    [
        *({"minimum": 0}, {"maximum": 1.5}, {"exclusiveMinimum": -1}, {"exclusiveMaximum": 2}),
        *({"minLength": 0, "maxLength": 9}, {"minItems": 1, "maxItems": 2}, {"maxProperties": 0}),
        *({"description": "d", "pattern": "^a", "format": "date"}, {"type": ["string", "null"]}),
        *({"$ref": "#/$defs/a"}, {"required": ["a", "b"]}, {"enum": ["a", 1, None]}),
    ],
)
def test_everyday_keyword_is_obvious(keywords: dict[str, Json]) -> None:
    """So the check of a schema with it does not need the metaschema."""
    assert is_obviously_schema(keywords, StepBudget())


def test_large_document_spends_the_budget() -> None:
    """Each subschema costs steps."""
    document = {"properties": {f"p{number}": {"type": "string"} for number in range(100)}}
    with pytest.raises(BudgetSpentError):
        is_obviously_schema(document, StepBudget(500))
