"""Live calls: the endpoints outside of batches."""

import json
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from msgspec.structs import replace
from werkzeug.test import TestResponse

from mockbatch.endpoints import endpoints
from mockbatch.endpoints.endpoint import Form, FormFile
from mockbatch.scripting.script import Script, parse
from mockbatch.typing import Json
from mockbatch.validation.schema import schema
from mockbatch.web.v1 import live_calls
from tests.support.caller import (
    FINALIZING,
    IN_PROGRESS,
    START,
    VALIDATING,
    Caller,
    app_of,
    error_of,
    form,
)
from tests.support.examples import examples
from tests.support.slow_tests import mark_slow_except_each

CHAT, RESPONSES, EMBEDDINGS = "/v1/chat/completions", "/v1/responses", "/v1/embeddings"
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
ERROR = {"message": "No.", "type": "invalid_request_error", "param": None, "code": "no"}
WEATHER = {"name": "weather", "arguments": {"city": "Oslo"}}
REPLIES: list[Json] = [
    None,
    {"content": "Scripted."},
    {"tool_calls": [WEATHER]},
    {"refusal": "No."},
    {"finish_reason": "length"},
    {"status_code": 429, "body": {"error": ERROR}},
    {"body": {"any": 1}, "raw": True},
]
# What differs from call to call.
PASSING = {"id", "call_id", "created", "created_at", "completed_at", "encrypted_content"}


def requests() -> Iterator[tuple[str, Json]]:
    """Yield the paths and bodies that clients send, for every endpoint."""
    for path in sorted((Path(__file__).parents[3] / "fixtures" / "requests").glob("*.jsonl")):
        for line in path.read_text("utf-8").splitlines():
            request = json.loads(line)
            yield request["url"], request["body"]


EVERY_REQUEST = pytest.mark.parametrize(
    ("path", "body"),
    mark_slow_except_each(4, requests()),
    ids=[f"{path[4:]}-{number}" for number, (path, _) in enumerate(requests())],
)


def without_ids_and_times(value: Json) -> Json:
    """Return a body without ids and times."""
    if isinstance(value, dict):
        return {
            name: without_ids_and_times(inner)
            for name, inner in value.items()
            if name not in PASSING
        }
    return [without_ids_and_times(inner) for inner in value] if isinstance(value, list) else value


def run_in_a_batch(api: Caller, path: str, body: Json) -> Json:
    """Return status and body of the only line of a batch."""
    line = {"custom_id": "a", "method": "POST", "url": path, "body": body}
    batch = api.create(json.dumps(line).encode() + b"\n", endpoint=path)
    api.advance(VALIDATING + IN_PROGRESS + FINALIZING)
    batch = api.batch(batch["id"])
    file = batch["output_file_id"] or batch["error_file_id"]
    response = json.loads(api.get(f"/v1/files/{file}/content").text)["response"]
    return response["status_code"], response["body"]


def events(response: TestResponse) -> list[Json]:
    """Return the data of server-sent events, each JSON but for the end."""
    assert response.content_type == "text/event-stream; charset=utf-8"
    frames = response.get_data().decode().split("\n\n")
    assert frames.pop() == ""
    texts = [frame.split("data: ", 1)[1] for frame in frames]
    return [text if text == "[DONE]" else json.loads(text) for text in texts]


def script(api: Caller, reply: Json, match: Json = None) -> None:
    """Add a scripted reply."""
    api.good(api.post("/_mock/replies", {"match": match or {}, "reply": reply}))


