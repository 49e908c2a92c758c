"""Batches of each provider through batchwork-ai, one client for all; prints what it saw."""

import asyncio
import json
import os
import sys
import urllib.request
from collections import Counter
from typing import Any

import httpx
from batchwork import BatchRequest, Batchwork

URL, KEY = os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"]
MODELS = {
    "anthropic": ("claude-haiku-4-5", URL),
    "azure": ("gpt-4o-mini", f"{URL}/openai/v1"),
    "groq": ("llama-3.1-8b-instant", f"{URL}/groq/openai/v1"),
    "openai": ("gpt-4o-mini", f"{URL}/v1"),
}


def control(path: str, body: Any) -> None:
    """Call the control API."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{URL}/_mock/{path}", json.dumps(body).encode(), headers)
    urllib.request.urlopen(request).close()


async def wait_for_file(response: httpx.Response) -> None:
    """Let the seconds pass in which a file of Azure's is pending; the library does not wait."""
    if response.request.url.path == "/openai/v1/files":
        control("clock/advance", {"seconds": 5})


async def submit(client: Any, provider: str, scenario: str) -> Any:
    """Create a batch of five requests to which a scenario is going to happen."""
    control("scenarios/active", {"name": scenario})
    model, address = MODELS[provider]
    requests = [
        BatchRequest(custom_id=f"line-{number}", prompt="Hello", max_output_tokens=50)
        for number in range(5)
    ]
    return await client.batch(
        model=f"{provider}/{model}", requests=requests, api_key=KEY, base_url=address
    )


async def life(client: Any, provider: str, scenario: str) -> dict[str, Any]:
    """Return the last status of a batch, and how many of its results are of which kind."""
    job = await submit(client, provider, scenario)
    end = await job.wait(poll_interval=0.01)
    results = await job.collect()
    texts = {result.text for result in results if result.status.value == "succeeded"}
    assert texts <= {"Mock reply to: Hello"}, texts
    assert len({result.custom_id for result in results}) == len(results)
    return {str(end.status): dict(sorted(Counter(one.status.value for one in results).items()))}


async def cancel(client: Any, provider: str) -> str:
    """Return the last status of a batch that is cancelled at once."""
    job = await submit(client, provider, "happy")
    await job.cancel()
    return str((await job.wait(poll_interval=0.01)).status)


async def story(provider: str) -> dict[str, Any]:
    """Return what happens to the batches of a provider."""
    hooks = {"response": [wait_for_file]}
    async with (
        httpx.AsyncClient(event_hooks=hooks) as http_client,
        Batchwork(http_client=http_client) as client,
    ):
        lives = [
            await life(client, provider, scenario)
            for scenario in ("happy", "some_failed", "expired_partial")
            if (provider, scenario) != ("azure", "expired_partial")
        ]
        return {"lives": lives, "cancel": await cancel(client, provider)}


print(json.dumps(asyncio.run(story(sys.argv[1]))))
