"""The lines of the output of a batch on Google Vertex AI, as the gateway makes them.

Source: the gateway's src/providers/google-vertex-ai (getBatchOutput.ts, chatComplete.ts); measured
against @portkey-ai/gateway 1.15.2.
"""

from collections.abc import Mapping

from mockbatch.typing import Json
from mockbatch.web.portkey.views.view import compact

_OK = 200
_REASONS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}


def show_line(line: Mapping[str, Json], id: str) -> dict[str, Json]:
    """Return a line of the job `id`; an error is what Google writes of it, as one text."""
    response = line["response"]
    if response is None or response["status_code"] != _OK:
        error = line["error"] if response is None else response["body"]["error"]
        code = 400 if response is None else response["status_code"]
        shown = {"error": {"code": code, "message": (error or {}).get("message", "")}}
        request = {"request_id": f"batch-{id}-", "body": False}
        text = f"Bad Request: {compact(shown)}"
        return {
            "id": f"batch-{id}-",
            "custom_id": line["custom_id"],
            "response": request,
            "error": text,
        }
    body = response["body"]
    name = f"batch-{id}--{body['id'].removeprefix('chatcmpl-')}"
    completion = {"status_code": 200, "request_id": name, "body": _completion(body)}
    return {"id": name, "custom_id": line["custom_id"], "response": completion, "error": ""}


def _completion(body: Mapping[str, Json]) -> dict[str, Json]:
    """Return a chat completion as the gateway makes it from Gemini's answer."""
    usage = body["usage"]
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {
        "id": "portkey-" + body["id"].removeprefix("chatcmpl-"),
        "object": "chat.completion",
        "created": body["created"],
        "model": body["model"],
        "provider": "vertex-ai",
        "choices": [_choice(choice) for choice in body["choices"]],
        "usage": {
            **{name: usage[name] for name in names},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        },
    }


def _choice(choice: Mapping[str, Json]) -> dict[str, Json]:
    content, calls = choice["message"]["content"], choice["message"].get("tool_calls")
    reason = choice["finish_reason"]
    message: dict[str, Json] = {"role": "assistant"}
    if calls:
        message["tool_calls"] = calls
    if content:
        message |= {"content": content, "content_blocks": [{"type": "text", "text": content}]}
    return {
        "message": message,
        "index": choice["index"],
        "finish_reason": _REASONS.get(reason, "SAFETY"),
    }
