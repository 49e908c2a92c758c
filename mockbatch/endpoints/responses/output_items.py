"""The output items of POST /v1/responses, their ids and what they are billed for."""

from collections.abc import Sequence

from mockbatch.endpoints import text
from mockbatch.endpoints.endpoint import Execution
from mockbatch.endpoints.tool_calls import ToolCall
from mockbatch.ids import Seed
from mockbatch.typing import Json

LOGPROBS = "message.output_text.logprobs"


def make_ids(execution: Execution) -> list[str]:
    """Return the ids of a response, its reasoning and its message.

    As recorded: 16 digits they share, 01, the time in hex, 24 digits; they share four of those.
    """
    digits = execution.seed.child("response").hex(80)
    stem, shared = f"{digits[:16]}01{execution.created_at & 0xFFFFFFFF:08x}", digits[16:20]
    return [
        f"{prefix}_{stem}{digits[start : start + 4]}{shared}{digits[start + 4 : start + 20]}"
        for prefix, start in (("resp", 20), ("rs", 40), ("msg", 60))
    ]


def make_item_id(prefix: str, of: str, number: int = 0) -> str:
    """Return the id of one more item, counted from 0, in the response of an id."""
    digits = Seed.of(of, prefix, number).value.hex()
    return f"{prefix}_{of[5:31]}{digits[:4]}{of[35:39]}{digits[4:20]}"


def make_reasoning(item_id: str, body: dict[str, Json]) -> dict[str, Json]:
    """Return what a model that reasons puts first."""
    item: dict[str, Json] = {"id": item_id, "type": "reasoning", "content": []}
    if "reasoning.encrypted_content" in (body.get("include") or ()):
        item["encrypted_content"] = "gAAAAAB" + Seed.of("encrypted", item_id).hex(120)
    wants = (body.get("reasoning") or {}).get("summary")
    item["summary"] = [{"type": "summary_text", "text": "Mock reasoning."}] if wants else []
    return item


def make_message(item_id: str, part: dict[str, Json], *, cut: bool) -> dict[str, Json]:
    """Return a message of one part, which may be cut."""
    return {
        "id": item_id,
        "type": "message",
        "status": "incomplete" if cut else "completed",
        "content": [part],
        "role": "assistant",
    }


def make_calls(of: str, given: Sequence[ToolCall], *, cut: bool) -> list[dict[str, Json]]:
    """Return the items of calls in the response of an id; of a cut one, none is complete."""
    return [_call(of, number, call, cut=cut) for number, call in enumerate(given)]


def _call(of: str, number: int, call: ToolCall, *, cut: bool) -> dict[str, Json]:
    called = {"call_id": call.sent_id(Seed.of(of, "call", number)), "name": call.name}
    status = "incomplete" if cut else "completed"
    if call.custom:
        return {
            "id": make_item_id("ctc", of, number),
            "type": "custom_tool_call",
            "status": status,
            "input": call.arguments,
            **called,
        }
    return {
        "id": make_item_id("fc", of, number),
        "type": "function_call",
        "status": status,
        "arguments": call.arguments,
        **called,
    }


def make_output_text(said: str, body: dict[str, Json]) -> dict[str, Json]:
    """Return the part of a message that says a text."""
    logprobs: list[Json] = []
    if LOGPROBS in (body.get("include") or ()):
        logprobs = text.make_logprobs(said, int(body.get("top_logprobs") or 0))
    return {"type": "output_text", "annotations": [], "logprobs": logprobs, "text": said}


def make_usage(given: int, made: int, thinking: int) -> dict[str, Json]:
    """Return what a response is billed for; `made` includes `thinking`."""
    return {
        "input_tokens": given,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": thinking},
        "total_tokens": given + made,
    }
