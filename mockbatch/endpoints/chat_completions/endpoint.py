"""POST /v1/chat/completions: a message for the messages so far."""

from collections.abc import Iterable, Mapping

from mockbatch.endpoints import text
from mockbatch.endpoints.chat_completions import message as chat_message
from mockbatch.endpoints.chat_completions import scripted, stream
from mockbatch.endpoints.chat_completions.requested_output import parse_output_request
from mockbatch.endpoints.endpoint import Endpoint, Execution, Tokens, token_count
from mockbatch.endpoints.models import Model, get_model, served_tier
from mockbatch.endpoints.output_request import GeneratedOutput, output_request_or_text
from mockbatch.errors import ApiError, api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema


def _check(body: dict[str, Json]) -> None:
    """Refuse in the order observed: shape, what the model does not take, content.

    Where in it the schemas of formats and tools come is not known.
    """
    if isinstance(body, dict) and body.get("model", "") == "":
        raise api_error("no_model_named")
    schema("chat_completions.request").check(body)
    _check_parameters(body, get_model(body["model"]))
    _check_calls(body["messages"])
    parse_output_request(body)
    _check_content(body["messages"])


def _check_parameters(body: dict[str, Json], of: Model) -> None:
    """Refuse what a known model does not take; observed on gpt-5.6 in 2026-08, or as noted."""
    # Met by clients with gpt-4o and gpt-4o-mini, from 2025-06 to 2026-08.
    if of.known and of.effort is None and body.get("reasoning_effort") is not None:
        raise api_error("unrecognized_argument", name="reasoning_effort")
    if of.effort is not None:
        if body.get("max_tokens") is not None:
            raise api_error(
                "renamed_parameter", param="max_tokens", instead="max_completion_tokens"
            )
        for param in ("stop", "logit_bias", "prediction"):
            if body.get(param) and (param != "stop" or not of.stop):
                raise api_error("unsupported_parameter", param=param)
    elif body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
        # As clients quote it; `param` from memory.
        raise api_error("conflicting_token_limits")
    if of.reasons(body.get("reasoning_effort")):
        for param in ("presence_penalty", "frequency_penalty", "logprobs"):
            if body.get(param):
                raise api_error("unsupported_parameter", param=param)
        for param in ("temperature", "top_p"):
            if body.get(param, 1) not in (1, None):
                raise api_error("only_default_value", param=param, value=body[param], default=1)
    if body.get("top_logprobs") is not None and not body.get("logprobs"):
        raise api_error("top_logprobs_without_logprobs")


def _check_calls(messages: list[Json]) -> None:
    """Refuse tool messages that answer no call, and calls without an answer.

    Texts as clients have quoted them since 2023, typing error included.
    """
    calls: dict[str, None] = {}
    unanswered: dict[str, None] = {}
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in calls:
                raise api_error("tool_message_without_call", index=index)
            unanswered.pop(message["tool_call_id"], None)
            continue
        if unanswered:
            raise _unanswered(unanswered, index)
        calls = {}
        if message["role"] == "assistant":
            calls = {call["id"]: None for call in message.get("tool_calls") or ()}
        unanswered = dict(calls)
    if unanswered:
        raise _unanswered(unanswered, len(messages) - 1)


def _unanswered(calls: Iterable[str], index: int) -> ApiError:
    return api_error("tool_calls_without_response", calls=", ".join(calls), index=index)


def _check_content(messages: list[Json]) -> None:
    """Refuse a message without content; observed in 2026-08, as the last check of all."""
    for index, message in enumerate(messages):
        if message.get("content") is None and not _stands_without(message):
            raise api_error("null_content", index=index)


def _stands_without(message: dict[str, Json]) -> bool:
    """Tell whether an assistant did something else than say something."""
    return message["role"] == "assistant" and any(
        message.get(name) is not None
        for name in ("tool_calls", "function_call", "refusal", "audio")
    )


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    of = get_model(body["model"])
    limit, thinking = token_limit(body)
    count = int(body.get("n") or 1)
    asked = _asked(body["messages"])
    stop = text.stop_sequences(body.get("stop"))
    left = None if limit is None else limit - thinking
    want = output_request_or_text(parse_output_request, body)
    spoken = [want.spoken(asked, place, left, stop) for place in range(count)]
    contents = (message.get("content") for message in body["messages"])
    prompt = text.conversation_tokens(contents, body.get("tools"), body.get("functions"))
    completion = sum(one.tokens for one in spoken) + thinking * count
    id = completion_id(execution.seed.letters)
    return {
        "id": id,
        "object": "chat.completion",
        "created": execution.created_at,
        "model": of.name,
        "choices": [
            _choice(id, index, one, body, _reason(one, named=want.named))
            for index, one in enumerate(spoken)
        ],
        "usage": _usage(prompt, completion, thinking * count),
        "service_tier": served_tier(body.get("service_tier")),
        "system_fingerprint": of.fingerprint,
    }


def token_limit(body: Mapping[str, Json]) -> tuple[int | None, int]:
    """Return the limit on completion tokens, None if there is none, and the reasoning tokens."""
    limit = body.get("max_completion_tokens")
    if limit is None:
        limit = body.get("max_tokens")
    reasoning_tokens = get_model(body["model"]).reasoning_tokens(body.get("reasoning_effort"))
    if limit is None:
        return None, reasoning_tokens
    # JSON Schema takes 16.0 for an integer.
    return int(limit), min(reasoning_tokens, int(limit))


def completion_id(letters: str) -> str:
    """Return the id of a chat completion, `chatcmpl-` and 29 letters and digits, as recorded.

    `letters` are those of the seed of its execution.
    """
    return "chatcmpl-" + letters[:29]


def _usage(prompt: int, completion: int, thinking: int) -> dict[str, Json]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": thinking,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _choice(
    answer_id: str, index: int, one: GeneratedOutput, body: dict[str, Json], reason: str
) -> dict[str, Json]:
    if isinstance(body.get("function_call"), dict):
        message = chat_message.make_function_call_message(one.calls)
    else:
        message = chat_message.make_message(answer_id, index, one.text, one.calls)
    return {
        "index": index,
        "message": message,
        "logprobs": chat_message.make_logprobs(body, one.text),
        "finish_reason": reason,
    }


def _reason(one: GeneratedOutput, *, named: bool) -> str:
    """Return why a reply ends; calls that a request names end with `stop`, seen in 2025."""
    if one.cut:
        return "length"
    return "tool_calls" if one.calls and not named else "stop"


def _asked(messages: list[Json]) -> str:
    """Return what the last user message says, or the last message if there is none."""
    for message in reversed(messages):
        if message["role"] == "user":
            return text.content_text(message["content"])
    return text.content_text(messages[-1].get("content"))


def _read_usage(body: dict[str, Json]) -> Tokens:
    return Tokens(
        input=token_count(body, "usage", "prompt_tokens"),
        output=token_count(body, "usage", "completion_tokens"),
        cached=token_count(body, "usage", "prompt_tokens_details", "cached_tokens"),
        reasoning=token_count(body, "usage", "completion_tokens_details", "reasoning_tokens"),
    )


ENDPOINT = Endpoint(
    path="/v1/chat/completions",
    product="Chat Completions",
    check=_check,
    build_response=_build_response,
    read_usage=_read_usage,
    schema="chat_completions.response",
    supported_reply_fields=scripted.SUPPORTED_REPLY_FIELDS,
    apply_reply=scripted.apply_reply,
    stream=stream.STREAM,
)
