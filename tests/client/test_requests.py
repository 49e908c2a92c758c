"""What a test can ask about each request: headers, bodies and responses."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import openai
import pytest
from flask import Flask

from mockbatch import ControlError
from mockbatch.client import Request, WorldClient
from mockbatch.testing.servers import LocalServer, RemoteServer
from mockbatch.typing import Json
from mockbatch.world import journal

Make = Callable[..., WorldClient]

CHAT = "/v1/chat/completions"
LINE = b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": {}}\n'


def ask(world: WorldClient, text: str = "Hello", **options: Json) -> object:
    """Make a live call."""
    messages: list[Json] = [{"role": "user", "content": text}]
    return world.client.chat.completions.create(model="gpt-4o-mini", messages=messages, **options)


def last(world: WorldClient) -> Request:
    """Return the last request of a world."""
    return world.requests[-1]


@pytest.fixture(params=["socket", "app", "remote"])
def world(request: pytest.FixtureRequest, mockbatch_server: LocalServer) -> Iterator[WorldClient]:
    """Provide a world on a socket, of an app without one, and of a server run elsewhere."""
    if request.param == "app":
        app: Flask = request.getfixturevalue("mockbatch_app")
        yield app.mock  # type: ignore[attr-defined]
        return
    server = RemoteServer(mockbatch_server.url) if request.param == "remote" else mockbatch_server
    with server.world(request.node.nodeid) as world:
        yield world


class TestRequest:
    """What a request said."""

    def test_of_a_live_call_names_the_reply_that_it_got(self, world: WorldClient) -> None:
        """By its match; a call with the default reply has none."""
        world.reply({"contains": "Hello"}, "Hi.")
        ask(world)
        ask(world, "Goodbye")
        assert [one.reply for one in world.requests[-2:]] == [{"contains": "Hello"}, None]

    def test_has_its_headers_by_names_in_any_case(self, world: WorldClient) -> None:
        """They are those of the client."""
        ask(world, extra_headers={"X-Team": "blue"})
        headers = last(world).headers
        assert headers["x-team"] == headers["X-Team"] == "blue"
        assert headers["content-type"] == "application/json"
        assert "x-other" not in headers

    def test_has_its_keys_masked(self, world: WorldClient) -> None:
        """Whichever header they are in; a key that is no secret is shown."""
        secrets = {"X-Api-Key": "hush", "Cookie": "a=hush", "X-Token": "hush"}
        ask(world, extra_headers={**secrets, "Idempotency-Key": "shown"})
        request = last(world)
        assert request.headers["authorization"] == "Bearer ***"
        assert {request.headers[name] for name in secrets} == {"***"}
        assert request.headers["idempotency-key"] == "shown"
        assert world.api_key not in str(world.call("GET", "/_mock/requests?bodies=true"))

    def test_has_its_json_body(self, world: WorldClient) -> None:
        """As text, and parsed."""
        ask(world, "Grüße")
        request = last(world)
        assert request.json["messages"] == [{"role": "user", "content": "Grüße"}]
        assert "Gr" in (request.text or "")
        assert request.body.bytes == len((request.text or "").encode())
        assert not request.truncated

    def test_without_a_body_is_empty(self, world: WorldClient) -> None:
        """Its JSON is None."""
        world.client.batches.list()
        assert (last(world).text, last(world).json, last(world).body.bytes) == ("", None, 0)

    def test_cuts_a_body_beyond_64_kb(self, world: WorldClient) -> None:
        """It is marked, its length is known, and it is not parsed."""
        ask(world, "x" * 70_000)
        request = last(world)
        assert request.truncated
        assert len(request.text or "") == 65_536 < 70_000 < request.body.bytes
        with pytest.raises(ValueError, match="only the beginning of the body was kept"):
            _ = request.json

    def test_keeps_a_body_of_64_kb_whole(self, world: WorldClient) -> None:
        """The limit itself is no reason to cut."""
        ask(world, "")
        ask(world, "x" * (65_536 - last(world).body.bytes))
        assert (last(world).body.bytes, last(world).truncated) == (65_536, False)

    def test_refers_to_an_uploaded_file(self, world: WorldClient) -> None:
        """By its id, its name and its length; the texts of the form are there."""
        file = world.client.files.create(file=("in.jsonl", LINE), purpose="batch")
        body = last(world).body
        [sent] = body.files
        assert (sent.id, sent.filename, sent.bytes) == (file.id, "in.jsonl", len(LINE))
        assert (sent.field, body.form, body.text) == ("file", {"purpose": "batch"}, None)
        assert body.bytes > len(LINE)
        assert "custom_id" not in str(world.call("GET", "/_mock/requests?bodies=true"))

    def test_refers_to_a_part_of_an_upload(self, world: WorldClient) -> None:
        """By the id of the part."""
        upload = world.client.uploads.create(
            bytes=len(LINE), filename="in.jsonl", mime_type="text/plain", purpose="batch"
        )
        part = world.client.uploads.parts.create(upload.id, data=LINE)
        [sent] = last(world).body.files
        assert (sent.id, sent.bytes) == (part.id, len(LINE))

    def test_of_an_unknown_url_has_its_body(self, world: WorldClient) -> None:
        """It shows what was sent to the wrong place."""
        ask(world)
        with pytest.raises(openai.NotFoundError):
            world.client.post("/batch", body={"a": 1}, cast_to=object)
        assert (last(world).known, last(world).json) == (False, {"a": 1})

    def test_that_is_refused_has_its_body(self, world: WorldClient) -> None:
        """With the reason in the response."""
        with pytest.raises(openai.BadRequestError):
            ask(world, temperature=5)
        request = last(world)
        assert request.json["temperature"] == 5
        assert request.response is not None
        assert request.response.json["error"]["message"] == request.error

    def test_has_its_duration(self, world: WorldClient) -> None:
        """In real milliseconds."""
        ask(world)
        assert 0 < last(world).duration_ms < 60_000


class TestResponse:
    """What a request was answered with."""

    def test_has_status_headers_and_body(self, world: WorldClient) -> None:
        """Those that the client gets."""
        raw = world.client.batches.with_raw_response.list()
        response = last(world).response
        assert response is not None
        assert (response.status, response.text) == (200, raw.http_response.text)
        assert response.json["data"] == []
        assert response.headers["X-Request-Id"] == raw.request_id

    def test_of_a_404_is_the_error(self, world: WorldClient) -> None:
        """In OpenAI's envelope."""
        ask(world)
        with pytest.raises(openai.NotFoundError):
            world.client.batches.retrieve("batch_none")
        response = last(world).response
        assert response is not None
        assert (response.status, response.json["error"]["code"]) == (404, None)

    def test_that_is_streamed_has_its_events(self, world: WorldClient) -> None:
        """As they were sent."""
        with world.client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "Hi"}], stream=True
        ) as stream:
            count = sum(1 for _ in stream)
        response = last(world).response
        assert response is not None
        assert (response.text or "").count("data: ") == count + 1
        assert (response.text or "").endswith("data: [DONE]\n\n")
        with pytest.raises(ValueError, match="Expecting value"):
            _ = response.json

    def test_in_parts_is_cut_at_64_kb(self, world: WorldClient) -> None:
        """A long list of embeddings is sent in parts."""
        world.client.embeddings.create(model="text-embedding-3-small", input=["a"] * 40)
        response = last(world).response
        assert response is not None
        assert (response.truncated, len(response.text or "")) == (True, 65_536)
        assert response.body.bytes > 100_000

    def test_to_a_head_has_no_body(self, world: WorldClient) -> None:
        """As on the wire."""
        ask(world)
        headers = {"Authorization": f"Bearer {world.api_key}"}
        sent = world.client._client.head(f"{world.base_url}/batches", headers=headers)
        request = last(world)
        assert (request.method, request.response and request.response.text) == ("HEAD", "")
        assert sent.status_code == 200

    def test_refers_to_a_downloaded_file(self, world: WorldClient) -> None:
        """By its id, its name and its length."""
        file = world.client.files.create(file=("in.jsonl", LINE), purpose="batch")
        assert world.client.files.content(file.id).content == LINE
        response = last(world).response
        assert response is not None
        [sent] = response.body.files
        assert (sent.id, sent.filename, sent.bytes) == (file.id, "in.jsonl", len(LINE))
        assert (response.text, response.body.bytes) == (None, len(LINE))

    @pytest.mark.parametrize(
        ("fault", "text"),
        [
            ({"status": 418, "body": {"a": 1}}, '{\n  "a": 1\n}'),
            ({"html": 502}, "<html>\n<head><title>502 Bad Gateway</title>"),
        ],
    )
    def test_of_a_fault_is_what_the_fault_sent(
        self, world: WorldClient, fault: dict[str, Json], text: str
    ) -> None:
        """With the body of the request, which the API never saw."""
        ask(world)
        world.fault({"path": CHAT}, fault)
        with suppress(openai.APIStatusError):
            ask(world, "again")
        request = next(entry for entry in world.requests if entry.fault)
        assert request.response is not None
        assert (request.response.text or "").startswith(text)
        assert request.json["messages"][0]["content"] == "again"

    def test_that_a_fault_has_patched_is_the_patched_one(self, world: WorldClient) -> None:
        """The client got no other."""
        world.fault({"path": "/v1/batches"}, {"patch": {"object": "page"}})
        ask(world)
        raw = world.client.batches.with_raw_response.list()
        assert '"page"' in raw.http_response.text
        response = last(world).response
        assert response is not None
        assert response.json["object"] == "page"


