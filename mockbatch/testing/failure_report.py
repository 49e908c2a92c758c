"""What the report of a failed test shows of a world: requests, webhooks and batches."""

from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Protocol

from mockbatch.typing import Json
from mockbatch.world.world import World

MOST_REQUESTS = 30
MOST_BATCHES = 10
MOST_CHARACTERS = 400


class Asked(Protocol):
    """A world as a test holds it, perhaps in another process."""

    base_url: str
    closed: bool

    def call(self, method: str, path: str) -> Json:
        """Call the control API."""


def told(asked: Asked, world: World | None) -> str:
    """Return what a report shows; `world` is asked itself where it is of this process.

    Nothing is changed, and nothing fails.
    """
    try:
        lines = list(_lines(asked, world))
    except Exception as error:  # noqa: BLE001 - a failed test has trouble enough
        lines = [f"the world at {asked.base_url} tells nothing: {error!r}"]
    return "\n".join(line[:MOST_CHARACTERS] for line in lines)


def _lines(asked: Asked, world: World | None) -> Iterator[str]:
    if world is not None:
        now, mode, journal = world.now(), world.clock.mode, world.journal.as_json(MOST_REQUESTS)
        webhooks = world.webhooks.deliveries(MOST_REQUESTS)
        batches = [world.explain(batch.id) for batch in world.batches(MOST_BATCHES, None).items]
    elif asked.closed:
        yield f"the world at {asked.base_url} is gone"
        return
    else:
        clock = asked.call("GET", "/_mock/clock")
        now, mode = clock["now"], clock["mode"]
        journal = asked.call("GET", f"/_mock/requests?limit={MOST_REQUESTS}")
        webhooks = asked.call("GET", f"/_mock/webhooks/deliveries?limit={MOST_REQUESTS}")
        batches = _named(asked, journal["requests"])
    yield f"the world at {asked.base_url}, {_moment(now)} on its {mode} clock"
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
        yield from (f"  {_moment(event['at'])} {event['type']}" for event in coming)


def _named(asked: Asked, requests: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """Return the batches that requests found, the latest first.

    The control API lists none, and the list of the API would be one request more.
    """
    found: dict[str, None] = {}
    for entry in reversed(requests):
        path = entry["path"].partition("?")[0]
        if entry["status"] == 200 and path.startswith("/v1/batches/"):
            found[path.split("/")[3]] = None
    return [asked.call("GET", f"/_mock/batches/{id}/timeline") for id in [*found][:MOST_BATCHES]]


def _request(entry: dict[str, Json]) -> str:
    said = f"  {_moment(entry['now'])} {entry['method']} {entry['path']} -> {entry['status']}"
    said += f", retry {entry['retry_count']}" if entry["retry_count"] else ""
    return said + (f", fault {entry['fault']}" if entry.get("fault") else "")


def _delivery(one: dict[str, Json]) -> str:
    said = f"  {_moment(one['event']['created_at'])} {one['event']['type']} to {one['url']}"
    said += f": {one['status']}, {len(one['attempts'])} attempts"
    if not one["attempts"]:
        return said
    last = one["attempts"][-1]
    return said + f", the last -> {last['error'] or last['status_code']}"


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%SZ")
