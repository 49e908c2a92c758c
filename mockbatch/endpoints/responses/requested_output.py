"""What a response is wanted for: `tools` and `text.format`."""

from collections.abc import Sequence

from mockbatch.endpoints import tools
from mockbatch.endpoints.output_request import OutputRequest
from mockbatch.endpoints.responses import input_items
from mockbatch.endpoints.structured_output.location import SchemaLocation
from mockbatch.endpoints.structured_output.strict import find_format_issue
from mockbatch.endpoints.tools import Tool
from mockbatch.errors import api_error
from mockbatch.typing import Json

# What holds the words that the model sees, if not the input.
_ELSEWHERE = ("previous_response_id", "prompt", "conversation")


def parse_output_request(body: dict[str, Json]) -> OutputRequest:
    """Return what a request body wants; raises the ApiError with which it is refused.

    Where a call is required, a format says nothing.
    """
    offered = tools.parse_response_tools(body.get("tools", ()))
    for tool in offered:
        tool.check()
    _check_format(body)
    return _calling(body, offered) or _formatted(body)


def _calling(body: dict[str, Json], offered: Sequence[Tool]) -> OutputRequest | None:
    """Return the calls that `tool_choice` requires, None if no tool that is called is meant."""
    choice = body.get("tool_choice")
    parallel = body.get("parallel_tool_calls") is not False
    if choice == "required":
        if not body.get("tools"):
            raise api_error("tool_choice_without_tools", choice=choice)
        return OutputRequest(tools.required_calls(offered, parallel=parallel)) if offered else None
    if not isinstance(choice, dict):
        return None
    if choice["type"] != "allowed_tools":
        chosen = _chosen(body, offered, choice, choice["type"])
        return (
            OutputRequest(tools.required_calls(chosen, parallel=False), named=True)
            if chosen
            else None
        )
    among = [
        tool
        for one in choice["tools"]
        for tool in _chosen(body, offered, one, one.get("name", one["type"]))
    ]
    if among and choice["mode"] == "required":
        return OutputRequest(tools.required_calls(among, parallel=parallel))
    return None


def _chosen(
    body: dict[str, Json], offered: Sequence[Tool], choice: dict[str, Json], told: str
) -> list[Tool]:
    """Return the tool that is chosen; none for a hosted one, which is offered all the same."""
    kind = choice["type"]
    if kind in ("function", "custom"):
        found = [tool for tool in offered if (tool.kind, tool.name) == (kind, choice["name"])]
        if found:
            return found[:1]
    # A hosted tool has several versions, and may be chosen by the name of any.
    elif any(_alike(tool["type"], kind) for tool in body.get("tools", ())):
        return []
    raise api_error("tool_choice_not_found", choice=told)


def _alike(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _check_format(body: dict[str, Json]) -> None:
    given = _format(body)
    if given.get("type") == "json_object":
        elsewhere = any(body.get(name) for name in _ELSEWHERE)
        if not elsewhere and "json" not in input_items.join_message_texts(body["input"]).lower():
            raise api_error("json_not_mentioned_in_input")
    if given.get("type") == "json_schema":
        strict = given.get("strict") is True
        _spot(given).check(find_format_issue(given["schema"], strict=strict))


def _formatted(body: dict[str, Json]) -> OutputRequest:
    given = _format(body)
    # An empty schema is met by any JSON, and so by an object.
    if given.get("schema"):
        return OutputRequest(shape=_spot(given).shape(given["schema"]))
    return OutputRequest(json=given.get("type", "text") != "text")


def _format(body: dict[str, Json]) -> dict[str, Json]:
    given: dict[str, Json] = body.get("text", {}).get("format", {})
    return given


def _spot(given: dict[str, Json]) -> SchemaLocation:
    what = f"response_format '{given['name']}'"
    return SchemaLocation(what, "text.format.schema", "invalid_json_schema")
