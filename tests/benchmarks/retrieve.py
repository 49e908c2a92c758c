"""What one `batches.retrieve` of the real SDK costs over a socket."""

import openai

from mockbatch import MockBatch
from tests.benchmarks.journey import client, record_answers, serve_canned
from tests.benchmarks.measuring import Row, by_turns
from tests.benchmarks.requests import file

CALLS = 200
ROUNDS = 9


def retrieve(sdk: openai.OpenAI, id: str) -> None:
    """Retrieve a batch again and again."""
    for _ in range(CALLS):
        sdk.batches.retrieve(id)


def measure() -> list[Row]:
    """Return the row of one call."""
    with serve_canned(record_answers()) as server, MockBatch(poll_limit=None) as mock:
        sdk = client(server.url)
        uploaded = mock.client.files.create(file=("in.jsonl", file(10)), purpose="batch")
        batch = mock.client.batches.create(
            input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        floor, measured = by_turns(
            ROUNDS, lambda: retrieve(sdk, batch.id), lambda: retrieve(mock.client, batch.id)
        )
        sdk.close()
    per_call = 1000 / CALLS
    return [
        Row("batches.retrieve over a socket", "ms", measured * per_call, floor * per_call, 2, 1.5)
    ]
