"""The input of POST /v1/responses: a text, or a list of items."""

import json

from mockbatch.endpoints import text
from mockbatch.typing import Json


def with_item_types(body: Json) -> Json:
    """Return a body whose input items all have a type; one without a type is a message."""
    if not isinstance(body, dict) or not isinstance(body.get("input"), list):
        return body
    typed = [
        {"type": item_type(item), **item} if isinstance(item, dict) and "type" not in item else item
        for item in body["input"]
    ]
    return {**body, "input": typed}


def item_type(item: dict[str, Json]) -> str:
    """Return the type of an input item; the one that the service assumes if it has none."""
    default = "item_reference" if "id" in item and "role" not in item else "message"
    return str(item.get("type", default))


def find_prompt(input_: Json) -> str:
    """Return the text of the last user message; without one, the last item as JSON.

    It is empty if a saved prompt or a conversation takes the place of the input.
    """
    if not input_:
        return ""
    if isinstance(input_, str):
        return input_
    for item in reversed(input_):
        if item_type(item) == "message" and item["role"] == "user":
            return text.content_text(item["content"])
    return json.dumps(input_[-1])


def join_message_texts(input_: Json) -> str:
    """Return the texts of all messages."""
    if isinstance(input_, str):
        return input_
    messages = (item for item in input_ if item_type(item) == "message")
    return "\n".join(text.content_text(message["content"]) for message in messages)


def count_tokens(body: dict[str, Json]) -> int:
    """Return the number of tokens in a request body's input, instructions and tools."""
    input_ = body.get("input", ())
    items = [{"role": "user", "content": input_}] if isinstance(input_, str) else input_
    contents = [
        item["content"] if item_type(item) == "message" else json.dumps(item) for item in items
    ]
    if body.get("instructions"):
        contents.append(body["instructions"])
    return text.conversation_tokens(contents, body.get("tools"))
