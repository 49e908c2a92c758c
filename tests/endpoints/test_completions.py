"""POST /v1/completions."""

import pytest

from mockbatch.endpoints.completions.endpoint import ENDPOINT
from mockbatch.endpoints.endpoint import Tokens
from mockbatch.errors import ApiError
from mockbatch.scripting.reply import parse_reply
from mockbatch.typing import Json
from tests.support.bodies import EXECUTION


def respond(**body: Json) -> dict[str, Json]:
    """Return the response to a request with these parameters."""
    request = {"model": "gpt-3.5-turbo-instruct", "prompt": "Once upon a time", **body}
    ENDPOINT.check(request)
    return ENDPOINT.make_response(request, EXECUTION)


def texts(**body: Json) -> list[str]:
    """Return the texts of the choices."""
    return [choice["text"] for choice in respond(**body)["choices"]]


def rejection(**body: Json) -> ApiError:
    """Return the error with which the endpoint rejects these parameters."""
    with pytest.raises(ApiError) as raised:
        respond(**body)
    return raised.value


def test_keys_are_those_of_the_service() -> None:
    """A response has the keys that were quoted in 2025, in their order."""
    assert [*respond()] == ["id", "object", "created", "model", "choices", "usage"]


def test_ids_are_29_characters() -> None:
    """An id is `cmpl-` and 29 letters and digits."""
    assert len(respond()["id"]) == len("cmpl-") + 29


def test_the_model_is_a_snapshot() -> None:
    """That of gpt-3.5-turbo-instruct names its version after a colon."""
    assert respond()["model"] == "gpt-3.5-turbo-instruct:20230824-v2"


def test_the_text_continues_the_prompt() -> None:
    """It begins with a space."""
    assert texts() == [" Mock reply to: Once upon a time"]


def test_a_newline_as_stop_sequence_does_not_empty_the_text() -> None:
    """It is the stop sequence that most prompts have."""
    assert texts(stop="\n") == texts()


def test_each_prompt_has_n_choices() -> None:
    """Two prompts and n of 2 are four choices, in order."""
    assert texts(prompt=["One", "Two"], n=2) == [
        " Mock reply to: One",
        " Mock reply 2 to: One",
        " Mock reply to: Two",
        " Mock reply 2 to: Two",
    ]


def test_the_index_counts_all_choices() -> None:
    """It goes on from one prompt to the next."""
    choices = respond(prompt=["One", "Two"], n=2)["choices"]
    assert [choice["index"] for choice in choices] == [0, 1, 2, 3]


def test_16_tokens_are_the_default() -> None:
    """Without max_tokens, a text ends after 16."""
    [choice] = respond(prompt="x" * 300)["choices"]
    assert (len(choice["text"]), choice["finish_reason"]) == (64, "length")


def test_no_tokens_with_echo_is_the_prompt() -> None:
    """max_tokens 0 with echo returns the prompt."""
    [choice] = respond(max_tokens=0, echo=True)["choices"]
    assert (choice["text"], choice["finish_reason"]) == ("Once upon a time", "length")


def test_tokens_are_shown_as_numbers() -> None:
    """The mock cannot decode a prompt of tokens, and quotes its beginning."""
    assert texts(prompt=[1, 2, 3]) == [" Mock reply to: [3 tokens: 1 2 3]"]
    assert texts(prompt=[*range(8)]) == [" Mock reply to: [8 tokens: 0 1 2 3 4 5 6 7]"]
    assert texts(prompt=[*range(9)]) == [" Mock reply to: [9 tokens: 0 1 2 3 4 5 6 7 ...]"]


def test_lists_of_tokens_are_prompts() -> None:
    """Two lists of tokens are two prompts."""
    assert len(texts(prompt=[[1], [2]])) == 2


def test_the_default_prompt_is_the_end_of_a_text() -> None:
    """The model sees `<|endoftext|>`."""
    assert texts(prompt=None) == [" Mock reply to: <|endoftext|>"]


def test_usage_adds_up() -> None:
    """Each prompt counts once, and so does each choice."""
    body = respond(prompt=[[1, 2, 3], [4]], n=2, max_tokens=1)
    assert body["usage"] == {"prompt_tokens": 4, "completion_tokens": 4, "total_tokens": 8}
    assert ENDPOINT.read_usage(body) == Tokens(input=4, output=4)


def test_logprobs_are_null_by_default() -> None:
    """They need the parameter."""
    assert respond()["choices"][0]["logprobs"] is None


