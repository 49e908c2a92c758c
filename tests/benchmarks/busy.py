"""How long others wait while a server validates 50,000 lines, writes them, or sends 200 MB."""

import time
from collections.abc import Callable
from threading import Event, Thread

import openai

from tests.benchmarks.measuring import Row, percentile
from tests.benchmarks.requests import file
from tests.benchmarks.server_process import ServerProcess

COUNT = 50_000
GOAL, STRETCH = 50, 20


def measure_waits(client: openai.OpenAI, id: str, work: Callable[[], object]) -> list[float]:
    """Return the seconds of each retrieve that another client makes while some work is done."""
    seconds: list[float] = []
    is_over = Event()

    def retrieve() -> None:
        while not is_over.is_set():
            begun = time.perf_counter()
            client.batches.retrieve(id)
            seconds.append(time.perf_counter() - begun)
            time.sleep(0.005)

    thread = Thread(target=retrieve)
    thread.start()
    work()
    is_over.set()
    thread.join()
    return seconds


def submit(client: openai.OpenAI, file_id: str) -> str:
    """Create a batch of a file and return its id."""
    return client.batches.create(
        input_file_id=file_id, endpoint="/v1/chat/completions", completion_window="24h"
    ).id


def measure() -> list[Row]:
    """Return the 99th percentile of the other client, idle and beside each kind of work."""
    with ServerProcess() as server:
        client, other = server.client(), server.client("sk-other")
        small = other.files.create(file=("in.jsonl", file(1)), purpose="batch").id
        id = submit(other, small)
        large = client.files.create(file=("in.jsonl", file(COUNT, 3800)), purpose="batch").id
        found = {"idle": measure_waits(other, id, lambda: time.sleep(2))}
        made: list[str] = []
        found["a create of 50,000 lines"] = measure_waits(
            other, id, lambda: made.append(submit(client, large))
        )
        server.control("clock/advance", {"seconds": 24 * 3600})
        found["the writing of their output"] = measure_waits(
            other, id, lambda: client.batches.retrieve(made[0])
        )

        def download() -> None:
            with client.files.with_streaming_response.content(large) as content:
                for _ in content.iter_bytes(1 << 18):
                    pass

        found["a download of 200 MB"] = measure_waits(other, id, download)
    return [
        Row(f"p99 of a retrieve beside {work} (wall)", "ms", percentile(seconds, 0.99) * 1000,
            goal=None if work == "idle" else GOAL, stretch=STRETCH)
        for work, seconds in found.items()
    ]  # fmt: skip
