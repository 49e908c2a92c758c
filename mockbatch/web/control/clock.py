"""`/_mock/clock`: the simulated clock of a world."""

from flask import Blueprint, Response, request

from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.web.context import ServerState, server, world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import checked_body, json_response
from mockbatch.webhooks.signature import DELIVERY_HEADER
from mockbatch.world.advance import Advance, Advanced
from mockbatch.world.world import World

blueprint = Blueprint("control_clock", __name__, url_prefix="/_mock/clock")
blueprint.before_request(guard)


@blueprint.get("")
def show() -> Response:
    """Return the time and mode of this world's clock, the next event, and what waits for it."""
    now = world().now()
    event = world().advance.next_event()
    batch = world().upcoming.newest_unfinished_batch()
    body = {
        "now": now,
        "mode": world().clock.mode,
        "next_event": None if event is None else event.as_json(),
        "unfinished_batch": batch and {"id": batch.id, "status": batch.shown_status(now)},
    }
    return json_response("clock", body)


@blueprint.post("")
def set_mode() -> Response:
    """Continue the clock in another mode."""
    mode = checked_body("set_clock")["mode"]
    try:
        world().clock.set_mode(mode)
    except ValueError as error:
        raise api_error("invalid_value", param="mode", reason=error) from None
    return show()


@blueprint.post("/advance")
def advance() -> Response:
    """Move the clock, and respond when all events on the way have happened."""
    # A webhook receiver that advances its own world must not wait for its own delivery.
    is_nested = world().webhooks.has_delivery(request.headers.get(DELIVERY_HEADER, ""))
    advance = world().advance.nested() if is_nested else world().advance
    body = move_clock(server(), world(), advance, checked_body("advance"))
    return json_response("advanced", body)


def move_clock(
    state: ServerState, world: World, advance: Advance, document: dict[str, Json]
) -> dict[str, Json]:
    """Move the clock as a document says, and return what has happened, schema advanced.json."""
    # Not the present time: another client may have moved the clock further meanwhile.
    now, events, event_count = _advance(advance, document)
    body: dict[str, Json] = {
        "now": now,
        "events": [event.as_json() for event in events],
        "event_count": event_count,
    }
    if not _has_batches(world) and any(map(_has_batches, state.worlds.all().values())):
        # The usual cause is a clock that was moved with another key than the program has.
        body["hint"] = "This world has no batches, but the world of another key has some."
    return body


def _has_batches(world: World) -> bool:
    return bool(world.batches(1, None).items)


def _advance(advance: Advance, document: dict[str, Json]) -> Advanced:
    include = document.pop("include", ())
    match document:
        case {"seconds": seconds, **rest} if not rest:
            return advance.by(seconds, include)
        case {"to": instant, **rest} if not rest:
            return advance.to(instant, include)
        case {"next_event": True, **rest} if not rest:
            return advance.to_next(include)
        case {"batch": id, "status": status, **rest} if not rest:
            return advance.until(id, status, include)
    reason = "send one of seconds, to, next_event, or batch with status"
    raise api_error("invalid_value", param="body", reason=reason)
