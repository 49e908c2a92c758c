"""Regular expressions of JSON Schemas."""

import re
import tracemalloc
import weakref
from contextlib import suppress
from random import Random
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.validation.regex import Regex, compile_regex
from mockbatch.validation.regex_syntax import RegexError
from mockbatch.validation.step_budget import StepBudget

USUAL = [
    r"^@[a-zA-Z0-9_]+$",
    r"foo|bar",
    r"^[A-Z]{2}-\d{4}$",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$",
    r"^(?=.*[A-Z])(?=.*\d).{8,}$",
    r"^(?!admin)\w+$",
    r"(?<=\$)\d+",
    r"(?<=^)a|(?<=\b)A",
    r"\bfoo\b|\Bbar",
    r"^\S+@\S+\.\S+$",
    r"^[^aeiou\s]*$",
    r"^(ab){2,3}?c?$",
    r"^\w+\s\W$",
    r"^[^\W\d]$",
    r"^$|^x",
    r"^\/api\/v\d$",
    r"",
]
EVIL = [
    (r"^(a+)+$", "a" * 900 + "!"),
    (r"^(a|aa)+$", "a" * 900 + "b"),
    (r"^((((a+)+)+)+)+$", "a" * 900 + "!"),
    ("a?" * 300 + "a" * 300, "a" * 299),
    (r"(.*)(.*)(.*)(.*)(.*)x", "a" * 999),
    (r"(?:(?:(?:a{0,50}){0,50}){0,50}){0,50}b", "a" * 900),
    (r"(?:a{4000000}){4000000}", "a" * 900),
]


@pytest.mark.parametrize("source", USUAL)
@given(text=st.text("abfoxr@AZ019-_ .,$/", max_size=12))
def test_search_agrees_with_python(source: str, text: str) -> None:
    """On short ASCII texts of one line."""
    assert Regex(source).search(text) == (re.search(source, text) is not None)


@pytest.mark.parametrize("source", USUAL)
def test_examples_match(source: str) -> None:
    """Python's own matcher agrees, whatever was drawn."""
    for seed in range(20):
        text = compile_regex(source).example(Random(seed), StepBudget())
        assert text is not None
        assert re.search(source, text)


@pytest.mark.parametrize(
    ("source", "least", "most"),
    [
        (r"^[A-Z]+$", 37, 37),
        (r"^[a-z0-9]+(?:-[a-z0-9]+)*$", 5, 6),
        (r"foo|bar", 7, 7),
        (r"^(ab){3,}$", 15, 16),
        (r"^\d{3}-\d*$", 4, 4),
        (r"^x*y{2,500}$", 400, 400),
        (r"bar$", 7, 7),
        (r"^(abc){3,}$", 30, 30),
        (r"^(abcd){2,}$", 48, 48),
    ],
)
def test_examples_have_the_requested_length(source: str, least: int, most: int) -> None:
    """Parts are repeated until there is enough, and not beyond."""
    text = compile_regex(source).example(Random(1), StepBudget(), least, most)
    assert text is not None
    assert least <= len(text) <= most
    assert re.search(source, text)


@pytest.mark.parametrize("source", ["^.{20}$", "^[^a]{20}$", r"^[\s\S]{20}$"])
def test_examples_are_words_where_they_can_be(source: str) -> None:
    """Letters, digits and underscores, although a class has other characters."""
    for seed in range(5):
        text = compile_regex(source).example(Random(seed), StepBudget())
        assert text is not None
        assert re.fullmatch(r"\w{20}", text, re.ASCII)


def test_an_example_is_short_enough_to_be_searched() -> None:
    """Even if the schema allows more, and the first text that is tried is longer."""
    text = compile_regex("^a{995,}$").example(Random(0), StepBudget(), maximum=100_000)
    assert text is not None
    assert 995 <= len(text) <= 1000


def test_examples_differ() -> None:
    """Where there is room, another draw is another text."""
    assert (
        len({compile_regex(r"^[a-z]+$").example(Random(n), StepBudget()) for n in range(20)}) == 20
    )


@pytest.mark.parametrize("source", [r"(?!.*)", r"^a$^b$", r"^(ab){3,}$"])
def test_there_may_be_no_example(source: str) -> None:
    """No text matches, or none of 15 characters."""
    assert compile_regex(source).example(Random(0), StepBudget(), 15, 15) is None


@pytest.mark.parametrize(("source", "text"), EVIL)
def test_no_regex_takes_long(source: str, text: str) -> None:
    """What keeps Python's matcher busy for years is decided or rejected at once."""
    begun = process_time()
    with suppress(RegexError):
        assert not compile_regex(source).search(text)
    assert process_time() - begun < 5


