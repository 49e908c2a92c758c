"""The message that answers a request.

Source: the order of keys is that of messages recorded in 2026.
"""

import json
from collections.abc import Iterable, Mapping, Sequence

from mockbatch.endpoints import text
from mockbatch.endpoints.endpoint import Execution, Tokens, token_count
from mockbatch.endpoints.output_request import GeneratedOutput, output_request_or_text
from mockbatch.endpoints.tool_calls import ToolCall
from mockbatch.ids import Seed
from mockbatch.providers.anthropic import ids, models
from mockbatch.providers.anthropic.messages.request import parse_output_request
from mockbatch.typing import Json


def build_message(
    body: dict[str, Json], execution: Execution, *, service_tier: str
) -> dict[str, Json]:
    """Return the message for a valid request body."""
    requested = output_request_or_text(parse_output_request, body)
    stops = tuple(body.get("stop_sequences") or ())
    prompt = _last_user_text(body["messages"])
    whole = requested.generate(prompt, 0, None).text or ""
    output = requested.generate(prompt, 0, body["max_tokens"], stops)
    matched = _first_stop(whole, stops)
    return {
        "model": models.snapshot_of(body["model"]),
        "id": ids.message_id(execution.seed),
        "type": "message",
        "role": "assistant",
        "content": make_content(output.text, output.calls, execution.seed),
        "stop_reason": _stop_reason(output, matched),
        "stop_sequence": None if output.is_cut else matched,
        "stop_details": None,
        "usage": make_usage(_input_tokens(body), output.token_count, service_tier),
    }


def make_content(
    content: str | None, calls: Sequence[ToolCall], seed: Seed
) -> list[dict[str, Json]]:
    """Return the blocks of a message: a text, unless it is empty, and tool uses."""
    blocks: list[dict[str, Json]] = [{"type": "text", "text": content}] if content else []
    return blocks + [
        {
            "type": "tool_use",
            "id": call.id or ids.tool_use_id(seed.child(number)),
            "name": call.name,
            "input": _input(call.arguments),
        }
        for number, call in enumerate(calls)
    ]


def make_usage(input_tokens: int, output_tokens: int, service_tier: str) -> dict[str, Json]:
    """Return the usage of a message in which nothing comes from the cache."""
    return {
        "input_tokens": input_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output_tokens,
        "service_tier": service_tier,
        "inference_geo": "not_available",
    }


def read_usage(message: dict[str, Json]) -> Tokens:
    """Return what a message is billed for; a scripted one may lack its usage."""
    cached = token_count(message, "usage", "cache_read_input_tokens")
    created = token_count(message, "usage", "cache_creation_input_tokens")
    return Tokens(
        input=token_count(message, "usage", "input_tokens") + created + cached,
        output=token_count(message, "usage", "output_tokens"),
        cached=cached,
    )


def _input(arguments: str) -> Json:
    """Return the input of a tool; the arguments of a call that a limit cut are no JSON."""
    try:
        parsed = json.loads(arguments)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _stop_reason(output: GeneratedOutput, matched: str | None) -> str:
    if output.is_cut:
        return "max_tokens"
    if output.calls:
        return "tool_use"
    return "end_turn" if matched is None else "stop_sequence"


def _first_stop(whole: str, stops: Iterable[str]) -> str | None:
    """Return the stop sequence that comes first in a text, None if it has none of them."""
    found = [stop for stop in stops if stop in whole]
    return min(found, key=whole.index, default=None)


def _last_user_text(messages: Sequence[Mapping[str, Json]]) -> str:
    for message in reversed(messages):
        if message["role"] == "user":
            return text.content_text(message["content"])
    return text.content_text(messages[-1]["content"])


def _input_tokens(body: Mapping[str, Json]) -> int:
    contents = [message["content"] for message in body["messages"]]
    system = [body["system"]] if body.get("system") else []
    return text.conversation_tokens([*system, *contents], body.get("tools"))
