"""The section of a failed test's report about one world.

It has the requests, webhooks and batches, and what the test set up but did not use.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Protocol

from mockbatch.clock import MANUAL, format_instant
from mockbatch.strings.redaction import redact
from mockbatch.typing import Json
from mockbatch.world.unused import describe_unused
from mockbatch.world.world import World

__tracebackhide__ = True

MAX_REQUESTS = 30
MAX_BATCHES = 10
MAX_LINE_CHARACTERS = 400
MAX_ERRORS = 5

_UNREACHED = (
    "no request reached it: a client that was built before the test needs mockbatch_env = true in "
    "the ini file"
)

# The end of an id is enough to tell the objects of a test apart.
_LONG_ID = re.compile(r"\b([a-z]+[_-])[A-Za-z0-9]{10,}([A-Za-z0-9]{6})\b")


class ControlApi(Protocol):
    """A client of a world, which may be in another process."""

    base_url: str
    closed: bool

    def call(self, method: str, path: str) -> Json:
        """Call the control API."""


def render(client: ControlApi, world: World | None) -> str:
    """Return the text of the section; it changes nothing in the world, and never raises.

    `world` is the World itself, if it is in this process: reading it takes no request.
    """
    try:
        lines = list(_lines(client, world))
    except Exception as error:  # noqa: BLE001 - the test has failed: do not hide why
        lines = [f"the world at {client.base_url} cannot be read: {error!r}"]
    return "\n".join(_shorten_ids(line)[:MAX_LINE_CHARACTERS] for line in lines)


def _lines(client: ControlApi, world: World | None) -> Iterator[str]:
    if world is not None:
        now, mode, journal = world.now(), world.clock.mode, world.journal.as_json(MAX_REQUESTS)
        webhooks = world.webhooks.deliveries_json(MAX_REQUESTS)
        batches = [world.explain(batch.id) for batch in world.batches(MAX_BATCHES, None).items]
        unused = describe_unused(world)
    elif client.closed:
        yield f"the world at {client.base_url} is gone"
        return
    else:
        clock = client.call("GET", "/_mock/clock")
        now, mode = clock["now"], clock["mode"]
        journal = client.call("GET", f"/_mock/requests?limit={MAX_REQUESTS}")
        webhooks = client.call("GET", f"/_mock/webhooks/deliveries?limit={MAX_REQUESTS}")
        batches = _batches_in(client, journal["requests"])
        unused = client.call("GET", "/_mock/unused")["unused"]
    yield f"the world at {client.base_url}, {format_instant(now)} on its {mode} clock"
    requests, count = journal["requests"], journal["count"]
    yield f"requests, the last {len(requests)} of {count}:" if count else _UNREACHED
    yield from _requests(requests)
    deliveries, count = webhooks["deliveries"], webhooks["count"]
    if count:
        yield f"webhooks, the last {len(deliveries)} of {count}:"
    yield from map(_delivery, deliveries)
    for batch in reversed(batches):
        yield from _batch(batch)
    yield from (f"not used: {sentence}" for sentence in unused)
    has_moved = any(entry["now"] != now for entry in requests)
    if mode == MANUAL and not has_moved and any(batch["coming"] for batch in batches):
        yield (
            "time has not moved in this test: mockbatch.clock.advance(...) moves it, and so does "
            "a sleep with skip_sleep=True"
        )


def _batches_in(client: ControlApi, requests: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Return the batches that successful requests named, the latest first.

    The control API has no list of batches, and that of the API would add a request to the
    journal.
    """
    ids: dict[str, None] = {}
    for entry in reversed(requests):
        path = entry["path"].partition("?")[0]
        if entry["status"] == 200 and path.startswith("/v1/batches/"):
            ids[path.split("/")[3]] = None
    return [client.call("GET", f"/_mock/batches/{id}/timeline") for id in [*ids][:MAX_BATCHES]]


def _requests(entries: list[dict[str, Json]]) -> Iterator[str]:
    """Yield a line for each request; polls that follow one another share one."""
    for _, group in groupby(entries, _poll_key):
        first, *others = group
        yield _request(first) + (f" (\u00d7{len(others) + 1})" if others else "")


def _poll_key(entry: dict[str, Json]) -> object:
    """Return the key that polls of one object with the same result share."""
    if entry["method"] != "GET":
        return id(entry)
    return entry["path"], entry["status"], entry["retry_count"], entry.get("fault")


def _request(entry: dict[str, Json]) -> str:
    text = (
        f"  {format_instant(entry['now'])} {entry['method']} {entry['path']} -> {entry['status']}"
    )
    text += f", retry {entry['retry_count']}" if entry["retry_count"] else ""
    text += f", fault {entry['fault']}" if entry.get("fault") else ""
    return text + (f": {entry['error']}" if entry.get("error") else "")


def _batch(batch: dict[str, Json]) -> Iterator[str]:
    """Yield a batch's explanation, the errors of its validation, and what comes next."""
    yield batch["explanation"]
    errors: list[dict[str, Json]] = (batch["errors"] or {}).get("data") or []
    for error in errors[:MAX_ERRORS]:
        location = "the file" if error.get("line") is None else f"line {error['line']}"
        yield f"  {location}: {error.get('code')}: {error.get('message')}"
    if len(errors) > MAX_ERRORS:
        yield f"  ... and {len(errors) - MAX_ERRORS} more errors"
    coming: Json = batch["coming"]
    yield from (f"  {format_instant(event['at'])} {event['type']}" for event in coming)


def _delivery(delivery: dict[str, Json]) -> str:
    event, attempts = delivery["event"], delivery["attempts"]
    url = redact(delivery["url"], MAX_LINE_CHARACTERS)
    text = f"  {format_instant(event['created_at'])} {event['type']} to {url}"
    text += f": {delivery['status']}, {len(attempts)} attempts"
    if not attempts:
        return text
    return text + f", the last -> {attempts[-1]['error'] or attempts[-1]['status_code']}"


def _shorten_ids(line: str) -> str:
    return _LONG_ID.sub(lambda match: f"{match[1]}...{match[2]}", line)
