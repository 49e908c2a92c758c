"""Batches of Azure OpenAI and of Anthropic through litellm; prints what it saw, as JSON."""

import http.client
import json
import os
import urllib.parse
import urllib.request
from typing import Any

import litellm

URL, KEY = os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"]
AZURE: Any = {
    "custom_llm_provider": "azure",
    "api_base": URL,
    "api_key": KEY,
    "api_version": "2024-10-21",
}
ANTHROPIC: Any = {"custom_llm_provider": "anthropic", "api_base": URL, "api_key": KEY}
ENDED = ("completed", "failed", "expired", "cancelled")


def poll_to_the_end(id: str, provider: Any) -> Any:
    """Poll until a batch has ended."""
    for _ in range(50):
        batch = litellm.retrieve_batch(batch_id=id, **provider)
        if batch.status in ENDED:
            return batch
    raise SystemExit(f"{id} does not end")


def create_azure() -> Any:
    """Create a batch with a good and a bad line, once its file is processed."""
    lines = [
        {
            "custom_id": name,
            "method": "POST",
            "url": "/chat/completions",
            "body": {
                "model": "gpt-4o-mini",
                "messages": [{"role": "user", "content": "Hello"}],
                "temperature": temperature,
            },
        }
        for name, temperature in (("good", 1), ("bad", 9))
    ]
    data = "".join(f"{json.dumps(line)}\n" for line in lines).encode()
    file = litellm.create_file(file=("in.jsonl", data), purpose="batch", **AZURE)
    assert file.status == "pending", file.status
    while litellm.file_retrieve(file_id=file.id, **AZURE).status == "pending":
        pass
    return litellm.create_batch(
        completion_window="24h", endpoint="/chat/completions", input_file_id=file.id, **AZURE
    )


def azure() -> Any:
    """Return the results of a batch, and how one ends that is cancelled."""
    batch = poll_to_the_end(create_azure().id, AZURE)
    files = [batch.output_file_id, batch.error_file_id]
    texts = [litellm.file_content(file_id=id, **AZURE).text for id in files]
    lines = [json.loads(line) for text in texts for line in text.splitlines()]
    cancelled = litellm.cancel_batch(batch_id=create_azure().id, **AZURE)
    return {
        "results": {line["custom_id"]: line["response"]["status_code"] for line in lines},
        "cancel": poll_to_the_end(cancelled.id, AZURE).status,
    }


def azure_listed() -> int:
    """Return how many of more than a thousand batches are listed."""
    file_id = create_azure().input_file_id
    path = f"/openai/batches?api-version={AZURE['api_version']}"
    body = {"input_file_id": file_id, "endpoint": "/chat/completions", "completion_window": "24h"}
    address = urllib.parse.urlsplit(URL)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    for _ in range(1000):
        headers = {"api-key": KEY, "content-type": "application/json"}
        connection.request("POST", path, json.dumps(body), headers)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        response.read()
    connection.close()
    # It passes no cursor on; what it returns is the first page of the SDK, which pages by itself.
    ids = [batch.id for batch in litellm.list_batches(**AZURE)]
    assert len(set(ids)) == len(ids)
    return len(ids)


def create_anthropic() -> str:
    """Create a Message Batch, which litellm cannot; return its id."""
    params = {
        "model": "claude-haiku-4-5",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    requests = [
        {"custom_id": "good", "params": params},
        {"custom_id": "bad", "params": {**params, "model": "x"}},
    ]
    headers = {
        "x-api-key": KEY,
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
    }
    body = json.dumps({"requests": requests}).encode()
    request = urllib.request.Request(f"{URL}/v1/messages/batches", body, headers)
    with urllib.request.urlopen(request) as response:
        return str(json.load(response)["id"])


def anthropic() -> Any:
    """Return the results of a Message Batch, and its counts as litellm shows them."""
    batch = poll_to_the_end(create_anthropic(), ANTHROPIC)
    text = litellm.file_content(file_id=batch.output_file_id, **ANTHROPIC).content.decode()
    lines = [json.loads(line) for line in text.splitlines()]
    counts = batch.request_counts
    return {
        "results": {line["custom_id"]: line["result"]["type"] for line in lines},
        "counts": [counts.total, counts.completed, counts.failed],
    }


print(json.dumps({"azure": azure(), "anthropic": anthropic(), "azure listed": azure_listed()}))
