"""What a chat completion is wanted for: `tools`, `functions` and `response_format`."""

from collections.abc import Iterable, Sequence

from mockbatch.endpoints import text, tools
from mockbatch.endpoints.output_request import OutputRequest
from mockbatch.endpoints.structured_output.location import SchemaLocation
from mockbatch.endpoints.structured_output.strict import find_format_issue
from mockbatch.endpoints.tools import Tool
from mockbatch.errors import api_error
from mockbatch.typing import Json

_NEEDING = (
    ("tool_choice", "tools"),
    ("parallel_tool_calls", "tools"),
    ("function_call", "functions"),
)


def parse_output_request(body: dict[str, Json]) -> OutputRequest:
    """Return what a request body wants; raises the ApiError with which it is refused.

    Where a call is required, a format says nothing.
    """
    offered = tools.parse_chat_tools(body.get("tools", ()))
    functions = tools.parse_functions(body.get("functions", ()))
    for tool in (*offered, *functions):
        tool.check()
    for param, needed in _NEEDING:
        if param in body and not body.get(needed):
            raise api_error("only_allowed_with", param=param, needed=needed)
    _check_format(body)
    if isinstance(body.get("function_call"), dict):
        name = body["function_call"]["name"]
        chosen = _found(functions, "function", name, "function_call", "functions")
        return OutputRequest(tools.required_calls([chosen], parallel=False), named=True)
    return _calling(body, offered) or _formatted(body)


def _calling(body: dict[str, Json], offered: Sequence[Tool]) -> OutputRequest | None:
    """Return the calls that `tool_choice` requires, None if it requires none."""
    choice = body.get("tool_choice")
    parallel = body.get("parallel_tool_calls") is not False
    if choice == "required":
        return OutputRequest(tools.required_calls(offered, parallel=parallel))
    if not isinstance(choice, dict):
        return None
    if choice["type"] != "allowed_tools":
        return OutputRequest(
            tools.required_calls([_chosen(offered, choice)], parallel=False), named=True
        )
    allowed = choice["allowed_tools"]
    among = [_chosen(offered, one) for one in allowed["tools"]]
    if allowed["mode"] == "required":
        return OutputRequest(tools.required_calls(among, parallel=parallel))
    return None


def _chosen(offered: Sequence[Tool], choice: dict[str, Json]) -> Tool:
    kind = choice["type"]
    return _found(offered, kind, choice[kind]["name"], "tool_choice", "tools")


def _found(offered: Iterable[Tool], kind: str, name: str, param: str, among: str) -> Tool:
    for tool in offered:
        if (tool.kind, tool.name) == (kind, name):
            return tool
    raise api_error("no_such_function", param=param, name=name, among=among)


def _check_format(body: dict[str, Json]) -> None:
    given = body.get("response_format", {})
    if given.get("type") == "json_object":
        said = (text.content_text(message.get("content")) for message in body["messages"])
        if not any("json" in one.lower() for one in said):
            raise api_error("json_not_mentioned")
    if given.get("type") == "json_schema":
        schema, strict = _schema(body), given["json_schema"].get("strict") is True
        _spot(body).check(find_format_issue(schema, strict=strict))


def _formatted(body: dict[str, Json]) -> OutputRequest:
    kind = body.get("response_format", {}).get("type", "text")
    # An empty schema is met by any JSON, and so by an object.
    if kind == "json_schema" and _schema(body):
        return OutputRequest(shape=_spot(body).shape(_schema(body)))
    return OutputRequest(json=kind != "text")


def _schema(body: dict[str, Json]) -> dict[str, Json]:
    schema: dict[str, Json] = body["response_format"]["json_schema"].get("schema", {})
    return schema


def _spot(body: dict[str, Json]) -> SchemaLocation:
    name = body["response_format"]["json_schema"]["name"]
    return SchemaLocation(f"response_format '{name}'", "response_format", None)
