"""POST /v1/completions."""

import pytest

from mockbatch.endpoints.completions.endpoint import ENDPOINT
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.endpoints.scripted_reply import parse_reply
from mockbatch.errors import ApiError
from mockbatch.typing import Json
from tests.support.bodies import EXECUTION


def answer(**body: Json) -> dict[str, Json]:
    """Return the answer to a request of these parameters."""
    request = {"model": "gpt-3.5-turbo-instruct", "prompt": "Once upon a time", **body}
    ENDPOINT.check(request)
    return ENDPOINT.make_response(request, EXECUTION)


def texts(**body: Json) -> list[str]:
    """Return the texts of the choices."""
    return [choice["text"] for choice in answer(**body)["choices"]]


def refusal(**body: Json) -> ApiError:
    """Return the failure with which the endpoint refuses these parameters."""
    with pytest.raises(ApiError) as raised:
        answer(**body)
    return raised.value


def test_keys_are_those_the_service_sends() -> None:
    """An answer has the keys and the order that were quoted in 2025."""
    assert [*answer()] == ["id", "object", "created", "model", "choices", "usage"]


def test_ids_are_29_characters() -> None:
    """An id is `cmpl-` and 29 letters and digits."""
    assert len(answer()["id"]) == len("cmpl-") + 29


def test_the_model_is_its_snapshot() -> None:
    """gpt-3.5-turbo-instruct names its version with a colon."""
    assert answer()["model"] == "gpt-3.5-turbo-instruct:20230824-v2"


def test_a_prompt_is_continued() -> None:
    """The text goes on after the prompt."""
    assert texts() == [" Mock reply to: Once upon a time"]


def test_a_stop_at_the_line_end_leaves_the_text() -> None:
    """The stop that most prompts have does not empty the reply."""
    assert texts(stop="\n") == texts()


def test_each_prompt_is_answered_n_times() -> None:
    """Two prompts and n of 2 are four choices, in order."""
    assert texts(prompt=["One", "Two"], n=2) == [
        " Mock reply to: One",
        " Mock reply 2 to: One",
        " Mock reply to: Two",
        " Mock reply 2 to: Two",
    ]


def test_choices_are_counted_through() -> None:
    """The index runs over all prompts."""
    choices = answer(prompt=["One", "Two"], n=2)["choices"]
    assert [choice["index"] for choice in choices] == [0, 1, 2, 3]


def test_16_tokens_are_the_default() -> None:
    """Without max_tokens, a text ends after 16."""
    [choice] = answer(prompt="x" * 300)["choices"]
    assert (len(choice["text"]), choice["finish_reason"]) == (64, "length")


def test_no_tokens_with_echo_is_the_prompt() -> None:
    """max_tokens 0 with echo gives the prompt back."""
    assert texts(max_tokens=0, echo=True) == ["Once upon a time"]


def test_tokens_are_shown_as_numbers() -> None:
    """A prompt of tokens cannot be decoded, and is told by its beginning."""
    assert texts(prompt=[1, 2, 3]) == [" Mock reply to: [3 tokens: 1 2 3]"]


def test_lists_of_tokens_are_prompts() -> None:
    """Two lists of tokens are two prompts."""
    assert len(texts(prompt=[[1], [2]])) == 2


def test_no_prompt_is_the_end_of_a_text() -> None:
    """Without a prompt, the model sees the end of the text before."""
    assert texts(prompt=None) == [" Mock reply to: <|endoftext|>"]


def test_usage_adds_up() -> None:
    """Prompts count once, choices each."""
    body = answer(prompt=[[1, 2, 3], [4]], n=2, max_tokens=1)
    assert body["usage"] == {"prompt_tokens": 4, "completion_tokens": 4, "total_tokens": 8}
    assert ENDPOINT.read_usage(body) == Tokens(input=4, output=4)


def test_logprobs_are_null_unless_asked_for() -> None:
    """Without the parameter there are none."""
    assert answer()["choices"][0]["logprobs"] is None


def test_logprobs_have_their_own_shape() -> None:
    """Four lists of one length, with offsets into the text."""
    logprobs = answer(logprobs=2, max_tokens=2)["choices"][0]["logprobs"]
    assert logprobs["tokens"] == [" Moc", "k re"]
    assert logprobs["text_offset"] == [0, 4]
    assert [len(rank) for rank in logprobs["top_logprobs"]] == [2, 2]


def test_more_choices_than_candidates_are_refused() -> None:
    """`n` is at most `best_of`."""
    assert refusal(n=3, best_of=2).status == 400


def test_messages_are_refused() -> None:
    """The parameter of the other endpoint is unknown here."""
    error = refusal(messages=[])
    assert (error.param, error.code) == ("messages", "unknown_parameter")


def test_mixed_prompts_are_refused() -> None:
    """Texts and tokens do not mix."""
    assert refusal(prompt=["a", 1]).code == "invalid_type"


def test_an_empty_list_is_refused() -> None:
    """A list of prompts has one."""
    assert refusal(prompt=[]).param == "prompt"


# --- scripted replies


def scripted(reply: Json, **body: Json) -> dict[str, Json]:
    """Return the scripted answer to a request of these parameters."""
    request = {"model": "davinci-002", "prompt": "Once upon a time", **body}
    return ENDPOINT.with_reply(
        ENDPOINT.make_response(request, EXECUTION), parse_reply(reply), request
    )


def endings(answered: dict[str, Json]) -> list[tuple[str, str]]:
    """Return text and reason of each choice."""
    return [(choice["text"], choice["finish_reason"]) for choice in answered["choices"]]


def test_a_content_is_the_text_of_every_choice() -> None:
    """It is billed once for each."""
    body = scripted({"content": " there was"}, prompt=["One", "Two"], n=2, max_tokens=1)
    assert endings(body) == [(" there was", "stop")] * 4
    assert body["usage"]["completion_tokens"] == 4 * 3


def test_an_echo_stands_before_the_content() -> None:
    """Each choice begins with its own prompt."""
    body = scripted({"content": "!"}, prompt=["One", "Two"], n=2, echo=True)
    assert [text for text, _ in endings(body)] == ["One!", "One!", "Two!", "Two!"]


def test_a_content_ends_for_its_reason() -> None:
    """What a limit cut is told by the reason alone."""
    assert endings(scripted({"content": " th", "finish_reason": "length"})) == [(" th", "length")]


def test_a_reason_of_length_cuts_the_default() -> None:
    """Of 8 tokens 4 are left, behind the echo."""
    body = scripted({"finish_reason": "length"}, echo=True)
    assert endings(body) == [("Once upon a time Mock reply to: ", "length")]
    assert body["usage"]["completion_tokens"] == 4


def test_a_filtered_text_is_empty() -> None:
    """What was withheld is billed."""
    body = scripted({"finish_reason": "content_filter"})
    assert endings(body) == [("", "content_filter")]
    assert body["usage"]["completion_tokens"] == 8


def test_logprobs_cover_the_content() -> None:
    """They are those of the scripted text."""
    [choice] = scripted({"content": " there was"}, logprobs=1)["choices"]
    assert "".join(choice["logprobs"]["tokens"]) == " there was"
