"""The JSON texts in a store give back what they were made of."""

import pytest

from mockbatch.typing import Json
from mockbatch.world.shared.cells import encode, parse

DOCUMENTS: list[Json] = [
    None,
    {"a": [1, 2.5, True], "b": {"c": "é€😀\u2028"}},
    "half a pair: \ud800",
    {"\udfff": [2**70, -(2**70), 1e300]},
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_document_comes_back_as_it_was(document: Json) -> None:
    """Also one that clients may send but UTF-8 cannot express."""
    text = encode(document)
    assert parse(text) == document
    assert text.encode(), "the store could not keep it"


def test_a_damaged_text_is_an_error() -> None:
    """A cell that was cut is not taken for a shorter document."""
    with pytest.raises(ValueError, match="Expecting"):
        parse('{"a": 1')
