"""A response of POST /v1/chat/completions in chunks.

Source: streams recorded in 2025 and 2026; those of a refusal and of several tool calls from
memory.
"""

import json
from collections.abc import Iterator

from mockbatch.endpoints.endpoint import Stream
from mockbatch.endpoints.models import get_model
from mockbatch.endpoints.streaming import (
    chunk_text,
    interleave,
    is_obfuscated,
    make_obfuscation,
    wants_usage,
)
from mockbatch.typing import Json

# A delta, its log probabilities, and the `finish_reason`.
Step = tuple[dict[str, Json], Json, str | None]

# The text that a model generates for a call, by the type of the tool.
_GENERATED = {"function": "arguments", "custom": "input"}


def _events(response: dict[str, Json], body: dict[str, Json]) -> Iterator[dict[str, Json]]:
    chunks = _chunks(response, with_usage=wants_usage(body))
    if not is_obfuscated(body):
        yield from chunks
        return
    for number, chunk in enumerate(chunks):
        # As recorded, the length of a whole chunk is one more than a multiple of sixteen.
        bare = json.dumps({**chunk, "obfuscation": ""}, ensure_ascii=False, separators=(",", ":"))
        yield {**chunk, "obfuscation": make_obfuscation(len(bare) - 1, chunk["id"], number)}


def _chunks(response: dict[str, Json], *, with_usage: bool) -> Iterator[dict[str, Json]]:
    head = {
        "id": response["id"],
        "object": "chat.completion.chunk",
        "created": response["created"],
        "model": response["model"],
        "service_tier": response["service_tier"],
        "system_fingerprint": response["system_fingerprint"],
    }
    usage = {"usage": None} if with_usage else {}
    can_reason = get_model(response["model"]).default_effort is not None
    choices = response["choices"]
    for choice in interleave(_choice_chunks(choice, len(choices)) for choice in choices):
        if can_reason and choice["logprobs"] is None:
            # As recorded, chunks of such a model do not have them.
            del choice["logprobs"]
        yield {**head, "choices": [choice], **usage}
    if with_usage:
        yield {**head, "choices": [], "usage": response["usage"]}
    if response.get("moderation"):
        yield {**head, "choices": [], "moderation": response["moderation"], **usage}


def _choice_chunks(choice: dict[str, Json], choices: int) -> Iterator[dict[str, Json]]:
    for delta, logprobs, finish_reason in _steps(choice, choices):
        yield {
            "index": choice["index"],
            "delta": delta,
            "logprobs": logprobs,
            "finish_reason": finish_reason,
        }


def _steps(choice: dict[str, Json], choices: int) -> Iterator[Step]:
    message, logprobs = choice["message"], choice["logprobs"] or {}
    yield _first_delta(message), None, None
    for name in ("content", "refusal"):
        for chunk, tokens in chunk_text(message[name] or "", logprobs.get(name), choices):
            chunk_logprobs = {"content": None, "refusal": None, name: tokens} if logprobs else None
            yield {name: chunk}, chunk_logprobs, None
    for index, call in enumerate(message.get("tool_calls") or ()):
        if index or message["content"] is not None:
            yield {"tool_calls": [_opening_call(index, call)]}, None, None
        type_ = call["type"]
        name = _GENERATED[type_]
        for chunk, _ in chunk_text(call[type_][name], None, choices):
            yield {"tool_calls": [{"index": index, type_: {name: chunk}}]}, None, None
    for name in ("function_call", "audio", "annotations"):
        if message.get(name):
            yield {name: message[name]}, None, None
    yield {}, None, choice["finish_reason"]


def _first_delta(message: dict[str, Json]) -> dict[str, Json]:
    """Return the first delta: the role, and which texts or calls follow."""
    content, refusal = (None if message[name] is None else "" for name in ("content", "refusal"))
    calls = message.get("tool_calls") if content is None else None
    started = {"tool_calls": [_opening_call(0, calls[0])]} if calls else {}
    return {"role": "assistant", "content": content, **started, "refusal": refusal}


def _opening_call(index: int, call: dict[str, Json]) -> dict[str, Json]:
    """Return a tool call whose arguments or input follow in later chunks."""
    type_ = call["type"]
    return {
        "index": index,
        "id": call["id"],
        "type": type_,
        type_: {**call[type_], _GENERATED[type_]: ""},
    }


STREAM = Stream(_events, schema="chat_completions.chunk", end="[DONE]")
