"""The unmodified OpenAI SDK over a socket: what a user's code does."""

import asyncio
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from mockbatch.client import WorldClient

REQUESTS = Path(__file__).parents[2] / "fixtures" / "requests"
CHAT = (REQUESTS / "chat_completions.jsonl").read_bytes()
# What each file is for.
ENDPOINTS = {
    json.loads(path.read_bytes().splitlines()[0])["url"]: path.stem
    for path in sorted(REQUESTS.glob("*.jsonl"))
}
Make = Callable[..., WorldClient]


@pytest.fixture
def mock(make_mockbatch: Make) -> WorldClient:
    """Make a world."""
    return make_mockbatch()


def upload(client: openai.OpenAI, data: bytes = CHAT) -> str:
    """Upload an input file and return its id."""
    return client.files.create(file=("in.jsonl", data), purpose="batch").id


def submit(client: openai.OpenAI, data: bytes = CHAT, **options: Any) -> Any:
    """Upload an input file and create a batch."""
    request = {"endpoint": "/v1/chat/completions", "completion_window": "24h", **options}
    return client.batches.create(input_file_id=upload(client, data), **request)


def by_custom_id(text: str) -> dict[str, Any]:
    """Read an output file as every client should."""
    lines = [json.loads(line) for line in text.split("\n")[:-1]]
    return {line["custom_id"]: line for line in lines}


def custom_ids(data: bytes) -> set[str]:
    """Return the custom_ids of an input file."""
    return {json.loads(line)["custom_id"] for line in data.splitlines()}


