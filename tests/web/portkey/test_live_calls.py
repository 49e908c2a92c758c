"""Live calls through Portkey's gateway, as measured with the real one."""

import json

import pytest

from mockbatch.scripting.script import Script, parse
from mockbatch.typing import Json
from tests.support.caller import Caller, app_of

OPENAI = {"x-portkey-provider": "openai"}
CHAT, EMBEDDINGS, RESPONSES = "/v1/chat/completions", "/v1/embeddings", "/v1/responses"
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}


class Upstream:
    """An app that records the bodies that reach the API behind the gateway."""

    def __init__(self) -> None:
        self.bodies: list[Json] = []
        entry = parse({"reply": lambda line: self.bodies.append(line["body"])})
        self.api = Caller(app_of(script=Script((entry,))))

    def forward(self, path: str, body: Json) -> Json:
        """Return the body that the gateway forwards."""
        self.api.post(path, body, headers=OPENAI)
        return self.bodies.pop()


@pytest.fixture
def upstream() -> Upstream:
    """Return a new one."""
    return Upstream()


def test_chat_is_answered_through_the_gateway(api: Caller) -> None:
    """It is compact, and has the gateway's headers."""
    response = api.post(CHAT, BODY, headers=OPENAI)
    assert response.json["choices"][0]["message"]["content"] == "Mock reply to: Hello"
    assert b"\n" not in response.get_data()
    assert response.headers["x-portkey-provider"] == "openai"
    assert "x-ratelimit-limit-requests" in response.headers


def test_stream_is_passed_back_unchanged(api: Caller) -> None:
    """Byte for byte what the API sends."""
    body = {**BODY, "stream": True}
    through = api.post(CHAT, body, headers=OPENAI)
    direct = Caller(app_of()).post(CHAT, body)
    assert through.get_data() == direct.get_data()
    assert through.content_type == "text/event-stream; charset=utf-8"
    assert through.headers["x-portkey-trace-id"] == ""


def test_refusal_of_a_stream_is_named(api: Caller) -> None:
    """It is JSON, not a stream."""
    response = api.post(CHAT, {"model": "gpt-4o", "messages": [], "stream": True}, headers=OPENAI)
    assert response.status_code == 400
    assert response.json["provider"] == "openai"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"foo": 1, "prompt_cache_retention": "24h"}, {}),
        ({"temperature": 3}, {"temperature": 2}),
        ({"temperature": -1, "top_p": 2.5}, {"temperature": 0, "top_p": 1}),
        ({"top_p": True, "stop": None}, {"top_p": True, "stop": None}),
        ({"n": 2.0}, {"n": 2}),
        ({"max_tokens": "portkey-default"}, {"max_tokens": 100}),
    ],
)
def test_parameters_are_those_that_the_gateway_knows(
    upstream: Upstream, changes: Json, expected: Json
) -> None:
    """Others are dropped, and numbers are clamped."""
    assert upstream.forward(CHAT, {**BODY, **changes}) == {**BODY, **expected}


@pytest.mark.parametrize(
    ("path", "body", "model"),
    [
        (CHAT, {"messages": BODY["messages"]}, "glm-4.6"),
        ("/v1/completions", {"prompt": "x"}, "text-davinci-003"),
        (EMBEDDINGS, {"input": "x"}, "text-embedding-ada-002"),
    ],
)
def test_missing_model_gets_the_default(
    upstream: Upstream, path: str, body: Json, model: str
) -> None:
    """It is the gateway's default."""
    assert upstream.forward(path, body) == {**body, "model": model}


def test_response_names_its_provider(api: Caller) -> None:
    """Numbers are JavaScript's, and the API reports a missing model."""
    response = api.post(RESPONSES, {"model": "gpt-4o", "input": "Hello"}, headers=OPENAI)
    assert response.json["provider"] == "openai"
    assert b'"temperature":1,' in response.get_data()
    assert api.post(RESPONSES, {"input": "Hello"}, headers=OPENAI).status_code == 400


def test_embeddings_are_passed_back_unchanged(api: Caller) -> None:
    """Both successes and errors."""
    body = {"model": "text-embedding-3-small", "input": "x", "dimensions": 2}
    assert b'\n  "object": "list"' in api.post(EMBEDDINGS, body, headers=OPENAI).get_data()
    refused = api.post(EMBEDDINGS, {**body, "input": ""}, headers=OPENAI)
    assert "provider" not in refused.json
    assert not refused.json["error"]["message"].startswith("openai error")


@pytest.mark.parametrize("data", [b"{", b"", b"NaN"])
def test_invalid_json_is_the_gateways_error(api: Caller, data: bytes) -> None:
    """It is a 500 with the gateway's message."""
    response = api.call("POST", CHAT, data=data, content_type="application/json", headers=OPENAI)
    assert (response.status_code, response.json["message"]) == (500, "Something went wrong")


def test_models_are_forwarded_unchanged(api: Caller) -> None:
    """The gateway does not know this route."""
    response = api.get("/v1/models/gpt-4o", headers=OPENAI)
    assert json.loads(response.get_data())["id"] == "gpt-4o"
    assert response.headers["x-portkey-provider"] == "openai"
