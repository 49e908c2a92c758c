"""POST /v1/responses: a list of output items, and the settings they were made with."""

import json
from typing import Any

from mockbatch.errors import ApiError
from mockbatch.ids import Seed
from mockbatch.replies import text
from mockbatch.replies.endpoint import Endpoint, Moment, Tokens
from mockbatch.replies.models import Model, model, refuse_parameter, served_tier
from mockbatch.schema import schema

Json = Any

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
_LOGPROBS = "message.output_text.logprobs"
_INSTEAD_OF_INPUT = ("previous_response_id", "prompt", "conversation")


def _check(body: dict[str, Json]) -> None:
    """Refuse in the order observed: shape, state, what the model does not take."""
    _check_beginnings(body)
    schema("responses.request").check(_with_types(body))
    if not body["input"] and not any(body.get(name) for name in _INSTEAD_OF_INPUT):
        raise ApiError(
            400,
            "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be "
            "provided.",
            code="missing_required_parameter",
        )
    if body.get("conversation") is not None and body.get("previous_response_id") is not None:
        raise ApiError(
            400,
            "Mutually exclusive parameters: ''. Ensure you are only providing one of: "
            "'pre..._id' or 'conversation'.",
            code="mutually_exclusive_parameters",
        )
    _check_parameters(body, model(body["model"]))


def _check_beginnings(body: Json) -> None:
    """Refuse what the service looks for before any shape; texts observed in 2026-08."""
    given = body if isinstance(body, dict) else {}
    if given.get("model") == "":
        message = "The requested model '' does not exist."
        raise ApiError(400, message, param="model", code="model_not_found")
    if given.keys() >= {"model", "input", "messages"}:
        raise ApiError(
            400,
            "Unsupported parameter: 'messages'. In the Responses API, this parameter has moved "
            "to 'input'. Try again with the new parameter. See the API documentation for more "
            "information: https://platform.openai.com/docs/api-reference/responses/create.",
            code="unsupported_parameter",
        )


def _with_types(body: Json) -> Json:
    """Return a body whose input items all have a type: a message, if the client named none."""
    if not isinstance(body, dict) or not isinstance(body.get("input"), list):
        return body
    typed = [
        {"type": _kind(item), **item} if isinstance(item, dict) and "type" not in item else item
        for item in body["input"]
    ]
    return {**body, "input": typed}


def _kind(item: dict[str, Json]) -> str:
    """Return the type of an input item, or the one that an item without a type has."""
    default = "item_reference" if "id" in item and "role" not in item else "message"
    return str(item.get("type", default))


def _check_parameters(body: dict[str, Json], of: Model) -> None:
    """Refuse what a known model does not take; observed on gpt-5.6 in 2026-08, effort in 2025."""
    effort = _effort(body)
    if of.known and of.effort is None and effort is not None:
        refuse_parameter("reasoning.effort")
    if not of.reasons(effort):
        return
    for param, default in _DEFAULTS.items():
        if body.get(param, default) not in (default, None):
            refuse_parameter(param, code=None)
    for param in ("include", "top_logprobs"):
        given = body.get(param)
        if _LOGPROBS in given if isinstance(given, list) else given:
            message = "logprobs are not supported with reasoning models."
            raise ApiError(400, message, param=param, code="unsupported_parameter")


def _effort(body: dict[str, Json]) -> Json:
    return (body.get("reasoning") or {}).get("effort")


