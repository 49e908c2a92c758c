"""What webhooks add to an advance of the clock.

It times `clock.advance(hours=1)` in a world with 1,000 batches that end within it, on one
second or each on its own, with nobody to tell, with a receiver that takes everything, and with
one that never answers.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from measuring import Row

from mockbatch import MockBatch

BATCHES = 1000
MESSAGES = [{"role": "user", "content": "Hello"}]
LINE = {
    "custom_id": "a",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "gpt-4o-mini", "messages": MESSAGES},
}


def submit(mock: MockBatch, apart: float) -> None:
    """Create the batches, `apart` simulated seconds one from the other."""
    data = json.dumps(LINE).encode()
    file = mock.client.files.create(file=("in.jsonl", data), purpose="batch")
    for _ in range(BATCHES):
        mock.client.batches.create(
            input_file_id=file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={"mockbatch_scenario": "happy", "mockbatch_in_progress": "2000"},
        )
        if apart:
            mock.clock.advance(seconds=apart)


def timed(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the milliseconds that a call takes, and what it returns."""
    begun = time.perf_counter()
    result = call()
    return (time.perf_counter() - begun) * 1000, result


@contextmanager
def deaf() -> Iterator[str]:
    """Give the URL of a receiver whose connections are taken by the kernel and by nobody else."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def nobody(mock: MockBatch) -> None:
    """Tell nobody."""


def function(mock: MockBatch) -> None:
    """Tell a function in this process."""
    mock.webhook(lambda _: None)


def advanced(receive: Callable[[MockBatch], Any], apart: float = 0) -> float:
    """Return the milliseconds that an advance takes with a receiver."""
    with MockBatch() as mock:
        receive(mock)
        submit(mock, apart)
        milliseconds, told = timed(lambda: mock.clock.advance(hours=1))
        assert told.event_count >= BATCHES
        return milliseconds


def measure() -> list[Row]:
    """Return a row for each case."""
    found = {
        "nobody": advanced(nobody),
        "nobody, ends a second apart": advanced(nobody, 1),
        "a function": advanced(function),
        "a function, ends a second apart": advanced(function, 1),
    }
    with deaf() as url:
        found["one that hangs, three calls of 5 s"] = advanced(lambda mock: mock.webhook(url))
        both = lambda mock: (mock.webhook(url), function(mock))  # noqa: E731
        found["one that hangs, beside a function"] = advanced(both)
    what = f"advance past {BATCHES:,} ends (wall), receiver:"
    return [Row(f"{what} {name}", "ms", milliseconds) for name, milliseconds in found.items()]
