"""A user's program: batches from the upload to the results, with nothing but `openai`.

It runs with every version of the SDK from 1.50 on, finds the service in OPENAI_BASE_URL and
OPENAI_API_KEY, and ends with a message and status 1 when anything is not as it should be.
It polls without waiting: the service's clock has to be one that moves when it is polled.
"""

import json
import sys
from typing import Any, NoReturn

import openai

ENDED = ("completed", "failed", "expired", "cancelled")
CUSTOM_IDS = {"a", "b", "c"}


def main() -> None:
    """Go through everything."""
    client = openai.OpenAI()
    file = upload(client)
    results(client, file)
    cancelled(client, file)
    listed(client, file)
    refused(client)
    deleted(client, file)
    print(f"ok with openai {openai.__version__}")


def upload(client: openai.OpenAI) -> str:
    """Upload an input file."""
    file = client.files.create(file=("in.jsonl", input_file()), purpose="batch")
    expect("the size of the upload", file.bytes, len(input_file()))
    expect("the file again", client.files.retrieve(file.id).id, file.id)
    expect("its content", client.files.content(file.id).read(), input_file())
    return file.id


def results(client: openai.OpenAI, file: str) -> None:
    """Run a batch and map its results by custom_id."""
    batch = ended(client, create(client, file, {"job": "7"}))
    expect("the status", batch.status, "completed")
    expect("the metadata", batch.metadata, {"job": "7"})
    expect("the counts", (batch.request_counts.total, batch.request_counts.completed), (3, 3))
    text = client.files.content(batch.output_file_id).text
    answers = {line["custom_id"]: line for line in map(json.loads, text.split("\n")[:-1])}
    expect("the custom_ids", set(answers), CUSTOM_IDS)
    statuses = {line["response"]["status_code"] for line in answers.values()}
    expect("the status of each line", statuses, {200})


def cancelled(client: openai.OpenAI, file: str) -> None:
    """Cancel a batch."""
    id = create(client, file)
    expect("the answer to cancel", client.batches.cancel(id).status, "cancelling")
    expect("what becomes of it", ended(client, id).status, "cancelled")


def listed(client: openai.OpenAI, file: str) -> None:
    """List all batches, page after page."""
    made = {create(client, file) for _ in range(25)}
    found = [batch.id for batch in client.batches.list(limit=10)]
    expect("batches on several pages", set(found) >= made, expected=True)
    expect("batches that come twice", len(found) - len(set(found)), 0)


def refused(client: openai.OpenAI) -> None:
    """Meet failures as exceptions."""
    try:
        client.batches.retrieve("batch_unknown")
    except openai.NotFoundError as error:
        expect("its status", error.status_code, 404)
        expect("its request id", (error.request_id or "")[:4], "req_")
    else:
        fail("an unknown batch was found")
    try:
        client.batches.create(
            input_file_id="file-x",
            endpoint="/v1/nothing",
            completion_window="24h",
        )
    except openai.BadRequestError as error:
        expect("its code and param", (error.code, error.param), ("invalid_value", "endpoint"))
    else:
        fail("an unknown endpoint was taken")


def deleted(client: openai.OpenAI, file: str) -> None:
    """Delete the input file."""
    expect("the answer to delete", client.files.delete(file).deleted, expected=True)
    inputs = [one.id for one in client.files.list(purpose="batch")]
    expect("the input files that are left", inputs, [])


def create(client: openai.OpenAI, file: str, metadata: dict[str, str] | None = None) -> str:
    """Create a batch and return its id."""
    batch = client.batches.create(
        input_file_id=file,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        metadata=metadata,
    )
    expect("the status of a new batch", batch.status, "validating")
    return batch.id


def ended(client: openai.OpenAI, id: str) -> Any:
    """Poll until a batch has ended."""
    for _ in range(50):
        batch = client.batches.retrieve(id)
        if batch.status in ENDED:
            return batch
    return fail(f"{id} does not end")


def input_file() -> bytes:
    """Return an input file of three requests."""
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
    request = {"method": "POST", "url": "/v1/chat/completions", "body": body}
    lines = [json.dumps({"custom_id": id, **request}) for id in sorted(CUSTOM_IDS)]
    return "\n".join(lines).encode()


def expect(what: str, found: object, expected: object) -> None:
    """End the program unless something is as it should be."""
    if found != expected:
        fail(f"{what}: {found!r} instead of {expected!r}")


def fail(why: str) -> NoReturn:
    """End the program."""
    sys.exit(f"openai {openai.__version__}: {why}")


if __name__ == "__main__":
    main()