class TestLifeCycle:
    """From the upload to the results."""

    @pytest.mark.parametrize("endpoint", ENDPOINTS)
    def test_every_line_has_its_answer(self, mock: WorldClient, endpoint: str) -> None:
        """Results are mapped by custom_id, for each endpoint that a batch can name."""
        data = (REQUESTS / f"{ENDPOINTS[endpoint]}.jsonl").read_bytes()
        batch = submit(mock.client, data, endpoint=endpoint)
        mock.clock.run_until(batch)
        batch = mock.client.batches.retrieve(batch.id)
        found = by_custom_id(mock.client.files.content(batch.output_file_id).text)
        assert found.keys() == custom_ids(data)
        assert {line["response"]["status_code"] for line in found.values()} == {200}

    def test_polling_sees_each_status(self, mock: WorldClient) -> None:
        """A loop that polls, on a clock that follows it."""
        mock.clock.mode = "on-poll"
        batch = submit(mock.client)
        seen = [batch.status]
        while batch.status not in ("completed", "failed", "expired", "cancelled"):
            batch = mock.client.batches.retrieve(batch.id)
            seen.append(batch.status)
        assert seen == ["validating", "in_progress", "finalizing", "completed"]

    def test_counts_and_usage_are_there_in_the_end(self, mock: WorldClient) -> None:
        """Every field of the SDK's type can be read."""
        batch = submit(mock.client)
        mock.clock.run_until(batch)
        batch = mock.client.batches.retrieve(batch.id)
        assert batch.request_counts.completed == batch.request_counts.total == len(custom_ids(CHAT))
        assert batch.usage.total_tokens == batch.usage.input_tokens + batch.usage.output_tokens > 0
        assert batch.model.startswith("gpt-4o-mini-")

    def test_failed_batch_tells_each_fault(self, mock: WorldClient) -> None:
        """`errors.data` has code, line, message and param."""
        batch = submit(mock.client, CHAT + b"{broken\n")
        with pytest.raises(Exception, match="failed"):
            mock.clock.run_until(batch)
        [error] = mock.client.batches.retrieve(batch.id).errors.data
        assert (error.code, error.line) == ("invalid_json_line", CHAT.count(b"\n") + 1)

    def test_cancelled_batch_keeps_what_is_done(self, mock: WorldClient) -> None:
        """Lines of both files are all lines."""
        batch = submit(mock.client)
        mock.clock.advance(62 + 30)
        assert mock.client.batches.cancel(batch.id).status == "cancelling"
        mock.clock.run_until(batch, "cancelled")
        batch = mock.client.batches.retrieve(batch.id)
        files = [
            mock.client.files.content(id).text for id in (batch.output_file_id, batch.error_file_id)
        ]
        assert {id for text in files for id in by_custom_id(text)} == custom_ids(CHAT)

    def test_upload_of_bytes_alone(self, mock: WorldClient) -> None:
        """The SDK calls such a file `upload`."""
        file = mock.client.files.create(file=CHAT, purpose="batch")
        assert (file.filename, file.bytes) == ("upload", len(CHAT))

    def test_upload_of_a_path(self, mock: WorldClient) -> None:
        """And of an open file."""
        path = REQUESTS / "chat_completions.jsonl"
        with path.open("rb") as stream:
            files = [mock.client.files.create(file=one, purpose="batch") for one in (path, stream)]
        assert {file.filename for file in files} == {"chat_completions.jsonl"}

    def test_upload_that_expires(self, mock: WorldClient) -> None:
        """`expires_after` as the SDK sends it."""
        file = mock.client.files.create(
            file=CHAT, purpose="batch", expires_after={"anchor": "created_at", "seconds": 3600}
        )
        assert file.expires_at == file.created_at + 3600

    def test_waiting_for_a_file_ends_at_once(self, mock: WorldClient) -> None:
        """A file is processed when it is uploaded."""
        file = mock.client.files.wait_for_processing(upload(mock.client), poll_interval=0.01)
        assert file.status == "processed"

    def test_deleted_file_is_gone(self, mock: WorldClient) -> None:
        """And the answer says so."""
        id = upload(mock.client)
        assert mock.client.files.delete(id).deleted is True
        assert mock.client.files.list().data == []

    def test_content_can_be_streamed_to_a_file(self, mock: WorldClient, tmp_path: Path) -> None:
        """The way to download what is large."""
        id = upload(mock.client)
        with mock.client.files.with_streaming_response.content(id) as answer:
            answer.stream_to_file(tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == CHAT


class TestPaging:
    """Lists that are longer than a page."""

    @pytest.mark.slow
    def test_all_batches_come_once(self, mock: WorldClient) -> None:
        """The SDK asks for page after page by itself."""
        file = upload(mock.client)
        request = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
        ids = [mock.client.batches.create(input_file_id=file, **request).id for _ in range(205)]
        assert [batch.id for batch in mock.client.batches.list(limit=100)] == ids[::-1]
        mock.assert_requested("GET", "/v1/batches", count=3)

    def test_all_files_come_once(self, mock: WorldClient) -> None:
        """In either order."""
        ids = [upload(mock.client) for _ in range(7)]
        assert [file.id for file in mock.client.files.list(limit=3, order="asc")] == ids
        assert [file.id for file in mock.client.files.list(limit=3)] == ids[::-1]


class TestExceptions:
    """Each failure is the exception that the real service's answer would be."""

    def test_bad_request(self, mock: WorldClient) -> None:
        """400 with code and param."""
        with pytest.raises(openai.BadRequestError) as raised:
            submit(mock.client, endpoint="/v1/invalid")
        assert (raised.value.code, raised.value.param) == ("invalid_value", "endpoint")
        assert raised.value.type == "invalid_request_error"

    def test_refused_upload(self, mock: WorldClient) -> None:
        """400 without either."""
        with pytest.raises(openai.BadRequestError, match=r"Must be \.jsonl") as raised:
            upload(mock.client, b"hello")
        assert (raised.value.code, raised.value.param) == (None, None)

    @pytest.mark.parametrize("key", ["undefined", "null"])
    def test_forgotten_key(self, mock: WorldClient, key: str) -> None:
        """401."""
        with pytest.raises(openai.AuthenticationError) as raised:
            mock.client.with_options(api_key=key).batches.list()
        assert raised.value.code == "invalid_api_key"

    @pytest.mark.parametrize(
        ("call", "param"),
        [
            (lambda client: client.batches.retrieve("batch_no"), None),
            (lambda client: client.batches.cancel("batch_no"), None),
            (lambda client: client.files.retrieve("file-no"), "id"),
            (lambda client: client.files.content("file-no"), "id"),
            (lambda client: client.files.delete("file-no"), "id"),
        ],
    )
    def test_not_found(
        self, mock: WorldClient, call: Callable[..., Any], param: str | None
    ) -> None:
        """404."""
        with pytest.raises(openai.NotFoundError) as raised:
            call(mock.client)
        assert (raised.value.code, raised.value.param) == (None, param)

    def test_every_exception_has_a_request_id(self, mock: WorldClient) -> None:
        """A request can be named in a bug report."""
        with pytest.raises(openai.NotFoundError) as raised:
            mock.client.batches.retrieve("batch_no")
        assert raised.value.request_id.startswith("req_")

    def test_cancel_of_a_completed_batch_makes_three_requests(self, mock: WorldClient) -> None:
        """409 is retried by the SDK, twice."""
        batch = submit(mock.client)
        mock.clock.run_until(batch)
        with pytest.raises(openai.ConflictError, match="with status 'completed'"):
            mock.client.batches.cancel(batch.id)
        retries = [one.retry_count for one in mock.requests if one.path.endswith("/cancel")]
        assert retries == [0, 1, 2]

    def test_poll_limit_is_not_retried(self, make_mockbatch: Make) -> None:
        """One request, one error."""
        mock = make_mockbatch(poll_limit=1)
        batch = submit(mock.client)
        with pytest.raises(openai.BadRequestError, match="while the simulated clock stood still"):
            mock.client.batches.retrieve(batch.id)
        mock.assert_requested("GET", "/v1/batches/*", count=1)


class TestAsync:
    """The asynchronous SDK."""

    def test_life_cycle(self, mock: WorldClient) -> None:
        """Upload, create, retrieve, download."""

        async def run() -> tuple[str, set[str]]:
            async with mock.async_client as client:
                file = await client.files.create(file=CHAT, purpose="batch")
                batch = await client.batches.create(
                    input_file_id=file.id,
                    endpoint="/v1/chat/completions",
                    completion_window="24h",
                )
                mock.clock.run_until(batch)
                batch = await client.batches.retrieve(batch.id)
                output = await client.files.content(batch.output_file_id)
                return batch.status, set(by_custom_id(output.text))

        assert asyncio.run(run()) == ("completed", custom_ids(CHAT))

    def test_many_requests_at_once(self, mock: WorldClient) -> None:
        """Fifty batches of one loop."""
        file = upload(mock.client)

        async def run() -> list[str]:
            async with mock.async_client as client:
                request = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
                made = [client.batches.create(input_file_id=file, **request) for _ in range(50)]
                return [batch.id for batch in await asyncio.gather(*made)]

        assert len(set(asyncio.run(run()))) == 50

    def test_list_goes_on_by_itself(self, mock: WorldClient) -> None:
        """Page after page."""
        ids = [upload(mock.client) for _ in range(5)]

        async def run() -> list[str]:
            async with mock.async_client as client:
                return [file.id async for file in client.files.list(limit=2)]

        assert asyncio.run(run()) == ids[::-1]

    def test_exception(self, mock: WorldClient) -> None:
        """The same classes."""

        async def run() -> None:
            async with mock.async_client as client:
                await client.batches.retrieve("batch_no")

        with pytest.raises(openai.NotFoundError):
            asyncio.run(run())


class TestThreads:
    """Two clients at once."""

    def test_on_one_world(self, mock: WorldClient) -> None:
        """Nothing is lost, nothing is there twice."""
        clients = [mock.client, openai.OpenAI(base_url=mock.base_url, api_key=mock.api_key)]
        with clients[1], ThreadPoolExecutor(2) as pool:
            made = pool.map(lambda client: [submit(client).id for _ in range(30)], clients)
            ids = {id for ids in made for id in ids}
        assert len(ids) == 60
        assert {batch.id for batch in mock.client.batches.list(limit=100)} == ids

    def test_on_two_worlds(self, make_mockbatch: Make) -> None:
        """Each sees its own batches and its own time."""
        worlds = [make_mockbatch(), make_mockbatch()]

        def run(mock: WorldClient) -> Iterable[str]:
            for _ in range(10):
                batch = submit(mock.client)
                mock.clock.run_until(batch)
            return [batch.status for batch in mock.client.batches.list()]

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(run, worlds)) == [["completed"] * 10] * 2

    def test_advances_add_up(self, mock: WorldClient) -> None:
        """Who moves time by an hour moves it by an hour, whatever others do."""
        began = mock.clock.now
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: mock.clock.advance(hours=1), range(40)))
        assert mock.clock.now == began + 40 * 3600
