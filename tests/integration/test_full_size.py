"""Batches as large as the real service takes them, and one more of each kind."""

import json
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from mockbatch.client import WorldClient
from mockbatch.typing import Json

Make = Callable[..., WorldClient]

LINES = 50_000
BYTES = 200 * 1024 * 1024
CHAT = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}


def line(id: object, url: str = "/v1/chat/completions", body: Json = None) -> bytes:
    """Return a request line."""
    request = {"custom_id": f"line-{id}", "method": "POST", "url": url, "body": body or CHAT}
    return json.dumps(request).encode() + b"\n"


def submit(mock: WorldClient, data: object, endpoint: str = "/v1/chat/completions") -> str:
    """Upload an input file and create a batch."""
    file = mock.client.files.create(file=("in.jsonl", data), purpose="batch")
    return mock.client.batches.create(
        input_file_id=file.id,
        endpoint=endpoint,
        completion_window="24h",
    ).id


def end_batch(mock: WorldClient, id: str) -> Any:
    """Return a batch a day later."""
    mock.clock.advance(hours=24)
    return mock.client.batches.retrieve(id)


@pytest.fixture
def mock(make_mockbatch: Make) -> WorldClient:
    """Make a world."""
    return make_mockbatch()


@pytest.mark.slow
@pytest.mark.parametrize("more", [0, 1])
def test_fifty_thousand_lines_and_no_more(mock: WorldClient, more: int) -> None:
    """The 50,001st line fails the batch, and all before it run without it."""
    batch = end_batch(mock, submit(mock, b"".join(map(line, range(LINES + more)))))
    if more:
        [error] = batch.errors.data
        assert (batch.status, error.code, error.line) == ("failed", "too_many_tasks", None)
    else:
        assert (batch.status, batch.request_counts.completed) == ("completed", LINES)


@pytest.mark.slow
@pytest.mark.parametrize("more", [0, 1])
def test_fifty_thousand_embedding_inputs_and_no_more(mock: WorldClient, more: int) -> None:
    """They are summed over all requests, of which one may have 2,048."""
    counts = [2000] * 24 + [2000 + more]
    # Short vectors, which are not what this is about.
    body = {"model": "text-embedding-3-small", "dimensions": 1}
    lines = [
        line(at, "/v1/embeddings", {**body, "input": ["x"] * count})
        for at, count in enumerate(counts)
    ]
    batch = end_batch(mock, submit(mock, b"".join(lines), "/v1/embeddings"))
    assert batch.status == ("failed" if more else "completed")


@pytest.mark.slow
@pytest.mark.parametrize("more", [0, 1])
def test_two_hundred_mebibytes_and_no_more(mock: WorldClient, tmp_path: Path, more: int) -> None:
    """One byte more fails the batch; the file need not be in memory for that."""
    path = tmp_path / "in.jsonl"
    first = line(0)
    with path.open("wb") as file:
        file.write(first)
        file.truncate(BYTES + more)  # a hole is a line of zeros: only the first is looked at
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with path.open("rb") as file:
        uploaded = mock.client.files.create(file=file, purpose="batch")
    assert uploaded.bytes == BYTES + more
    if more:
        batch = mock.client.batches.create(
            input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        mock.clock.advance(hours=1)
        failed = mock.client.batches.retrieve(batch.id)
        assert failed.errors is not None
        assert failed.errors.data is not None
        assert "larger than the 209715200 maximum" in (failed.errors.data[0].message or "")
    # In KiB; the SDK of the same process has its share.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024


def pieces(url: str, key: str, size: int) -> Iterator[bytes]:
    """Yield what a client gets that resumes wherever its download is cut."""
    got = 0
    with httpx2.Client(verify=False) as client:
        while got < size:
            headers = {"Authorization": f"Bearer {key}"}
            if got:
                headers["Range"] = f"bytes={got}-"
            try:
                with client.stream("GET", url, headers=headers) as response:
                    assert response.status_code == (206 if got else 200)
                    for piece in response.iter_raw():
                        got += len(piece)
                        yield piece
            except httpx2.TransportError:
                continue


@pytest.mark.parametrize("count", [1000, pytest.param(LINES, marks=pytest.mark.slow)])
def test_a_download_that_is_cut_again_and_again_is_whole_in_the_end(
    mock: WorldClient, count: int
) -> None:
    """With Range, the same bytes as those of one download."""
    batch = end_batch(mock, submit(mock, b"".join(map(line, range(count)))))
    id = batch.output_file_id
    whole = mock.client.files.content(id).content
    path = f"/v1/files/{id}/content"
    mock.fault({"path": path}, {"truncate_bytes": len(whole) // 7}, times=4)
    resumed = b"".join(pieces(f"{mock.base_url}/files/{id}/content", mock.api_key, len(whole)))
    assert resumed == whole
    assert whole.count(b"\n") == count
    downloads = [one for one in mock.requests if one.path == path]
    assert len([one for one in downloads if one.fault]) == 4
