"""A program that lives a batch's life through a Python client and prints what it saw, as JSON.

It is run by Pythons with different packages with an argument that names the client; `life.ts` does
the same. The service's clock has to be one that moves when it is polled.
"""

import json
import os
import sys
from functools import partial
from types import SimpleNamespace
from typing import Any

ENDED = ("completed", "failed", "expired", "cancelled")
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
LINE = {"method": "POST", "url": "/v1/chat/completions", "body": BODY}
LINES = [json.dumps({"custom_id": f"line-{number}", **LINE}) + "\n" for number in range(5)]


def openai_client() -> Any:
    """Return OpenAI's own client."""
    import openai

    return openai.OpenAI()


def portkey_client() -> Any:
    """Return Portkey's client, which talks to mockbatch as to Portkey's gateway."""
    from portkey_ai import Portkey

    key = f"Bearer {os.environ['OPENAI_API_KEY']}"
    return Portkey(base_url=os.environ["OPENAI_BASE_URL"], provider="openai", Authorization=key)


def litellm_client() -> Any:
    """Return LiteLLM's functions under the names that the others have for them."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import asks the internet
    import litellm

    litellm.suppress_debug_info = True
    to_openai = {"custom_llm_provider": "openai"}
    files = SimpleNamespace(
        create=partial(litellm.create_file, **to_openai),
        content=partial(litellm.file_content, **to_openai),
        delete=partial(litellm.file_delete, **to_openai),
    )
    batches = SimpleNamespace(
        create=partial(litellm.create_batch, **to_openai),
        retrieve=partial(litellm.retrieve_batch, **to_openai),
        cancel=partial(litellm.cancel_batch, **to_openai),
        list=partial(litellm.list_batches, **to_openai),
    )
    return SimpleNamespace(files=files, batches=batches)


def upload(client: Any, lines: list[str]) -> Any:
    """Upload an input file."""
    return client.files.create(file=("in.jsonl", "".join(lines).encode()), purpose="batch")


def create(client: Any, file: str, scenario: str = "happy") -> Any:
    """Create a batch."""
    return client.batches.create(
        input_file_id=file,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"mockbatch_scenario": scenario},
    )


def poll_to_the_end(client: Any, batch: Any) -> list[Any]:
    """Return what a batch was each time, until nothing happens to it any more."""
    seen = [batch]
    while seen[-1].status not in ENDED:
        seen.append(client.batches.retrieve(batch.id))
    return seen


def lines(client: Any, file: str) -> list[Any]:
    """Return the lines of an output or error file."""
    return [json.loads(line) for line in client.files.content(file).text.split("\n")[:-1]]


def results(client: Any, batch: Any) -> dict[str, Any]:
    """Return by custom_id the status of each answer, or the code of what came instead."""
    both = lines(client, batch.output_file_id) + lines(client, batch.error_file_id)
    return {
        line["custom_id"]: line["error"]["code"]
        if line["error"]
        else line["response"]["status_code"]
        for line in both
    }


def unknown(client: Any) -> Any:
    """Return the status with which a batch that is not there is refused."""
    try:
        client.batches.retrieve("batch_nope")
    except Exception as error:  # noqa: BLE001 - whatever class the client has for it
        return getattr(error, "status_code", str(error))
    return None


def story(client: Any) -> dict[str, Any]:
    """Live through it all."""
    file = upload(client, LINES)
    some_failed = poll_to_the_end(client, create(client, file.id, "some_failed"))
    failed = poll_to_the_end(client, create(client, upload(client, [LINES[0], "{\n"]).id))[-1]
    cancelling = client.batches.cancel(create(client, file.id).id)
    cancelled = poll_to_the_end(client, cancelling)[-1]
    expired = poll_to_the_end(client, create(client, file.id, "expired_partial"))[-1]
    counts = some_failed[-1].request_counts
    return {
        "whole": file.bytes == len("".join(LINES)),
        "statuses": [batch.status for batch in some_failed],
        "counts": [counts.total, counts.completed, counts.failed],
        "results": results(client, some_failed[-1]),
        "failed": [failed.status, failed.errors.data[0].code, failed.errors.data[0].line],
        "cancelled": [cancelling.status, cancelled.status],
        "expired": [expired.status, results(client, expired)],
        "newest": client.batches.list(limit=1).data[0].id == expired.id,
        "unknown": unknown(client),
        "deleted": client.files.delete(file.id).deleted,
    }


if __name__ == "__main__":
    clients = {"openai": openai_client, "portkey": portkey_client, "litellm": litellm_client}
    print(json.dumps(story(clients[sys.argv[1]]())))