def _answer(body: dict[str, Json], moment: Moment) -> dict[str, Json]:
    of = model(body["model"])
    thinking = of.reasoning_tokens(_effort(body))
    limit = body.get("max_output_tokens")
    if limit is not None:
        # JSON Schema takes 16.0 for an integer.
        limit = int(limit)
        thinking = min(thinking, limit)
    left = None if limit is None else limit - thinking
    said = text.said(text.reply(_asked(body["input"])), left)
    response_id, *item_ids = _ids(moment)
    most = body.get("max_tool_calls")
    usage = _usage(_input_tokens(body), said.tokens + thinking, thinking)
    return {
        "id": response_id,
        "object": "response",
        "created_at": moment.at,
        "status": "incomplete" if said.cut else "completed",
        "background": bool(body.get("background")),
        "billing": {"payer": "developer"},
        "completed_at": None if said.cut else moment.at,
        "error": None,
        "frequency_penalty": float(body.get("frequency_penalty") or 0),
        "incomplete_details": {"reason": "max_output_tokens"} if said.cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": limit,
        "max_tool_calls": None if most is None else int(most),
        "model": of.name,
        "moderation": None,
        "output": _output(body, of, item_ids, said),
        **_settings(body, of, usage),
    }


def _ids(moment: Moment) -> list[str]:
    """Return the ids of a response, its reasoning and its message.

    As recorded: 16 digits they share, 01, the time in hex, 24 digits; they share four of those.
    """
    digits = moment.seed.child("response").hex(80)
    stem, shared = f"{digits[:16]}01{moment.at & 0xFFFFFFFF:08x}", digits[16:20]
    return [
        f"{prefix}_{stem}{digits[start : start + 4]}{shared}{digits[start + 4 : start + 20]}"
        for prefix, start in (("resp", 20), ("rs", 40), ("msg", 60))
    ]


def _output(body: dict[str, Json], of: Model, ids: list[str], said: text.Said) -> list[Json]:
    """Return reasoning, from a model that reasons, and the message, unless no token was left."""
    items = []
    if of.reasons(_effort(body)):
        items.append(_reasoning(ids[0], body))
    if said.text or not items:
        items.append(_message(ids[1], body, said))
    return items


def _reasoning(item_id: str, body: dict[str, Json]) -> dict[str, Json]:
    item: dict[str, Json] = {"id": item_id, "type": "reasoning", "content": []}
    if "reasoning.encrypted_content" in (body.get("include") or ()):
        item["encrypted_content"] = "gAAAAAB" + Seed.of("encrypted", item_id).hex(120)
    wants = (body.get("reasoning") or {}).get("summary")
    item["summary"] = [{"type": "summary_text", "text": "Mock reasoning."}] if wants else []
    return item


def _message(item_id: str, body: dict[str, Json], said: text.Said) -> dict[str, Json]:
    logprobs: list[Json] = []
    if _LOGPROBS in (body.get("include") or ()):
        logprobs = text.logprobs(said.text, int(body.get("top_logprobs") or 0))
    return {
        "id": item_id,
        "type": "message",
        "status": "incomplete" if said.cut else "completed",
        "content": [
            {
                "type": "output_text",
                "annotations": [],
                "logprobs": logprobs,
                "text": said.text,
            }
        ],
        "role": "assistant",
    }


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


def _usage(given: int, made: int, thinking: int) -> dict[str, Json]:
    return {
        "input_tokens": given,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": thinking},
        "total_tokens": given + made,
    }


def _asked(given: Json) -> str:
    """Return what the last user message says, or the last item as it stands."""
    if isinstance(given, str):
        return given
    for item in reversed(given):
        if _kind(item) == "message" and item["role"] == "user":
            return text.spoken(item["content"])
    return json.dumps(given[-1]) if given else ""


def _input_tokens(body: dict[str, Json]) -> int:
    given = body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    contents = [item["content"] if _kind(item) == "message" else json.dumps(item) for item in items]
    if body.get("instructions"):
        contents.append(body["instructions"])
    return text.conversation_tokens(contents, body.get("tools"))


def _tokens(body: dict[str, Json]) -> Tokens:
    usage = body["usage"]
    return Tokens(
        input=usage["input_tokens"],
        output=usage["output_tokens"],
        cached=usage["input_tokens_details"]["cached_tokens"],
        reasoning=usage["output_tokens_details"]["reasoning_tokens"],
    )


ENDPOINT = Endpoint(
    path="/v1/responses",
    product="Responses",
    check=_check,
    answer=_answer,
    tokens=_tokens,
    schema="responses.response",
)