class TestAnswers:
    """Successful responses."""

    def test_every_endpoint_is_live(self, api: Caller) -> None:
        """Each registered endpoint has a route of its own."""
        for path in endpoints():
            assert api.post(path, {}).status_code != 404
        assert {path for path, _ in requests()} == set(endpoints())

    @EVERY_REQUEST
    def test_response_is_that_of_a_batch(self, api: Caller, path: str, body: Json) -> None:
        """The same request has the same body, live and in a batch, but for ids and times."""
        for reply in REPLIES:
            api.delete("/_mock/replies")
            if reply is not None:
                script(api, reply, {"endpoint": path} if "body" in reply else {})
            # The same bytes: a JSON client of Flask's would sort the members.
            response = api.call("POST", path, data=json.dumps(body))
            status, batched = run_in_a_batch(api, path, body)
            assert (response.status_code, without_ids_and_times(response.json)) == (
                status,
                without_ids_and_times(batched),
            )

    @EVERY_REQUEST
    def test_response_fits_its_schema(self, api: Caller, path: str, body: Json) -> None:
        """It fits the same schema as the body of a batch line."""
        schema(endpoints()[path].response_schema).check(api.good(api.post(path, body)))

    def test_ids_differ_from_call_to_call_and_not_from_run_to_run(self, api: Caller) -> None:
        """Two calls have two ids, and another server with the same seed has the same two."""
        first, second = (
            [one.good(one.post(CHAT, BODY))["id"] for _ in range(2)]
            for one in (api, Caller(app_of()))
        )
        assert first == second
        assert len(set(first)) == 2

    def test_created_is_the_simulated_time(self, api: Caller) -> None:
        """It is in whole seconds."""
        api.advance(3600.7)
        assert api.good(api.post(CHAT, BODY))["created"] == START + 3600

    def test_headers_are_openais(self, api: Caller) -> None:
        """It has the headers of every response, and the rate limits."""
        headers = api.post(CHAT, BODY).headers
        assert headers["openai-version"] == "2020-10-01"
        assert re.fullmatch("req_[0-9a-f]{32}", headers["x-request-id"])
        limits = {name: text for name, text in headers if name.startswith("x-ratelimit-")}
        assert limits == {
            "x-ratelimit-limit-requests": "5000",
            "x-ratelimit-limit-tokens": "2000000",
            "x-ratelimit-remaining-requests": "4999",
            "x-ratelimit-remaining-tokens": "1999991",
            "x-ratelimit-reset-requests": "12ms",
            "x-ratelimit-reset-tokens": "0s",
        }

    def test_rate_limits_count_the_prompt(self, api: Caller) -> None:
        """A long prompt leaves fewer tokens, and the reset takes as long as recorded."""
        long = {**BODY, "messages": [{"role": "user", "content": "word" * 876}]}
        headers = api.post(CHAT, long).headers
        assert headers["x-ratelimit-remaining-tokens"] == str(2_000_000 - 883)
        assert headers["x-ratelimit-reset-tokens"] == "26ms"

    def test_rate_limits_end_at_zero(self, api: Caller) -> None:
        """More tokens than a minute's budget take a minute to come back."""
        body = {**api.good(api.post(CHAT, BODY)), "usage": {"prompt_tokens": 3_000_000}}
        api.good(api.post("/_mock/replies", {"reply": {"raw": True, "body": body}}))
        headers = api.post(CHAT, BODY).headers
        assert headers["x-ratelimit-remaining-tokens"] == "0"
        assert headers["x-ratelimit-reset-tokens"] == "60000ms"

    def test_call_is_in_the_journal(self, api: Caller) -> None:
        """It is recorded like any other request."""
        api.post(CHAT, BODY)
        [entry] = api.good(api.get("/_mock/requests?method=POST"))["requests"]
        assert (entry["path"], entry["status"], entry["known"]) == (CHAT, 200, True)

    def test_state_includes_the_id_counter(self, api: Caller) -> None:
        """A world that was dumped and loaded repeats no id."""
        first = api.good(api.post(CHAT, BODY))["id"]
        api.good(api.call("PUT", "/_mock/state", json=api.good(api.get("/_mock/state"))))
        assert api.good(api.post(CHAT, BODY))["id"] != first