@pytest.mark.parametrize(
    ("count", "matches"), [(1, False), (2, True), (3, True), (4, False), (5, False)]
)
def test_a_repeat_has_two_bounds(count: int, matches: bool) -> None:
    """Fewer and more repetitions do not match."""
    assert compile_regex("^a{2,3}$").search("a" * count) == matches


def test_dollar_matches_only_at_the_end() -> None:
    """Python's `$` would also match before a final line break."""
    assert not compile_regex("^a$").search("a\n")


def test_a_budget_is_shared() -> None:
    """Many examples cost no more than the steps that are left."""
    steps = StepBudget(1000)
    examples = (compile_regex(r"^[a-z]+$").example(Random(0), steps) for _ in range(1000))
    assert next(examples)
    with pytest.raises(RegexError):
        list(examples)


@pytest.mark.parametrize(
    "source",
    ["(", r"(a)\1", r"\p{L}", "(?i)a", "(?i:a)", "a{2,1}", "[" + "z" * 3, "(?P<n>a)(?P=n)"],
)
def test_unsupported_expressions_are_rejected(source: str) -> None:
    """And those that would need another matcher."""
    with pytest.raises(RegexError):
        Regex(source)


def test_groups_are_named_as_in_javascript() -> None:
    """`(?<year>…)` is read, and digits are ASCII, as in ECMA 262."""
    assert compile_regex(r"^(?<year>\d{4})$").search("2026")
    assert not compile_regex(r"^\d$").search("٣")


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("[[a]", "["),
        (r"[^[P]", "x"),
        ("[a||b]", "|"),
        ("[&&]", "&"),
        (r"[\[~~]", "~"),
        ("[(?<a]", "<"),
        (r"\(?<a>", "<a>"),
        (r"\[(?<a>x)\]", "[x]"),
    ],
)
def test_classes_are_read_as_in_javascript(source: str, text: str) -> None:
    """Without a warning from Python, which is an error here, and no group begins within one."""
    assert compile_regex(f"^(?:{source})$").search(text)
    assert not compile_regex(f"^(?:{source})$").search("P")


def test_a_warning_is_an_error() -> None:
    """Two hyphens in a class may mean something else one day."""
    with pytest.raises(RegexError):
        Regex("[+--]")


def test_a_text_of_a_thousand_characters_is_searched() -> None:
    """A longer one is not."""
    assert Regex("b").search("a" * 999 + "b")
    with pytest.raises(RegexError, match="1001 characters"):
        Regex("b").search("a" * 1000 + "b")


def test_class_without_characters_has_no_example() -> None:
    """The error says why, although the expression itself is valid and can be searched for."""
    regex = compile_regex(r"a[^\s\S]")
    assert not regex.search("ab")
    with pytest.raises(RegexError, match="a class without characters"):
        regex.example(Random(1), StepBudget())


@pytest.mark.parametrize(
    "source",
    [
        *(r".", r"\d", r"\D", r"\w", r"\W", r"\s", r"\S", r"é", r"[^é]", r"[\s\S]", r"[^\s\S]"),
        *(
            r"[a-fc-k]",
            r"[^a-fc-k]",
            r"[k\da-c_]",
            r"[^\W\d]",
            r"[\D0]",
            r"[\u0100-\uffff]",
            r"[^\0-z]",
        ),
    ],
)
def test_a_class_has_the_characters_that_python_finds(source: str) -> None:
    """Overlapping and adjacent ranges, categories and their complements."""
    regex, expected = compile_regex(source), re.compile(source, re.ASCII)
    for character in [*map(chr, range(0x180)), "\u2028", "\uffff", "\U0010ffff"]:
        if source != "." or character not in "\r\u2028\u2029":  # line ends in ECMA 262 only
            assert regex.search(character) == bool(expected.search(character)), repr(character)


@pytest.mark.parametrize("part", ["x", "[a-z]"])
def test_a_long_regex_takes_little_memory(part: str) -> None:
    """Each of its characters once took 5 kB, and 256 regexes are kept."""
    tracemalloc.start()
    try:
        regex = Regex(part * (5000 // len(part)))
        regex.example(Random(0), StepBudget(10_000), maximum=0)
        assert tracemalloc.get_traced_memory()[0] < 2_000_000
    finally:
        tracemalloc.stop()


def test_only_a_few_long_regexes_are_kept() -> None:
    """A client may send as many as it likes."""
    regexes = [weakref.ref(compile_regex(f"{number:0500}a")) for number in range(20)]
    assert sum(regex() is not None for regex in regexes) < 10
