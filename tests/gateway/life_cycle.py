"""A program that lives a batch's life through an SDK and prints what it saw, as JSON.

It is run by Pythons with different packages, `life_cycle.js` by Node; all print the same.
"""

import json
import os
import sys
from typing import Any

FINAL = ("completed", "failed", "expired", "cancelled")
URL, HOST, KEY = (os.environ[name] for name in ("URL", "CUSTOM_HOST", "KEY"))
INPUT = os.environ["INPUT"].encode()


def openai_client() -> Any:
    """Return OpenAI's own client, with the headers for a gateway."""
    import openai

    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": HOST}
    return openai.OpenAI(base_url=URL, api_key=KEY, default_headers=headers, max_retries=0)


def portkey_client() -> Any:
    """Return Portkey's client."""
    from portkey_ai import Portkey

    return Portkey(base_url=URL, provider="openai", Authorization=f"Bearer {KEY}", custom_host=HOST)


def output(client: Any, id: str) -> str:
    """Return a batch's output in the gateway's one call; OpenAI's client has no name for it."""
    if hasattr(client.batches, "output"):
        return str(client.batches.output(id).text)
    return str(client.get(f"/batches/{id}/output", cast_to=str))


def refusal(call: Any, *arguments: Any) -> dict[str, Any]:
    """Return how a call was refused."""
    try:
        call(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever class the SDK has for it
        return {"status": getattr(error, "status_code", None), "message": str(error)}
    return {"status": None, "message": ""}


def create(client: Any, file: str, window: str = "24h") -> Any:
    """Create a batch."""
    return client.batches.create(
        input_file_id=file,
        endpoint="/v1/chat/completions",
        completion_window=window,
        metadata={"mockbatch_scenario": "some_failed"},
    )


def poll_to_the_end(client: Any, batch: Any) -> list[Any]:
    """Return what a batch was each time, until nothing happens to it any more."""
    seen = [batch]
    while seen[-1].status not in FINAL:
        seen.append(client.batches.retrieve(batch.id))
    return seen


def story(client: Any) -> dict[str, Any]:
    """Live through it all."""
    file = client.files.create(file=("in.jsonl", INPUT), purpose="batch")
    *earlier, batch = poll_to_the_end(client, create(client, file.id))
    other = client.batches.retrieve(create(client, file.id).id)
    cancelling = client.batches.cancel(other.id)
    failed = poll_to_the_end(client, create(client, "file-nope"))[-1]
    return {
        "uploaded_bytes": file.bytes,
        "statuses": [one.status for one in (*earlier, batch)],
        "counts": [batch.request_counts.completed, batch.request_counts.failed],
        "content": client.files.content(batch.output_file_id).text,
        "errors": client.files.content(batch.error_file_id).text,
        "output": output(client, batch.id),
        "cancelled": [cancelling.status, client.batches.retrieve(other.id).status],
        "failed": [failed.status, failed.errors.data[0].code],
        "failed_output": output(client, failed.id),
        "listed": [one.id for one in client.batches.list(limit=2).data] == [failed.id, other.id],
        "unknown": refusal(client.batches.retrieve, "batch_nope"),
        "invalid": refusal(create, client, file.id, "1h"),
        "deleted": client.files.delete(file.id).deleted,
        "gone": refusal(client.files.retrieve, file.id),
    }


if __name__ == "__main__":
    clients = {"openai": openai_client, "portkey": portkey_client}
    print(json.dumps(story(clients[sys.argv[1]]())))
