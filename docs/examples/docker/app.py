"""In place of a service of yours: it runs a batch that expires half done, and says what it got.

The client finds the mock in OPENAI_BASE_URL; the control API, which moves time, is beside it.
"""

import json
import os
import urllib.request

import openai

PROMPTS = ["first", "second", "third", "fourth", "fifth"]
CONTROL = os.environ["OPENAI_BASE_URL"].removesuffix("/v1") + "/_mock"


def main() -> None:
    """Submit, let a day pass, and read both files."""
    client = openai.OpenAI()
    file = client.files.create(file=("in.jsonl", _input()), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata={"mockbatch_scenario": "expired_partial", "mockbatch_fraction": "0.4"},
    )
    control("POST", "/clock/advance", {"seconds": 24 * 3600})
    batch = client.batches.retrieve(batch.id)
    print(f"{batch.id} is {batch.status}")
    for id in filter(None, (batch.output_file_id, batch.error_file_id)):
        print(client.files.content(id).text, end="")


def control(method: str, path: str, body: object = None) -> object:
    """Call the control API, in the world of the client's key."""
    headers = {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(CONTROL + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def _input() -> bytes:
    lines = [
        {
            "custom_id": str(number),
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": prompt}]},
        }
        for number, prompt in enumerate(PROMPTS)
    ]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


if __name__ == "__main__":
    main()
