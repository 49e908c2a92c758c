"""What webhooks add to an advance of the clock.

It times `clock.advance(hours=1)` in a world with 1,000 batches that end within it, on one
second or each on its own, without a receiver, with a receiver that takes everything, with one
that refuses everything, and with one that never answers; and what another client waits for
`batches.retrieve` meanwhile.
"""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from statistics import quantiles
from typing import Any

from mockbatch import MockBatch
from tests.benchmarks.measuring import Row

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


def time_call(call: Callable[[], Any]) -> tuple[float, Any]:
    """Return the milliseconds that a call takes, and what it returns."""
    begun = time.perf_counter()
    result = call()
    return (time.perf_counter() - begun) * 1000, result


@contextmanager
def deaf() -> Iterator[str]:
    """Give the URL of a receiver whose connections are taken by the kernel and never read."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


@contextmanager
def closing() -> Iterator[str]:
    """Give the URL of a receiver that closes each connection without a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:

        def close() -> None:
            with suppress(OSError):
                while True:
                    listener.accept()[0].close()

        threading.Thread(target=close, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def no_receiver(mock: MockBatch) -> None:
    """Register no receiver."""


def function(mock: MockBatch) -> None:
    """Tell a function in this process."""
    mock.webhook(lambda _: None)


def refusing(mock: MockBatch) -> None:
    """Tell a function that takes nothing."""
    mock.webhook(lambda _: 500)


def redirecting(mock: MockBatch) -> None:
    """Tell a function that sends callers elsewhere."""
    mock.webhook(lambda _: 302)


def time_advance(receive: Callable[[MockBatch], Any], apart: float = 0) -> float:
    """Return the milliseconds that an advance takes with a receiver."""
    with MockBatch() as mock:
        receive(mock)
        submit(mock, apart)
        milliseconds, advanced_to = time_call(lambda: mock.clock.advance(hours=1))
        assert advanced_to.event_count >= BATCHES
        return milliseconds


def time_retrieves_beside(url: str) -> float:
    """Return the milliseconds in which 99 of 100 retrieves are answered beside an advance."""
    with MockBatch() as mock:
        mock.webhook(url)
        submit(mock, 0)
        batch = mock.client.batches.list(limit=1).data[0]
        advance = threading.Thread(target=mock.clock.advance, kwargs={"hours": 1})
        advance.start()
        waits = []
        while advance.is_alive():
            waits.append(time_call(lambda: mock.client.batches.retrieve(batch.id))[0])
        return quantiles(waits, n=100)[-1]


def measure() -> list[Row]:
    """Return a row for each case."""
    found = {
        "no receiver": time_advance(no_receiver),
        "no receiver, ends a second apart": time_advance(no_receiver, 1),
        "a function": time_advance(function),
        "a function, ends a second apart": time_advance(function, 1),
        "a function that answers 500, eight attempts each": time_advance(refusing),
        "a function that redirects, eight attempts each": time_advance(redirecting),
    }
    with closing() as url:
        tell = lambda mock: mock.webhook(url)  # noqa: E731
        found["one that closes, eight attempts each"] = time_advance(tell)
    with deaf() as url:
        found["one that hangs, three calls of 5 s"] = time_advance(lambda mock: mock.webhook(url))
        both = lambda mock: [mock.webhook(url), function(mock)]  # type: ignore[func-returns-value]  # noqa: E731
        found["one that hangs, beside a function"] = time_advance(both)
        beside = time_retrieves_beside(url)
    what = f"advance past {BATCHES:,} ends (wall), receiver:"
    rows = [Row(f"{what} {name}", "ms", milliseconds) for name, milliseconds in found.items()]
    return [*rows, Row("retrieve (wall, p99) while an advance calls one that hangs", "ms", beside)]
