"""Schemas that clients send: what happens where checking a value would not end."""

from collections.abc import Callable

import pytest

from mockbatch.typing import Json
from mockbatch.validation.client_schema import ClientSchema

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
