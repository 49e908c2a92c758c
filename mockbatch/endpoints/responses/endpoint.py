"""POST /v1/responses: a list of output items, and the settings of the request."""

from collections.abc import Sequence
from functools import partial

from mockbatch.endpoints import token_limits
from mockbatch.endpoints.endpoint import Endpoint, Execution, MainMember, read_usage
from mockbatch.endpoints.models import Model, get_model, served_tier
from mockbatch.endpoints.output_request import GeneratedOutput, output_request_or_text
from mockbatch.endpoints.response_size import ResponseShape
from mockbatch.endpoints.responses import input_items, output_items, scripted, stream
from mockbatch.endpoints.responses.requested_output import parse_output_request
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

_REQUEST_SCHEMA = "responses.request"
# The only values that a model accepts when it reasons.
_DEFAULTS = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
# The mock uses no tools. All responses share this object, which is never changed.
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
# A saved prompt has a model of its own, which only OpenAI knows.
_SAVED_PROMPT_MODEL = "gpt-4.1"
_REPLACE_INPUT = ("previous_response_id", "prompt", "conversation")


def _check(body: dict[str, Json]) -> None:
    """Raise the ApiError that rejects a request body.

    The order was observed: the schema, the state, what the model does not accept. When the
    service checks the schemas of formats and tools is not known.
    """
    _check_before_schema(body)
    schema(_REQUEST_SCHEMA).check(input_items.with_item_types(body))
    if not body.get("input") and not any(body.get(name) for name in _REPLACE_INPUT):
        raise api_error("no_input")
    if body.get("conversation") is not None and body.get("previous_response_id") is not None:
        raise api_error("conflicting_conversation")
    model = _get_model(body)
    _check_parameters(body, model)
    token_limits.check_output_limit(model.limits, body, "max_output_tokens")
    requested = parse_output_request(body)
    if body.get("truncation") != "auto":
        _check_input_length(body, model)
    requested.check_size(_get_response_shape(body), body.get("max_output_tokens"))


def _get_response_shape(body: dict[str, Json]) -> ResponseShape:
    has_logprobs = output_items.LOGPROBS in (body.get("include") or ())
    alternatives = body.get("top_logprobs") or 0
    return ResponseShape(logprobs_per_token=1 + alternatives if has_logprobs else 0)


def _check_input_length(body: dict[str, Json], model: Model) -> None:
    """Reject input above the context window, which truncation would shorten."""
    limit, count = model.limits.max_prompt_tokens(), input_items.count_tokens(body)
    texts = [input_items.join_message_texts(body.get("input", ()))]
    if token_limits.count_text_above_limit(texts, count, limit) is not None:
        raise api_error("input_too_long")


def _check_before_schema(body: Json) -> None:
    """Reject what the service rejects before it checks the schema; observed in 2026-08."""
    members = body if isinstance(body, dict) else {}
    if members.get("model") == "":
        raise api_error("no_such_model", model="")
    if isinstance(body, dict) and "model" not in body and not body.get("prompt"):
        raise api_error("missing_parameter", param="model")
    if members.keys() >= {"model", "input", "messages"}:
        raise api_error("moved_parameter", name="messages", instead="input")


def _check_parameters(body: dict[str, Json], model: Model) -> None:
    """Reject what a known model does not accept; observed on gpt-5.6 in 2026-08, effort in 2025."""
    effort = _effort(body)
    if model.is_known and model.default_effort is None and effort is not None:
        raise api_error("unsupported_parameter", param="reasoning.effort")
    if not model.reasons(effort):
        return
    for param, default in _DEFAULTS.items():
        if body.get(param, default) not in (default, None):
            raise api_error("unsupported_parameter_without_code", param=param)
    for param in ("include", "top_logprobs"):
        value = body.get(param)
        if output_items.LOGPROBS in value if isinstance(value, list) else value:
            raise api_error("logprobs_with_reasoning", param=param)


def _get_model(body: dict[str, Json]) -> Model:
    return get_model(body.get("model", _SAVED_PROMPT_MODEL))


def _effort(body: dict[str, Json]) -> Json:
    return (body.get("reasoning") or {}).get("effort")


