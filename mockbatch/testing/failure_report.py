"""The section of a failed test's report about one world: requests, webhooks and batches."""

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Protocol

from mockbatch.typing import Json
from mockbatch.world.world import World

MAX_REQUESTS = 30
MAX_BATCHES = 10
MAX_LINE_CHARACTERS = 400


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
    return "\n".join(line[:MAX_LINE_CHARACTERS] for line in lines)


def _lines(client: ControlApi, world: World | None) -> Iterator[str]:
    if world is not None:
        now, mode, journal = world.now(), world.clock.mode, world.journal.as_json(MAX_REQUESTS)
        webhooks = world.webhooks.deliveries_json(MAX_REQUESTS)
        batches = [world.explain(batch.id) for batch in world.batches(MAX_BATCHES, None).items]
    elif client.closed:
        yield f"the world at {client.base_url} is gone"
        return
    else:
        clock = client.call("GET", "/_mock/clock")
        now, mode = clock["now"], clock["mode"]
        journal = client.call("GET", f"/_mock/requests?limit={MAX_REQUESTS}")
        webhooks = client.call("GET", f"/_mock/webhooks/deliveries?limit={MAX_REQUESTS}")
        batches = _batches_in(client, journal["requests"])
    yield f"the world at {client.base_url}, {_format_time(now)} on its {mode} clock"
    requests, count = journal["requests"], journal["count"]
    yield f"requests, the last {len(requests)} of {count}:" if count else "no request reached it"
    yield from map(_request, requests)
    deliveries, count = webhooks["deliveries"], webhooks["count"]
    if count:
        yield f"webhooks, the last {len(deliveries)} of {count}:"
    yield from map(_delivery, deliveries)
    for batch in reversed(batches):
        yield str(batch["explanation"])
        coming: Json = batch["coming"]
        yield from (f"  {_format_time(event['at'])} {event['type']}" for event in coming)


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


def _request(entry: dict[str, Json]) -> str:
    text = f"  {_format_time(entry['now'])} {entry['method']} {entry['path']} -> {entry['status']}"
    text += f", retry {entry['retry_count']}" if entry["retry_count"] else ""
    return text + (f", fault {entry['fault']}" if entry.get("fault") else "")


def _delivery(delivery: dict[str, Json]) -> str:
    event, attempts = delivery["event"], delivery["attempts"]
    text = f"  {_format_time(event['created_at'])} {event['type']} to {delivery['url']}"
    text += f": {delivery['status']}, {len(attempts)} attempts"
    if not attempts:
        return text
    return text + f", the last -> {attempts[-1]['error'] or attempts[-1]['status_code']}"


def _format_time(instant: float) -> str:
    return datetime.fromtimestamp(instant, timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
