"""What sleeps that are skipped cost beside the SDK's calls: a day of polls, one a minute.

Wall time, because it measures how long a person waits.
"""

import asyncio
import json
import time
from typing import Any

import openai

from mockbatch import MockBatch
from tests.benchmarks.measuring import Row

POLLS = 1440
MINUTE = 60
# Few calls with sleeps and as many without by turns, so that both meet the same machine.
ROUND = 24
MESSAGES = [{"role": "user", "content": "Hello"}]
LINE = {
    "custom_id": "a",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "gpt-4o-mini", "messages": MESSAGES},
}


def submit(client: openai.OpenAI) -> str:
    """Create a batch that is in progress for a day, and return its id."""
    file = client.files.create(file=("in.jsonl", json.dumps(LINE).encode()), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    return batch.id


def poll(client: openai.OpenAI, id: str, pause: Any) -> float:
    """Return the seconds that a round of retrieves takes, each with a pause behind it."""
    begun = time.perf_counter()
    for _ in range(ROUND):
        client.batches.retrieve(id)
        pause(MINUTE)
    return time.perf_counter() - begun


async def poll_async(client: openai.AsyncOpenAI, id: str, pause: Any) -> float:
    """Return the same for the asynchronous SDK."""
    begun = time.perf_counter()
    for _ in range(ROUND):
        await client.batches.retrieve(id)
        await pause(MINUTE)
    return time.perf_counter() - begun


def no_pause(_: float) -> None:
    """Return at once."""


async def no_async_pause(_: float) -> None:
    """Return at once."""


def sync(mock: MockBatch) -> tuple[float, float]:
    """Return the seconds that a day's polls take, without and with their sleeps."""
    client, id = mock.client, submit(mock.client)
    plain = sleeping = 0.0
    poll(client, id, no_pause)
    with mock.skip_sleep():
        for _ in range(POLLS // ROUND):
            plain += poll(client, id, no_pause)
            sleeping += poll(client, id, time.sleep)
    return plain, sleeping


async def asynchronous(mock: MockBatch) -> tuple[float, float]:
    """Return the same for the asynchronous SDK."""
    id = submit(mock.client)
    plain = sleeping = 0.0
    async with openai.AsyncOpenAI(base_url=mock.base_url, api_key=mock.api_key) as client:
        await poll_async(client, id, no_async_pause)
        with mock.skip_sleep():
            for _ in range(POLLS // ROUND):
                plain += await poll_async(client, id, no_async_pause)
                sleeping += await poll_async(client, id, asyncio.sleep)
    return plain, sleeping


def measure() -> list[Row]:
    """Return a row for either SDK; the floor is the same calls without sleeps."""
    with MockBatch(scenario="expired_partial", poll_limit=None) as mock:
        found = {"OpenAI": sync(mock), "AsyncOpenAI": asyncio.run(asynchronous(mock))}
    return [
        Row(f"{POLLS} polls of {name} with skipped sleeps (wall)", "s", sleeping, plain, 1.3)
        for name, (plain, sleeping) in found.items()
    ]
