"""What is wrong with the body of POST /v1/messages, or with the params of a request in a batch."""

from collections.abc import Mapping

from mockbatch.endpoints.model_list import ModelList
from mockbatch.endpoints.output_request import (
    JsonSchemaFormat,
    OutputRequest,
    request_calls,
)
from mockbatch.endpoints.structured_output.location import SchemaLocation
from mockbatch.endpoints.tools import Tool, parse_chat_tools
from mockbatch.errors import ApiError
from mockbatch.providers.anthropic import models
from mockbatch.providers.anthropic.errors import INVALID_REQUEST, anthropic_error
from mockbatch.providers.anthropic.versions import OCTOBER_2026
from mockbatch.providers.anthropic.wording import find_violation
from mockbatch.strings.echo import shorten
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

SCHEMA = "anthropic/messages.request"
# Documented as removed in the version of October 2026.
_REMOVED = ("temperature", "top_p", "top_k")


def check_request(body: dict[str, Json], *, version: str) -> None:
    """Raise the ApiError with which a live call is refused."""
    _check_members(body)
    if version >= OCTOBER_2026:
        for name in _REMOVED:
            if body.get(name) is not None:
                raise anthropic_error("removed_parameter", param=name)
    if not body["messages"]:
        raise anthropic_error("no_messages")
    _check_model(body)
    parse_output_request(body)


def check_line(body: dict[str, Json], *, version: str, served: ModelList) -> None:
    """Raise the ApiError with which a request of a batch is errored."""
    if body.get("stream") is True:
        raise anthropic_error("no_streaming")
    if body.get("max_tokens") == 0:  # which a live call may ask for
        raise anthropic_error("max_tokens_too_low")
    check_request(body, version=version)
    if not served.serves(body["model"]):
        raise anthropic_error("model_not_served", model=body["model"])


def _check_members(body: dict[str, Json]) -> None:
    sentence = find_violation(SCHEMA, body)
    if sentence is None:
        known = schema(SCHEMA).document["properties"]
        unknown = next((name for name in body if name not in known), None)
        sentence = unknown and f"{shorten(unknown)}: Extra inputs are not permitted"
    if sentence:
        raise ApiError(400, sentence, INVALID_REQUEST)


def _check_model(body: Mapping[str, Json]) -> None:
    name, count = body["model"], body["max_tokens"]
    if not models.exists(name):
        raise anthropic_error("model_not_served", model=name)
    limit = models.max_output_tokens(name)
    if limit is not None and count > limit:
        model = models.snapshot_of(name)
        raise anthropic_error("max_tokens_too_high", value=count, limit=limit, model=model)


def parse_output_request(body: Mapping[str, Json]) -> OutputRequest:
    """Return what a request asks for; raises the ApiError that refuses it."""
    offered = parse_tools(body)
    choice = body.get("tool_choice") or {"type": "auto"}
    if choice["type"] in ("any", "tool") and not body.get("tools"):
        raise anthropic_error("no_tools")
    if choice["type"] == "tool":
        named = [tool for tool in offered if tool.name == choice.get("name")]
        all_names = [tool.get("name") for tool in body["tools"]]
        if choice.get("name") not in all_names:
            raise anthropic_error("unknown_tool", name=choice.get("name"))
        return _require(named, is_parallel=False) or OutputRequest()
    if choice["type"] == "any":
        is_parallel = choice.get("disable_parallel_tool_use") is not True
        return _require(offered, is_parallel=is_parallel) or OutputRequest()
    return _request_format(body)


def parse_tools(body: Mapping[str, Json]) -> list[Tool]:
    """Return the tools that the client runs itself; those of the server are left out."""
    own = [tool for tool in body.get("tools") or () if tool.get("type") in (None, "custom")]
    functions = [
        {"name": tool.get("name", ""), "parameters": tool.get("input_schema")} for tool in own
    ]
    return parse_chat_tools([{"type": "function", "function": one} for one in functions])


def _require(tools: list[Tool], *, is_parallel: bool) -> OutputRequest | None:
    return request_calls("required", tools, lambda _: tools, is_parallel=is_parallel)


def _request_format(body: Mapping[str, Json]) -> OutputRequest:
    """Return the request for the JSON of `output_config.format`, or for any text."""
    requested = (body.get("output_config") or {}).get("format")
    if not isinstance(requested, dict) or requested.get("type") != "json_schema":
        return OutputRequest()
    location = SchemaLocation("output_config.format", "output_config.format.schema", None)
    return JsonSchemaFormat(requested.get("schema") or {}, False, location).output_request()
