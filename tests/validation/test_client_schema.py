"""Schemas that clients send: what happens where checking a value takes too long or fails."""

from collections.abc import Callable

import pytest

from mockbatch.typing import Json
from mockbatch.validation.client_schema import ClientSchema
from mockbatch.validation.step_budget import StepBudget

# Each is checked by itself: a part of it is the whole again, for the same value.
ENDLESS: dict[str, Json] = {
    "if": {"if": {"$ref": "#"}, "then": {}},
    "anyOf": {"anyOf": [{"$ref": "#"}]},
    "dynamic": {"$dynamicAnchor": "whole", "not": {"$dynamicRef": "#whole"}},
}


def deeper(levels: int, call: Callable[[], Json]) -> Json:
    """Return what a call returns from so many levels further down the stack."""
    return deeper(levels - 1, call) if levels else call()


@pytest.mark.parametrize("document", ENDLESS.values(), ids=ENDLESS)
def test_endless_check_is_a_violation_at_any_depth_of_the_stack(document: Json) -> None:
    """Wherever the stack ends, the package in which references are looked up does not panic."""
    for levels in range(60):
        violation = deeper(levels, lambda: ClientSchema(document).first_violation({}))
        assert violation is not None
        assert "deep" in violation[0]


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ({"enum": [str(number) for number in range(2000)]}, "x"),
        ({"enum": [[number] for number in range(2000)]}, ["x"]),
        ({"const": "x"}, [0] * 2000),
        ({"uniqueItems": True}, [{"a": number} for number in range(100)]),
    ],
)
def test_comparisons_cost_steps(document: Json, value: Json) -> None:
    """Each value that is compared with another one does; reading the schema does not suffice."""
    violation = ClientSchema(document).first_violation(value, StepBudget(1000))
    assert violation == ("it takes too long to match", ())


def test_schema_nested_too_deeply_is_invalid() -> None:
    """Each level takes many frames of the stack."""
    document: Json = {}
    for _ in range(300):
        document = {"if": document}
    assert not ClientSchema(document).is_valid()


def test_undecidable_check_is_a_violation_of_no_keyword() -> None:
    """Its limit says why."""
    [violation] = ClientSchema({"multipleOf": 0.5}).find_violations(10**400)
    assert (violation.path, violation.keyword) == ((), "")
    assert "too large" in violation.limit
