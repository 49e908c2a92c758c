"""The output items of POST /v1/responses, their ids and their usage."""

from collections.abc import Sequence

from mockbatch.endpoints import text
from mockbatch.endpoints.endpoint import Execution
from mockbatch.endpoints.tool_calls import ToolCall
from mockbatch.ids import Seed
from mockbatch.typing import Json

# The value of `include` that asks for log probabilities.
LOGPROBS = "message.output_text.logprobs"


def make_ids(execution: Execution) -> list[str]:
    """Return the ids of a response, its reasoning item and its message.

    As recorded, an id has 16 digits that all three share, 01, the time in hex, and 24 digits; four
    of the 24 are also shared.
    """
    digits = execution.seed.child("response").hex(80)
    stem, shared = f"{digits[:16]}01{execution.created_at & 0xFFFFFFFF:08x}", digits[16:20]
    return [
        f"{prefix}_{stem}{digits[start : start + 4]}{shared}{digits[start + 4 : start + 20]}"
        for prefix, start in (("resp", 20), ("rs", 40), ("msg", 60))
    ]


def make_item_id(prefix: str, response_id: str, number: int = 0) -> str:
    """Return the id of another item of a response; `number` counts from 0 for each prefix."""
    digits = Seed.of(response_id, prefix, number).value.hex()
    return f"{prefix}_{response_id[5:31]}{digits[:4]}{response_id[35:39]}{digits[4:20]}"


def make_reasoning(item_id: str, body: dict[str, Json]) -> dict[str, Json]:
    """Return the reasoning item, which comes first in the output of a model that reasons."""
    item: dict[str, Json] = {"id": item_id, "type": "reasoning", "content": []}
    if "reasoning.encrypted_content" in (body.get("include") or ()):
        item["encrypted_content"] = "gAAAAAB" + Seed.of("encrypted", item_id).hex(120)
    has_summary = (body.get("reasoning") or {}).get("summary")
    item["summary"] = [{"type": "summary_text", "text": "Mock reasoning."}] if has_summary else []
    return item


def make_message(item_id: str, part: dict[str, Json], *, is_cut: bool) -> dict[str, Json]:
    """Return a message with one content part."""
    return {
        "id": item_id,
        "type": "message",
        "status": _status(is_cut=is_cut),
        "content": [part],
        "role": "assistant",
    }


def make_calls(
    response_id: str, calls: Sequence[ToolCall], *, is_cut: bool
) -> list[dict[str, Json]]:
    """Return the items of tool calls; all are incomplete if the response is cut."""
    return [
        _make_call(response_id, number, call, is_cut=is_cut) for number, call in enumerate(calls)
    ]


def _make_call(response_id: str, number: int, call: ToolCall, *, is_cut: bool) -> dict[str, Json]:
    ids = {"call_id": call.id_or_new(Seed.of(response_id, "call", number)), "name": call.name}
    if call.is_custom:
        return {
            "id": make_item_id("ctc", response_id, number),
            "type": "custom_tool_call",
            "status": _status(is_cut=is_cut),
            "input": call.arguments,
            **ids,
        }
    return {
        "id": make_item_id("fc", response_id, number),
        "type": "function_call",
        "status": _status(is_cut=is_cut),
        "arguments": call.arguments,
        **ids,
    }


def _status(*, is_cut: bool) -> str:
    return "incomplete" if is_cut else "completed"


def make_output_text(content: str, body: dict[str, Json]) -> dict[str, Json]:
    """Return the content part with the text of a message."""
    logprobs: list[Json] = []
    if LOGPROBS in (body.get("include") or ()):
        logprobs = text.make_logprobs(content, body.get("top_logprobs") or 0)
    return {"type": "output_text", "annotations": [], "logprobs": logprobs, "text": content}


def make_usage(input_tokens: int, output_tokens: int, reasoning_tokens: int) -> dict[str, Json]:
    """Return the `usage` of a response; `output_tokens` include `reasoning_tokens`."""
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": reasoning_tokens},
        "total_tokens": input_tokens + output_tokens,
    }
