"""POST /v1/responses: a list of output items, and the settings they were made with."""

from collections.abc import Sequence

from mockbatch.endpoints.endpoint import Endpoint, Execution, Tokens, token_count
from mockbatch.endpoints.models import Model, get_model, served_tier
from mockbatch.endpoints.output_request import GeneratedOutput, output_request_or_text
from mockbatch.endpoints.responses import input_items, output_items, scripted, stream
from mockbatch.endpoints.responses.requested_output import parse_output_request
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

# What a model that reasons takes no other value of.
_DEFAULTS = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
# The mock uses no tools. Shared by all replies, which nobody changes.
_NO_MEDIA = {"image_tokens": 0, "text_tokens": 0}
_NO_TOOL_USAGE = {
    "image_gen": {
        "input_tokens": 0,
        "input_tokens_details": _NO_MEDIA,
        "output_tokens": 0,
        "output_tokens_details": _NO_MEDIA,
        "total_tokens": 0,
    },
    "web_search": {"num_requests": 0},
}
_INSTEAD_OF_INPUT = ("previous_response_id", "prompt", "conversation")


def _check(body: dict[str, Json]) -> None:
    """Refuse in the order observed: shape, state, what the model does not take.

    Where in it the schemas of formats and tools come is not known.
    """
    _check_beginnings(body)
    schema("responses.request").check(input_items.with_item_types(body))
    if not body["input"] and not any(body.get(name) for name in _INSTEAD_OF_INPUT):
        raise api_error("no_input")
    if body.get("conversation") is not None and body.get("previous_response_id") is not None:
        raise api_error("conflicting_conversation")
    _check_parameters(body, get_model(body["model"]))
    parse_output_request(body)


def _check_beginnings(body: Json) -> None:
    """Refuse what the service looks for before any shape; texts observed in 2026-08."""
    given = body if isinstance(body, dict) else {}
    if given.get("model") == "":
        raise api_error("no_such_model", model="")
    if given.keys() >= {"model", "input", "messages"}:
        raise api_error("moved_parameter", name="messages", instead="input")


def _check_parameters(body: dict[str, Json], of: Model) -> None:
    """Refuse what a known model does not take; observed on gpt-5.6 in 2026-08, effort in 2025."""
    effort = _effort(body)
    if of.known and of.effort is None and effort is not None:
        raise api_error("unsupported_parameter", param="reasoning.effort")
    if not of.reasons(effort):
        return
    for param, default in _DEFAULTS.items():
        if body.get(param, default) not in (default, None):
            raise api_error("unsupported_parameter_without_code", param=param)
    for param in ("include", "top_logprobs"):
        given = body.get(param)
        if output_items.LOGPROBS in given if isinstance(given, list) else given:
            raise api_error("logprobs_with_reasoning", param=param)


def _effort(body: dict[str, Json]) -> Json:
    return (body.get("reasoning") or {}).get("effort")


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    of = get_model(body["model"])
    thinking = of.reasoning_tokens(_effort(body))
    limit = body.get("max_output_tokens")
    if limit is not None:
        # JSON Schema takes 16.0 for an integer.
        limit = int(limit)
        thinking = min(thinking, limit)
    left = None if limit is None else limit - thinking
    spoken = output_request_or_text(parse_output_request, body).spoken(
        input_items.find_prompt(body["input"]), 0, left
    )
    response_id, *item_ids = output_items.make_ids(execution)
    most = body.get("max_tool_calls")
    usage = output_items.make_usage(
        input_items.count_tokens(body), spoken.tokens + thinking, thinking
    )
    return {
        "id": response_id,
        "object": "response",
        "created_at": execution.created_at,
        "status": "incomplete" if spoken.cut else "completed",
        "background": bool(body.get("background")),
        "billing": {"payer": "developer"},
        "completed_at": None if spoken.cut else execution.created_at,
        "error": None,
        "frequency_penalty": float(body.get("frequency_penalty") or 0),
        "incomplete_details": {"reason": "max_output_tokens"} if spoken.cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": limit,
        "max_tool_calls": None if most is None else int(most),
        "model": of.name,
        "moderation": None,
        "output": _output(body, of, (response_id, *item_ids), spoken),
        **_settings(body, of, usage),
    }


