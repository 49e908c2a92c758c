"""Answers questions in one batch, with a guard against each misfortune: `python answer.py`."""

import json
import time
from collections.abc import Callable
from typing import TypeVar

import openai
from openai.types import Batch

QUESTIONS = {f"question-{number:02}": f"What is {number} squared?" for number in range(10)}
JOB = "squares-1"  # the key by which the batch of this job is found again
FINAL = ("completed", "failed", "expired", "cancelled")
DEADLINE_SECONDS = 26 * 3600  # the window is 24 hours, and a batch may end late
TEMPORARY = (openai.RateLimitError, openai.APIConnectionError, openai.InternalServerError)

client = openai.OpenAI()
Result = TypeVar("Result")


def patiently(call: Callable[[], Result], *not_yet: type[Exception]) -> Result:
    """Return what a call returns, repeated while the API cannot answer it."""
    pause = 5
    while pause < 300:
        try:
            return call()
        except (*TEMPORARY, *not_yet):
            time.sleep(pause)
            pause *= 2
    return call()


def create() -> Batch:
    """Create the batch of this job once, even if the response to the request is lost."""
    lines = [
        {
            "custom_id": custom_id,
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": question}]},
        }
        for custom_id, question in QUESTIONS.items()
    ]
    data = "".join(json.dumps(line) + "\n" for line in lines).encode()
    file = patiently(lambda: client.files.create(file=("in.jsonl", data), purpose="batch"))

    def find_or_create() -> Batch:
        for batch in client.batches.list(limit=100):
            if (batch.metadata or {}).get("job") == JOB:
                return batch
        return client.with_options(max_retries=0).batches.create(
            input_file_id=file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={"job": JOB},
        )

    # A file that was just uploaded may be unknown for a moment.
    return patiently(find_or_create, openai.BadRequestError)


def wait(batch: Batch) -> Batch:
    """Return the batch at its end, or after it was cancelled at the deadline."""
    batch_id, status = batch.id, batch.status
    deadline = time.time() + DEADLINE_SECONDS
    while status not in FINAL:
        if time.time() > deadline and status != "cancelling":
            print(f"{batch_id} is still {status} after its window: cancelling it")
            patiently(lambda: client.batches.cancel(batch_id))
        time.sleep(60)
        # A batch that was just created may be unknown for a moment.
        batch = patiently(lambda: client.batches.retrieve(batch_id), openai.NotFoundError)
        status = batch.status
    return batch


def read(file_id: str | None) -> list[dict]:
    """Return the parsed lines of a file, or an empty list without a file."""
    text = patiently(lambda: client.files.content(file_id)).text if file_id else ""
    lines = text.split("\n")  # splitlines() would cut inside of strings
    return [parsed for line in lines if line.strip() and (parsed := parse(line))]


def parse(line: str) -> dict | None:
    """Parse a line of a file; report a broken one, and go on without it."""
    try:
        return json.loads(line)
    except json.JSONDecodeError:
        print(f"a line is broken: {line[:40]}")
        return None


def collect(batch: Batch) -> dict[str, str]:
    """Return the answer to each question, or the reason why it has no answer."""
    found = {}
    for file_id in (batch.error_file_id, batch.output_file_id):
        for line in read(file_id):
            response = line["response"] or {"status_code": 0, "body": {}}
            if response["status_code"] == 200:
                message = response["body"]["choices"][0]["message"]
                found[line["custom_id"]] = message["content"] or message.get("refusal")
            else:
                error = line["error"] or response["body"]["error"]
                found[line["custom_id"]] = f"NO ANSWER: {error['message']}"
    return found


def main() -> None:
    """Print a line for each question."""
    batch = wait(create())
    print(f"{batch.id} has {batch.status}")
    for error in (batch.errors and batch.errors.data) or []:
        print(f"line {error.line}: {error.code}: {error.message}")
    found = collect(batch)
    for _ in range(3):  # a download may have ended early without an error
        if found.keys() >= QUESTIONS.keys() or batch.status == "failed":
            break
        time.sleep(60)
        found = {**found, **collect(batch)}
    for custom_id in QUESTIONS:
        print(custom_id, found.get(custom_id, "NO ANSWER: it is in neither file"))


main()
