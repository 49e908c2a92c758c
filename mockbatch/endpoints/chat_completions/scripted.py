"""What a scripted reply makes of the answer of POST /v1/chat/completions."""

from collections.abc import Callable

from mockbatch.endpoints import text
from mockbatch.endpoints.chat_completions import message as chat_message
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.typing import Json

Choice = dict[str, Json]

SUPPORTED_REPLY_FIELDS = frozenset({"content", "tool_calls", "refusal", "finish_reason"})


def apply_reply(answer: dict[str, Json], reply: Reply, body: dict[str, Json]) -> dict[str, Json]:
    """Return the answer to a request body with a reply in each of its choices."""
    if reply.fields == {"finish_reason"}:
        return _ended(answer, reply)
    reasoning = answer["usage"]["completion_tokens_details"]["reasoning_tokens"]
    made = reasoning + reply.tokens * len(answer["choices"])
    return _with(answer, lambda choice: _said(choice, reply, body, answer["id"]), made)


def _ended(answer: dict[str, Json], reply: Reply) -> dict[str, Json]:
    """Return an answer that ends for another reason, cut or withheld if that is the reason."""
    texts = [chat_message.last_text(choice["message"]) for choice in answer["choices"]]
    spared = sum(text.count_tokens(one) - reply.text_replacing(one).tokens for one in texts)
    made = answer["usage"]["completion_tokens"] - spared
    return _with(answer, lambda choice: _cut(choice, reply), made)


def _with(
    answer: dict[str, Json], change: Callable[[Choice], Choice], made: int
) -> dict[str, Json]:
    usage = answer["usage"]
    return {
        **answer,
        "choices": [change(choice) for choice in answer["choices"]],
        "usage": {
            **usage,
            "completion_tokens": made,
            "total_tokens": usage["prompt_tokens"] + made,
        },
    }


def _said(choice: Choice, reply: Reply, body: dict[str, Json], answer_id: str) -> Choice:
    return {
        **choice,
        "message": chat_message.make_message(
            answer_id, choice["index"], reply.content, reply.calls, reply.refusal
        ),
        "logprobs": chat_message.make_logprobs(body, reply.content, reply.refusal),
        "finish_reason": reply.finish_reason or ("tool_calls" if reply.calls else "stop"),
    }


def _cut(choice: Choice, reply: Reply) -> Choice:
    message, logprobs = choice["message"], choice["logprobs"]
    if reply.finish_reason == "content_filter":
        message = {"role": "assistant", "content": None, "refusal": None, "annotations": []}
        logprobs = None
    else:
        said = reply.text_replacing(chat_message.last_text(message))
        message = chat_message.with_last_text(message, said.text)
        if logprobs and logprobs["content"]:
            logprobs = {**logprobs, "content": logprobs["content"][: said.tokens]}
    return {
        **choice,
        "message": message,
        "logprobs": logprobs,
        "finish_reason": reply.finish_reason,
    }
