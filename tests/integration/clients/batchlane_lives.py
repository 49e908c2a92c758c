"""Batches of Groq through batchlane's adapter for it; prints what it saw, as JSON."""

import json
import os
import urllib.request
from collections import Counter
from dataclasses import replace
from typing import Any

import batchlane
from batchlane.adapters.openai_shaped import ROWS, OpenAIShapedAdapter

URL, KEY = os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"]
MODEL = "llama-3.1-8b-instant"
# The address is a field of the provider's row, and no option of the functions above it.
ADAPTER: Any = OpenAIShapedAdapter(replace(ROWS["groq"], base_url=f"{URL}/groq/openai/v1"))


def choose(scenario: str) -> None:
    """Let a scenario happen to the next batch."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    body = json.dumps({"name": scenario}).encode()
    request = urllib.request.Request(f"{URL}/_mock/scenarios/active", body, headers)
    urllib.request.urlopen(request).close()


def submit(scenario: str) -> Any:
    """Create a batch of five requests to which a scenario is going to happen."""
    choose(scenario)
    messages = [{"role": "user", "content": "Hello"}]
    lines = [
        batchlane.BatchLine(f"line-{number}", MODEL, messages, {"max_completion_tokens": 50})
        for number in range(5)
    ]
    return ADAPTER.submit(lines, endpoint="chat.completions", window="24h", api_key=KEY)


def wait(handle: Any) -> Any:
    """Poll until the batch has ended, and return its last status."""
    for _ in range(50):
        status = ADAPTER.status(handle, api_key=KEY)
        if status.is_terminal:
            return status
    raise SystemExit(f"{handle.job_id} does not end")


def life(scenario: str) -> dict[str, Any]:
    """Return the last status of a batch, and how many of its results are of which kind."""
    handle = submit(scenario)
    end = wait(handle)
    results = list(ADAPTER.results(handle, api_key=KEY))
    assert len({result.custom_id for result in results}) == len(results) == 5
    kinds = Counter("succeeded" if result.ok else "failed" for result in results)
    return {end.raw_state: dict(sorted(kinds.items()))}


def cancel() -> str:
    """Return the last status of a batch that is cancelled at once."""
    handle = submit("happy")
    ADAPTER.cancel(handle, api_key=KEY)
    return str(wait(handle).raw_state)


lives = [life(scenario) for scenario in ("happy", "some_failed", "expired_partial")]
cancelled = cancel()
listed = len(list(ADAPTER.list_jobs(limit=20, api_key=KEY)))
print(json.dumps({"lives": lives, "cancel": cancelled, "listed": listed}))
