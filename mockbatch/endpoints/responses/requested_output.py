"""The output that a request for a response asks for: `tools` and `text.format`."""

from collections.abc import Sequence

from mockbatch.endpoints import tools
from mockbatch.endpoints.output_request import JsonSchemaFormat, OutputRequest, request_calls
from mockbatch.endpoints.responses import input_items
from mockbatch.endpoints.structured_output.location import SchemaLocation
from mockbatch.endpoints.tools import Tool
from mockbatch.errors import api_error
from mockbatch.typing import Json

# Parameters by which the model may see words that are not in the input.
_OTHER_INPUTS = ("previous_response_id", "prompt", "conversation")


def parse_output_request(body: dict[str, Json]) -> OutputRequest:
    """Return what a request body asks for; raises the ApiError that rejects it.

    The format is ignored if a call is required.
    """
    offered = tools.parse_response_tools(body.get("tools", ()))
    for tool in offered:
        tool.check()
    _check_format(body)
    tool_choice = body.get("tool_choice")
    if tool_choice == "required" and not body.get("tools"):
        raise api_error("tool_choice_without_tools", choice=tool_choice)
    requested = request_calls(
        tool_choice,
        offered,
        lambda choice: _find_chosen(body, offered, choice),
        is_parallel=body.get("parallel_tool_calls") is not False,
    )
    return requested or _request_format(body)


def _find_chosen(
    body: dict[str, Json], offered: Sequence[Tool], choice: dict[str, Json]
) -> list[Tool]:
    """Return the tool that a choice names, or none for a hosted tool that the request offers.

    Raises ApiError 400 if the request does not offer it.
    """
    type_ = choice["type"]
    if type_ in ("function", "custom"):
        for tool in offered:
            if (tool.type, tool.name) == (type_, choice["name"]):
                return [tool]
    # A hosted tool has several versions, and may be chosen by the name of any.
    elif any(_is_version_of(tool["type"], type_) for tool in body.get("tools", ())):
        return []
    # The one choice is named by its type, an allowed tool by its name if it has one.
    is_only_choice = choice is body["tool_choice"]
    raise api_error(
        "tool_choice_not_found", choice=type_ if is_only_choice else choice.get("name", type_)
    )


def _is_version_of(type_: str, other: str) -> bool:
    return type_.startswith(other) or other.startswith(type_)


def _check_format(body: dict[str, Json]) -> None:
    if _text_format(body).get("type") == "json_object":
        has_other_input = any(body.get(name) for name in _OTHER_INPUTS)
        texts = input_items.join_message_texts(body.get("input", ""))
        if not has_other_input and "json" not in texts.lower():
            raise api_error("json_not_mentioned_in_input")
    if json_schema := _json_schema_format(body):
        json_schema.check()


def _request_format(body: dict[str, Json]) -> OutputRequest:
    if json_schema := _json_schema_format(body):
        return json_schema.output_request()
    return OutputRequest(is_json=_text_format(body).get("type") == "json_object")


def _json_schema_format(body: dict[str, Json]) -> JsonSchemaFormat | None:
    text_format = _text_format(body)
    if text_format.get("type") != "json_schema":
        return None
    location = SchemaLocation(
        f"response_format '{text_format['name']}'", "text.format.schema", "invalid_json_schema"
    )
    return JsonSchemaFormat(text_format["schema"], text_format.get("strict") is True, location)


def _text_format(body: dict[str, Json]) -> dict[str, Json]:
    text_format: dict[str, Json] = body.get("text", {}).get("format", {})
    return text_format
