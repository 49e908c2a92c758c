"""Error messages repeat what clients have sent, but only its beginning."""

import json
from typing import Any

import pytest

from mockbatch.strings.echo import MAX_ECHOED_CHARACTERS
from tests.support.caller import Caller, form, upload_form

LONG = "x" * 100_000
#: An error repeats two or three values, sometimes in its param, too.
MAX_ERROR_BYTES = 5 * MAX_ECHOED_CHARACTERS
_CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
_MESSAGE = {**_CHAT, "model": "claude-haiku-4-5", "max_tokens": 9}
_VERSION = {"anthropic-version": "2023-06-01"}
_BATCH = {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
_CALLS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "a purpose": ("POST", "/v1/files", upload_form(purpose=LONG)),
    "the name of a form's field": (
        "POST",
        "/v1/images/edits",
        form((f'name="{LONG[:60_000]}"; filename="a"', b"x")),
    ),
    "an unknown parameter": ("POST", "/v1/chat/completions", {"json": {**_CHAT, LONG: 1}}),
    "a missing member": ("POST", "/v1/batches", {"json": {**_BATCH, "metadata": {LONG: 1}}}),
    "an endpoint": ("POST", "/v1/batches", {"json": {**_BATCH, "endpoint": LONG}}),
    "a completion window": ("POST", "/v1/batches", {"json": {**_BATCH, "completion_window": LONG}}),
    "a large number": ("POST", "/v1/chat/completions", {"json": {**_CHAT, "n": 10**4000}}),
    "a model": ("POST", "/v1/embeddings", {"json": {"model": LONG, "input": [LONG, 1]}}),
    "a call without an answer": (
        "POST",
        "/v1/chat/completions",
        {
            "json": {
                "model": "gpt-4o",
                "messages": [
                    {
                        "role": "assistant",
                        "tool_calls": [
                            {
                                "id": LONG,
                                "type": "function",
                                "function": {"name": "f", "arguments": ""},
                            }
                        ],
                    }
                ],
            }
        },
    ),
    "a path": ("GET", f"/{LONG}", {}),
    "a method": (LONG, "/v1/batches", {}),
    "the id of a batch": ("GET", f"/v1/batches/batch_{LONG}", {}),
    "the id of a file": ("GET", f"/v1/files/{LONG}", {}),
    "the id of an upload": ("POST", f"/v1/uploads/{LONG}/cancel", {}),
    "a cursor": ("GET", f"/v1/batches?after={LONG}", {}),
    "a choice in a query": ("GET", f"/v1/files?order={LONG}", {}),
    "a scenario": ("POST", "/_mock/scenarios/active", {"json": {"name": LONG}}),
    "a fault": ("POST", "/_mock/faults", {"json": {"preset": LONG}}),
    "a parameter of the journal": ("GET", f"/_mock/requests?{LONG}=1", {}),
    "a world": ("GET", "/_mock/batches", {"headers": {"X-Mockbatch-World": LONG}}),
    "a host": ("GET", "/v1/batches", {"headers": {"Host": f"{LONG}.example"}}),
    "an origin": ("GET", "/v1/batches", {"headers": {"Origin": f"http://{LONG}.example"}}),
    "a scenario in a path": ("GET", f"/_mock/scenarios/{LONG}", {}),
    "a member of a state": ("PUT", "/_mock/state", {"json": {LONG: 1}}),
    "Anthropic's unknown parameter": (
        "POST",
        "/v1/messages",
        {"json": {**_MESSAGE, LONG: 1}, "headers": _VERSION},
    ),
    "Anthropic's model": (
        "POST",
        "/v1/messages",
        {"json": {**_MESSAGE, "model": LONG}, "headers": _VERSION},
    ),
    "Anthropic's version": (
        "POST",
        "/v1/messages",
        {"json": _MESSAGE, "headers": {"anthropic-version": LONG}},
    ),
    "Anthropic's id": ("GET", f"/v1/messages/batches/{LONG}", {"headers": _VERSION}),
    "Anthropic's cursor": (
        "GET",
        f"/v1/messages/batches?after_id={LONG}",
        {"headers": _VERSION},
    ),
    "Azure's purpose": ("POST", "/openai/v1/files", upload_form(purpose=LONG)),
    "Azure's filter": ("GET", f"/openai/v1/batches?$filter={LONG}", {}),
    "Azure's id": ("GET", f"/openai/v1/batches/{LONG}", {}),
    "Groq's purpose": ("POST", "/groq/openai/v1/files", upload_form(purpose=LONG)),
    "Groq's window": (
        "POST",
        "/groq/openai/v1/batches",
        {"json": {**_BATCH, "completion_window": LONG}},
    ),
}


@pytest.mark.parametrize("what", _CALLS)
def test_a_long_value_is_not_repeated_whole(api: Caller, what: str) -> None:
    """The response to a bad request is short, however long the value is that is bad."""
    method, path, options = _CALLS[what]
    answer = api.call(method, path, **options)
    assert 400 <= answer.status_code < 500
    assert "error" in answer.json
    assert len(answer.data) < MAX_ERROR_BYTES


def test_a_short_value_is_repeated_whole(api: Caller) -> None:
    """A value of as many characters as a message repeats is not cut."""
    id = "x" * MAX_ECHOED_CHARACTERS
    message = api.get(f"/v1/files/{id}").json["error"]["message"]
    assert message == f"No such File object: {id}"
    assert api.get(f"/v1/files/{id}y").json["error"]["message"] == f"{message}..."


def test_the_errors_of_a_batch_do_not_repeat_a_long_value(api: Caller) -> None:
    """Nor does a batch that fails because its lines have bad members, nor an error file."""
    line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": _CHAT}
    lines = [
        {**line, "custom_id": LONG},
        {**line, "custom_id": LONG},
        {**line, "custom_id": "b", "url": LONG},
        {**line, "custom_id": "c", "method": LONG},
        {**line, "custom_id": "d", "body": {**_CHAT, "model": LONG}},
        {**line, "custom_id": "e", LONG: 1},
    ]
    data = b"\n".join(json.dumps(each).encode() for each in lines)
    id = api.create(data)["id"]
    api.advance(24 * 3600)
    assert len(api.get(f"/v1/batches/{id}").data) < len(lines) * MAX_ERROR_BYTES
