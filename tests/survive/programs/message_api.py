"""A minimal client of Message Batches, which retries nothing, for the known programs."""

import json
import os
import urllib.request
from collections.abc import Iterable
from typing import Any

BASE = os.environ["ANTHROPIC_BASE_URL"]
PATH = "/v1/messages/batches"
QUESTIONS = [f"q-{number:02}" for number in range(10)]


def call(method: str, url: str, body: dict[str, Any] | None = None) -> bytes:
    """Return the body of a response; raises urllib.error.HTTPError."""
    headers = {
        "x-api-key": os.environ["ANTHROPIC_API_KEY"],
        "anthropic-version": "2023-06-01",
        "Content-Type": "application/json",
    }
    sent = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=sent, method=method, headers=headers)
    with urllib.request.urlopen(request, timeout=30) as response:
        data: bytes = response.read()
    return data


def call_json(method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the JSON of a response."""
    answer: dict[str, Any] = json.loads(call(method, BASE + PATH + path, body))
    return answer


def create(ids: Iterable[str], model: str = "claude-haiku-4-5") -> dict[str, Any]:
    """Create a batch that asks these questions."""
    requests = [
        {
            "custom_id": id,
            "params": {
                "model": model,
                "max_tokens": 100,
                "messages": [{"role": "user", "content": f"What is {id}?"}],
            },
        }
        for id in ids
    ]
    return call_json("POST", "", {"requests": requests})


def retrieve(id: str) -> dict[str, Any]:
    """Retrieve a batch."""
    return call_json("GET", f"/{id}")


def download(batch: dict[str, Any]) -> str:
    """Download the results of a batch that has ended."""
    return call("GET", batch["results_url"]).decode()


def text_of(line: dict[str, Any]) -> str:
    """Return the answer in a line of results that succeeded."""
    return str(line["result"]["message"]["content"][0]["text"])
