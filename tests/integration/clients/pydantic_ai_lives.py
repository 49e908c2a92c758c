"""Batches through pydantic-ai's models of Anthropic and OpenAI; prints what it saw."""

import asyncio
import json
import os
import sys
import urllib.request
from collections import Counter
from typing import Any

from pydantic_ai.messages import ModelRequest, UserPromptPart
from pydantic_ai.models import Model
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.batch import BatchRequest
from pydantic_ai.models.openai import OpenAIResponsesModel

URL, KEY = os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"]


def control(path: str, body: Any) -> None:
    """Call the control API."""
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{URL}/_mock/{path}", json.dumps(body).encode(), headers)
    urllib.request.urlopen(request).close()


def model_of(provider: str) -> Model:
    """Return the model of a provider, as a program would make it."""
    if provider == "anthropic":
        return AnthropicModel("claude-haiku-4-5")
    return OpenAIResponsesModel("gpt-4o-mini")


async def submit(model: Model, scenario: str) -> tuple[Any, dict[str, BatchRequest]]:
    """Create a batch of five requests to which a scenario is going to happen."""
    control("scenarios/active", {"name": scenario})
    messages = [ModelRequest(parts=[UserPromptPart("Hello")])]
    requests = [BatchRequest(custom_id=f"line-{number}", messages=messages) for number in range(5)]
    encoded = [await model.batch_encode(request) for request in requests]
    batch = await model.batch_create(encoded)
    return batch, {request.custom_id: request for request in requests}


async def wait(model: Model, batch: Any) -> Any:
    """Poll a batch until it has ended."""
    while batch.status != "ended":
        batch = await model.batch_status(batch)
    return batch


async def life(model: Model, scenario: str) -> dict[str, int]:
    """Return how many of the results of a batch are of which kind."""
    batch, requests = await submit(model, scenario)
    results = await model.batch_results(await wait(model, batch))
    for result in results:
        if result.status == "succeeded":
            reply = model.batch_decode(result, requests[result.custom_id])
            assert reply.parts[0].content == "Mock reply to: Hello", reply
    assert len({result.custom_id for result in results}) == len(results)
    return dict(sorted(Counter(result.status for result in results).items()))


async def story(provider: str) -> dict[str, Any]:
    """Return what happens to the batches of a provider."""
    model = model_of(provider)
    lives = [await life(model, name) for name in ("happy", "some_failed", "expired_partial")]
    batch, _ = await submit(model, "happy")
    await model.batch_cancel(batch)
    results = await model.batch_results(await wait(model, batch))
    return {"lives": lives, "cancel": sorted({result.status for result in results})}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(story(sys.argv[1]))))
