"""POST /v1/messages: live calls of Anthropic's API."""

import json
import re
from datetime import datetime

import pytest
from werkzeug.test import TestResponse

from mockbatch.typing import Json
from tests.support.caller import KEY
from tests.web.providers.conftest import HELLO, AnthropicCaller, anthropic_error_of

KEYS = (
    *("model", "id", "type", "role", "content"),
    *("stop_reason", "stop_sequence", "stop_details", "usage"),
)
TOO_MANY_TOKENS = (
    "max_tokens: 9999999 > 64000, which is the maximum allowed number of output tokens for "
    "claude-haiku-4-5-20251001"
)
TOOL = {
    "name": "weather",
    "input_schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}


def events_of(response: TestResponse) -> list[tuple[str, Json]]:
    """Return the names and the data of server-sent events."""
    events = []
    for frame in response.text.removesuffix("\n\n").split("\n\n"):
        name, data = frame.split("\n")
        events.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return events


class TestMessage:
    """What a request is answered with."""

    def test_it_has_the_recorded_members_in_the_recorded_order(
        self, anthropic: AnthropicCaller
    ) -> None:
        """The model is a snapshot, the id has 24 characters, and the JSON is compact."""
        response = anthropic.live()
        message = anthropic.good(response)
        assert tuple(message) == KEYS
        assert re.fullmatch("msg_011C[1-9A-HJ-NP-Za-km-z]{20}", message["id"])
        assert message["model"] == "claude-haiku-4-5-20251001"
        assert message["content"] == [{"type": "text", "text": "Mock reply to: Hello"}]
        assert (message["stop_reason"], message["stop_sequence"]) == ("end_turn", None)
        assert message["usage"]["service_tier"] == "standard"
        assert ": " not in response.text.replace("Mock reply to: ", "")

    @pytest.mark.parametrize("stream", [False, True])
    def test_it_has_the_recorded_headers_of_rate_limits(
        self, anthropic: AnthropicCaller, stream: bool
    ) -> None:
        """Four limits, each with three headers, in the order of a recording of August 2025."""
        body = {"model": "claude-haiku-4-5", "max_tokens": 9, "stream": stream}
        messages = [{"role": "user", "content": "Hello"}]
        response = anthropic.post("/v1/messages", {**body, "messages": messages})
        limits = {
            name.removeprefix("anthropic-ratelimit-"): value
            for name, value in response.headers.items()
            if name.startswith("anthropic-ratelimit-")
        }
        assert list(limits) == [
            f"{kind}-{member}"
            for kind in ("input-tokens", "output-tokens", "requests", "tokens")
            for member in ("limit", "remaining", "reset")
        ]
        assert (limits["requests-limit"], limits["requests-remaining"]) == ("1000", "999")
        now = anthropic.good(anthropic.get("/_mock/clock"))["now"]
        reset = datetime.fromisoformat(limits["requests-reset"].replace("Z", "+00:00"))
        assert 0 <= reset.timestamp() - int(now) <= 1

    def test_max_tokens_cuts_the_text(self, anthropic: AnthropicCaller) -> None:
        """The stop reason says so, and the usage counts what is left."""
        message = anthropic.good(anthropic.live(max_tokens=2))
        assert (message["content"][0]["text"], message["stop_reason"]) == ("Mock rep", "max_tokens")
        assert message["usage"]["output_tokens"] == 2

    def test_max_tokens_may_be_zero(self, anthropic: AnthropicCaller) -> None:
        """In a live call it is good, unlike in a batch (field notes, 2026)."""
        message = anthropic.good(anthropic.live(max_tokens=0))
        assert (message["content"], message["usage"]["output_tokens"]) == ([], 0)

    def test_the_first_stop_sequence_ends_the_text(self, anthropic: AnthropicCaller) -> None:
        """It is named, and is not part of the text."""
        message = anthropic.good(anthropic.live(stop_sequences=["Hello", " to"]))
        assert message["content"][0]["text"] == "Mock reply"
        assert (message["stop_reason"], message["stop_sequence"]) == ("stop_sequence", " to")

    @pytest.mark.parametrize("choice", [{"type": "any"}, {"type": "tool", "name": "weather"}])
    def test_a_required_tool_is_used(self, anthropic: AnthropicCaller, choice: Json) -> None:
        """The input is an object that fits the schema of the tool."""
        message = anthropic.good(anthropic.live(tools=[TOOL], tool_choice=choice))
        [block] = message["content"]
        assert re.fullmatch("toolu_01[1-9A-HJ-NP-Za-km-z]{22}", block["id"])
        assert (block["type"], block["name"]) == ("tool_use", "weather")
        assert isinstance(block["input"]["city"], str)
        assert message["stop_reason"] == "tool_use"

    def test_a_limit_cuts_the_input_of_a_tool(self, anthropic: AnthropicCaller) -> None:
        """What is left of it is no JSON, so that the input is empty."""
        choice = {"type": "tool", "name": "weather"}
        message = anthropic.good(anthropic.live(tools=[TOOL], tool_choice=choice, max_tokens=3))
        [block] = message["content"]
        assert (message["stop_reason"], block["input"]) == ("max_tokens", {})

    def test_output_config_asks_for_json(self, anthropic: AnthropicCaller) -> None:
        """The text is JSON that fits the schema."""
        wanted = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
        config = {"format": {"type": "json_schema", "schema": wanted}}
        message = anthropic.good(anthropic.live(output_config=config))
        assert isinstance(json.loads(message["content"][0]["text"])["n"], int)


class TestStream:
    """`stream: true`."""

    def test_the_events_build_the_message(self, anthropic: AnthropicCaller) -> None:
        """Each is named after its type; the texts of the deltas are the text of the message."""
        response = anthropic.live(stream=True)
        assert response.content_type == "text/event-stream; charset=utf-8"
        events = events_of(response)
        assert [name for name, _ in events] == [data["type"] for _, data in events]
        names = [name for name, _ in events if name != "content_block_delta"]
        assert names == [
            *("message_start", "content_block_start", "ping", "content_block_stop"),
            *("message_delta", "message_stop"),
        ]
        texts = [data["delta"]["text"] for name, data in events if name == "content_block_delta"]
        assert "".join(texts) == "Mock reply to: Hello"
        assert events[-2][1]["delta"]["stop_reason"] == "end_turn"

    def test_the_input_of_a_tool_comes_in_pieces(self, anthropic: AnthropicCaller) -> None:
        """The block starts with an empty input."""
        events = events_of(anthropic.live(stream=True, tools=[TOOL], tool_choice={"type": "any"}))
        start = next(data for name, data in events if name == "content_block_start")
        assert start["content_block"]["input"] == {}
        pieces = [
            data["delta"]["partial_json"] for name, data in events if name == "content_block_delta"
        ]
        assert isinstance(json.loads("".join(pieces))["city"], str)

    def test_other_blocks_come_whole(self, anthropic: AnthropicCaller) -> None:
        """A scripted thinking block starts with all that it has, and a refusal is explained."""
        thinking = {"type": "thinking", "thinking": "Hm.", "signature": "x"}
        details = {"type": "refusal", "category": None, "explanation": "No."}
        message = anthropic.good(anthropic.live())
        body = {**message, "content": [thinking], "stop_reason": "refusal", "stop_details": details}
        anthropic.good(anthropic.post("/_mock/replies", {"reply": {"body": body}}))
        events = events_of(anthropic.live(stream=True))
        assert [name for name, _ in events] == [
            *("message_start", "content_block_start", "ping", "content_block_stop"),
            *("message_delta", "message_stop"),
        ]
        assert events[1][1]["content_block"] == thinking
        assert events[-2][1]["delta"] == {
            "stop_reason": "refusal",
            "stop_sequence": None,
            "stop_details": details,
        }

    def test_a_raw_reply_that_is_no_message_is_not_streamed(
        self, anthropic: AnthropicCaller
    ) -> None:
        """It has no events; without `stream` it is sent as it is."""
        reply = {"body": {"a": 1}, "raw": True}
        anthropic.good(anthropic.post("/_mock/replies", {"reply": reply}))
        refused = anthropic_error_of(anthropic.live(stream=True))
        assert refused[:2] == (400, "invalid_request_error")
        assert "cannot be streamed" in refused[2]
        assert anthropic.good(anthropic.live()) == {"a": 1}


class TestRefused:
    """What is wrong with a request, and how the API says it."""

    @pytest.mark.parametrize(
        ("changes", "status", "type_", "message"),
        [
            ({"model": "gpt-4o"}, 404, "not_found_error", "model: gpt-4o"),
            (
                {"max_tokens": 9_999_999},
                400,
                "invalid_request_error",
                TOO_MANY_TOKENS,
            ),
            (
                {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "x"}},
                400,
                "invalid_request_error",
                "Tool 'x' not found in provided tools",
            ),
        ],
    )
    def test_observed_texts(
        self,
        anthropic: AnthropicCaller,
        changes: dict[str, Json],
        status: int,
        type_: str,
        message: str,
    ) -> None:
        """These texts were observed for the lines of a batch (field notes, 2026)."""
        assert anthropic_error_of(anthropic.live(**changes)) == (status, type_, message)

    @pytest.mark.parametrize(
        ("changes", "place"),
        [
            ({"messages": []}, "messages"),
            ({"messages": [{"role": "system", "content": "x"}]}, "messages.0.role"),
            ({"messages": "Hello"}, "messages"),
            ({"max_tokens": "many"}, "max_tokens"),
            ({"max_completion_tokens": 5}, "max_completion_tokens"),
            ({"temperature": 2}, "temperature"),
            ({"tool_choice": {"type": "any"}}, "tool_choice"),
        ],
    )
    def test_the_place_of_a_mistake(
        self, anthropic: AnthropicCaller, changes: dict[str, Json], place: str
    ) -> None:
        """The text begins with it; the rest is not verified against the service."""
        status, type_, message = anthropic_error_of(anthropic.live(**changes))
        assert (status, type_) == (400, "invalid_request_error")
        assert message.startswith(f"{place}: ")

    @pytest.mark.parametrize("name", ["model", "messages", "max_tokens"])
    def test_a_required_member(self, anthropic: AnthropicCaller, name: str) -> None:
        """It is named as in `messages: Field required`, which was observed."""
        body = {key: value for key, value in HELLO.items() if key != name}
        refused = anthropic_error_of(anthropic.post("/v1/messages", body))
        assert refused == (400, "invalid_request_error", f"{name}: Field required")

    @pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
    def test_the_version_of_october_2026_has_no_sampling(
        self, anthropic: AnthropicCaller, name: str
    ) -> None:
        """These parameters are documented as removed; earlier versions have them."""
        value: Json = 1
        anthropic.good(anthropic.live(**{name: value}))
        anthropic.version = "2026-10-21"
        assert anthropic_error_of(anthropic.live(**{name: value}))[:1] == (400,)
        anthropic.good(anthropic.live())

    @pytest.mark.parametrize("version", [None, "1", "latest"])
    def test_a_version_is_required(self, anthropic: AnthropicCaller, version: str | None) -> None:
        """Without a date in `anthropic-version` there is a 400; its text is remembered."""
        anthropic.version = version
        assert anthropic_error_of(anthropic.live())[:2] == (400, "invalid_request_error")

    def test_every_call_requires_a_version(self, anthropic: AnthropicCaller) -> None:
        """The list of batches as well, which reads nothing else of the request's headers."""
        id = anthropic.create_batch({})["id"]
        anthropic.version = None
        for method, path in [
            ("GET", "/v1/messages/batches"),
            ("POST", "/v1/messages/batches"),
            ("GET", f"/v1/messages/batches/{id}"),
            ("GET", f"/v1/messages/batches/{id}/results"),
            ("POST", f"/v1/messages/batches/{id}/cancel"),
            ("DELETE", f"/v1/messages/batches/{id}"),
        ]:
            refused = anthropic_error_of(anthropic.call(method, path))
            assert refused[:2] == (400, "invalid_request_error"), path

    def test_no_json(self, anthropic: AnthropicCaller) -> None:
        """The text begins as observed (field notes, 2026)."""
        refused = anthropic_error_of(anthropic.call("POST", "/v1/messages", data=b"{"))
        assert refused[:2] == (400, "invalid_request_error")
        assert refused[2].startswith("The request body is not valid JSON:")

    def test_an_unknown_path(self, anthropic: AnthropicCaller) -> None:
        """It is a 404 in Anthropic's envelope, as everything below /v1/messages."""
        assert anthropic_error_of(anthropic.get("/v1/messages/x"))[:2] == (404, "not_found_error")


