"""POST /v1/chat/completions: a message that follows the messages of the request."""

from collections.abc import Mapping
from functools import partial

from mockbatch.endpoints import text
from mockbatch.endpoints.chat_completions import message as chat_message
from mockbatch.endpoints.chat_completions import scripted, stream
from mockbatch.endpoints.chat_completions.request import (
    REQUEST_SCHEMA,
    check_request,
    count_prompt_tokens,
    get_response_shape,
)
from mockbatch.endpoints.chat_completions.requested_output import parse_output_request
from mockbatch.endpoints.endpoint import Endpoint, Execution, MainMember, read_usage
from mockbatch.endpoints.models import get_model, served_tier
from mockbatch.endpoints.output_request import GeneratedOutput, output_request_or_text
from mockbatch.typing import Json


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    model = get_model(body["model"])
    limit, reasoning_tokens = token_limit(body)
    remaining = None if limit is None else limit - reasoning_tokens
    count = body.get("n") or 1
    prompt = _find_prompt(body["messages"])
    stop = text.stop_sequences(body.get("stop"))
    requested = output_request_or_text(parse_output_request, body)
    outputs = [requested.generate(prompt, index, remaining, stop) for index in range(count)]
    id = completion_id(execution.seed.letters)
    return {
        "id": id,
        "object": "chat.completion",
        "created": execution.created_at,
        "model": model.name,
        "choices": [
            _make_choice(id, index, output, body, names_tool=requested.names_tool)
            for index, output in enumerate(outputs)
        ],
        "usage": _make_usage(
            count_prompt_tokens(body),
            sum(output.token_count + reasoning_tokens for output in outputs),
            reasoning_tokens * count,
        ),
        "service_tier": served_tier(body.get("service_tier")),
        "system_fingerprint": model.fingerprint,
    }


def token_limit(body: Mapping[str, Json]) -> tuple[int | None, int]:
    """Return the limit on completion tokens, None if there is none, and the reasoning tokens."""
    limit = body.get("max_completion_tokens")
    if limit is None:
        limit = body.get("max_tokens")
    reasoning_tokens = get_model(body["model"]).reasoning_tokens(body.get("reasoning_effort"))
    if limit is None:
        return None, reasoning_tokens
    return limit, min(reasoning_tokens, limit)


def completion_id(letters: str) -> str:
    """Return the id of a chat completion, `chatcmpl-` and 29 letters and digits, as recorded.

    `letters` are those of the seed of its execution.
    """
    return "chatcmpl-" + letters[:29]


def _make_usage(
    prompt_tokens: int, completion_tokens: int, reasoning_tokens: int
) -> dict[str, Json]:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": completion_tokens,
        "total_tokens": prompt_tokens + completion_tokens,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _make_choice(
    completion_id: str,
    index: int,
    output: GeneratedOutput,
    body: dict[str, Json],
    *,
    names_tool: bool,
) -> dict[str, Json]:
    if isinstance(body.get("function_call"), dict):
        message = chat_message.make_function_call_message(output.calls)
    else:
        message = chat_message.make_message(completion_id, index, output.text, output.calls)
    return {
        "index": index,
        "message": message,
        "logprobs": chat_message.make_logprobs(body, output.text),
        "finish_reason": _finish_reason(output, names_tool=names_tool),
    }


def _finish_reason(output: GeneratedOutput, *, names_tool: bool) -> str:
    """Return the `finish_reason`; it is `stop` for a tool that the request names, seen in 2025."""
    if output.is_cut:
        return "length"
    return "tool_calls" if output.calls and not names_tool else "stop"


def _find_prompt(messages: list[Json]) -> str:
    """Return the text of the last user message, or of the last message if there is none."""
    for message in reversed(messages):
        if message["role"] == "user":
            return text.content_text(message["content"])
    return text.content_text(messages[-1].get("content"))


ENDPOINT = Endpoint(
    path="/v1/chat/completions",
    product="Chat Completions",
    request_schema=REQUEST_SCHEMA,
    response_schema="chat_completions.response",
    check=check_request,
    build_response=_build_response,
    main_member=MainMember("messages", error="no_messages"),
    read_usage=partial(read_usage, input_name="prompt_tokens", output_name="completion_tokens"),
    response_shape=get_response_shape,
    supported_reply_fields=scripted.SUPPORTED_REPLY_FIELDS,
    apply_reply=scripted.apply_reply,
    stream=stream.STREAM,
)
