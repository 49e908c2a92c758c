"""Run many prompts as batches, and end with an answer or a reason for each."""

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import openai
from openai.types import Batch

MODEL = "gpt-4o-mini"
ENDED = ("completed", "failed", "expired", "cancelled")
PASSING = (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError)
# A batch has 24 hours, and may be marked as expired a little later.
PATIENCE_SECONDS = 25 * 3600
DOWNLOADS = 3


class BatchFailedError(Exception):
    """The input file was refused as a whole: nothing ran."""


class BatchStuckError(Exception):
    """The batch does not end, not even after its window."""


class ResultsMissingError(Exception):
    """The files of a batch do not tell of each of its requests."""


@dataclass(frozen=True)
class Result:
    """What became of one prompt: an answer, or the code of an error that may pass."""

    answer: str | None = None
    error: str | None = None
    may_pass: bool = False


def run(client: openai.OpenAI, prompts: Mapping[str, str], batches: int = 3) -> dict[str, Result]:
    """Return what became of each prompt, by custom_id and in the order of the prompts.

    What expired or met an error that may pass is sent again, in at most so many batches.
    """
    results: dict[str, Result] = {}
    left = dict(prompts)
    for _ in range(batches):
        results |= collect(client, wait(client, submit(client, left).id))
        left = {id: prompt for id, prompt in prompts.items() if results[id].may_pass}
        if not left:
            break
    return {id: results[id] for id in prompts}


def submit(client: openai.OpenAI, prompts: Mapping[str, str]) -> Batch:
    """Upload prompts and create a batch of them."""
    lines = "".join(json.dumps(_line(id, prompt)) + "\n" for id, prompt in prompts.items())
    file = client.files.create(file=("prompts.jsonl", lines.encode()), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )


def wait(client: openai.OpenAI, batch_id: str) -> Batch:
    """Poll until a batch has ended, less and less often; one poll that fails ends nothing."""
    waited, pause = 0.0, 5.0
    while waited < PATIENCE_SECONDS:
        with suppress(*PASSING):
            batch = client.batches.retrieve(batch_id)
            if batch.status in ENDED:
                return batch
        time.sleep(pause)
        waited, pause = waited + pause, min(1.5 * pause, 600)
    raise BatchStuckError(batch_id)


def collect(client: openai.OpenAI, batch: Batch) -> dict[str, Result]:
    """Return the results of a batch that has ended, by custom_id and in no order."""
    if batch.status == "failed":
        errors = (batch.errors and batch.errors.data) or []
        raise BatchFailedError("; ".join(f"{error.code}: {error.message}" for error in errors))
    # Either file may be missing, whatever the status, and a download may end early in silence.
    files = [id for id in (batch.output_file_id, batch.error_file_id) if id]
    for _ in range(DOWNLOADS):
        results: dict[str, Result] = {}
        with suppress(*PASSING):
            for id in files:
                results |= _read(client.files.content(id).text)
        if batch.request_counts and len(results) == batch.request_counts.total:
            return results
    raise ResultsMissingError(batch.id)


def on_webhook(
    client: openai.OpenAI, body: bytes, headers: Mapping[str, str]
) -> dict[str, Result] | None:
    """Return the results of the batch whose end a webhook tells, None for other events."""
    event: Any = client.webhooks.unwrap(body, headers)
    if not event.type.startswith("batch."):
        return None
    return collect(client, wait(client, event.data.id))


def _line(id: str, prompt: str) -> dict[str, Any]:
    body = {"model": MODEL, "messages": [{"role": "user", "content": prompt}]}
    return {"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body}


def _read(text: str) -> dict[str, Result]:
    results = {}
    for line in text.split("\n"):  # not splitlines(): answers may hold other line ends
        with suppress(json.JSONDecodeError):
            told = json.loads(line)
            results[told["custom_id"]] = _result(told)
    return results


def _result(told: dict[str, Any]) -> Result:
    response = told["response"]
    if response is None:  # it never ran; what somebody has cancelled should not
        code = told["error"]["code"]
        return Result(error=code, may_pass=code != "batch_cancelled")
    status, body = response["status_code"], response["body"]
    if status >= 400:
        return Result(error=body["error"]["code"], may_pass=status == 429 or status >= 500)
    return Result(answer=body["choices"][0]["message"]["content"])
