"""Strict JSON, as in the standard."""

import json
import math
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.jsonio import (
    MAX_CONTAINERS,
    MAX_VALUES,
    TooManyValuesError,
    indent,
    parse,
    parse_request,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(VALUES)
def test_any_value_survives_a_round_trip(value: Any) -> None:
    """Any JSON value is the same after writing and parsing."""
    assert parse(json.dumps(value)) == value


@given(VALUES)
def test_bytes_are_utf8(value: Any) -> None:
    """Bytes are read as UTF-8, characters beyond ASCII included."""
    text = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert parse(text) == value


@pytest.mark.parametrize("text", ["{}", " {}", "\r\n\t{} \n", "{}\n"])
def test_whitespace_around_a_value_is_ignored(text: str) -> None:
    """A text may begin and end with empty lines."""
    assert parse(text) == {}


@pytest.mark.parametrize(("text", "place"), [("\n\n[1,]", "line 3 column"), (" {} {}", "(char 3)")])
def test_an_error_names_the_position(text: str, place: str) -> None:
    """Whitespace before a value counts."""
    with pytest.raises(ValueError, match=re.escape(place)):
        parse(text)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", '{"a": [NaN]}'])
def test_nan_and_infinity_are_refused(text: str) -> None:
    """Python accepts them, JSON does not."""
    with pytest.raises(ValueError, match="is not JSON"):
        parse(text)


@pytest.mark.parametrize("text", ["1e400", "-1e400", "[1e999999]"])
def test_a_number_that_overflows_a_float_is_refused(text: str) -> None:
    """Parsed as infinite, it could not be written again."""
    with pytest.raises(ValueError, match="too large"):
        parse(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\x00}\x00",
        b'"\xe9"',
        b"{}{}",
        b"{}\x0b",
        b"\x0c{}",
        b"{} \xc2\xa0",
        b"{'a': 1}",
        b'{"a": 1,}',
        b"// {}",
        b'"\x01"',
    ],
)
def test_invalid_json_is_a_value_error(data: bytes) -> None:
    """A byte order mark, other encodings and near-JSON are refused."""
    with pytest.raises(ValueError, match=r".+"):
        parse(data)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_a_hundred_levels_are_accepted(opening: str, closing: str) -> None:
    """A value nested 100 levels deep is accepted."""
    assert parse(opening * 99 + "[]" + closing * 99)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
@pytest.mark.parametrize("levels", [101, 5_000, 200_000])
def test_deeper_values_are_refused(opening: str, closing: str, levels: int) -> None:
    """Values with 101 levels and more are refused, without a stack overflow."""
    with pytest.raises(ValueError, match="nested too deeply"):
        parse(opening * (levels - 1) + "[]" + closing * (levels - 1))


def test_brackets_in_a_string_are_not_levels() -> None:
    """A string full of brackets is not a deep value."""
    assert parse(json.dumps("[{" * 1000)) == "[{" * 1000


def test_many_shallow_lists_are_accepted() -> None:
    """A long list of lists is not a deep one."""
    assert len(parse("[" + ",".join(["[]"] * 1000) + "]")) == 1000


def test_a_lone_surrogate_is_accepted() -> None:
    """An escaped lone surrogate is valid JSON."""
    assert parse(r'"\ud800"') == "\ud800"


def test_line_separators_are_ordinary_characters() -> None:
    """U+2028 and U+2029 are allowed in strings, as in the standard."""
    assert parse('"a\u2028b\u2029c"') == "a\u2028b\u2029c"


def test_the_last_of_equal_keys_wins() -> None:
    """If a key occurs twice, the last value counts."""
    assert parse('{"a": 1, "a": 2}') == {"a": 2}


def test_a_large_float_is_accepted() -> None:
    """Numbers up to the largest float are accepted."""
    assert math.isclose(parse("1e308"), 1e308)


@pytest.mark.parametrize(
    "text",
    [
        "[" + "0," * (MAX_VALUES - 2) + "0]",
        "[" + "{}," * (MAX_CONTAINERS - 2) + "{}]",
        json.dumps({"a": "[," * MAX_VALUES}),
    ],
)
def test_a_request_has_many_values(text: str) -> None:
    """Up to the limits; what stands in a text is no value."""
    assert parse_request(text) == json.loads(text) == parse_request(text.encode())


@pytest.mark.parametrize(
    "text",
    [
        "[" + "0," * (MAX_VALUES - 1) + "0]",
        json.dumps({str(number): 0 for number in range(MAX_VALUES)}),
        "[" + "{}," * (MAX_CONTAINERS - 1) + "{}]",
        "[" + "[]," * (MAX_CONTAINERS - 1) + "0,[]]",
    ],
)
def test_a_request_has_not_too_many_values(text: str) -> None:
    """Checking them would take seconds; other JSON may have more."""
    with pytest.raises(TooManyValuesError):
        parse_request(text)
    assert parse(text) == json.loads(text)


def test_too_many_values_are_noticed_before_the_text_is_parsed() -> None:
    """What comes after them does not matter."""
    with pytest.raises(TooManyValuesError):
        parse_request("[" + "0," * MAX_VALUES + "and so on")


@pytest.mark.parametrize("text", [r"\",", '\\\\",[', "[],", ",", ",\\"])
def test_no_text_is_taken_for_values(text: str) -> None:
    """Whatever it has of quotes, escapes, commas and brackets."""
    value = {text: text * MAX_VALUES}
    assert parse_request(json.dumps(value)) == value


def test_empty_containers_have_no_values() -> None:
    """With or without blanks between their brackets."""
    value = [*([[]] * (MAX_CONTAINERS - 2)), *([0] * (MAX_VALUES - MAX_CONTAINERS + 1))]
    text = json.dumps(value).replace("[]", "[ ]")
    assert parse_request(text) == value
    with pytest.raises(TooManyValuesError):
        parse_request(f"{text[:-1]}, 0]")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just("\ud800"),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_indented_json_is_that_of_the_standard_library(value: Any) -> None:
    """To the byte: empty arrays, escapes and exponents included."""
    assert indent(value) == json.dumps(value, indent=2)


def test_indented_json_may_be_nested_deeply() -> None:
    """Far deeper than any response."""
    nested: list[Any] = []
    for _ in range(500):
        nested = [nested]
    assert json.loads(indent(nested)) == nested
