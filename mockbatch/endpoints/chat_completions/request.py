"""Which requests POST /v1/chat/completions rejects."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from mockbatch.endpoints import text, token_limits
from mockbatch.endpoints.chat_completions.requested_output import parse_output_request
from mockbatch.endpoints.models import Model, get_model
from mockbatch.endpoints.response_size import ResponseShape
from mockbatch.errors import ApiError, api_error
from mockbatch.typing import Json
from mockbatch.validation.schema import schema

REQUEST_SCHEMA = "chat_completions.request"

Body = dict[str, Json]


def check_request(body: Body) -> None:
    """Raise the ApiError that rejects a request body.

    The order was observed: the schema, what the model does not accept, content. When the service
    checks token limits and the schemas of formats and tools is not known.
    """
    if isinstance(body, dict) and body.get("model", "") == "":
        raise api_error("no_model_named")
    schema(REQUEST_SCHEMA).check(body)
    model = get_model(body["model"])
    _check_parameters(body, model)
    token_limits.check_output_limit(model.limits, body, "max_completion_tokens", "max_tokens")
    _check_tool_messages(body["messages"])
    requested = parse_output_request(body)
    _check_content(body["messages"])
    _check_prompt_length(body, model)
    requested.check_size(get_response_shape(body), _max_output_tokens(body))


def get_response_shape(body: Body) -> ResponseShape:
    """Return what multiplies a text in the response to a valid request body."""
    logprobs = 1 + (body.get("top_logprobs") or 0) if body.get("logprobs") else 0
    return ResponseShape(body.get("n") or 1, logprobs)


def _max_output_tokens(body: Body) -> int | None:
    limit: int | None = body.get("max_completion_tokens") or body.get("max_tokens")
    return limit


def count_prompt_tokens(body: Body) -> int:
    """Return the number of tokens in the messages, tools and functions of a request."""
    contents = (message.get("content") for message in body["messages"])
    return text.conversation_tokens(contents, body.get("tools"), body.get("functions"))


def max_prompt_tokens(body: Body) -> int | None:
    """Return the most tokens that the prompt may have, None for any number.

    It depends on the parameters alone, not on the messages.
    """
    model = get_model(body["model"])
    return model.limits.max_prompt_tokens(_completion_tokens(body, model))


def _completion_tokens(body: Body, model: Model) -> int:
    """Return the tokens that a request reserves for the completion; models that reason do not."""
    if model.default_effort is not None:
        return 0
    return int(body.get("max_completion_tokens") or body.get("max_tokens") or 0)


def _unsupported_error(_: Body, param: str) -> ApiError:
    return api_error("unsupported_parameter", param=param)


def _only_default(body: Body, param: str) -> ApiError:
    return api_error("only_default_value", param=param, value=body[param], default=1)


class _Rule(NamedTuple):
    """Parameters that some models reject.

    `applies` returns whether a model has this rule, given a request body; `rejects` returns
    whether it rejects the value of a parameter.
    """

    params: tuple[str, ...]
    applies: Callable[[Model, Body], bool]
    rejects: Callable[[Body, str], bool]
    error: Callable[[Body, str], ApiError]


def _has_effort(model: Model, _: Body) -> bool:
    return model.default_effort is not None


def _reasons(model: Model, body: Body) -> bool:
    return model.reasons(body.get("reasoning_effort"))


def _is_set(body: Body, param: str) -> bool:
    return body[param] is not None


def _is_truthy(body: Body, param: str) -> bool:
    return bool(body[param])


# In the order of the service's checks. Observed on gpt-5.6 in 2026-08, unless noted.
_RULES = (
    # Seen by clients of gpt-4o and gpt-4o-mini, from 2025-06 to 2026-08.
    _Rule(
        ("reasoning_effort",),
        lambda model, _: model.is_known and model.default_effort is None,
        _is_set,
        lambda _, param: api_error("unrecognized_argument", name=param),
    ),
    _Rule(
        ("max_tokens",),
        _has_effort,
        _is_set,
        lambda _, param: api_error(
            "renamed_parameter", param=param, instead="max_completion_tokens"
        ),
    ),
    _Rule(
        ("stop",),
        lambda model, _: model.default_effort is not None and not model.accepts_stop,
        _is_truthy,
        _unsupported_error,
    ),
    _Rule(("logit_bias", "prediction"), _has_effort, _is_truthy, _unsupported_error),
    # As clients quote it; its `param` from memory.
    _Rule(
        ("max_tokens",),
        lambda model, _: model.default_effort is None,
        lambda body, _: (
            body["max_tokens"] is not None and body.get("max_completion_tokens") is not None
        ),
        lambda *_: api_error("conflicting_token_limits"),
    ),
    _Rule(
        ("presence_penalty", "frequency_penalty", "logprobs"),
        _reasons,
        _is_truthy,
        _unsupported_error,
    ),
    _Rule(
        ("temperature", "top_p"),
        _reasons,
        lambda body, param: body[param] not in (1, None),
        _only_default,
    ),
    _Rule(
        ("top_logprobs",),
        lambda *_: True,
        lambda body, param: body[param] is not None and not body.get("logprobs"),
        lambda *_: api_error("top_logprobs_without_logprobs"),
    ),
)


def _check_parameters(body: Body, model: Model) -> None:
    for rule in _RULES:
        for param in rule.params:
            if param in body and rule.rejects(body, param) and rule.applies(model, body):
                raise rule.error(body, param)


def _check_tool_messages(messages: list[Json]) -> None:
    """Reject tool messages that respond to no call, and calls without a tool message.

    Clients have quoted these texts since 2023, including the typing error.
    """
    calls: dict[str, None] = {}
    pending: dict[str, None] = {}
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message["tool_call_id"] not in calls:
                raise api_error("tool_message_without_call", index=index)
            pending.pop(message["tool_call_id"], None)
            continue
        if pending:
            raise _calls_without_response(pending, index)
        calls = {}
        if message["role"] == "assistant":
            calls = {call["id"]: None for call in message.get("tool_calls") or ()}
        pending = dict(calls)
    if pending:
        raise _calls_without_response(pending, len(messages) - 1)


def _calls_without_response(calls: Iterable[str], index: int) -> ApiError:
    return api_error("tool_calls_without_response", calls=", ".join(calls), index=index)


def _check_content(messages: list[Json]) -> None:
    """Reject a message without content; observed in 2026-08, as the last check of all."""
    for index, message in enumerate(messages):
        if message.get("content") is None and not _needs_no_content(message):
            raise api_error("null_content", index=index)


def _check_prompt_length(body: Body, model: Model) -> None:
    """Reject messages above the context window; when the service checks this is not known."""
    texts = (text.content_text(message.get("content")) for message in body["messages"])
    tokens = token_limits.count_text_above_limit(
        texts, count_prompt_tokens(body), max_prompt_tokens(body)
    )
    if tokens is None:
        return
    if completion := _completion_tokens(body, model):
        raise api_error(
            "messages_and_completion_too_long",
            limit=model.limits.context_window,
            requested=tokens + completion,
            tokens=tokens,
            completion_tokens=completion,
        )
    if input_limit := model.limits.max_input_tokens:
        raise api_error("input_tokens_above_limit", limit=input_limit, tokens=tokens)
    raise api_error("messages_too_long", limit=model.limits.context_window, tokens=tokens)


def _needs_no_content(message: Body) -> bool:
    """Return whether an assistant's message has something else instead of content."""
    return message["role"] == "assistant" and any(
        message.get(name) is not None
        for name in ("tool_calls", "function_call", "refusal", "audio")
    )
