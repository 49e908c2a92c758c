"""A message as server-sent events.

Source: the events that the SDK's types of October 2026 describe, in the documented order.
"""

import json
from collections.abc import Iterator

from mockbatch.endpoints.endpoint import Stream
from mockbatch.endpoints.text import split_tokens
from mockbatch.typing import Json


def _events(message: dict[str, Json], body: dict[str, Json]) -> Iterator[dict[str, Json]]:  # noqa: ARG001 - as of every endpoint
    usage = message["usage"]
    begun = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    if "stop_details" in message:
        begun["stop_details"] = None
    yield {"type": "message_start", "message": {**begun, "usage": {**usage, "output_tokens": 1}}}
    for index, block in enumerate(message["content"]):
        started, *rest = _block_events(index, block)
        yield started
        if index == 0:
            yield {"type": "ping"}
        yield from rest
    delta = {name: message[name] for name in ("stop_reason", "stop_sequence")}
    if message.get("stop_details") is not None:
        delta["stop_details"] = message["stop_details"]
    yield {
        "type": "message_delta",
        "delta": delta,
        "usage": {"output_tokens": usage["output_tokens"]},
    }
    yield {"type": "message_stop"}


def _block_events(index: int, block: dict[str, Json]) -> Iterator[dict[str, Json]]:
    deltas: list[dict[str, Json]] = []
    start = block
    if block["type"] == "text":
        start = {**block, "text": ""}
        deltas = [{"type": "text_delta", "text": piece} for piece in split_tokens(block["text"])]
    elif block["type"] == "tool_use":
        start = {**block, "input": {}}
        arguments = json.dumps(block["input"], ensure_ascii=False)
        pieces = ["", *split_tokens(arguments)]
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in pieces]
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for delta in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": delta}
    yield {"type": "content_block_stop", "index": index}


STREAM = Stream(_events, schema="anthropic/message.event")