class TestRefusals:
    """Invalid requests, each a 400 in OpenAI's format."""

    @pytest.mark.parametrize("path", endpoints())
    @pytest.mark.parametrize("data", [b"", b"{", b"\xff", b'{"model": NaN}', b"[" * 10_000])
    def test_invalid_json(self, api: Caller, path: str, data: bytes) -> None:
        """Any text that is not JSON is refused."""
        assert error_of(api.call("POST", path, data=data))[0] == 400

    @pytest.mark.parametrize("path", endpoints())
    @pytest.mark.parametrize("body", [[], "x", 1, True, {}, {"model": 1}, {"model": ""}])
    def test_invalid_request(self, api: Caller, path: str, body: Json) -> None:
        """JSON that no endpoint accepts is refused."""
        assert error_of(api.post(path, body))[0] == 400

    def test_error_is_the_endpoints(self, api: Caller) -> None:
        """It has the endpoint's code and param, and no rate limit headers."""
        response = api.post(CHAT, {**BODY, "service_tier": "best"})
        assert error_of(response) == (400, "invalid_value", "service_tier")
        assert "x-ratelimit-limit-requests" not in response.headers

    @pytest.mark.parametrize(
        ("path", "body", "code"),
        [
            (CHAT, {**BODY, "model": "gpt-4o", "max_tokens": 20_480}, "invalid_value"),
            (
                CHAT,
                {"model": "gpt-4", "messages": [{"role": "user", "content": "word " * 12_000}]},
                "context_length_exceeded",
            ),
            (
                "/v1/responses",
                {"model": "gpt-4o", "input": "x", "max_output_tokens": 20_480},
                "invalid_value",
            ),
            (
                "/v1/completions",
                {"model": "gpt-3.5-turbo-instruct", "prompt": "x", "max_tokens": 5_000},
                "invalid_value",
            ),
            (
                "/v1/embeddings",
                {"model": "text-embedding-3-small", "input": [1] * 8_193},
                None,
            ),
            (
                "/v1/embeddings",
                {"model": "text-embedding-3-small", "input": [[1] * 8_000] * 38},
                "max_tokens_per_request",
            ),
        ],
    )
    def test_token_limits_hold_live_and_in_a_batch(
        self, api: Caller, path: str, body: Json, code: str | None
    ) -> None:
        """A live call and a batch line get the same 400."""
        response = api.post(path, body)
        assert error_of(response)[:2] == (400, code)
        assert run_in_a_batch(api, path, body) == (400, response.json)

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_other_methods(self, api: Caller, method: str) -> None:
        """They get a 405 with the allowed methods."""
        response = api.call(method, CHAT)
        assert error_of(response)[0] == 405
        assert "POST" in response.headers["Allow"]

    def test_without_a_key(self) -> None:
        """It is a 401."""
        assert error_of(Caller(app_of(), None).post(CHAT, BODY))[0] == 401

    def test_form_for_an_endpoint_without_forms(self, api: Caller) -> None:
        """It is not JSON."""
        assert error_of(api.call("POST", CHAT, **form(('name="model"', b"gpt-4o"))))[0] == 400

    @pytest.mark.slow
    @examples(200, deadline=None, suppress_health_check=[*HealthCheck], database=None)
    @given(data=st.data())
    def test_any_body(self, data: st.DataObject) -> None:
        """It gets a success or an error, and never a 5xx."""
        path, body = data.draw(st.sampled_from(list(requests())))
        name = data.draw(st.sampled_from([*body, "stream", "stream_options", "n", "foo"]))
        junk = st.sampled_from([None, True, 0, -1, 2.5, 1e308, "", "x", "\ud800", [], {}, [{}]])
        changed = {**body, name: data.draw(junk)}
        response = Caller(app_of()).post(path, changed)
        assert response.status_code in (200, 400)
        response.get_data()


