"""JSON as the service writes it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.indented import indented

Json = Any

VALUES: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(VALUES)
def test_it_is_what_the_encoder_of_python_writes(value: Json) -> None:
    """Any JSON is written to the letter as Python's own encoder does it."""
    assert indented(value) == json.dumps(value, indent=2)


@pytest.mark.parametrize("value", [(1, ("a",)), {"a": ()}, 1e400, [0.1, 10**40], "\ud800"])
def test_so_is_what_python_alone_has(value: Json) -> None:
    """Tuples, large numbers and half surrogates too."""
    assert indented(value) == json.dumps(value, indent=2)


def test_what_is_no_json_is_refused() -> None:
    """Nothing else is written."""
    with pytest.raises(TypeError, match="not JSON serializable"):
        indented({"a": {1}})
