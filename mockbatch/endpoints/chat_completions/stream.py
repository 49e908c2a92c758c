"""An answer of POST /v1/chat/completions in chunks.

Source: streams recorded in 2025 and 2026; that of a refusal, and of several tool calls, from
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

# A delta, the log probabilities beside it, and why the choice ends.
Step = tuple[dict[str, Json], Json, str | None]

# What a model writes into a call, by the type of the tool.
_WRITTEN = {"function": "arguments", "custom": "input"}


def _events(answer: dict[str, Json], body: dict[str, Json]) -> Iterator[dict[str, Json]]:
    chunks = _chunks(answer, with_usage=wants_usage(body))
    if not is_obfuscated(body):
        yield from chunks
        return
    for number, chunk in enumerate(chunks):
        # As recorded, the length of a whole chunk is one more than a multiple of sixteen.
        bare = json.dumps({**chunk, "obfuscation": ""}, ensure_ascii=False, separators=(",", ":"))
        yield {**chunk, "obfuscation": make_obfuscation(len(bare) - 1, chunk["id"], number)}


def _chunks(answer: dict[str, Json], *, with_usage: bool) -> Iterator[dict[str, Json]]:
    head = {
        "id": answer["id"],
        "object": "chat.completion.chunk",
        "created": answer["created"],
        "model": answer["model"],
        "service_tier": answer["service_tier"],
        "system_fingerprint": answer["system_fingerprint"],
    }
    usage = {"usage": None} if with_usage else {}
    reasons = get_model(answer["model"]).effort is not None
    for choice in interleave(map(_choice, answer["choices"])):
        if reasons and choice["logprobs"] is None:
            # Recorded: chunks of such a model say nothing of them.
            del choice["logprobs"]
        yield {**head, "choices": [choice], **usage}
    if with_usage:
        yield {**head, "choices": [], "usage": answer["usage"]}
    if answer.get("moderation"):
        yield {**head, "choices": [], "moderation": answer["moderation"], **usage}


def _choice(choice: dict[str, Json]) -> Iterator[dict[str, Json]]:
    for delta, logprobs, reason in _steps(choice):
        yield {
            "index": choice["index"],
            "delta": delta,
            "logprobs": logprobs,
            "finish_reason": reason,
        }


def _steps(choice: dict[str, Json]) -> Iterator[Step]:
    message, logprobs = choice["message"], choice["logprobs"] or {}
    yield _beginning(message), None, None
    for name in ("content", "refusal"):
        for piece, tokens in chunk_text(message[name] or "", logprobs.get(name)):
            beside = {"content": None, "refusal": None, name: tokens} if logprobs else None
            yield {name: piece}, beside, None
    for index, call in enumerate(message.get("tool_calls") or ()):
        if index or message["content"] is not None:
            yield {"tool_calls": [_opened(index, call)]}, None, None
        kind = call["type"]
        for piece, _ in chunk_text(call[kind][_WRITTEN[kind]], None):
            yield {"tool_calls": [{"index": index, kind: {_WRITTEN[kind]: piece}}]}, None, None
    for name in ("function_call", "audio", "annotations"):
        if message.get(name):
            yield {name: message[name]}, None, None
    yield {}, None, choice["finish_reason"]


def _beginning(message: dict[str, Json]) -> dict[str, Json]:
    """Return the first delta: the role, and what is about to be said."""
    content, refusal = (None if message[name] is None else "" for name in ("content", "refusal"))
    calls = message.get("tool_calls") if content is None else None
    opened = {"tool_calls": [_opened(0, calls[0])]} if calls else {}
    return {"role": "assistant", "content": content, **opened, "refusal": refusal}


def _opened(index: int, call: dict[str, Json]) -> dict[str, Json]:
    kind = call["type"]
    return {
        "index": index,
        "id": call["id"],
        "type": kind,
        kind: {**call[kind], _WRITTEN[kind]: ""},
    }


STREAM = Stream(_events, schema="chat_completions.chunk", end="[DONE]")