class TestScripts:
    """Scripted replies."""

    def test_function_gets_the_call_as_a_line(self) -> None:
        """The line has no custom_id, and the result is checked by the endpoint."""
        seen: list[Json] = []

        def reply(line: Json) -> str:
            seen.append(line)
            return f"{line['body']['model']}, you said"

        api = Caller(app_of(script=Script((parse({"reply": reply}),))))
        answer = api.good(api.post(CHAT, BODY))
        assert answer["choices"][0]["message"]["content"] == "gpt-4o-mini, you said"
        assert seen == [{"custom_id": None, "method": "POST", "url": CHAT, "body": BODY}]

    def test_failing_function_is_named(self) -> None:
        """It is a 400 with the function's name."""
        api = Caller(app_of(script=Script((parse({"reply": lambda line: line["custom_id"] + 1}),))))
        response = api.post(CHAT, BODY)
        assert error_of(response) == (400, "callable_failed", None)
        assert "a live call" in response.json["error"]["message"]

    def test_replies_for_lines_do_not_match_live_calls(self, api: Caller) -> None:
        """A match of a custom_id, line or batch excludes live calls."""
        for match in ({"custom_id": "*"}, {"line": 1}, {"batch_id": "batch_1"}):
            script(api, {"content": "Scripted."}, match)
        answer = api.good(api.post(CHAT, BODY))
        assert answer["choices"][0]["message"]["content"] == "Mock reply to: Hello"

    def test_invalid_request_gets_no_reply(self, api: Caller) -> None:
        """It is refused as it is without one."""
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
        script(api, {"content": "scripted"})
        answer = api.post("/v1/chat/completions", {**body, "n": "many"})
        assert (answer.status_code, answer.json["error"]["param"]) == (400, "n")

    def test_reply_that_never_ran_is_refused(self, api: Caller) -> None:
        """Only a batch line can end like that, and the message says so."""
        script(api, {"error": {"code": "batch_expired", "message": "Too late."}})
        response = api.post(CHAT, BODY)
        assert error_of(response) == (400, "invalid_reply", None)
        assert "never ran" in response.json["error"]["message"]

    @pytest.mark.parametrize("status", [0, 99, 101])
    def test_status_of_a_batch_line_is_refused(self, api: Caller, status: int) -> None:
        """Only a batch line can have it."""
        script(api, {"status_code": status, "body": {"error": ERROR}, "raw": True})
        assert error_of(api.post(CHAT, BODY)) == (400, "invalid_reply", None)

    def test_raw_body_is_sent_unchanged(self, api: Caller) -> None:
        """It may be any JSON."""
        script(api, {"body": None, "raw": True})
        assert api.post(CHAT, BODY).json is None

    def test_whole_body_replaces_the_endpoints_error(self, api: Caller) -> None:
        """It needs no generated response around it."""
        script(api, {"body": [1], "raw": True})
        assert api.post(CHAT, {}).json == [1]

    def test_reset_removes_them(self, api: Caller) -> None:
        """As for batches."""
        script(api, {"content": "Scripted."})
        api.good(api.post("/_mock/reset"))
        assert "Mock" in api.good(api.post(CHAT, BODY))["choices"][0]["message"]["content"]


