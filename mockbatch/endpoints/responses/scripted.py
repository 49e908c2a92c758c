"""Puts a scripted reply into a response of POST /v1/responses."""

from mockbatch.endpoints import text
from mockbatch.endpoints.endpoint import with_output_tokens
from mockbatch.endpoints.responses import output_items
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.typing import Json

Item = dict[str, Json]

SUPPORTED_REPLY_FIELDS = frozenset({"content", "tool_calls", "refusal", "finish_reason"})

# A response has no `finish_reason`; for these, it is incomplete for a reason of its own.
_INCOMPLETE_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


def apply_reply(response: dict[str, Json], reply: Reply, body: dict[str, Json]) -> dict[str, Json]:
    """Return the response to a request body with a reply as its output.

    Reasoning items stay.
    """
    if reply.fields == {"finish_reason"}:
        return _with_finish_reason(response, reply, body)
    is_cut = reply.finish_reason in _INCOMPLETE_REASONS
    output = _reasoning_items(response)
    part = None
    if reply.content is not None:
        part = output_items.make_output_text(reply.content, body)
    elif reply.refusal is not None:
        part = {"type": "refusal", "refusal": reply.refusal}
    if part is not None:
        # If the model reasoned up to its limit, the response has no message yet.
        message_ids = (item["id"] for item in response["output"] if item["type"] == "message")
        message_id = next(message_ids, output_items.make_item_id("msg", response["id"]))
        output.append(output_items.make_message(message_id, part, is_cut=is_cut))
    output += output_items.make_calls(response["id"], reply.calls, is_cut=is_cut)
    reasoning_tokens = response["usage"]["output_tokens_details"]["reasoning_tokens"]
    return _with_output(response, output, reply.finish_reason, reasoning_tokens + reply.token_count)


def _with_finish_reason(
    response: dict[str, Json], reply: Reply, body: dict[str, Json]
) -> dict[str, Json]:
    """Return a response with another finish reason, its text cut or filtered accordingly."""
    output_tokens = response["usage"]["output_tokens"]
    if reply.finish_reason == "content_filter":
        return _with_output(
            response, _reasoning_items(response), reply.finish_reason, output_tokens
        )
    output = list(response["output"])
    if output:
        output[-1], saved_tokens = _end_item(output[-1], reply, body)
        output_tokens -= saved_tokens
    return _with_output(response, output, reply.finish_reason, output_tokens)


def _end_item(item: Item, reply: Reply, body: dict[str, Json]) -> tuple[Item, int]:
    """Return the last item of an output, changed by the reply, and how many tokens that removed."""
    is_cut = reply.finish_reason in _INCOMPLETE_REASONS
    for name in ("arguments", "input"):
        if name in item:
            replacement = reply.text_replacing(item[name])
            status = "incomplete" if is_cut else "completed"
            changed = {**item, name: replacement.text, "status": status}
            return changed, text.count_tokens(item[name]) - replacement.token_count
    part = item["content"][0] if item["type"] == "message" else {}
    if part.get("type") != "output_text":
        return item, 0
    replacement = reply.text_replacing(part["text"])
    new_part = output_items.make_output_text(replacement.text, body)
    changed = output_items.make_message(item["id"], new_part, is_cut=is_cut)
    return changed, text.count_tokens(part["text"]) - replacement.token_count


def _reasoning_items(response: dict[str, Json]) -> list[Item]:
    return [item for item in response["output"] if item["type"] == "reasoning"]


def _with_output(
    response: dict[str, Json], output: list[Item], finish_reason: str | None, output_tokens: int
) -> dict[str, Json]:
    reason = _INCOMPLETE_REASONS.get(finish_reason or "")
    return {
        **response,
        "status": "incomplete" if reason else "completed",
        "completed_at": None if reason else response["created_at"],
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": with_output_tokens(
            response["usage"], output_tokens, "input_tokens", "output_tokens"
        ),
    }
