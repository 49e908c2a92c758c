"""The message of a chat completion's choice."""

import copy
from collections.abc import Sequence

from mockbatch.endpoints import text
from mockbatch.endpoints.tool_calls import ToolCall
from mockbatch.ids import Seed
from mockbatch.typing import Json


def make_message(
    completion_id: str,
    index: int,
    content: str | None,
    calls: Sequence[ToolCall] = (),
    refusal: str | None = None,
) -> dict[str, Json]:
    """Return the message of choice `index`, counted from 0."""
    message: dict[str, Json] = {"role": "assistant", "content": content}
    if calls:
        seed = Seed.of(completion_id, index)
        message["tool_calls"] = [
            _make_tool_call(call, call.id_or_new(seed.child("call", number)))
            for number, call in enumerate(calls)
        ]
    return {**message, "refusal": refusal, "annotations": []}


def make_function_call_message(calls: Sequence[ToolCall]) -> dict[str, Json]:
    """Return a message that calls one of the `functions`, the predecessor of tools."""
    message: dict[str, Json] = {"role": "assistant", "content": None}
    for call in calls[:1]:
        message["function_call"] = {"name": call.name, "arguments": call.arguments}
    return {**message, "refusal": None, "annotations": []}


def last_text(message: dict[str, Json]) -> str:
    """Return the last text of a message: its content, or the arguments of its last call."""
    parent, name = _locate_last_text(message)
    return parent[name] or ""


def with_last_text(message: dict[str, Json], replacement: str) -> dict[str, Json]:
    """Return a message with another last text; null stays null."""
    changed = copy.deepcopy(message)
    parent, name = _locate_last_text(changed)
    parent[name] = replacement if parent[name] is not None else None
    return changed


def _locate_last_text(message: dict[str, Json]) -> tuple[dict[str, Json], str]:
    """Return the object that has the last text, and the text's name in it."""
    if message.get("tool_calls"):
        call = message["tool_calls"][-1]
        return call[call["type"]], "input" if call["type"] == "custom" else "arguments"
    if "function_call" in message:
        return message["function_call"], "arguments"
    return message, "content"


def make_logprobs(
    body: dict[str, Json], content: str | None, refusal: str | None = None
) -> dict[str, Json] | None:
    """Return the log probabilities of a message's texts, if a request body asks for them."""
    if not body.get("logprobs"):
        return None
    alternatives = body.get("top_logprobs") or 0
    return {
        name: None if value is None else text.make_logprobs(value, alternatives)
        for name, value in (("content", content), ("refusal", refusal))
    }


def _make_tool_call(call: ToolCall, call_id: str) -> dict[str, Json]:
    if call.is_custom:
        custom = {"name": call.name, "input": call.arguments}
        return {"id": call_id, "type": "custom", "custom": custom}
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call_id, "type": "function", "function": function}