class TestKeys:
    """Who is calling."""

    @pytest.mark.parametrize("header", ["x-api-key", "X-Api-Key"])
    def test_a_key_in_x_api_key_opens_the_world_of_the_bearer_key(
        self, anthropic: AnthropicCaller, header: str
    ) -> None:
        """Both forms are one client to the journal."""
        anthropic.good(anthropic.live())
        anthropic.key = None
        anthropic.good(anthropic.post("/v1/messages", HELLO, headers={header: KEY}))
        anthropic.key = KEY
        assert anthropic.get("/_mock/requests").json["count"] == 2

    def test_no_key(self, anthropic: AnthropicCaller) -> None:
        """It is a 401; its text is remembered."""
        anthropic.key = None
        assert anthropic_error_of(anthropic.live())[:2] == (401, "authentication_error")

    def test_a_wrong_key(self, anthropic: AnthropicCaller) -> None:
        """Its text was observed in 2026."""
        anthropic.key = "undefined"
        refused = (401, "authentication_error", "API key is invalid.")
        assert anthropic_error_of(anthropic.live()) == refused


class TestReplies:
    """Scripted replies."""

    def script(self, anthropic: AnthropicCaller, match: Json, reply: Json) -> None:
        """Add a reply."""
        anthropic.good(anthropic.post("/_mock/replies", {"match": match, "reply": reply}))

    @pytest.mark.parametrize(
        "match", [{"model": "claude-*"}, {"contains": "ell"}, {"endpoint": "/v1/messages"}]
    )
    def test_a_text_by_model_or_text(self, anthropic: AnthropicCaller, match: Json) -> None:
        """It is the text of the message, and is billed."""
        self.script(anthropic, match, {"content": "Good evening"})
        message = anthropic.good(anthropic.live())
        assert message["content"] == [{"type": "text", "text": "Good evening"}]
        assert message["usage"]["output_tokens"] == 3

    def test_tool_calls(self, anthropic: AnthropicCaller) -> None:
        """Their arguments are the input of tool uses."""
        calls = [{"name": "weather", "arguments": {"city": "Bonn"}}]
        self.script(anthropic, {}, {"tool_calls": calls})
        message = anthropic.good(anthropic.live())
        assert message["content"][0]["input"] == {"city": "Bonn"}
        assert message["stop_reason"] == "tool_use"

    @pytest.mark.parametrize(
        ("finish_reason", "stop_reason"),
        [
            ("stop", "end_turn"),
            ("length", "max_tokens"),
            ("content_filter", "refusal"),
        ],
    )
    def test_finish_reasons_have_anthropics_names(
        self, anthropic: AnthropicCaller, finish_reason: str, stop_reason: str
    ) -> None:
        """What is cut is billed for what is left."""
        self.script(anthropic, {}, {"finish_reason": finish_reason})
        assert anthropic.good(anthropic.live())["stop_reason"] == stop_reason

    def test_a_refusal(self, anthropic: AnthropicCaller) -> None:
        """It is explained in stop_details."""
        self.script(anthropic, {}, {"refusal": "No."})
        message = anthropic.good(anthropic.live())
        assert message["stop_reason"] == "refusal"
        assert message["stop_details"] == {
            "type": "refusal",
            "category": None,
            "explanation": "No.",
        }

    def test_a_whole_message(self, anthropic: AnthropicCaller) -> None:
        """Any stop reason of Anthropic's can be had so; what is no message is refused."""
        body = {**anthropic.good(anthropic.live()), "stop_reason": "pause_turn"}
        self.script(anthropic, {}, {"body": body})
        assert anthropic.good(anthropic.live()) == body
        bad = {"match": {}, "reply": {"body": {**body, "stop_reason": "bored"}}}
        assert anthropic.post("/_mock/replies", bad).status_code == 400

    @pytest.mark.parametrize(
        "body",
        [
            {"error": {"message": "Busy", "type": "x", "param": None, "code": None}},
            {"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}},
        ],
    )
    def test_an_error_in_either_envelope(self, anthropic: AnthropicCaller, body: Json) -> None:
        """It is answered in Anthropic's."""
        self.script(anthropic, {}, {"status_code": 529, "body": body})
        response = anthropic.live()
        assert response.status_code == 529
        assert response.json["error"] == {"type": "overloaded_error", "message": "Busy"}


def test_the_reply_that_a_message_got_is_recorded(anthropic: AnthropicCaller) -> None:
    """The journal names its match, and the control API counts the live call."""
    anthropic.good(anthropic.post("/_mock/replies", {"match": {}, "reply": "Hi."}))
    anthropic.good(anthropic.live())
    [request] = anthropic.good(anthropic.get("/_mock/requests"))["requests"]
    assert request["reply"] == {}
    [reply] = anthropic.good(anthropic.get("/_mock/replies"))["replies"]
    assert (reply["lines"], reply["live_calls"]) == (0, 1)
