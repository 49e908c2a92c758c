"""Globs match as fnmatch does, in bounded time."""

from fnmatch import fnmatchcase
from time import thread_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.strings.globs import MAX_PATTERN_CHARACTERS, MAX_TEXT_CHARACTERS, Glob

PATTERNS = st.text("ab*?[]!-", max_size=12)
TEXTS = st.text("ab[]!-", max_size=12)


@given(PATTERNS, TEXTS)
def test_matches_as_fnmatch_does(pattern: str, text: str) -> None:
    """For every pattern and text within the limits."""
    assert Glob(pattern).matches(text) == fnmatchcase(text, pattern)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*", ""),
        ("a*b*c", "a b c"),
        ("*ab?d*", "abc abcd"),
        ("[!]a]?", "bb"),
        ("[[]*[]]", "[x]"),
        ("a\n*", "a\nb\n"),
        ("ab", "ab"),
        ("[a", "[a"),
    ],
)
def test_pattern_matches_text(pattern: str, text: str) -> None:
    """Segments are looked for from left to right, and the last one at the end."""
    assert Glob(pattern).matches(text)
    assert not Glob(pattern + "x").matches(text)


def test_long_text_is_matched_by_its_beginning() -> None:
    """What comes after the limit is not looked at."""
    text = "gpt" + "x" * MAX_TEXT_CHARACTERS
    assert Glob("gpt*").matches(text)
    assert not Glob("*end").matches(text + "end")


def test_long_pattern_is_refused() -> None:
    """The error tells the limit."""
    Glob("a" * MAX_PATTERN_CHARACTERS)
    with pytest.raises(ValueError, match="at most 512 characters"):
        Glob("a" * (MAX_PATTERN_CHARACTERS + 1))


def test_too_many_wildcards_are_refused() -> None:
    """Those of the pattern of a UUID are not too many; sets of one character are none."""
    Glob("-".join("?" * count for count in (8, 4, 4, 4, 12)) + "[*]" * 40 + "*a" * 32)
    with pytest.raises(ValueError, match="at most 32"):
        Glob("*a" * 33)
    with pytest.raises(ValueError, match="at most 32"):
        Glob("?" * 33)
    with pytest.raises(ValueError, match="at most 32"):
        Glob("*[ab]" * 33)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("*a" * 32, "a" * 160_000),
        ("*" + "[ab]" * 31 + "c*", "ab" * 80_000),
        ("*" + "?" * 31 + "c*c", "a" * 160_000),
        ("*" + "a" * 500 + "b*", "a" * 160_000),
    ],
)
def test_worst_case_takes_little_time(pattern: str, text: str) -> None:
    """A match takes a tenth of a millisecond; the test leaves room for slow machines."""
    glob = Glob(pattern)
    began = thread_time()
    for _ in range(100):
        glob.matches(text)
    assert thread_time() - began < 0.5
