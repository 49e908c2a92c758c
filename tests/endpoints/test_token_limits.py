"""The limits of models on tokens, at every endpoint that has one."""

import pytest

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.models import get_model
from mockbatch.errors import ApiError
from mockbatch.typing import Json
from tests.support.bodies import CHAT, COMPLETIONS, EMBEDDINGS, RESPONSES

HELLO = [{"role": "user", "content": "Hello"}]
INSTRUCT = "gpt-3.5-turbo-instruct"
SMALL = "text-embedding-3-small"


def words(count: int) -> str:
    """Return a text of so many words; by the mock's count it is 5/4 as many tokens."""
    return "word " * count


def letters(count: int) -> str:
    """Return a text of one word that has so many tokens by the mock's count."""
    return "x" * 4 * count


def chat(model: str, content: str = "Hello", **parameters: Json) -> ApiError | None:
    """Return the error of a chat completion with one message."""
    messages = [{"role": "user", "content": content}]
    return endpoints()[CHAT].validate({"model": model, "messages": messages, **parameters})


def embed(input_: Json, model: str = SMALL) -> ApiError | None:
    """Return the error of a request for embeddings."""
    return endpoints()[EMBEDDINGS].validate({"model": model, "input": input_})


def complete(prompt: Json, model: str = INSTRUCT, **parameters: Json) -> ApiError | None:
    """Return the error of a completion."""
    return endpoints()[COMPLETIONS].validate({"model": model, "prompt": prompt, **parameters})


def respond(model: str, input_: Json = "Hello", **parameters: Json) -> ApiError | None:
    """Return the error of a response."""
    return endpoints()[RESPONSES].validate({"model": model, "input": input_, **parameters})


def details(error: ApiError | None) -> tuple[str, str, str | None, str | None]:
    """Return the message, type, param and code of an error with status 400."""
    assert error is not None
    assert error.status == 400
    return error.message, error.type, error.param, error.code


# --- the models


@pytest.mark.parametrize(
    ("model", "window", "output"),
    [
        ("gpt-4o", 128_000, 16_384),
        ("gpt-4o-2024-08-06", 128_000, 16_384),
        ("gpt-4o-2024-05-13", 128_000, 4_096),
        ("ft:gpt-4o-mini-2024-07-18:acme::1", 128_000, 16_384),
        ("gpt-4", 8_192, 8_192),
        ("gpt-4-1106-preview", 128_000, 4_096),
        ("gpt-3.5-turbo", 16_385, 4_096),
        ("o3-mini", 200_000, 100_000),
        ("gpt-5-nano", 400_000, 128_000),
        (SMALL, 8_192, None),
    ],
)
def test_limits_are_known_of_a_model_and_its_snapshots(
    model: str, window: int, output: int | None
) -> None:
    """A snapshot and a fine-tuned model have the limits of their model, or their own."""
    limits = get_model(model).limits
    assert (limits.context_window, limits.max_output_tokens) == (window, output)
    assert limits.source


@pytest.mark.parametrize("model", ["my-model", "gpt-7", "llama-4"])
def test_an_unknown_model_has_no_limits(model: str) -> None:
    """It takes a prompt of any length, and generates any number of tokens."""
    long = words(1_000_000)
    assert chat(model, long, max_tokens=10**9) is None
    assert respond(model, long, max_output_tokens=10**9) is None
    assert complete(long, model, max_tokens=10**9) is None
    assert embed([[1] * 300_001], model) is None


# --- the output


