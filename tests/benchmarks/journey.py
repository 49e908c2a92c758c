"""What a test of a batch client costs: upload 1,000 requests, create, advance, read, parse.

With the real SDK, over a socket and in-process, against the same SDK and a server that has its
answers ready.
"""

import json
from collections.abc import Callable

import httpx2
import openai

from mockbatch import MockBatch
from mockbatch.testing.servers import app_world
from mockbatch.web.app import create_app
from tests.benchmarks.canned import Canned, answer
from tests.benchmarks.measuring import Row, by_turns
from tests.benchmarks.requests import file

COUNT = 1000
INPUT = file(COUNT)
ROUNDS = 9

Advance = Callable[[], object]


def journey(client: openai.OpenAI, advance: Advance) -> tuple[str, str]:
    """Take a batch from its input file to its parsed output, and return both of its ids."""
    uploaded = client.files.create(file=("in.jsonl", INPUT), purpose="batch")
    batch = client.batches.create(
        input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    advance()
    batch = client.batches.retrieve(batch.id)
    text = client.files.content(batch.output_file_id or "").text
    lines = [json.loads(line) for line in text.split("\n")[:-1]]
    assert len(lines) == COUNT
    return batch.id, batch.output_file_id or ""


def record_answers() -> dict[str, bytes]:
    """Return what mockbatch answers on a journey, ready to be sent, by method and kind of path."""
    with MockBatch() as mock:
        id, output = journey(mock.client, lambda: mock.clock.advance(hours=24))
        raw = mock.client.with_raw_response
        batch = raw.batches.retrieve(id).http_response.content
        uploaded = raw.files.retrieve(mock.client.files.list(purpose="batch").data[0].id)
        return {
            "POST /v1/files": answer(uploaded.http_response.content),
            "POST /v1/batches": answer(batch),
            "POST /_mock/clock": answer(b'{"now": 0, "events": [], "event_count": 0}'),
            "GET /v1/batches": answer(batch),
            "GET /v1/files": answer(
                raw.files.content(output).http_response.content, "application/octet-stream"
            ),
        }


def serve_canned(answers: dict[str, bytes]) -> Canned:
    """Return the server of these answers."""
    return Canned(lambda method, path: answers[f"{method} {'/'.join(path.split('/')[:3])}"])


def client(url: str) -> openai.OpenAI:
    """Return the SDK's client of a server, made as mockbatch makes its own."""
    return openai.OpenAI(
        base_url=f"{url}/v1", api_key="sk-canned", http_client=httpx2.Client(verify=False)
    )


def with_canned(server: Canned) -> None:
    """Take the journey with a server that does nothing."""
    sdk = client(server.url)
    journey(sdk, lambda: sdk.post("/../_mock/clock/advance", body={"seconds": 9}, cast_to=object))
    sdk.close()


def with_socket() -> None:
    """Take the journey with mockbatch, its server started and stopped."""
    with MockBatch() as mock:
        journey(mock.client, lambda: mock.clock.advance(hours=24))


def in_process() -> None:
    """Take the journey with mockbatch, without a socket."""
    app = create_app()
    mock = app_world(app, "in-process", {})
    transport = httpx2.WSGITransport(app=app)
    sdk = openai.OpenAI(
        base_url=mock.base_url,
        api_key=mock.api_key,
        http_client=httpx2.Client(transport=transport, verify=False),
    )
    journey(sdk, lambda: mock.clock.advance(hours=24))
    sdk.close()


def measure() -> list[Row]:
    """Return a row for each way."""
    with serve_canned(record_answers()) as server:
        floor, socket, process = by_turns(
            ROUNDS, lambda: with_canned(server), with_socket, in_process
        )
    what = f"a test's journey with {COUNT} requests"
    return [
        Row(f"{what}, over a socket", "ms", socket * 1000, floor * 1000, 3, 2.2),
        Row(f"{what}, in-process", "ms", process * 1000, floor * 1000, 2.5, 1.8),
    ]
