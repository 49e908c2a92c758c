"""A client that has crashed finds its batches again, and asks anew for what has failed."""

import json
from typing import Any

import openai
import pytest

from mockbatch.client import WorldClient

IDS = [f"line-{number}" for number in range(10)]


def submit(client: openai.OpenAI, custom_ids: list[str], **metadata: str) -> str:
    """Create a batch of requests with these custom_ids."""
    lines = [
        {
            "custom_id": id,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": id}]},
        }
        for id in custom_ids
    ]
    data = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    file = client.files.create(file=("in.jsonl", data), purpose="batch")
    return client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata=metadata,
    ).id


def custom_ids(client: openai.OpenAI, file_id: str | None) -> list[str]:
    """Return the custom_ids in a file, none without one."""
    if not file_id:
        return []
    text = client.files.content(file_id).text
    return [json.loads(line)["custom_id"] for line in text.split("\n")[:-1]]


def find_batches(client: openai.OpenAI, run: str) -> list[Any]:
    """Return the batches of a run, whatever else the account has."""
    return [one for one in client.batches.list(limit=2) if (one.metadata or {}).get("run") == run]


def restart(mock: WorldClient) -> openai.OpenAI:
    """Return a client that knows nothing of what was before."""
    return openai.OpenAI(base_url=mock.base_url, api_key=mock.api_key)


def test_a_list_finds_the_batches_of_a_run(mockbatch: WorldClient) -> None:
    """The metadata comes with each batch of a list, over all pages."""
    ids = [submit(mockbatch.client, IDS[:1], run="nightly", part=str(part)) for part in range(3)]
    for _ in range(3):
        submit(mockbatch.client, IDS[:1], run="other")
    assert [one.id for one in find_batches(restart(mockbatch), "nightly")] == ids[::-1]


def test_what_has_failed_can_be_requested_again(mockbatch: WorldClient) -> None:
    """The same custom_ids are fine in another batch, and in the end each has its answer."""
    mockbatch.scenario("some_failed")
    submit(mockbatch.client, IDS, run="nightly")
    mockbatch.clock.advance(hours=1)
    client = restart(mockbatch)
    [first] = find_batches(client, "nightly")
    failed = custom_ids(client, first.error_file_id)
    submit(client, failed, run="nightly")
    mockbatch.clock.advance(hours=1)
    answered = [
        id
        for one in find_batches(client, "nightly")
        for id in custom_ids(client, one.output_file_id)
    ]
    assert len(failed) == 2
    assert sorted(answered) == IDS


def test_an_id_that_is_no_more_is_a_404(mockbatch: WorldClient) -> None:
    """What a client has kept of another world, or of the time before a reset, is unknown."""
    id = submit(mockbatch.client, IDS, run="nightly")
    mockbatch.reset()
    with pytest.raises(openai.NotFoundError):
        restart(mockbatch).batches.retrieve(id)
