"""The life of a Message Batch through any version of the SDK; prints what it saw, as JSON.

With the argument `list` it prints only the ids of all batches.
"""

import json
import os
import sys
import urllib.request
from typing import Any

import anthropic

URL, KEY = os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"]
client: Any = anthropic.Anthropic(max_retries=0)
# The first versions with batches have them as a beta only.
batches = getattr(client.messages, "batches", None) or client.beta.messages.batches


def choose(scenario: str) -> None:
    """Choose the scenario of the next batch."""
    body = json.dumps({"name": scenario}).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    address = f"{URL}/_mock/scenarios/active"
    urllib.request.urlopen(urllib.request.Request(address, body, headers)).close()


def params(**changes: Any) -> Any:
    """Return the params of a request."""
    hello = [{"role": "user", "content": "Hello"}]
    return {"model": "claude-haiku-4-5", "max_tokens": 50, "messages": hello, **changes}


def create(*changes: Any) -> Any:
    """Create a batch with a request for each of the changes."""
    requests = [
        {"custom_id": f"line-{number}", "params": params(**one)}
        for number, one in enumerate(changes)
    ]
    return batches.create(requests=requests)


def statuses(batch: Any) -> list[str]:
    """Return the statuses of a batch until it has ended, each once."""
    seen = [batch.processing_status]
    while seen[-1] != "ended":
        status = batches.retrieve(batch.id).processing_status
        if status != seen[-1]:
            seen.append(status)
    return seen


def results(batch: Any) -> dict[str, str]:
    """Return the types of the results, by custom_id."""
    return {one.custom_id: one.result.type for one in batches.results(batch.id)}


def refusal(call: Any, *arguments: Any, **options: Any) -> Any:
    """Return the status of a call that is refused."""
    try:
        call(*arguments, **options)
    except anthropic.APIStatusError as error:
        return error.status_code
    return None


def story() -> Any:
    """Return what happens to some batches."""
    whole = create({}, {"model": "x"}, {})
    early = refusal(client.get, f"/v1/messages/batches/{whole.id}/results", cast_to=object)
    lives = statuses(whole)
    choose("expired_partial")
    expired = create({}, {}, {}, {})
    statuses(expired)
    canceled = batches.cancel(create({}, {}).id)
    ended = statuses(canceled)
    two = [*batches.list(limit=2)]
    body = {"requests": [{"custom_id": "a b", "params": params()}]}
    live = client.messages.create(**params())
    with client.messages.stream(**params()) as stream:
        streamed = "".join(stream.text_stream)
    return {
        "early": early,
        "statuses": lives,
        "results": results(whole),
        "expired": sorted(results(expired).values()),
        "canceled": [ended, results(canceled)],
        "listed": [len(two), len({one.id for one in two})],
        "before": [one.id for one in batches.list(before_id=two[-1].id)]
        == [one.id for one in two[:-1]],
        "bad_id": refusal(batches.create, **body),
        "deleted": batches.delete(whole.id).type if hasattr(batches, "delete") else None,
        "unknown": refusal(batches.retrieve, whole.id),
        "live": [live.content[0].text, live.stop_reason, streamed],
    }


is_list = sys.argv[1:] == ["list"]
json.dump([one.id for one in batches.list(limit=100)] if is_list else story(), sys.stdout)
