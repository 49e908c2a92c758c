"""What webhooks add to an advance of the clock.

Run it with nothing else going on: `python tests/benchmarks/webhooks.py`. It times
`clock.advance(hours=1)` in a world with 1,000 batches that end within it, on one second or
each on its own, with nobody to tell, with a receiver that takes everything, and with one that
never answers.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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


def measure(name: str, receive: Callable[[MockBatch], Any], apart: float = 0) -> None:
    """Print what an advance costs with a receiver."""
    with MockBatch() as mock:
        receive(mock)
        submit(mock, apart)
        milliseconds, advanced = timed(lambda: mock.clock.advance(hours=1))
        print(f"{name:45} {milliseconds:8.1f} ms, {advanced.event_count} events")


def main() -> None:
    """Print a line for each case."""
    measure("nobody", nobody)
    measure("nobody, ends a second apart", nobody, 1)
    measure("a function", function)
    measure("a function, ends a second apart", function, 1)
    with deaf() as url:
        measure("one that hangs (3 calls of 5 seconds)", lambda mock: mock.webhook(url))
        measure(
            "one that hangs, beside a function", lambda mock: (mock.webhook(url), function(mock))
        )


if __name__ == "__main__":
    main()