def _output(
    body: dict[str, Json], of: Model, ids: Sequence[str], spoken: GeneratedOutput
) -> list[Json]:
    """Return reasoning, from a model that reasons, and what it says, unless no token was left."""
    response_id, reasoning_id, message_id = ids
    items = []
    if of.reasons(_effort(body)):
        items.append(output_items.make_reasoning(reasoning_id, body))
    items += output_items.make_calls(response_id, spoken.calls, cut=spoken.cut)
    if spoken.text or not items:
        part = output_items.make_output_text(spoken.text or "", body)
        items.append(output_items.make_message(message_id, part, cut=spoken.cut))
    return items


def _settings(body: dict[str, Json], of: Model, usage: Json) -> dict[str, Json]:
    """Return what the request set, or would have, in the order recorded after `output`."""
    wording = body.get("text", {})
    settings = {
        "parallel_tool_calls": _given(body, "parallel_tool_calls", True),
        "presence_penalty": float(body.get("presence_penalty") or 0),
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "prompt_cache_retention": _given(body, "prompt_cache_retention", "in_memory"),
        "reasoning": _reasoning_settings(body.get("reasoning") or {}, of),
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": served_tier(body.get("service_tier")),
        "store": _given(body, "store", True),
        "temperature": float(_given(body, "temperature", 1)),
        "text": {
            "format": wording.get("format", {"type": "text"}),
            "verbosity": _given(wording, "verbosity", "medium"),
        },
        "tool_choice": body.get("tool_choice", "auto"),
        "tool_usage": _NO_TOOL_USAGE,
        "tools": [_tool(tool) for tool in body.get("tools", ())],
        "top_logprobs": int(body.get("top_logprobs") or 0),
        "top_p": float(_given(body, "top_p", 1)),
        "truncation": _given(body, "truncation", "disabled"),
        "usage": usage,
        "user": body.get("user"),
        "metadata": body.get("metadata") or {},
    }
    # These have no place in the recorded order, because they were not recorded.
    if given := body.get("conversation"):
        settings["conversation"] = {"id": given} if isinstance(given, str) else given
    if given := body.get("prompt"):
        settings["prompt"] = given
    return settings


def _given(body: dict[str, Json], name: str, default: Json) -> Json:
    value = body.get(name)
    return default if value is None else value


def _reasoning_settings(given: dict[str, Json], of: Model) -> dict[str, Json]:
    if of.effort is None:
        # From memory; recorded were only models that reason.
        return {"effort": None, "summary": None}
    return {
        "context": _given(given, "context", "current_turn"),
        "effort": _given(given, "effort", of.effort),
        "mode": _given(given, "mode", "standard"),
        "summary": given.get("summary"),
    }


def _tool(tool: dict[str, Json]) -> dict[str, Json]:
    if tool["type"] != "function":
        return tool
    return {**tool, "parameters": tool.get("parameters"), "strict": _given(tool, "strict", True)}


def _read_usage(body: dict[str, Json]) -> Tokens:
    return Tokens(
        input=token_count(body, "usage", "input_tokens"),
        output=token_count(body, "usage", "output_tokens"),
        cached=token_count(body, "usage", "input_tokens_details", "cached_tokens"),
        reasoning=token_count(body, "usage", "output_tokens_details", "reasoning_tokens"),
    )


ENDPOINT = Endpoint(
    path="/v1/responses",
    product="Responses",
    check=_check,
    build_response=_build_response,
    read_usage=_read_usage,
    schema="responses.response",
    supported_reply_fields=scripted.SUPPORTED_REPLY_FIELDS,
    apply_reply=scripted.apply_reply,
    stream=stream.STREAM,
    unknown_model_error="no_such_model",
)
