"""What the journal has of a request: how long it took, and why it was rejected."""

import threading

import openai
import pytest

from mockbatch.client import WorldClient
from mockbatch.typing import Json
from tests.support.caller import Caller

CHAT = "/v1/chat/completions"
BODY: dict[str, Json] = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}


def test_the_duration_is_that_of_the_whole_request(mockbatch: WorldClient) -> None:
    """In real milliseconds; the client sees it, too."""

    def reply(_: Json) -> str:
        threading.Event().wait(0.05)
        return "Done."

    mockbatch.reply({"endpoint": CHAT}, reply)
    response = mockbatch.client.chat.completions.with_raw_response.create(**BODY)
    [request] = mockbatch.requests
    assert 50 <= request.duration_ms < 10_000
    assert int(response.headers["openai-processing-ms"]) >= 50


def test_a_rejected_live_call_has_the_message(api: Caller) -> None:
    """That of the response."""
    response = api.post(CHAT, {**BODY, "temperature": 5})
    [entry] = api.get("/_mock/requests").json["requests"]
    assert entry["error"] == response.json["error"]["message"]
    assert "temperature" in entry["error"]


@pytest.mark.parametrize("body", [{"error": "no"}, {"error": {"message": 1}}, ["no"], "no"])
def test_a_scripted_error_of_another_shape_has_no_message(
    mockbatch: WorldClient, body: Json
) -> None:
    """It is sent as it is."""
    mockbatch.reply({"endpoint": CHAT}, {"status_code": 400, "body": body, "raw": True})
    with pytest.raises(openai.BadRequestError):
        mockbatch.client.chat.completions.create(**BODY)
    [request] = mockbatch.requests
    assert (request.status, request.error) == (400, None)


def test_a_request_that_succeeds_has_no_message(api: Caller) -> None:
    """The member is null."""
    api.good(api.post(CHAT, BODY))
    [entry] = api.get("/_mock/requests").json["requests"]
    assert (entry["status"], entry["error"]) == (200, None)
