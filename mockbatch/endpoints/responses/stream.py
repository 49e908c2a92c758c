"""A response of POST /v1/responses in events.

Source: streams recorded in 2025 and 2026; those of refusals and of annotations follow the
SDK's types.
"""

from collections.abc import Iterator

from mockbatch.endpoints.endpoint import Stream
from mockbatch.endpoints.streaming import chunk_text, is_obfuscated, make_obfuscation
from mockbatch.typing import Json

Event = dict[str, Json]

# The members that are empty when an item has been started.
_EMPTY: dict[str, dict[str, Json]] = {
    "message": {"content": []},
    "reasoning": {"summary": []},
    "function_call": {"arguments": ""},
    "custom_tool_call": {"input": ""},
}


def _events(response: dict[str, Json], body: dict[str, Json]) -> Iterator[Event]:
    has_obfuscation = is_obfuscated(body)
    for number, event in enumerate(_unnumbered_events(response, body)):
        if has_obfuscation and "delta" in event:
            padding = make_obfuscation(len(event["delta"]), response["id"], number)
            event["obfuscation"] = padding
        yield {**event, "sequence_number": number}


def _unnumbered_events(response: dict[str, Json], body: dict[str, Json]) -> Iterator[Event]:
    # `billing` was only recorded in responses that are not streamed.
    final = {name: value for name, value in response.items() if name != "billing"}
    started = {
        **final,
        "status": "in_progress",
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "output": [],
        "service_tier": body.get("service_tier") or "auto",
        "usage": None,
    }
    yield {"type": "response.created", "response": started}
    yield {"type": "response.in_progress", "response": started}
    for index, item in enumerate(response["output"]):
        yield {
            "type": "response.output_item.added",
            "output_index": index,
            "item": _opening_item(item),
        }
        for event in _item_events(item):
            yield {**event, "item_id": item["id"], "output_index": index}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{response['status']}", "response": final}


def _opening_item(item: dict[str, Json]) -> dict[str, Json]:
    """Return an item as it is before any of it has been generated."""
    status = {"status": "in_progress"} if "status" in item else {}
    return {**item, **status, **_EMPTY.get(item["type"], {})}


def _item_events(item: dict[str, Json]) -> Iterator[Event]:
    """Yield the events between the first and the last one of an item, without its id and index."""
    match item["type"]:
        case "message":
            for index, part in enumerate(item["content"]):
                for event in _part_events(part):
                    yield {**event, "content_index": index}
        case "reasoning":
            for index, part in enumerate(item["summary"]):
                for event in _summary_events(part):
                    yield {**event, "summary_index": index}
        case "function_call":
            yield from _text_events("response.function_call_arguments", "arguments", item)
        case "custom_tool_call":
            yield from _text_events("response.custom_tool_call_input", "input", item)


def _part_events(part: dict[str, Json]) -> Iterator[Event]:
    if part["type"] == "refusal":
        yield {"type": "response.content_part.added", "part": {**part, "refusal": ""}}
        yield from _text_events("response.refusal", "refusal", part)
    else:
        empty = {**part, "annotations": [], "logprobs": [], "text": ""}
        yield {"type": "response.content_part.added", "part": empty}
        yield from _output_text_events(part)
    yield {"type": "response.content_part.done", "part": part}


def _output_text_events(part: dict[str, Json]) -> Iterator[Event]:
    for chunk, logprobs in chunk_text(part["text"], part["logprobs"]):
        yield {"type": "response.output_text.delta", "delta": chunk, "logprobs": logprobs}
    for index, annotation in enumerate(part["annotations"]):
        yield {
            "type": "response.output_text.annotation.added",
            "annotation_index": index,
            "annotation": annotation,
        }
    yield {
        "type": "response.output_text.done",
        "logprobs": part["logprobs"],
        "text": part["text"],
    }


def _summary_events(part: dict[str, Json]) -> Iterator[Event]:
    yield {"type": "response.reasoning_summary_part.added", "part": {**part, "text": ""}}
    yield from _text_events("response.reasoning_summary_text", "text", part)
    yield {"type": "response.reasoning_summary_part.done", "part": part}


def _text_events(prefix: str, name: str, parent: dict[str, Json]) -> Iterator[Event]:
    """Yield the events of the text that `parent` has under a name; their types have a prefix."""
    for chunk, _ in chunk_text(parent[name], None):
        yield {"type": f"{prefix}.delta", "delta": chunk}
    yield {"type": f"{prefix}.done", name: parent[name]}


STREAM = Stream(_events, schema="responses.event")