@pytest.mark.parametrize("param", ["max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("value", [16_385, 20_480, 1_000_000, 20_480.0])
def test_chat_cannot_ask_for_more_output_than_the_model_generates(param: str, value: float) -> None:
    """The error names the parameter, in the observed words."""
    assert details(chat("gpt-4o", "Hello", **{param: value})) == (
        (
            f"{param} is too large: {value:.0f}. This model supports at most 16384 completion "
            f"tokens, whereas you provided {value:.0f}."
        ),
        "invalid_request_error",
        param,
        "invalid_value",
    )


def test_responses_cannot_ask_for_more_output_than_the_model_generates() -> None:
    """The parameter is max_output_tokens there."""
    assert details(respond("gpt-4o", max_output_tokens=20_480)) == (
        (
            "max_output_tokens is too large: 20480. This model supports at most 16384 completion "
            "tokens, whereas you provided 20480."
        ),
        "invalid_request_error",
        "max_output_tokens",
        "invalid_value",
    )


def test_completions_cannot_ask_for_more_output_than_the_model_generates() -> None:
    """Nor can the models that have no messages."""
    _, _, param, code = details(complete("Hello", max_tokens=5_000))
    assert (param, code) == ("max_tokens", "invalid_value")


def test_a_model_that_reasons_has_a_limit_too() -> None:
    """It is the limit on reasoning and text together."""
    message, _, param, _ = details(chat("gpt-5-nano", max_completion_tokens=128_001))
    assert (param, "at most 128000 completion tokens" in message) == (
        "max_completion_tokens",
        True,
    )


def test_all_output_that_the_model_generates_may_be_requested() -> None:
    """The limit itself is allowed, and so is null."""
    assert chat("gpt-4o", max_tokens=16_384) is None
    assert chat("gpt-4o", max_tokens=None) is None
    assert chat("gpt-5-nano", max_completion_tokens=128_000) is None
    assert respond("gpt-4o", max_output_tokens=16_384) is None


# --- the prompt


def test_models_that_reason_reserve_nothing_for_the_completion() -> None:
    """The message is that of the input alone, whatever the request leaves for the output."""
    error = details(chat("gpt-5-nano", words(500_000)))
    assert details(chat("gpt-5-nano", words(500_000), max_completion_tokens=100)) == error


def test_messages_above_the_context_window_are_rejected() -> None:
    """The error says how long they are by the mock's count."""
    assert details(chat("gpt-4", words(12_000))) == (
        (
            "This model's maximum context length is 8192 tokens. However, your messages resulted "
            "in 15007 tokens. Please reduce the length of the messages."
        ),
        "invalid_request_error",
        "messages",
        "context_length_exceeded",
    )


def test_messages_near_the_context_window_are_accepted() -> None:
    """Up to half as long again: the mock's count is rough."""
    assert chat("gpt-4", "x" * 4 * (8_192 * 3 // 2 - 7)) is None
    assert chat("gpt-4", "x" * 4 * (8_192 * 3 // 2 - 6)) is not None


def test_all_messages_count_together() -> None:
    """A long conversation is rejected like a long message."""
    messages = [{"role": "user", "content": words(100)}] * 200
    error = endpoints()[CHAT].validate({"model": "gpt-4", "messages": messages})
    assert details(error)[3] == "context_length_exceeded"


def test_the_completion_takes_room_from_the_messages() -> None:
    """What max_tokens reserves is counted exactly, and named."""
    assert details(chat("gpt-4", max_tokens=8_192)) == (
        (
            "This model's maximum context length is 8192 tokens. However, you requested 8201 "
            "tokens (9 in the messages, 8192 in the completion). Please reduce the length of the "
            "messages or completion."
        ),
        "invalid_request_error",
        "messages",
        "context_length_exceeded",
    )
    assert chat("gpt-4", max_tokens=8_000) is None


def test_models_with_a_limit_on_input_name_that() -> None:
    """It is lower than their context window."""
    assert details(chat("gpt-5-nano", words(400_000)))[0] == (
        "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in "
        "500007 tokens. Please reduce the length of the messages."
    )


def test_input_above_the_context_window_is_rejected() -> None:
    """A response has words of its own for it."""
    assert details(respond("gpt-4o", words(200_000))) == (
        (
            "Your input exceeds the context window of this model. Please adjust your input and try "
            "again."
        ),
        "invalid_request_error",
        "input",
        "context_length_exceeded",
    )


def test_input_that_may_be_truncated_is_accepted() -> None:
    """With truncation `auto` the service shortens it."""
    assert respond("gpt-4o", words(200_000), truncation="auto") is None
    assert respond("gpt-4o", words(200_000), truncation="disabled") is not None


@pytest.mark.parametrize("is_list", [True, False])
def test_a_prompt_of_tokens_is_counted_exactly(*, is_list: bool) -> None:
    """Together with the completion, which has 16 tokens by default."""
    fitting, long = [1] * 4_081, [1] * 4_082
    assert complete([fitting] if is_list else fitting) is None
    assert details(complete([[1], long] if is_list else long)) == (
        (
            "This model's maximum context length is 4097 tokens, however you requested 4098 tokens "
            "(4082 in your prompt; 16 for the completion). Please reduce your prompt; or "
            "completion length."
        ),
        "invalid_request_error",
        None,
        None,
    )


def test_a_prompt_of_text_is_counted_roughly() -> None:
    """Only a text that is clearly too long is rejected."""
    assert complete(letters(4_081 * 3 // 2)) is None
    assert complete(letters(4_081 * 3 // 2 + 1)) is not None


def test_each_word_of_a_text_is_a_token() -> None:
    """So a text with more words than the limit is rejected, however short they are."""
    assert complete("a " * 4_081) is None
    assert "(4082 in your prompt; 16 for the completion)" in details(complete("a " * 4_082))[0]
    assert embed("a " * 8_192) is None
    assert "(8193 in your prompt; 0 for" in details(embed("a " * 8_193))[0]
    assert embed(["a " * 8_000] * 37 + ["a " * 4_000]) is None
    assert details(embed(["a " * 8_000] * 37 + ["a " * 4_001]))[0] == (
        "Requested 300001 tokens, max 300000 tokens per request"
    )


def test_each_word_of_a_conversation_is_a_token() -> None:
    """Those of all messages are counted together, in parts of a content as well."""
    assert chat("gpt-4", "a " * 8_192) is None
    assert "resulted in 8193 tokens" in details(chat("gpt-4", "a\n" * 8_193))[0]
    half = {"role": "user", "content": "a " * 4_097}
    parts = {"role": "user", "content": [{"type": "text", "text": "a " * 4_096}]}
    error = endpoints()[CHAT].validate({"model": "gpt-4", "messages": [half, parts]})
    assert "resulted in 8193 tokens" in details(error)[0]
    assert respond("gpt-4o", "a " * 128_000) is None
    assert details(respond("gpt-4o", "a " * 128_001))[3] == "context_length_exceeded"


# --- embeddings


@pytest.mark.parametrize("input_", [[1] * 8_193, [[1], [1] * 8_193]])
def test_inputs_of_tokens_are_counted_exactly(input_: Json) -> None:
    """An input may be one list of tokens or one of several."""
    assert details(embed(input_)) == (
        (
            "This model's maximum context length is 8192 tokens, however you requested 8193 tokens "
            "(8193 in your prompt; 0 for the completion). Please reduce your prompt; or completion "
            "length."
        ),
        "invalid_request_error",
        None,
        None,
    )


@pytest.mark.parametrize("input_", [words(12_000), ["Hello", words(12_000)]])
def test_an_input_of_text_that_is_clearly_too_long_is_rejected(input_: Json) -> None:
    """The error says how long it is by the mock's count."""
    assert details(embed(input_))[0] == (
        "This model's maximum context length is 8192 tokens, however you requested 15000 tokens "
        "(15000 in your prompt; 0 for the completion). Please reduce your prompt; or completion "
        "length."
    )


@pytest.mark.parametrize("input_", [[1] * 8_192, [[1] * 8_192] * 36, letters(8_192 * 3 // 2)])
def test_inputs_that_may_fit_are_accepted(input_: Json) -> None:
    """The limit itself, and texts that are not clearly above it."""
    assert embed(input_) is None


def test_the_inputs_of_one_request_have_a_limit_together() -> None:
    """Lists of tokens are counted exactly, in the observed words."""
    assert details(embed([[1] * 8_000] * 37 + [[1] * 4_001])) == (
        "Requested 300001 tokens, max 300000 tokens per request",
        "max_tokens_per_request",
        None,
        "max_tokens_per_request",
    )
    assert embed([[1] * 8_000] * 37 + [[1] * 4_000]) is None


def test_texts_of_one_request_are_counted_roughly_together() -> None:
    """They are rejected at half as much again."""
    assert embed([letters(1_000)] * 450) is None
    error = embed([letters(1_000)] * 451)
    assert details(error)[0] == "Requested 451000 tokens, max 300000 tokens per request"