def test_logprobs_have_their_own_form() -> None:
    """Four lists of one length, with offsets into the text."""
    logprobs = respond(logprobs=2, max_tokens=2)["choices"][0]["logprobs"]
    assert logprobs["tokens"] == [" Moc", "k re"]
    assert logprobs["text_offset"] == [0, 4]
    assert [len(rank) for rank in logprobs["top_logprobs"]] == [2, 2]


def test_n_may_not_exceed_best_of() -> None:
    """The service could not return so many choices."""
    respond(n=2, best_of=2)
    assert rejection(n=3, best_of=2).status == 400


def test_messages_are_rejected() -> None:
    """The parameter of chat completions is unknown here."""
    error = rejection(messages=[])
    assert (error.param, error.code) == ("messages", "unknown_parameter")


def test_mixed_prompts_are_rejected() -> None:
    """A list has either texts or tokens."""
    assert rejection(prompt=["a", 1]).code == "invalid_type"


def test_an_empty_list_is_rejected() -> None:
    """A list of prompts has at least one."""
    assert rejection(prompt=[]).param == "prompt"


# --- scripted replies


def respond_with_reply(reply: Json, **body: Json) -> dict[str, Json]:
    """Return the response with a scripted reply to a request with these parameters."""
    request = {"model": "davinci-002", "prompt": "Once upon a time", **body}
    return ENDPOINT.with_reply(
        ENDPOINT.make_response(request, EXECUTION), parse_reply(reply), request
    )


def endings(answered: dict[str, Json]) -> list[tuple[str, str]]:
    """Return text and finish_reason of each choice."""
    return [(choice["text"], choice["finish_reason"]) for choice in answered["choices"]]


def test_content_is_the_text_of_every_choice() -> None:
    """It is billed once for each."""
    body = respond_with_reply({"content": " there was"}, prompt=["One", "Two"], n=2, max_tokens=1)
    assert endings(body) == [(" there was", "stop")] * 4
    assert body["usage"]["completion_tokens"] == 4 * 3


def test_an_echo_comes_before_the_content() -> None:
    """Each choice begins with its own prompt."""
    body = respond_with_reply({"content": "!"}, prompt=["One", "Two"], n=2, echo=True)
    assert [text for text, _ in endings(body)] == ["One!", "One!", "Two!", "Two!"]


def test_content_may_have_a_finish_reason() -> None:
    """With `length` the text is not cut further."""
    assert endings(respond_with_reply({"content": " th", "finish_reason": "length"})) == [
        (" th", "length")
    ]


def test_length_alone_cuts_the_default_text() -> None:
    """4 of its 8 tokens are left, after the echo."""
    body = respond_with_reply({"finish_reason": "length"}, echo=True)
    assert endings(body) == [("Once upon a time Mock reply to: ", "length")]
    assert body["usage"]["completion_tokens"] == 4


def test_a_filtered_text_is_empty() -> None:
    """The filtered text is billed."""
    body = respond_with_reply({"finish_reason": "content_filter"})
    assert endings(body) == [("", "content_filter")]
    assert body["usage"]["completion_tokens"] == 8


def test_logprobs_cover_the_content() -> None:
    """They are those of the scripted text."""
    [choice] = respond_with_reply({"content": " there was"}, logprobs=1)["choices"]
    assert "".join(choice["logprobs"]["tokens"]) == " there was"


@pytest.mark.parametrize(
    ("parameters", "param"),
    [
        ({"prompt": ["a"] * 17, "n": 128}, "n"),
        ({"prompt": ["a"] * 2048, "n": 2}, "n"),
        ({"prompt": "word " * 2000, "n": 128, "echo": True, "logprobs": 5}, "echo"),
        ({"model": "custom", "prompt": "a" * 200_000, "n": 128, "echo": True}, "echo"),
    ],
)
def test_a_response_far_longer_than_its_request_is_refused(
    parameters: dict[str, Json], param: str
) -> None:
    """The prompts times n are 2,048 choices at most, and echo repeats no more than 16 MB."""
    with pytest.raises(ApiError) as refused:
        ENDPOINT.check({"model": "gpt-3.5-turbo-instruct", **parameters})
    assert (refused.value.status, refused.value.param) == (400, param)


def test_a_response_of_2048_choices_is_generated() -> None:
    """That many are allowed."""
    body = {"model": "gpt-3.5-turbo-instruct", "prompt": ["a"] * 16, "n": 128}
    ENDPOINT.check(body)
