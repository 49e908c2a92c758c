"""Puts a scripted reply into a message."""

from mockbatch.endpoints import text
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.ids import Seed
from mockbatch.providers.anthropic.messages.message import make_content
from mockbatch.typing import Json

SUPPORTED_REPLY_FIELDS = frozenset({"content", "tool_calls", "refusal", "finish_reason"})

# What Anthropic calls the finish reasons of a reply, which have OpenAI's names.
_STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "refusal",
    "tool_calls": "tool_use",
}


def apply_reply(message: dict[str, Json], reply: Reply, body: dict[str, Json]) -> dict[str, Json]:  # noqa: ARG001 - as of every endpoint
    """Return a message with the content and the stop reason of a reply."""
    if reply.fields == {"finish_reason"}:
        return _with_stop_reason(message, reply)
    seed = Seed.of(message["id"])
    content = make_content(reply.refusal or reply.content, reply.calls, seed)
    default = "tool_use" if reply.calls else "end_turn"
    stop_reason = _STOP_REASONS.get(reply.finish_reason or "", default)
    changed = {**message, "content": content, "stop_reason": stop_reason, "stop_sequence": None}
    changed["usage"] = {**message["usage"], "output_tokens": reply.token_count}
    return _as_refusal(changed, reply.refusal) if reply.refusal is not None else changed


def _as_refusal(message: dict[str, Json], explanation: str | None) -> dict[str, Json]:
    details = {"type": "refusal", "category": None, "explanation": explanation}
    return {**message, "stop_reason": "refusal", "stop_details": details}


def _with_stop_reason(message: dict[str, Json], reply: Reply) -> dict[str, Json]:
    """Return a message with the reply's stop reason, its text cut or withheld accordingly."""
    default = "".join(block.get("text", "") for block in message["content"])
    replaced = reply.text_replacing(default)
    calls = [block for block in message["content"] if block["type"] == "tool_use"]
    kept = [] if reply.finish_reason == "content_filter" else calls
    texts = [{"type": "text", "text": replaced.text}] if replaced.text else []
    saved = text.count_tokens(default) - replaced.token_count
    usage = message["usage"]
    changed = {
        **message,
        "content": [*texts, *kept],
        "stop_reason": _STOP_REASONS[str(reply.finish_reason)],
        "stop_sequence": None,
        "usage": {**usage, "output_tokens": usage["output_tokens"] - saved},
    }
    return _as_refusal(changed, None) if reply.finish_reason == "content_filter" else changed
