"""POST /v1/completions: the text that follows a prompt, for the models that still have it."""

from mockbatch.endpoints import text
from mockbatch.endpoints.completions import stream
from mockbatch.endpoints.endpoint import Endpoint, Execution, Tokens, token_count
from mockbatch.endpoints.models import get_model
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.errors import api_error
from mockbatch.ids import ALPHANUMERIC
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

# A text, or a list of tokens.
Prompt = str | list[int]

# The default of `max_tokens`, in the API reference since 2020.
_TOKENS_BY_DEFAULT = 16
# What the model sees when a request has no prompt.
_NO_PROMPT = "<|endoftext|>"


def _check(body: dict[str, Json]) -> None:
    if isinstance(body, dict) and body.get("model", "") == "":
        raise api_error("no_model_named")
    schema("completions.request").check(body)
    best_of = body.get("best_of")
    if best_of is not None and best_of < (body.get("n") or 1):
        raise api_error("n_above_best_of")


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    prompts = _prompts(body.get("prompt"))
    texts = [
        (prompt, _said(prompt, number, body))
        for prompt in prompts
        for number in range(int(body.get("n") or 1))
    ]
    prompt_tokens = sum(map(_count, prompts))
    completion_tokens = sum(said.tokens for _, said in texts)
    return {
        "id": "cmpl-" + execution.seed.child("cmpl").text(ALPHANUMERIC, 29),
        "object": "text_completion",
        "created": execution.created_at,
        "model": get_model(body["model"]).name,
        "choices": [
            _choice(index, prompt, said, body) for index, (prompt, said) in enumerate(texts)
        ],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
        },
    }


def _prompts(given: Json) -> list[Prompt]:
    """Return the prompts of a request: one text or token list, or several."""
    if given is None:
        return [_NO_PROMPT]
    if isinstance(given, list) and isinstance(given[0], str | list):
        return given
    return [given]


def _said(prompt: Prompt, number: int, body: dict[str, Json]) -> text.GeneratedText:
    limit = body.get("max_tokens")
    # A completion goes on where the prompt ends; a new line would meet the usual `stop`.
    whole = " " + text.mock_reply(_shown(prompt), number)
    return text.limit_text(
        whole,
        _TOKENS_BY_DEFAULT if limit is None else int(limit),
        text.stop_sequences(body.get("stop")),
    )


def _choice(
    index: int, prompt: Prompt, said: text.GeneratedText, body: dict[str, Json]
) -> dict[str, Json]:
    spoken = _shown(prompt) + said.text if body.get("echo") else said.text
    alternatives = body.get("logprobs")
    return {
        "text": spoken,
        "index": index,
        "logprobs": None if alternatives is None else _logprobs(spoken, int(alternatives)),
        "finish_reason": "length" if said.cut else "stop",
    }


def _logprobs(spoken: str, alternatives: int) -> dict[str, Json]:
    """Return the log probabilities in the shape that only this endpoint has."""
    tokens = text.make_logprobs(spoken, alternatives)
    pieces = [token["token"] for token in tokens]
    return {
        "text_offset": [place * text.CHARACTERS_PER_TOKEN for place in range(len(pieces))],
        "token_logprobs": [token["logprob"] for token in tokens],
        "tokens": pieces,
        "top_logprobs": [
            {other["token"]: other["logprob"] for other in token["top_logprobs"]}
            for token in tokens
        ],
    }


def _shown(prompt: Prompt) -> str:
    """Return a prompt as text; the mock has no vocabulary to decode tokens with."""
    if isinstance(prompt, str):
        return prompt
    beginning = " ".join(str(int(token)) for token in prompt[:8])
    return f"[{len(prompt)} tokens: {beginning}{' ...' if len(prompt) > 8 else ''}]"


def _count(prompt: Prompt) -> int:
    return text.count_tokens(prompt) if isinstance(prompt, str) else len(prompt)


def _read_usage(body: dict[str, Json]) -> Tokens:
    return Tokens(
        input=token_count(body, "usage", "prompt_tokens"),
        output=token_count(body, "usage", "completion_tokens"),
    )


def _apply_reply(answer: dict[str, Json], reply: Reply, body: dict[str, Json]) -> dict[str, Json]:
    """Return the answer to a request body with a reply in each of its choices."""
    prompts = _prompts(body.get("prompt"))
    choices, made = [], 0
    for choice in answer["choices"]:
        prompt = prompts[choice["index"] * len(prompts) // len(answer["choices"])]
        echoed = len(_shown(prompt)) if body.get("echo") else 0
        said = reply.text_replacing(choice["text"][echoed:])
        reason = reply.finish_reason or "stop"
        choices.append({**_choice(choice["index"], prompt, said, body), "finish_reason": reason})
        made += said.tokens
    given = answer["usage"]["prompt_tokens"]
    usage = {"completion_tokens": made, "total_tokens": given + made}
    return {**answer, "choices": choices, "usage": {**answer["usage"], **usage}}


ENDPOINT = Endpoint(
    path="/v1/completions",
    product="Completions",
    check=_check,
    build_response=_build_response,
    read_usage=_read_usage,
    schema="completions.response",
    supported_reply_fields=frozenset({"content", "finish_reason"}),
    apply_reply=_apply_reply,
    stream=stream.STREAM,
)
