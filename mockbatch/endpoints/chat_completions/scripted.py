"""Puts a scripted reply into a response of POST /v1/chat/completions."""

from collections.abc import Callable

from mockbatch.endpoints import text
from mockbatch.endpoints.chat_completions import message as chat_message
from mockbatch.endpoints.endpoint import with_output_tokens
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.typing import Json

Choice = dict[str, Json]

SUPPORTED_REPLY_FIELDS = frozenset({"content", "tool_calls", "refusal", "finish_reason"})


def apply_reply(response: dict[str, Json], reply: Reply, body: dict[str, Json]) -> dict[str, Json]:
    """Return the response to a request body with a reply in each of its choices."""
    if reply.fields == {"finish_reason"}:
        return _with_finish_reason(response, reply)
    reasoning_tokens = response["usage"]["completion_tokens_details"]["reasoning_tokens"]
    return _with_choices(
        response,
        lambda choice: _replace_message(choice, reply, body, response["id"]),
        reasoning_tokens + reply.token_count * len(response["choices"]),
    )


def _with_finish_reason(response: dict[str, Json], reply: Reply) -> dict[str, Json]:
    """Return a response with another finish reason, its texts cut or filtered accordingly."""
    texts = [chat_message.last_text(choice["message"]) for choice in response["choices"]]
    saved_tokens = sum(
        text.count_tokens(default) - reply.text_replacing(default).token_count for default in texts
    )
    completion_tokens = response["usage"]["completion_tokens"] - saved_tokens
    return _with_choices(response, lambda choice: _end_choice(choice, reply), completion_tokens)


def _with_choices(
    response: dict[str, Json], change: Callable[[Choice], Choice], completion_tokens: int
) -> dict[str, Json]:
    return {
        **response,
        "choices": [change(choice) for choice in response["choices"]],
        "usage": with_output_tokens(
            response["usage"], completion_tokens, "prompt_tokens", "completion_tokens"
        ),
    }


def _replace_message(
    choice: Choice, reply: Reply, body: dict[str, Json], completion_id: str
) -> Choice:
    return {
        **choice,
        "message": chat_message.make_message(
            completion_id, choice["index"], reply.content, reply.calls, reply.refusal
        ),
        "logprobs": chat_message.make_logprobs(body, reply.content, reply.refusal),
        "finish_reason": reply.finish_reason or ("tool_calls" if reply.calls else "stop"),
    }


def _end_choice(choice: Choice, reply: Reply) -> Choice:
    """Return a choice with the reply's `finish_reason`, its text cut or filtered accordingly."""
    message, logprobs = choice["message"], choice["logprobs"]
    if reply.finish_reason == "content_filter":
        message = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
        logprobs = None
    else:
        replacement = reply.text_replacing(chat_message.last_text(message))
        message = chat_message.with_last_text(message, replacement.text)
        if logprobs and logprobs["content"]:
            kept = logprobs["content"][: replacement.token_count]
            logprobs = {**logprobs, "content": kept}
    return {
        **choice,
        "message": message,
        "logprobs": logprobs,
        "finish_reason": reply.finish_reason,
    }