class TestStreams:
    """Server-sent events."""

    def test_chat_ends_with_done(self, api: Caller) -> None:
        """Its events have no names."""
        response = api.post(CHAT, {**BODY, "stream": True})
        *chunks, end = events(response)
        assert end == "[DONE]"
        assert b"event:" not in response.get_data()
        text = "".join(one["choices"][0]["delta"].get("content") or "" for one in chunks)
        assert text == "Mock reply to: Hello"

    def test_response_ends_with_its_last_event(self, api: Caller) -> None:
        """Each event has its type as its name."""
        response = api.post(RESPONSES, {"model": "gpt-4o", "input": "Hello", "stream": True})
        found = events(response)
        names = re.findall("^event: (.*)$", response.get_data().decode(), re.MULTILINE)
        assert names == [event["type"] for event in found]
        assert names[-1] == "response.completed"

    def test_streamed_response_equals_the_plain_one(self, api: Caller) -> None:
        """They differ only in ids, times and usage details."""
        body = {"model": "gpt-5-nano", "input": "Hello"}
        plain = api.good(api.post(RESPONSES, body))
        *_, last = events(api.post(RESPONSES, {**body, "stream": True}))
        del plain["billing"]
        assert without_ids_and_times(last["response"]) == without_ids_and_times(plain)

    def test_headers_are_those_of_a_response(self, api: Caller) -> None:
        """A stream has no Content-Length."""
        headers = api.post(CHAT, {**BODY, "stream": True}).headers
        assert {"x-request-id", "openai-version", "x-ratelimit-limit-tokens"} <= {*headers.keys()}
        assert "Content-Length" not in headers

    @pytest.mark.parametrize("value", [False, None])
    def test_only_true_starts_a_stream(self, api: Caller, value: Json) -> None:
        """False and null count as absent."""
        assert api.good(api.post(CHAT, {**BODY, "stream": value}))["object"] == "chat.completion"

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/v1/images/generations", {"model": "gpt-image-1", "prompt": "A cat"}),
            (
                "/v1/images/edits",
                {
                    "model": "gpt-image-1",
                    "prompt": "A cat",
                    "images": [{"image_url": "https://example.com/cat.png"}],
                },
            ),
        ],
    )
    def test_stream_of_images_is_refused(self, api: Caller, path: str, body: Json) -> None:
        """The message says that mockbatch does not stream images."""
        assert api.call("POST", path, json=body).status_code == 200
        answer = api.call("POST", path, json={**body, "stream": True})
        assert error_of(answer) == (400, "not_streamed", "stream")

    @pytest.mark.parametrize("changes", [{"temperature": 3}, {"stream": "yes"}, {"messages": []}])
    def test_error_is_not_streamed(self, api: Caller, changes: Json) -> None:
        """It is sent as JSON before any event."""
        assert error_of(api.post(CHAT, {**BODY, "stream": True, **changes}))[0] == 400

    def test_scripted_error_is_not_streamed(self, api: Caller) -> None:
        """It keeps its status and body."""
        script(api, {"status_code": 429, "body": {"error": ERROR}})
        response = api.post(CHAT, {**BODY, "stream": True})
        assert (response.status_code, response.json) == (429, {"error": ERROR})

    def test_raw_body_that_fits_is_streamed(self, api: Caller) -> None:
        """It is unchecked, but valid."""
        whole = api.good(api.post(CHAT, BODY))
        script(api, {"body": whole, "raw": True})
        assert events(api.post(CHAT, {**BODY, "stream": True}))[0]["id"] == whole["id"]

    def test_raw_body_of_another_form_is_refused(self, api: Caller) -> None:
        """It cannot be streamed as events, and the message says so."""
        script(api, {"body": {"any": 1}, "raw": True})
        response = api.post(CHAT, {**BODY, "stream": True})
        assert error_of(response) == (400, "invalid_reply", "stream")

    def test_endpoint_without_events_refuses_the_parameter(self, api: Caller) -> None:
        """Embeddings have no such parameter."""
        body = {"model": "text-embedding-3-small", "input": "Hello", "stream": True}
        assert error_of(api.post(EMBEDDINGS, body)) == (400, "unknown_parameter", "stream")

    def test_batch_refuses_stream(self, api: Caller) -> None:
        """Streaming is for live calls."""
        line = {"custom_id": "a", "method": "POST", "url": CHAT, "body": {**BODY, "stream": True}}
        batch = api.create(json.dumps(line).encode())
        api.advance(VALIDATING)
        [error] = api.batch(batch["id"])["errors"]["data"]
        assert error["code"] == "streaming_unsupported"

    @pytest.mark.parametrize("text", ["Überall Regen 🌧", "a\u2028b\u0085c", "\ud800x", "a\n\nb\r"])
    def test_any_text_survives(self, api: Caller, text: str) -> None:
        """No text can break an event; it is UTF-8, as from the service."""
        script(api, {"content": text})
        *chunks, _ = events(api.post(CHAT, {**BODY, "stream": True}))
        assert "".join(one["choices"][0]["delta"].get("content") or "" for one in chunks) == text

    def test_server_that_does_not_validate_streams_too(self) -> None:
        """The events are the same."""
        body = {**BODY, "stream": True}
        first, second = (
            Caller(app_of(validate=validate)).post(CHAT, body).get_data()
            for validate in (True, False)
        )
        assert first == second


class TestForms:
    """An endpoint that accepts a form, defined here."""

    @pytest.fixture
    def app_with_form_endpoint(self) -> Caller:
        """Return an app with such an endpoint."""

        def body(form: Form) -> dict[str, Json]:
            [file] = form.files["image"]
            assert file == FormFile("a.png", "image/png", b"\x89PNG")
            said = " and ".join(form.texts["prompt"])
            return {**BODY, "messages": [{"role": "user", "content": said}]}

        app = app_of()
        call = partial(live_calls.call, replace(endpoints()[CHAT], parse_form=body))
        app.add_url_rule("/v1/made-up", "made-up", call, methods=["POST"])
        return Caller(app)

    def test_form_is_parsed(self, app_with_form_endpoint: Caller) -> None:
        """It gets the texts and the files, several with one name in order."""
        file = 'name="image"; filename="a.png"\r\nContent-Type: image/png'
        parts = (('name="prompt"', b"One"), (file, b"\x89PNG"), ('name="prompt"', b"two"))
        answer = app_with_form_endpoint.good(
            app_with_form_endpoint.call("POST", "/v1/made-up", **form(*parts))
        )
        assert answer["choices"][0]["message"]["content"] == "Mock reply to: One and two"

    def test_json_is_parsed_too(self, app_with_form_endpoint: Caller) -> None:
        """As from a batch line."""
        assert (
            app_with_form_endpoint.good(app_with_form_endpoint.post("/v1/made-up", BODY))["object"]
            == "chat.completion"
        )
