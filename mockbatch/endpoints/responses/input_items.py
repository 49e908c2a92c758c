"""The input of POST /v1/responses: a text, or items of many kinds."""

import json

from mockbatch.endpoints import text
from mockbatch.typing import Json


def with_item_types(body: Json) -> Json:
    """Return a body whose input items all have a type: a message, if the client named none."""
    if not isinstance(body, dict) or not isinstance(body.get("input"), list):
        return body
    typed = [
        {"type": item_type(item), **item} if isinstance(item, dict) and "type" not in item else item
        for item in body["input"]
    ]
    return {**body, "input": typed}


def item_type(item: dict[str, Json]) -> str:
    """Return the type of an input item, or the one that an item without a type has."""
    default = "item_reference" if "id" in item and "role" not in item else "message"
    return str(item.get("type", default))


def find_prompt(given: Json) -> str:
    """Return what the last user message says, or the last item as it stands."""
    if isinstance(given, str):
        return given
    for item in reversed(given):
        if item_type(item) == "message" and item["role"] == "user":
            return text.content_text(item["content"])
    return json.dumps(given[-1]) if given else ""


def join_message_texts(given: Json) -> str:
    """Return what all the messages say."""
    if isinstance(given, str):
        return given
    return "\n".join(
        text.content_text(item["content"]) for item in given if item_type(item) == "message"
    )


def count_tokens(body: dict[str, Json]) -> int:
    """Return how many tokens the input of a request body is, with instructions and tools."""
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    contents = [
        item["content"] if item_type(item) == "message" else json.dumps(item) for item in items
    ]
    if body.get("instructions"):
        contents.append(body["instructions"])
    return text.conversation_tokens(contents, body.get("tools"))
