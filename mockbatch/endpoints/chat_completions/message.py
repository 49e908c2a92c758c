"""The message of a chat completion's choice."""

import copy
from collections.abc import Sequence

from mockbatch.endpoints import text
from mockbatch.endpoints.tool_calls import ToolCall
from mockbatch.ids import Seed
from mockbatch.typing import Json


def make_message(
    answer_id: str,
    index: int,
    content: str | None,
    calls: Sequence[ToolCall] = (),
    refusal: str | None = None,
) -> dict[str, Json]:
    """Return the message of the choice of an index, counted from 0, with calls if there are."""
    made: dict[str, Json] = {"role": "assistant", "content": content}
    if calls:
        seed = Seed.of(answer_id, index)
        made["tool_calls"] = [
            _tool_call(call, call.sent_id(seed.child("call", number)))
            for number, call in enumerate(calls)
        ]
    return {**made, "refusal": refusal, "annotations": []}


def make_function_call_message(calls: Sequence[ToolCall]) -> dict[str, Json]:
    """Return the message that calls one of a request's `functions`, as it was before tools."""
    made: dict[str, Json] = {"role": "assistant", "content": None}
    for call in calls[:1]:
        made["function_call"] = {"name": call.name, "arguments": call.arguments}
    return {**made, "refusal": None, "annotations": []}


def last_text(message: dict[str, Json]) -> str:
    """Return what a message says last: its content, or the arguments of its last call."""
    inside, name = _last(message)
    return inside[name] or ""


def with_last_text(message: dict[str, Json], said: str) -> dict[str, Json]:
    """Return a message that says something else last."""
    changed = copy.deepcopy(message)
    inside, name = _last(changed)
    inside[name] = said if inside[name] is not None else None
    return changed


def _last(message: dict[str, Json]) -> tuple[dict[str, Json], str]:
    if message.get("tool_calls"):
        call = message["tool_calls"][-1]
        return call[call["type"]], "input" if call["type"] == "custom" else "arguments"
    return (
        (message["function_call"], "arguments")
        if "function_call" in message
        else (message, "content")
    )


def make_logprobs(
    body: dict[str, Json], content: str | None, refusal: str | None = None
) -> dict[str, Json] | None:
    """Return the log probabilities of what is said, if a request body wants them."""
    if not body.get("logprobs"):
        return None
    alternatives = int(body.get("top_logprobs") or 0)
    return {
        name: None if said is None else text.make_logprobs(said, alternatives)
        for name, said in (("content", content), ("refusal", refusal))
    }


def _tool_call(call: ToolCall, call_id: str) -> dict[str, Json]:
    if call.custom:
        inside = {"name": call.name, "input": call.arguments}
        return {"id": call_id, "type": "custom", "custom": inside}
    inside = {"name": call.name, "arguments": call.arguments}
    return {"id": call_id, "type": "function", "function": inside}
