"""Scripted replies that are taken."""

from mockbatch.typing import Json

ERROR = {"message": "No.", "type": "invalid_request_error", "param": None, "code": "no"}
FAILURE: dict[str, Json] = {"status_code": 400, "body": {"error": ERROR}}
NEVER: dict[str, Json] = {"error": {"code": "batch_expired", "message": "Too late."}}

WEATHER = {"name": "weather", "arguments": {"city": "Oslo"}}
FULL_WEATHER = {
    "id": "call_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city": "Rome"}'},
}

SAYING: list[dict[str, Json]] = [
    {"content": "Scripted."},
    {"content": ""},
    {"content": "Überall Regen 🌧"},
    {"content": '{"answer": 4', "finish_reason": "length"},
    {"content": "Scri", "finish_reason": "content_filter"},
    {"tool_calls": [WEATHER]},
    {"tool_calls": [WEATHER, FULL_WEATHER]},
    {"tool_calls": [WEATHER], "finish_reason": "stop"},
    {"tool_calls": [{"name": "f", "arguments": '{"ci'}], "finish_reason": "length"},
    {"content": "Let me look.", "tool_calls": [WEATHER]},
    {"tool_calls": "offered"},
    {"refusal": "I cannot help with that."},
    {"finish_reason": "stop"},
    {"finish_reason": "length"},
    {"finish_reason": "content_filter"},
]
