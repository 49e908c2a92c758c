"""Asks ten questions with batch-openai, as the quick start of its README does."""

from batch_openai import BatchRequestBuilder
from openai import OpenAI

client = OpenAI()
builder = BatchRequestBuilder()
for number in range(10):
    builder.add(
        messages=[{"role": "user", "content": f"What is {number} squared?"}],
        model="gpt-4o-mini",
        custom_id=f"question-{number}",
    )
job = builder.submit(client)
result = job.wait(poll_interval=60)
print(f"Succeeded: {len(result.succeeded)}  Failed: {len(result.failed)}")
for item in result.succeeded:
    print(item.custom_id, item.content)
for item in result.failed:
    print(item.custom_id, item.error)
