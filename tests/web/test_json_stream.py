"""Large bodies are written in parts, as json.dumps() writes them whole."""

import json
import sys
import tracemalloc
from collections import Counter
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.typing import Json
from mockbatch.web.json_stream import iter_json
from tests.support.caller import Caller

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(VALUES, st.sampled_from(["", "\n"]))
def test_text_is_that_of_json_dumps(value: Json, end: str) -> None:
    """For every value."""
    assert b"".join(iter_json(value, end)).decode() == json.dumps(value, indent=2) + end


@pytest.mark.parametrize("item", [2, 10**30, 1e-7, 1e22, "e", "1", [2.5], {"e": 1}, None, True])
def test_a_list_that_begins_with_a_number_may_have_anything_in_it(item: Json) -> None:
    """Its items are looked at only as text."""
    value = [1.5, item]
    assert b"".join(iter_json(value)).decode() == json.dumps(value, indent=2)


def test_exponents_are_written_as_json_writes_them() -> None:
    """Of small and large numbers, beside each other and with any sign."""
    value = [
        sign * digits * 10.0**power
        for power in range(-30, 30)
        for digits in (1, 1.5, 10.00001)
        for sign in (1, -1)
    ]
    assert b"".join(iter_json(value)).decode() == json.dumps(value, indent=2)


def test_negative_zero_keeps_its_sign() -> None:
    """Each distinct float is formatted once, though 0.0 equals -0.0."""
    assert b"".join(iter_json([0.0, -0.0])) == b"[\n  0.0,\n  -0.0\n]"


@pytest.mark.slow
def test_large_embeddings_are_streamed(api: Caller) -> None:
    """The text of 2,048 vectors is never in memory as a whole, and takes little time."""
    body = {"model": "text-embedding-3-large", "input": ["a"] * 2048}
    api.good(api.post("/v1/embeddings", {**body, "input": "a"}))
    began = thread_time()
    tracemalloc.start()
    try:
        answer = api.post("/v1/embeddings", body, buffered=False)
        size = sum(map(len, answer.iter_encoded()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.status_code == 200
    assert size > 100_000_000
    assert peak < 90_000_000
    assert thread_time() - began < 20


def test_list_of_floats_is_formatted_at_once() -> None:
    """It takes no call for each number, of which 2,048 vectors have half a million."""
    calls = Counter[str]()
    sys.setprofile(lambda _frame, event, _argument: calls.update([event]))
    try:
        text = b"".join(iter_json([number / 7 for number in range(1, 501)] * 4))
    finally:
        sys.setprofile(None)
    assert len(text.splitlines()) == 2002
    assert calls["call"] < 50
