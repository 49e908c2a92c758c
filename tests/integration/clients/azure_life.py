"""A program that lives a batch's life on Azure OpenAI through a library, and prints what it saw.

Its arguments are the library and the address of the server; the key is in OPENAI_API_KEY. The
service's clock has to be one that moves when it is polled.
"""

import json
import os
import sys
from typing import Any

BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
LINE = {"method": "POST", "url": "/chat/completions", "body": BODY}
LINES = "".join(json.dumps({"custom_id": name, **LINE}) + "\n" for name in ("a", "b"))
ENDED = ("completed", "failed", "expired", "cancelled")


def litellm_life(url: str, key: str) -> dict[str, Any]:
    """Live it through LiteLLM's functions."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import asks the internet
    import litellm

    litellm.suppress_debug_info = True
    to: Any = {
        "custom_llm_provider": "azure",
        "api_base": url,
        "api_key": key,
        "api_version": "2024-10-21",
    }
    file = litellm.create_file(file=("in.jsonl", LINES.encode()), purpose="batch", **to)
    processed = litellm.file_retrieve(file.id, **to)
    batch = litellm.create_batch(
        completion_window="24h", endpoint="/v1/chat/completions", input_file_id=file.id, **to
    )
    statuses = [batch.status]
    while statuses[-1] not in ENDED:
        batch = litellm.retrieve_batch(batch_id=batch.id, **to)
        statuses.append(batch.status)
    texts = [
        litellm.file_content(id, **to).text for id in (batch.output_file_id, batch.error_file_id)
    ]
    return {
        "file": processed.status,
        "statuses": statuses,
        "results": sorted(json.loads(line)["custom_id"] for line in texts[0].splitlines()),
        "errors": texts[1],
    }


if __name__ == "__main__":
    name, url = sys.argv[1:]
    lives = {"litellm": litellm_life}
    print(json.dumps(lives[name](url, os.environ["OPENAI_API_KEY"])))