@pytest.mark.parametrize(
    "fault", [{"disconnect": "before_headers"}, {"disconnect": "reset"}, {"lose_response": True}]
)
def test_a_request_without_a_response_has_none(
    mockbatch: WorldClient, fault: dict[str, Json]
) -> None:
    """The connection broke before it; what the client sent is known."""
    ask(mockbatch)
    mockbatch.fault({"path": CHAT}, fault)
    ask(mockbatch, "again")  # the SDK retries
    _, broken, retried = mockbatch.requests
    assert (broken.status, broken.response, broken.fault is None) == (0, None, False)
    assert broken.json == retried.json
    assert retried.response is not None


def test_the_oldest_contents_go_first(
    mockbatch: WorldClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their entries stay, and say why there are none."""
    monkeypatch.setattr(journal, "MAX_CONTENT_BYTES", 200_000)
    for _ in range(3):
        ask(mockbatch, "x" * 100_000)
    first, *_, latest = mockbatch.requests
    assert (first.path, first.status, latest.truncated) == (CHAT, 200, True)
    for ask_for in ("headers", "body", "text", "json", "response"):
        with pytest.raises(LookupError, match="is no longer kept"):
            getattr(first, ask_for)


class TestInputLines:
    """`mockbatch.input_lines`."""

    def test_are_what_the_code_sent(self, world: WorldClient) -> None:
        """Parsed, in their order."""
        batch = world.submit(["one", {"custom_id": "b", "body": {"model": "m"}}])
        first, second = world.input_lines(batch)
        assert first["body"]["messages"][0]["content"] == "one"
        assert (second["custom_id"], second["body"]) == ("b", {"model": "m"})

    def test_outlive_the_file(self, mockbatch: WorldClient) -> None:
        """Code may delete its input once the batch is done."""
        batch = mockbatch.completed_batch()
        mockbatch.client.files.delete(batch.input_file_id)
        assert len(mockbatch.input_lines(batch.id)) == 1

    def test_that_are_not_json_are_texts(self, mockbatch: WorldClient) -> None:
        """They are what is wrong with the batch."""
        batch = mockbatch.submit(b'{"custom_id": "a"}\nnot JSON\n')
        assert mockbatch.input_lines(batch) == [{"custom_id": "a"}, "not JSON"]

    def test_of_an_unknown_batch_are_an_error(self, mockbatch: WorldClient) -> None:
        """As for every question about it."""
        mockbatch.submit(["one"])
        with pytest.raises(ControlError, match="No batch found"):
            mockbatch.input_lines("batch_none")