def _build_response(body: dict[str, Json], execution: Execution) -> dict[str, Json]:
    model = _get_model(body)
    reasoning_tokens = model.reasoning_tokens(_effort(body))
    limit, remaining = body.get("max_output_tokens"), None
    if limit is not None:
        reasoning_tokens = min(reasoning_tokens, limit)
        remaining = limit - reasoning_tokens
    requested = output_request_or_text(parse_output_request, body)
    output = requested.generate(input_items.find_prompt(body.get("input")), 0, remaining)
    ids = output_items.make_ids(execution)
    usage = output_items.make_usage(
        input_items.count_tokens(body), output.token_count + reasoning_tokens, reasoning_tokens
    )
    return {
        "id": ids[0],
        "object": "response",
        "created_at": execution.created_at,
        "status": "incomplete" if output.is_cut else "completed",
        "background": bool(body.get("background")),
        "billing": {"payer": "developer"},
        "completed_at": None if output.is_cut else execution.created_at,
        "error": None,
        "frequency_penalty": float(body.get("frequency_penalty") or 0),
        "incomplete_details": {"reason": "max_output_tokens"} if output.is_cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": limit,
        "max_tool_calls": body.get("max_tool_calls"),
        "model": model.name,
        "moderation": None,
        "output": _make_output(body, model, ids, output),
        **_make_settings(body, model, usage),
    }


def _make_output(
    body: dict[str, Json], model: Model, ids: Sequence[str], output: GeneratedOutput
) -> list[Json]:
    """Return the output: reasoning if the model reasons, then calls or a message.

    Without a text, as when no token was left for one, there is a message only if there would
    be no item otherwise.
    """
    response_id, reasoning_id, message_id = ids
    items = []
    if model.reasons(_effort(body)):
        items.append(output_items.make_reasoning(reasoning_id, body))
    items += output_items.make_calls(response_id, output.calls, is_cut=output.is_cut)
    if output.text or not items:
        part = output_items.make_output_text(output.text or "", body)
        items.append(output_items.make_message(message_id, part, is_cut=output.is_cut))
    return items


def _make_settings(body: dict[str, Json], model: Model, usage: Json) -> dict[str, Json]:
    """Return the request's settings or their defaults, in the recorded order after `output`."""
    text = body.get("text", {})
    settings = {
        "parallel_tool_calls": _value_or(body, "parallel_tool_calls", True),
        "presence_penalty": float(body.get("presence_penalty") or 0),
        "previous_response_id": body.get("previous_response_id"),
        "prompt_cache_key": body.get("prompt_cache_key"),
        "prompt_cache_retention": _value_or(body, "prompt_cache_retention", "in_memory"),
        "reasoning": _reasoning_settings(body.get("reasoning") or {}, model),
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": served_tier(body.get("service_tier")),
        "store": _value_or(body, "store", True),
        "temperature": float(_value_or(body, "temperature", 1)),
        "text": {
            "format": text.get("format", {"type": "text"}),
            "verbosity": _value_or(text, "verbosity", "medium"),
        },
        "tool_choice": body.get("tool_choice", "auto"),
        "tool_usage": _NO_TOOL_USAGE,
        "tools": [_make_tool(tool) for tool in body.get("tools", ())],
        "top_logprobs": body.get("top_logprobs") or 0,
        "top_p": float(_value_or(body, "top_p", 1)),
        "truncation": _value_or(body, "truncation", "disabled"),
        "usage": usage,
        "user": body.get("user"),
        "metadata": body.get("metadata") or {},
    }
    # These have no place in the recorded order, because they were not recorded.
    if conversation := body.get("conversation"):
        is_id = isinstance(conversation, str)
        settings["conversation"] = {"id": conversation} if is_id else conversation
    if prompt := body.get("prompt"):
        settings["prompt"] = prompt
    return settings


def _value_or(parent: dict[str, Json], name: str, default: Json) -> Json:
    value = parent.get(name)
    return default if value is None else value


def _reasoning_settings(reasoning: dict[str, Json], model: Model) -> dict[str, Json]:
    if model.default_effort is None:
        # From memory; only models that reason were recorded.
        return {"effort": None, "summary": None}
    return {
        "context": _value_or(reasoning, "context", "current_turn"),
        "effort": _value_or(reasoning, "effort", model.default_effort),
        "mode": _value_or(reasoning, "mode", "standard"),
        "summary": reasoning.get("summary"),
    }


def _make_tool(tool: dict[str, Json]) -> dict[str, Json]:
    if tool["type"] != "function":
        return tool
    is_strict = _value_or(tool, "strict", True)
    return {**tool, "parameters": tool.get("parameters"), "strict": is_strict}


ENDPOINT = Endpoint(
    path="/v1/responses",
    product="Responses",
    request_schema=_REQUEST_SCHEMA,
    response_schema="responses.response",
    check=_check,
    build_response=_build_response,
    main_member=MainMember(
        # A saved prompt is no substitute: a batch was seen to fail for one without input in 2025.
        "input",
        substitutes=("conversation", "previous_response_id"),
    ),
    read_usage=partial(read_usage, input_name="input_tokens", output_name="output_tokens"),
    response_shape=_get_response_shape,
    supported_reply_fields=scripted.SUPPORTED_REPLY_FIELDS,
    apply_reply=scripted.apply_reply,
    stream=stream.STREAM,
    unknown_model_error="no_such_model",
)
