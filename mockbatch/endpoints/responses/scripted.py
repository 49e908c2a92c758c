"""What a scripted reply makes of the answer of POST /v1/responses."""

from mockbatch.endpoints import text
from mockbatch.endpoints.responses import output_items
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.typing import Json

Item = dict[str, Json]

SUPPORTED_REPLY_FIELDS = frozenset({"content", "tool_calls", "refusal", "finish_reason"})

# A response names no reason to finish: it is incomplete for one of these.
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def apply_reply(answer: dict[str, Json], reply: Reply, body: dict[str, Json]) -> dict[str, Json]:
    """Return the answer to a request body with what a reply says as its output.

    What the model reasoned for that stays.
    """
    if reply.fields == {"finish_reason"}:
        return _ended(answer, reply, body)
    cut = reply.finish_reason in _INCOMPLETE
    output = _reasoned(answer)
    part = None
    if reply.content is not None:
        part = output_items.make_output_text(reply.content, body)
    elif reply.refusal is not None:
        part = {"type": "refusal", "refusal": reply.refusal}
    if part is not None:
        # An answer whose model reasoned to its limit has no message yet.
        message_ids = (item["id"] for item in answer["output"] if item["type"] == "message")
        message_id = next(message_ids, output_items.make_item_id("msg", answer["id"]))
        output.append(output_items.make_message(message_id, part, cut=cut))
    output += output_items.make_calls(answer["id"], reply.calls, cut=cut)
    made = answer["usage"]["output_tokens_details"]["reasoning_tokens"] + reply.tokens
    return _with(answer, output, reply.finish_reason, made)


def _ended(answer: dict[str, Json], reply: Reply, body: dict[str, Json]) -> dict[str, Json]:
    """Return an answer that ends for another reason, cut or withheld if that is the reason."""
    made = answer["usage"]["output_tokens"]
    if reply.finish_reason == "content_filter":
        return _with(answer, _reasoned(answer), reply.finish_reason, made)
    output = list(answer["output"])
    if output:
        output[-1], spared = _cut(output[-1], reply, body)
        made -= spared
    return _with(answer, output, reply.finish_reason, made)


def _cut(item: Item, reply: Reply, body: dict[str, Json]) -> tuple[Item, int]:
    """Return the last item of an output as the reply leaves it, and the tokens it is shorter."""
    cut = reply.finish_reason in _INCOMPLETE
    status = "incomplete" if cut else "completed"
    for name in ("arguments", "input"):
        if name in item:
            said = reply.text_replacing(item[name])
            shorter = {**item, name: said.text, "status": status}
            return shorter, text.count_tokens(item[name]) - said.tokens
    part = item["content"][0] if item["type"] == "message" else {}
    if part.get("type") != "output_text":
        return item, 0
    said = reply.text_replacing(part["text"])
    shorter = output_items.make_message(
        item["id"], output_items.make_output_text(said.text, body), cut=cut
    )
    return shorter, text.count_tokens(part["text"]) - said.tokens


def _reasoned(answer: dict[str, Json]) -> list[Item]:
    return [item for item in answer["output"] if item["type"] == "reasoning"]


def _with(
    answer: dict[str, Json], output: list[Item], finish_reason: str | None, made: int
) -> dict[str, Json]:
    reason = _INCOMPLETE.get(finish_reason or "")
    usage = answer["usage"]
    return {
        **answer,
        "status": "incomplete" if reason else "completed",
        "completed_at": None if reason else answer["created_at"],
        "incomplete_details": {"reason": reason} if reason else None,
        "output": output,
        "usage": {
            **usage,
            "output_tokens": made,
            "total_tokens": usage["input_tokens"] + made,
        },
    }
