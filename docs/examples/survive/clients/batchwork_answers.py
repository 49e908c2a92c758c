"""Asks ten questions with batchwork-ai, as the quick start of its README does."""

import asyncio
import os

from batchwork import BatchRequest, Batchwork


async def main() -> None:
    """Submit, wait at most 25 hours, and print what came of each question."""
    async with Batchwork() as client:
        job = await client.batch(
            model="openai/gpt-4o-mini",
            requests=[
                BatchRequest(custom_id=f"question-{number}", prompt=f"What is {number} squared?")
                for number in range(10)
            ],
            base_url=os.environ["OPENAI_BASE_URL"],
        )
        await job.wait(timeout=25 * 3600)
        for result in await job.collect():
            print(result.custom_id, result.text)


asyncio.run(main())
