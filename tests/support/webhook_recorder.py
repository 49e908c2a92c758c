"""Creates batches with the SDK, and records the webhooks about them."""

import json
import threading
from collections.abc import Callable
from typing import Any

from mockbatch.client import Received, WorldClient
from mockbatch.webhooks.settings import WebhookSettings
from mockbatch.world.settings import ServerSettings, WorldSettings

START = 1_713_894_800
TIMEOUT = 0.25
PATIENCE = 30
LINE = {
    "custom_id": "a",
    "method": "POST",
    "url": "/v1/chat/completions",
    "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]},
}


class WebhookRecorder:
    """A receiver that records each delivery that the SDK's `unwrap` accepts, with its event."""

    def __init__(self, mock: WorldClient, answer: Callable[[Any], object] = lambda _: None) -> None:
        self.mock = mock
        self.events: list[Any] = []
        self.received: list[Received] = []
        self._answer = answer

    def __call__(self, received: Received) -> object:
        """Record a delivery; raise what the SDK raises."""
        event = self.mock.client.webhooks.unwrap(received.body, received.headers)
        self.received.append(received)
        self.events.append(event)
        return self._answer(event)

    @property
    def types(self) -> list[str]:
        """Return the types of the events."""
        return [event.type for event in self.events]

    @property
    def ids(self) -> list[str]:
        """Return the batches of the events."""
        return [event.data.id for event in self.events]


def submit(mock: WorldClient, **metadata: str) -> Any:
    """Upload an input file and create a batch, with the real SDK."""
    data = json.dumps(LINE).encode()
    file = mock.client.files.create(file=("in.jsonl", data), purpose="batch")
    return create_batch(mock, file.id, **metadata)


def create_batch(mock: WorldClient, file_id: str, **metadata: str) -> Any:
    """Create a batch of a file."""
    return mock.client.batches.create(
        input_file_id=file_id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={f"mockbatch_{name}": text for name, text in metadata.items()},
    )


def server_settings(timeout: float = TIMEOUT) -> ServerSettings:
    """Return the settings of a server that waits `timeout` seconds for a receiver."""
    return ServerSettings(world=WorldSettings(webhooks=WebhookSettings(timeout_seconds=timeout)))


def wait_until(condition: Callable[[], object]) -> None:
    """Wait until a condition holds; the clock of this thread may be frozen."""
    for _ in range(PATIENCE * 100):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("the condition never held")
