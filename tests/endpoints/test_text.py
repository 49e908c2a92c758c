"""Texts and their tokens."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mockbatch.endpoints import text


def test_a_reply_repeats_what_was_asked() -> None:
    """A reply says that it is a mock's, and what to."""
    assert text.mock_reply("What is sushi?") == "Mock reply to: What is sushi?"


def test_further_replies_are_numbered() -> None:
    """The second answer to one text is another text."""
    assert text.mock_reply("Hi", 1) == "Mock reply 2 to: Hi"


def test_nothing_asked_has_a_reply() -> None:
    """A reply to nothing is still a text."""
    assert text.mock_reply("") == "Mock reply."


def test_200_characters_are_quoted_whole() -> None:
    """The longest quotation is 200 characters."""
    assert text.quote("x" * 200)[0] == "x" * 200


def test_201_characters_are_quoted_by_both_ends() -> None:
    """Of a longer text, the beginning and the end are quoted: templates differ in the end."""
    quoted, _ = text.quote("a" * 150 + "b" * 51 + "end")
    assert len(quoted) == 200
    assert quoted.startswith("aaa")
    assert quoted.endswith("bend")
    assert " ... " in quoted


def test_quotations_are_one_line() -> None:
    """Line breaks and runs of spaces become one space."""
    assert text.quote(" a\n\n b\t")[0] == "a b"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_every_space_counts_as_one(words: str) -> None:
    """Whatever Python takes for a space, between words and around them."""
    assert text.quote(words)[0] == " ".join(words.split())


def test_half_a_surrogate_pair_is_replaced() -> None:
    """A text that UTF-8 cannot hold becomes one that it can."""
    assert text.quote("é\ud800")[0] == "é?"


@given(st.text(max_size=300))
@example("plain words")
@example('"')
@example("\\")
@example("\x7f")
def test_a_bare_text_stands_in_json_as_it_is(words: str) -> None:
    """Nothing in it has to be escaped; where that is not plain, it is not called bare."""
    quoted, is_bare = text.quote(words)
    assert not is_bare or json.dumps(quoted) == f'"{quoted}"'


def test_most_texts_are_bare() -> None:
    """A long one too, which is quoted by both ends."""
    assert text.quote("Label this ticket: it's 5% broken. " * 20)[1]


@pytest.mark.parametrize(("length", "count"), [(0, 0), (1, 1), (4, 1), (5, 2), (8, 2)])
def test_four_characters_are_a_token(length: int, count: int) -> None:
    """The last token may be shorter."""
    assert text.count_tokens("x" * length) == count == len(text.split_tokens("x" * length))


def test_a_text_within_its_limit_is_whole() -> None:
    """As many tokens as the limit are not too many."""
    assert text.limit_text("12345678", 2) == ("12345678", 2, False)


def test_a_text_beyond_its_limit_is_cut() -> None:
    """A cut text has as many tokens as the limit."""
    assert text.limit_text("123456789", 2) == ("12345678", 2, True)


def test_a_limit_of_nothing_leaves_nothing() -> None:
    """No tokens, no text."""
    assert text.limit_text("1", 0) == ("", 0, True)


def test_the_first_stop_in_the_text_ends_it() -> None:
    """The text ends before the first of its stops, in whatever order they are named."""
    assert text.limit_text("one two three", None, ["three", "two"]).text == "one "


def test_an_empty_stop_stops_nothing() -> None:
    """The empty text is found everywhere, and means nothing."""
    assert text.limit_text("one", None, [""]).text == "one"


def test_parts_are_spoken_line_by_line() -> None:
    """What a list of parts says is its texts."""
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]
    assert text.content_text(parts) == "a\nb"


def test_parts_without_text_count_85_tokens() -> None:
    """A picture counts what one of low detail does."""
    assert text.content_tokens([{"type": "text", "text": "abcde"}, {"type": "image_url"}]) == 87


def test_null_content_counts_nothing() -> None:
    """A message that says nothing has no tokens of its own."""
    assert text.content_tokens(None) == 0


def test_a_conversation_counts_its_frame() -> None:
    """Three tokens for the reply and four for each message."""
    assert text.conversation_tokens(["abcd", ""]) == 3 + 4 + 1 + 4


def test_definitions_of_tools_count() -> None:
    """A tool counts as its JSON."""
    assert text.conversation_tokens([], [1], None) == 3 + 1


def test_each_token_has_its_probability() -> None:
    """Log probabilities are told of every token, with its bytes."""
    assert text.make_logprobs("ééééx", 0) == [
        {"token": "éééé", "logprob": -0.1, "bytes": [195, 169] * 4, "top_logprobs": []},
        {"token": "x", "logprob": -0.1, "bytes": [120], "top_logprobs": []},
    ]


def test_alternatives_begin_with_the_token_itself() -> None:
    """As many alternatives as asked for, all different, the likeliest first."""
    [token] = text.make_logprobs("abc", 3)
    names = [other["token"] for other in token["top_logprobs"]]
    assert names[0] == "abc"
    assert len({*names}) == 3
