"""What a chat completion asks for: `tools`, `functions` and `response_format`."""

from collections.abc import Iterable

from mockbatch.endpoints import text, tools
from mockbatch.endpoints.output_request import (
    JsonSchemaFormat,
    OutputRequest,
    request_calls,
    require_calls,
)
from mockbatch.endpoints.structured_output.location import SchemaLocation
from mockbatch.endpoints.tools import Tool
from mockbatch.errors import api_error
from mockbatch.typing import Json

# Parameters that may only be sent with another one.
_DEPENDENT_PARAMETERS = (
    ("tool_choice", "tools"),
    ("parallel_tool_calls", "tools"),
    ("function_call", "functions"),
)


def parse_output_request(body: dict[str, Json]) -> OutputRequest:
    """Return what a request body asks for; raises the ApiError that rejects it.

    The format is ignored if a call is required.
    """
    offered = tools.parse_chat_tools(body.get("tools", ()))
    functions = tools.parse_functions(body.get("functions", ()))
    for tool in (*offered, *functions):
        tool.check()
    for param, needed in _DEPENDENT_PARAMETERS:
        if param in body and not body.get(needed):
            raise api_error("only_allowed_with", param=param, needed=needed)
    _check_format(body)
    return (
        _request_function_call(body, functions)
        or request_calls(
            body.get("tool_choice"),
            offered,
            lambda choice: [_find_chosen(offered, choice)],
            is_parallel=body.get("parallel_tool_calls") is not False,
        )
        or _request_format(body)
    )


def _request_function_call(body: dict[str, Json], functions: list[Tool]) -> OutputRequest | None:
    """Return the request for the call that `function_call` names, None if it names none."""
    function_call = body.get("function_call")
    if not isinstance(function_call, dict):
        return None
    name = function_call["name"]
    chosen = _find_tool(functions, "function", name, "function_call", "functions")
    return require_calls([chosen], names_tool=True)


def _find_chosen(offered: Iterable[Tool], choice: dict[str, Json]) -> Tool:
    type_ = choice["type"]
    return _find_tool(offered, type_, choice[type_]["name"], "tool_choice", "tools")


def _find_tool(tools: Iterable[Tool], type_: str, name: str, param: str, among: str) -> Tool:
    for tool in tools:
        if (tool.type, tool.name) == (type_, name):
            return tool
    raise api_error("no_such_function", param=param, name=name, among=among)


def _check_format(body: dict[str, Json]) -> None:
    if body.get("response_format", {}).get("type") == "json_object":
        texts = (text.content_text(message.get("content")) for message in body["messages"])
        if not any("json" in content.lower() for content in texts):
            raise api_error("json_not_mentioned")
    if json_schema := _json_schema_format(body):
        json_schema.check()


def _request_format(body: dict[str, Json]) -> OutputRequest:
    if json_schema := _json_schema_format(body):
        return json_schema.output_request()
    return OutputRequest(is_json=body.get("response_format", {}).get("type") == "json_object")


def _json_schema_format(body: dict[str, Json]) -> JsonSchemaFormat | None:
    response_format = body.get("response_format", {})
    if response_format.get("type") != "json_schema":
        return None
    json_schema = response_format["json_schema"]
    location = SchemaLocation(f"response_format '{json_schema['name']}'", "response_format", None)
    is_strict = json_schema.get("strict") is True
    return JsonSchemaFormat(json_schema.get("schema", {}), is_strict, location)
