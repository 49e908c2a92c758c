"""Generated texts, and token counts."""

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mockbatch.endpoints import text


def test_a_reply_quotes_the_prompt() -> None:
    """It says that it is a mock's."""
    assert text.mock_reply("What is sushi?") == "Mock reply to: What is sushi?"


def test_further_replies_are_numbered() -> None:
    """The second reply to a prompt is another text."""
    assert text.mock_reply("Hi", 1) == "Mock reply 2 to: Hi"


def test_an_empty_prompt_has_a_reply() -> None:
    """It is still a text."""
    assert text.mock_reply("") == "Mock reply."


def test_200_characters_are_quoted_whole() -> None:
    """That is the maximum."""
    assert text.quote("x" * 200)[0] == "x" * 200


def test_a_longer_prompt_is_quoted_by_both_ends() -> None:
    """Prompts made from a template differ at the end."""
    quoted, _ = text.quote("a" * 150 + "b" * 51 + "end")
    assert len(quoted) == 200
    assert quoted.startswith("aaa")
    assert quoted.endswith("bend")
    assert " ... " in quoted


def test_quotes_are_one_line() -> None:
    """Line breaks and runs of spaces become one space."""
    assert text.quote(" a\n\n b\t")[0] == "a b"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_every_kind_of_space_becomes_one_space(words: str) -> None:
    """Whatever Python counts as white space, between words and around them."""
    assert text.quote(words)[0] == " ".join(words.split())


def test_lone_surrogates_are_replaced() -> None:
    """A text that UTF-8 cannot encode becomes one that it can."""
    assert text.quote("é\ud800")[0] == "é?"


@given(st.text(max_size=300))
@example("plain words")
@example('"')
@example("\\")
@example("\x7f")
def test_quote_says_whether_json_needs_escapes(words: str) -> None:
    """If it says no, the text is valid in JSON as it is."""
    quoted, is_bare = text.quote(words)
    assert not is_bare or json.dumps(quoted) == f'"{quoted}"'


def test_most_texts_need_no_escapes() -> None:
    """Also a long one, which is quoted by both ends."""
    assert text.quote("Label this ticket: it's 5% broken. " * 20)[1]


@pytest.mark.parametrize(("length", "count"), [(0, 0), (1, 1), (4, 1), (5, 2), (8, 2)])
def test_four_characters_are_a_token(length: int, count: int) -> None:
    """The last token may be shorter."""
    assert text.count_tokens("x" * length) == count == len(text.split_tokens("x" * length))


def test_a_text_within_its_limit_is_whole() -> None:
    """It may have exactly as many tokens."""
    assert text.limit_text("12345678", 2) == ("12345678", 2, False)


def test_a_text_beyond_its_limit_is_cut() -> None:
    """It then has as many tokens as the limit."""
    assert text.limit_text("123456789", 2) == ("12345678", 2, True)


def test_a_limit_of_zero_leaves_nothing() -> None:
    """No tokens, no text."""
    assert text.limit_text("1", 0) == ("", 0, True)


def test_the_first_stop_sequence_in_the_text_ends_it() -> None:
    """In whatever order the sequences are listed."""
    assert text.limit_text("one two three", None, ["three", "two"]).text == "one "


def test_an_empty_stop_sequence_is_ignored() -> None:
    """It would be found everywhere."""
    assert text.limit_text("one", None, [""]).text == "one"


def test_texts_of_parts_are_joined_by_line_breaks() -> None:
    """The text of a list of parts has them one after the other."""
    parts = [{"type": "text", "text": "a"}, {"type": "image_url"}, {"type": "text", "text": "b"}]
    assert text.content_text(parts) == "a\nb"


def test_parts_without_text_count_85_tokens() -> None:
    """As an image of low detail does."""
    assert text.content_tokens([{"type": "text", "text": "abcde"}, {"type": "image_url"}]) == 87


def test_a_refusal_counts_as_its_text() -> None:
    """It is no attachment, though its part has no member `text`."""
    assert text.content_tokens([{"type": "refusal", "refusal": "abcde"}]) == 2


def test_null_content_counts_nothing() -> None:
    """A message without content has only the tokens of a message."""
    assert text.content_tokens(None) == 0


def test_a_conversation_counts_its_messages() -> None:
    """Three tokens for the reply and four for each message."""
    assert text.conversation_tokens(["abcd", ""]) == 3 + 4 + 1 + 4


def test_tool_definitions_count() -> None:
    """A tool counts as its JSON."""
    assert text.conversation_tokens([], [1], None) == 3 + 1


def test_each_token_has_log_probabilities() -> None:
    """Every token is listed, with its bytes."""
    assert text.make_logprobs("ééééx", 0) == [
        {"token": "éééé", "logprob": -0.1, "bytes": [195, 169] * 4, "top_logprobs": []},
        {"token": "x", "logprob": -0.1, "bytes": [120], "top_logprobs": []},
    ]


def test_alternatives_begin_with_the_token_itself() -> None:
    """As many as requested, all different, the likeliest first."""
    [token] = text.make_logprobs("abc", 3)
    names = [other["token"] for other in token["top_logprobs"]]
    assert names[0] == "abc"
    assert len({*names}) == 3


def test_half_a_surrogate_pair_has_the_bytes_of_a_question_mark() -> None:
    """A scripted reply may have one, which no client can encode."""
    [token] = text.make_logprobs("\ud83d", 0)
    assert token["bytes"] == list(b"?")
