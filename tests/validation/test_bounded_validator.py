"""However long the lists of an invalid value are, finding its error takes few steps."""

import sys
from collections import Counter

import pytest

from mockbatch.errors import ApiError
from mockbatch.jsonio import parse
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

USER = {"role": "user", "content": "Hi"}
PART = {"type": "text", "text": "a"}


def count_calls(name: str, value: Json) -> tuple[ApiError, int]:
    """Return the error of a value, and how many functions were called to find it."""
    judge = schema(name)
    judge.error({})  # compiled, and jsonschema imported
    calls = Counter[str]()
    sys.setprofile(lambda _frame, event, _argument: calls.update([event]))
    try:
        error = judge.error(value)
    finally:
        sys.setprofile(None)
    assert error is not None
    return error, calls["call"]


CASES: dict[str, tuple[str, Json, str, int]] = {
    "texts where parts may be": (
        "moderations.request",
        {"input": [7] * 2000},
        "input[0]",
        80_000,
    ),
    "a list that is too long": (
        "moderations.request",
        {"input": ["hi"] * 20_000},
        "input",
        2_000,
    ),
    "an object of too many members": (
        "metadata",
        {f"k{number}": 1 for number in range(5000)},
        "body",
        20_000,
    ),
    "valid items before the error": (
        "chat_completions.request",
        {"model": "gpt-4o", "messages": [USER] * 3000 + [{"role": "x"}]},
        "messages[3000].role",
        150_000,
    ),
    "invalid lists in invalid items": (
        "chat_completions.request",
        {"model": "gpt-4o", "messages": [{"role": "user", "content": [{"a": 1}] * 100}] * 100},
        "messages[0].content[0].type",
        1_500_000,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_an_error_is_found_in_few_steps(case: str) -> None:
    """A step is a call of a function: jsonschema alone takes from five to a hundred times more."""
    name, value, param, most_calls = CASES[case]
    error, calls = count_calls(name, value)
    assert error.param == param
    assert calls < most_calls


def test_what_is_valid_stays_the_same() -> None:
    """A value that no quick check knows is judged by jsonschema."""
    assert schema("moderations.request").accepts({"input": ["a"]})
    assert schema("chat_completions.request").accepts(
        {"model": "gpt-4o", "messages": [{"role": "user", "content": [PART]}]}
    )


def test_a_text_of_brackets_is_not_read() -> None:
    """Millions of empty lists would take ten seconds; as many in long texts do not count."""
    with pytest.raises(ValueError, match="too many arrays"):
        parse("[" + ",".join(["[[[]]]"] * 600_000) + "]")
    assert len(parse('["' + "[{" * 800_000 + "a" * 12_000_000 + '"]')[0]) == 13_600_000
