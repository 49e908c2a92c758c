"""Uploads in parts by the unmodified OpenAI SDK, over a socket."""

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from mockbatch.client import WorldClient

INPUT = Path(__file__).parents[2] / "fixtures" / "requests" / "chat_completions.jsonl"
DATA = INPUT.read_bytes()
MD5 = hashlib.md5(DATA).hexdigest()
JSONL: dict[str, Any] = {"mime_type": "application/jsonl", "purpose": "batch"}
IN_MEMORY: dict[str, Any] = {"file": DATA, "filename": "in.jsonl", "bytes": len(DATA), **JSONL}

Make = Callable[..., WorldClient]


@pytest.fixture
def mock(make_mockbatch: Make) -> WorldClient:
    """Make a world."""
    return make_mockbatch()


def content(mock: WorldClient, upload: Any) -> bytes:
    """Return the bytes of the file that an upload has become."""
    assert upload.status == "completed"
    assert upload.file == mock.client.files.retrieve(upload.file.id)
    return mock.client.files.content(upload.file.id).content


def count(mock: WorldClient, path: str) -> int:
    """Return how many requests there were to a path."""
    return sum(one.path.endswith(path) for one in mock.requests)


class TestChunked:
    """`upload_file_chunked`, which does all by itself."""

    @pytest.mark.parametrize("options", [{}, {"md5": MD5}, {"md5": MD5.upper()}])
    def test_bytes(self, mock: WorldClient, options: dict[str, Any]) -> None:
        """In one part, with and without a checksum."""
        upload = mock.client.uploads.upload_file_chunked(**IN_MEMORY, **options)
        assert content(mock, upload) == DATA
        assert (upload.file.filename, upload.object) == ("in.jsonl", "upload")

    @pytest.mark.parametrize("part_size", [1, 100, 1000, len(DATA), 10**9])
    def test_several_parts(self, mock: WorldClient, part_size: int) -> None:
        """Cut anywhere, in the middle of lines and characters."""
        data = DATA[:200].partition(b"\n")[0] + "\n\u2028ü💥".encode()
        part_size = min(part_size, len(data))
        given = {**IN_MEMORY, "file": data, "bytes": len(data), "part_size": part_size}
        given["purpose"] = "assistants"
        upload = mock.client.uploads.upload_file_chunked(**given)
        assert content(mock, upload) == data
        assert count(mock, "/parts") == -(-len(data) // part_size)

    def test_path(self, mock: WorldClient) -> None:
        """The file's own name and size."""
        upload = mock.client.uploads.upload_file_chunked(
            file=INPUT, part_size=500, md5=MD5, **JSONL
        )
        assert content(mock, upload) == DATA
        assert upload.filename == INPUT.name

    def test_wrong_checksum(self, mock: WorldClient) -> None:
        """A 400, and no file."""
        with pytest.raises(openai.BadRequestError, match="md5") as raised:
            mock.client.uploads.upload_file_chunked(**IN_MEMORY, md5="0" * 32)
        assert raised.value.param == "md5"
        assert mock.client.files.list().data == []

    @pytest.mark.parametrize("size", [0, len(DATA) - 1, len(DATA) + 1])
    def test_wrong_size(self, mock: WorldClient, size: int) -> None:
        """A 400 that tells both numbers, not retried."""
        with pytest.raises(openai.BadRequestError, match=f"{len(DATA)} bytes.* {size}"):
            mock.client.uploads.upload_file_chunked(**{**IN_MEMORY, "bytes": size})
        assert count(mock, "/complete") == 1

    def test_lost_answer_to_a_part(self, mock: WorldClient) -> None:
        """The SDK sends the part again; the one too many is left out."""
        mock.fault({"method": "POST", "path": "/v1/uploads/*/parts"}, {"status": 503}, times=1)
        upload = mock.client.uploads.upload_file_chunked(**IN_MEMORY)
        assert content(mock, upload) == DATA

    @pytest.mark.parametrize("options", [{}, {"part_size": 300, "md5": MD5}])
    def test_asynchronous(self, mock: WorldClient, options: dict[str, Any]) -> None:
        """Bytes and a path."""

        async def run() -> list[Any]:
            async with mock.async_client as client:
                upload = client.uploads.upload_file_chunked
                return [
                    await upload(**IN_MEMORY, **options),
                    await upload(file=INPUT, **JSONL, **options),
                ]

        for upload in asyncio.run(run()):
            assert content(mock, upload) == DATA


class TestByHand:
    """Call by call."""

    def test_from_parts_to_output(self, mock: WorldClient) -> None:
        """A file that came in parts is the input of a batch."""
        upload = mock.client.uploads.upload_file_chunked(**IN_MEMORY, part_size=1000)
        batch = mock.client.batches.create(
            input_file_id=upload.file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
        )
        mock.clock.run_until(batch)
        batch = mock.client.batches.retrieve(batch.id)
        output = mock.client.files.content(batch.output_file_id).text
        assert output.count("\n") == DATA.count(b"\n") == batch.request_counts.completed

    def test_two_clients_add_parts_at_once(self, mock: WorldClient) -> None:
        """Each part is there once, in the order of the completion."""
        pieces = [DATA[at : at + 70] for at in range(0, len(DATA), 70)]
        clients = [mock.client, openai.OpenAI(base_url=mock.base_url, api_key=mock.api_key)]
        upload = mock.client.uploads.create(filename="in.jsonl", bytes=len(DATA), **JSONL)

        def send(number: int) -> str:
            client = clients[number % 2]
            return client.uploads.parts.create(upload.id, data=pieces[number]).id

        with clients[1], ThreadPoolExecutor(4) as pool:
            ids = list(pool.map(send, reversed(range(len(pieces)))))[::-1]
        done = mock.client.uploads.complete(upload.id, part_ids=ids, md5=MD5)
        assert content(mock, done) == DATA

    def test_parts_at_once_in_one_loop(self, mock: WorldClient) -> None:
        """The asynchronous SDK, with a gather()."""

        async def run() -> Any:
            async with mock.async_client as client:
                upload = await client.uploads.create(filename="x", bytes=len(DATA), **JSONL)
                pieces = [DATA[at : at + 300] for at in range(0, len(DATA), 300)]
                create = client.uploads.parts.create
                parts = await asyncio.gather(*(create(upload.id, data=one) for one in pieces))
                ids = [part.id for part in parts]
                return await client.uploads.complete(upload.id, part_ids=ids)

        assert content(mock, asyncio.run(run())) == DATA

    def test_every_type_can_be_read(self, mock: WorldClient) -> None:
        """The SDK's types hold what they promise, `file` and all."""
        upload = mock.client.uploads.create(
            filename="in.jsonl",
            bytes=3,
            expires_after={"anchor": "created_at", "seconds": 3600},
            **JSONL,
        )
        assert (upload.status, upload.file, upload.object) == ("pending", None, "upload")
        assert upload.expires_at == upload.created_at + 3600
        part = mock.client.uploads.parts.create(upload.id, data=("chunk", b"{}\n"))
        assert (part.object, part.upload_id) == ("upload.part", upload.id)
        done = mock.client.uploads.complete(upload.id, part_ids=[part.id])
        assert done.file.expires_at == done.file.created_at + 3600

    def test_cancel(self, mock: WorldClient) -> None:
        """And all that comes after it is refused at once."""
        upload = mock.client.uploads.create(filename="x", bytes=3, **JSONL)
        assert mock.client.uploads.cancel(upload.id).status == "cancelled"
        with pytest.raises(openai.BadRequestError, match="'cancelled'"):
            mock.client.uploads.parts.create(upload.id, data=b"x")
        mock.assert_requested("POST", "/v1/uploads/*/parts", count=1)

    def test_expiry(self, mock: WorldClient) -> None:
        """After an hour of the test's own time."""
        upload = mock.client.uploads.create(filename="x", bytes=0, **JSONL)
        mock.clock.advance(hours=1)
        with pytest.raises(openai.BadRequestError, match="'expired'"):
            mock.client.uploads.complete(upload.id, part_ids=[])

    def test_unknown_upload(self, mock: WorldClient) -> None:
        """404."""
        with pytest.raises(openai.NotFoundError) as raised:
            mock.client.uploads.cancel("upload_no")
        assert (raised.value.code, raised.value.param) == (None, "upload_id")
