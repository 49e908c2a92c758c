"""POST /v1/completions: the text that follows a prompt, for the models that still have it."""

from mockbatch.endpoints import text, token_limits
from mockbatch.endpoints.completions import stream
from mockbatch.endpoints.endpoint import (
    Endpoint,
    Execution,
    MainMember,
    Tokens,
    token_count,
    with_output_tokens,
)
from mockbatch.endpoints.models import get_model
from mockbatch.endpoints.response_size import ResponseShape
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.endpoints.text import GeneratedText
from mockbatch.endpoints.token_limits import Prompt, count_prompt_tokens
from mockbatch.errors import api_error
from mockbatch.ids import ALPHANUMERIC
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

_REQUEST_SCHEMA = "completions.request"
# The default of `max_tokens`, in the API reference since 2020.
_DEFAULT_MAX_TOKENS = 16
# What the model sees if a request has no prompt.
_NO_PROMPT = "<|endoftext|>"
# Limits of mockbatch's own on what `echo` repeats in one response.
_MAX_ECHOED_CHARACTERS = 16_000_000
_MAX_ECHOED_LOGPROBS = 200_000
# How many tokens of a token list are shown.
_SHOWN_TOKENS = 8


def _check(body: dict[str, Json]) -> None:
    if isinstance(body, dict) and body.get("model", "") == "":
        raise api_error("no_model_named")
    schema(_REQUEST_SCHEMA).check(body)
    best_of = body.get("best_of")
    if best_of is not None and best_of < (body.get("n") or 1):
        raise api_error("n_above_best_of")
    _check_response_size(body)
    limits = get_model(body["model"]).limits
    token_limits.check_output_limit(limits, body, "max_tokens")
    token_limits.check_prompts(limits, _list_prompts(body.get("prompt")), _max_tokens(body))


def _check_response_size(body: dict[str, Json]) -> None:
    """Reject a request whose response would have too many choices or repeat too much text."""
    _get_response_shape(body).check(calls=0, tokens=0)
    if not body.get("echo"):
        return
    prompts, count = _list_prompts(body.get("prompt")), body.get("n") or 1
    echoed = count * sum(map(len, map(_prompt_text, prompts)))
    entries = echoed // text.CHARACTERS_PER_TOKEN * (1 + (body.get("logprobs") or 0))
    if echoed > _MAX_ECHOED_CHARACTERS or (
        body.get("logprobs") is not None and entries > _MAX_ECHOED_LOGPROBS
    ):
        raise api_error("invalid_value", param="echo", reason="the response would be too long")


def _get_response_shape(body: dict[str, Json]) -> ResponseShape:
    alternatives = body.get("logprobs")
    choices = len(_list_prompts(body.get("prompt"))) * (body.get("n") or 1)
    return ResponseShape(choices, 0 if alternatives is None else 1 + alternatives)


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    prompts = _list_prompts(body.get("prompt"))
    generated = [
        (prompt, _generate(prompt, number, body))
        for prompt in prompts
        for number in range(body.get("n") or 1)
    ]
    prompt_tokens = sum(map(count_prompt_tokens, prompts))
    completion_tokens = sum(completion.token_count for _, completion in generated)
    return {
        "id": "cmpl-" + execution.seed.child("cmpl").text(ALPHANUMERIC, 29),
        "object": "text_completion",
        "created": execution.created_at,
        "model": get_model(body["model"]).name,
        "choices": [
            _make_choice(index, prompt, completion, body)
            for index, (prompt, completion) in enumerate(generated)
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _list_prompts(prompt: Json) -> list[Prompt]:
    """Return the prompts of a `prompt` parameter: one text or token list, or several."""
    if prompt is None:
        return [_NO_PROMPT]
    if isinstance(prompt, list) and isinstance(prompt[0], str | list):
        return prompt
    return [prompt]


def _generate(prompt: Prompt, number: int, body: dict[str, Json]) -> GeneratedText:
    # A completion continues the prompt; the usual `stop`, a new line, must not be in it.
    completion = " " + text.mock_reply(_prompt_text(prompt), number)
    return text.limit_text(completion, _max_tokens(body), text.stop_sequences(body.get("stop")))


def _max_tokens(body: dict[str, Json]) -> int:
    max_tokens = body.get("max_tokens")
    return _DEFAULT_MAX_TOKENS if max_tokens is None else int(max_tokens)


def _make_choice(
    index: int, prompt: Prompt, completion: GeneratedText, body: dict[str, Json]
) -> dict[str, Json]:
    echo = _prompt_text(prompt) if body.get("echo") else ""
    choice_text = echo + completion.text
    alternatives = body.get("logprobs")
    return {
        "text": choice_text,
        "index": index,
        "logprobs": None if alternatives is None else _make_logprobs(choice_text, alternatives),
        "finish_reason": "length" if completion.is_cut else "stop",
    }


def _make_logprobs(choice_text: str, alternatives: int) -> dict[str, Json]:
    """Return the log probabilities in the form that only this endpoint has."""
    logprobs = text.make_logprobs(choice_text, alternatives)
    return {
        "text_offset": [index * text.CHARACTERS_PER_TOKEN for index in range(len(logprobs))],
        "token_logprobs": [token["logprob"] for token in logprobs],
        "tokens": [token["token"] for token in logprobs],
        "top_logprobs": [
            {top["token"]: top["logprob"] for top in token["top_logprobs"]} for token in logprobs
        ],
    }


def _prompt_text(prompt: Prompt) -> str:
    """Return a prompt as text; the mock has no vocabulary to decode tokens with."""
    if isinstance(prompt, str):
        return prompt
    beginning = " ".join(map(str, prompt[:_SHOWN_TOKENS]))
    return f"[{len(prompt)} tokens: {beginning}{' ...' if len(prompt) > _SHOWN_TOKENS else ''}]"


def _read_usage(response: dict[str, Json]) -> Tokens:
    return Tokens(
        input=token_count(response, "usage", "prompt_tokens"),
        output=token_count(response, "usage", "completion_tokens"),
    )


def _apply_reply(response: dict[str, Json], reply: Reply, body: dict[str, Json]) -> dict[str, Json]:
    """Return the response to a request body with a reply in each of its choices."""
    prompts = _list_prompts(body.get("prompt"))
    choices, completion_tokens = [], 0
    for choice in response["choices"]:
        prompt = prompts[choice["index"] * len(prompts) // len(response["choices"])]
        echo_length = len(_prompt_text(prompt)) if body.get("echo") else 0
        replacement = reply.text_replacing(choice["text"][echo_length:])
        changed = _make_choice(choice["index"], prompt, replacement, body)
        choices.append({**changed, "finish_reason": reply.finish_reason or "stop"})
        completion_tokens += replacement.token_count
    usage = with_output_tokens(
        response["usage"], completion_tokens, "prompt_tokens", "completion_tokens"
    )
    return {**response, "choices": choices, "usage": usage}


ENDPOINT = Endpoint(
    path="/v1/completions",
    product="Completions",
    request_schema=_REQUEST_SCHEMA,
    response_schema="completions.response",
    check=_check,
    build_response=_build_response,
    main_member=MainMember("prompt", error="no_prompt"),
    read_usage=_read_usage,
    response_shape=_get_response_shape,
    supported_reply_fields=frozenset({"content", "finish_reason"}),
    apply_reply=_apply_reply,
    stream=stream.STREAM,
)
