"""An answer of POST /v1/responses in events.

Source: streams recorded in 2025 and 2026; those of refusals and of annotations follow the
SDK's types.
"""

from collections.abc import Iterator

from mockbatch.endpoints.endpoint import Stream
from mockbatch.endpoints.streaming import chunk_text, is_obfuscated, make_obfuscation
from mockbatch.typing import Json

Event = dict[str, Json]

# What an item has nothing of when it is begun.
_EMPTY: dict[str, dict[str, Json]] = {
    "message": {"content": []},
    "reasoning": {"summary": []},
    "function_call": {"arguments": ""},
    "custom_tool_call": {"input": ""},
}


def _events(answer: dict[str, Json], body: dict[str, Json]) -> Iterator[Event]:
    hidden = is_obfuscated(body)
    for number, event in enumerate(_unnumbered(answer, body)):
        if hidden and "delta" in event:
            event["obfuscation"] = make_obfuscation(len(event["delta"]), answer["id"], number)
        yield {**event, "sequence_number": number}


def _unnumbered(answer: dict[str, Json], body: dict[str, Json]) -> Iterator[Event]:
    # Recorded only where nothing is streamed.
    shown = {name: value for name, value in answer.items() if name != "billing"}
    started = {
        **shown,
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
    for index, item in enumerate(answer["output"]):
        yield {
            "type": "response.output_item.added",
            "output_index": index,
            "item": _opened(item),
        }
        for event in _inside(item):
            yield {**event, "item_id": item["id"], "output_index": index}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{answer['status']}", "response": shown}


def _opened(item: dict[str, Json]) -> dict[str, Json]:
    """Return an item of which nothing is made yet."""
    status = {"status": "in_progress"} if "status" in item else {}
    return {**item, **status, **_EMPTY.get(item["type"], {})}


def _inside(item: dict[str, Json]) -> Iterator[Event]:
    """Yield what happens between the beginning and the end of an item, without its place."""
    if item["type"] == "message":
        for place, part in enumerate(item["content"]):
            for event in _part(part):
                yield {**event, "content_index": place}
    elif item["type"] == "reasoning":
        for place, part in enumerate(item["summary"]):
            for event in _summary(part):
                yield {**event, "summary_index": place}
    elif item["type"] == "function_call":
        yield from _written("response.function_call_arguments", "arguments", item)
    elif item["type"] == "custom_tool_call":
        yield from _written("response.custom_tool_call_input", "input", item)


def _part(part: dict[str, Json]) -> Iterator[Event]:
    if part["type"] == "refusal":
        yield {"type": "response.content_part.added", "part": {**part, "refusal": ""}}
        yield from _written("response.refusal", "refusal", part)
    else:
        empty = {**part, "annotations": [], "logprobs": [], "text": ""}
        yield {"type": "response.content_part.added", "part": empty}
        yield from _text(part)
    yield {"type": "response.content_part.done", "part": part}


def _text(part: dict[str, Json]) -> Iterator[Event]:
    for piece, tokens in chunk_text(part["text"], part["logprobs"]):
        yield {"type": "response.output_text.delta", "delta": piece, "logprobs": tokens}
    for place, annotation in enumerate(part["annotations"]):
        yield {
            "type": "response.output_text.annotation.added",
            "annotation_index": place,
            "annotation": annotation,
        }
    yield {
        "type": "response.output_text.done",
        "logprobs": part["logprobs"],
        "text": part["text"],
    }


def _summary(part: dict[str, Json]) -> Iterator[Event]:
    yield {"type": "response.reasoning_summary_part.added", "part": {**part, "text": ""}}
    yield from _written("response.reasoning_summary_text", "text", part)
    yield {"type": "response.reasoning_summary_part.done", "part": part}


def _written(kind: str, name: str, of: dict[str, Json]) -> Iterator[Event]:
    """Yield how a text is written, piece by piece, that stands in the end in `name`."""
    for piece, _ in chunk_text(of[name], None):
        yield {"type": f"{kind}.delta", "delta": piece}
    yield {"type": f"{kind}.done", name: of[name]}


STREAM = Stream(_events, schema="responses.event")
