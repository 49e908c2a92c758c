"""Callers of the providers other than OpenAI."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from mockbatch.typing import Json
from tests.support.caller import Caller, app_of

MODEL = "claude-haiku-4-5"
HELLO: dict[str, Json] = {
    "model": MODEL,
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hello"}],
}


class AnthropicCaller(Caller):
    """A client that speaks as Anthropic's SDKs do, by default those before October 2026."""

    version: str | None = "2023-06-01"

    def call(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send a request."""
        version = {} if self.version is None else {"anthropic-version": self.version}
        options["headers"] = {**version, **options.get("headers", {})}
        return super().call(method, path, **options)

    def live(self, **changes: Json) -> TestResponse:
        """Call POST /v1/messages."""
        return self.post("/v1/messages", {**HELLO, **changes})

    def create_batch(self, *params: dict[str, Json], **ids: dict[str, Json]) -> dict[str, Json]:
        """Create a batch of requests: `line-0`, `line-1`, … and those with ids of their own."""
        return self.good(self.post("/v1/messages/batches", requests_of(*params, **ids)))

    def message_batch(self, id: str) -> dict[str, Json]:
        """Retrieve a batch."""
        return self.good(self.get(f"/v1/messages/batches/{id}"))


def requests_of(*params: dict[str, Json], **ids: dict[str, Json]) -> dict[str, Json]:
    """Return the body that creates a batch, each request with changes to a greeting."""
    named = {**{f"line-{number}": one for number, one in enumerate(params)}, **ids}
    return {
        "requests": [
            {"custom_id": id, "params": {**HELLO, **changes}} for id, changes in named.items()
        ]
    }


def anthropic_error_of(response: TestResponse) -> tuple[int, str, str]:
    """Return status, type and message of an answer in Anthropic's envelope."""
    assert response.content_type == "application/json"
    body = response.json
    assert (list(body), body["type"]) == (["type", "error", "request_id"], "error")
    assert body["request_id"] == response.headers["request-id"]
    return response.status_code, body["error"]["type"], body["error"]["message"]


@pytest.fixture
def anthropic() -> AnthropicCaller:
    """Make a client of Anthropic's API on a fresh app."""
    return AnthropicCaller(app_of())
