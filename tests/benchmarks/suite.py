"""What a suite of 100 tests costs, each with a world of its own and a batch of ten lines."""

import json

import openai

from mockbatch import MockBatch
from mockbatch.testing.servers import LocalServer
from tests.benchmarks.canned import Canned, answer
from tests.benchmarks.journey import client
from tests.benchmarks.measuring import Row, by_turns, wall
from tests.benchmarks.requests import file

TESTS = 100
INPUT = file(10)
ROUNDS = 9


def submit(sdk: openai.OpenAI) -> tuple[str, str]:
    """Take a batch of ten lines from its upload to its parsed output, but for the advance."""
    uploaded = sdk.files.create(file=("in.jsonl", INPUT), purpose="batch")
    batch = sdk.batches.create(
        input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    return uploaded.id, batch.id


def read(sdk: openai.OpenAI, id: str) -> None:
    """Read the output of a batch that has ended."""
    batch = sdk.batches.retrieve(id)
    text = sdk.files.content(batch.output_file_id or "").text
    assert len([json.loads(line) for line in text.split("\n")[:-1]]) == 10


def record_answers() -> dict[str, bytes]:
    """Return what mockbatch answers in such a test, by method and kind of path."""
    with MockBatch() as mock:
        uploaded, id = submit(mock.client)
        mock.clock.advance(hours=24)
        raw = mock.client.with_raw_response
        batch = mock.client.batches.retrieve(id)
        shown = answer(raw.batches.retrieve(id).http_response.content)
        content = raw.files.content(batch.output_file_id or "").http_response.content
        return {
            "POST /v1/files": answer(raw.files.retrieve(uploaded).http_response.content),
            "POST /v1/batches": shown,
            "GET /v1/batches": shown,
            "GET /v1/files": answer(content, "application/octet-stream"),
        }


def floor(server: Canned) -> None:
    """Run the suite against a server that does nothing."""
    for _ in range(TESTS):
        sdk = client(server.url)
        _, id = submit(sdk)
        read(sdk, id)
        sdk.close()


def ours(server: LocalServer) -> None:
    """Run the suite against mockbatch."""
    for number in range(TESTS):
        world = server.world(f"test {number}")
        _, id = submit(world.client)
        world.clock.advance(hours=24)
        read(world.client, id)
        assert world.review() == ([], True)
        world.close()


def measure() -> list[Row]:
    """Return the row of the whole suite."""
    answers = record_answers()
    server = LocalServer()
    with Canned(
        lambda method, path: answers[f"{method} {'/'.join(path.split('/')[:3])}"]
    ) as canned:
        least, measured = by_turns(ROUNDS, lambda: floor(canned), lambda: ours(server), timer=wall)
    server.close()
    what = f"{TESTS} tests with a batch of ten lines each (wall)"
    return [Row(what, "s", measured, least, 2, 1.5)]
