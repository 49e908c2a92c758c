"""`/_mock`: the control API, which moves time and decides fates."""

from dataclasses import asdict, replace
from functools import lru_cache, partial
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, request

import mockbatch
from mockbatch import clock
from mockbatch.batch import commands
from mockbatch.errors import api_error
from mockbatch.events import Happened, WorldEvent
from mockbatch.limits import Quotas
from mockbatch.scenarios import from_document, scenario
from mockbatch.typing import Json
from mockbatch.web.auth import bearer_key, only_world, open_world
from mockbatch.web.context import server, world
from mockbatch.web.responses import answer, checked_body, json_body
from mockbatch.web.v1.batches import answer_batch
from mockbatch.webhooks.signature import DELIVERY_HEADER
from mockbatch.world.settings import WorldSettings
from mockbatch.world.snapshot.dump import dump
from mockbatch.world.snapshot.load import load

blueprint = Blueprint("control", __name__, url_prefix="/_mock")

MOST_EVENTS = 100
# Four bytes of epoch seconds, as ids have them.
LATEST = 2**32


@blueprint.before_request
def guard() -> None:
    """Refuse a web page elsewhere, which can reach loopback, and open the caller's world."""
    host = request.headers.get("Host", "")
    settings = server().settings
    if not _is_near(host, settings.host, settings.allowed_hosts):
        raise api_error("foreign_host", value=host[:200])
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != host:
        raise api_error("foreign_origin", value=origin[:200])
    if request.endpoint == "control.health":
        return
    key = bearer_key()
    g.world = only_world() if key is None else open_world(key)


@lru_cache(64)
def _is_near(host: str, own: str, allowed: frozenset[str]) -> bool:
    """Tell whether a name cannot have been pointed at this machine from outside.

    That takes a public domain name, so addresses and names without a dot are near.
    """
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if "." not in name or name in {own, "host.docker.internal", *allowed}:
        return bool(name)
    try:
        return bool(ip_address(name))
    except ValueError:
        return name.endswith(".localhost")


@blueprint.get("/health")
def health() -> Response:
    """Tell that the server is up; needs no key."""
    uptime = round(clock.monotonic() - server().started, 3)
    body = {"status": "ok", "version": mockbatch.__version__, "uptime_seconds": uptime}
    return answer("health", body)


@blueprint.post("/reset")
def reset() -> Response:
    """Empty this world, or all; with settings, the world begins anew with these."""
    body = checked_body("reset", optional=True)
    if body.pop("all", False):
        if bearer_key() != server().settings.owner_key:
            raise api_error("not_the_owner")
        if body:
            raise api_error("invalid_value", param="all", why="no settings may stand beside it")
        every = server().worlds.all().values()
        for one in every:
            one.reset(one.settings)
        return answer("world_reset", {"reset": len(every)})
    world().reset(_settings(world().settings, body))
    return answer("world_reset", {"reset": 1})


@blueprint.get("/state")
def show_state() -> Response:
    """Tell everything that this world holds."""
    return answer("state", dump(world().state()))


@blueprint.put("/state")
def put_state() -> Response:
    """Let this world become another; a state that is not whole changes nothing."""
    state = load(json_body(), world().settings)
    world().restore(state)
    return answer("loaded", {"files": len(state.files), "batches": len(state.batches)})


@blueprint.delete("/state")
def forget() -> Response:
    """Let this world go."""
    server().worlds.forget(world().name)
    return answer("world_reset", {"reset": 1})


@blueprint.get("/clock")
def show_clock() -> Response:
    """Tell the time of this world."""
    now = world().now()
    event = world().advance.next_event(now)
    body = {
        "now": now,
        "mode": world().clock.mode,
        "next_event": None if event is None else event.as_json(),
    }
    return answer("clock", body)


@blueprint.post("/clock")
def set_clock() -> Response:
    """Let the clock go on in another mode."""
    mode = checked_body("set_clock")["mode"]
    try:
        world().time.set_mode(mode)
    except ValueError as error:
        raise api_error("invalid_value", param="mode", why=error) from None
    return show_clock()


@blueprint.post("/clock/advance")
def advance() -> Response:
    """Move the clock, and answer when everything that was due has happened."""
    happened = _advanced(checked_body("advance"))
    body = {
        "now": world().now(),
        "events": [WorldEvent(*one).as_json() for one in happened[:MOST_EVENTS]],
        "event_count": len(happened),
    }
    return answer("advanced", body)


def _advanced(body: dict[str, Json]) -> list[Happened]:
    include = body.pop("include", ())
    # Of another world's delivery, nothing here waits.
    is_within = world().webhooks.knows(request.headers.get(DELIVERY_HEADER, ""))
    way = world().advance.nested() if is_within else world().advance
    match body:
        case {"seconds": seconds, **rest} if not rest:
            if world().now() + seconds >= LATEST:
                raise api_error("invalid_value", param="seconds", why="the clock ends in 2106")
            return way.by(seconds, include)
        case {"to": instant, **rest} if not rest:
            return way.to(instant, include)
        case {"next_event": True, **rest} if not rest:
            return way.to_next(include)
        case {"batch": id, "status": status, **rest} if not rest:
            return way.until(id, status, include)
    why = "send one of seconds, to, next_event, or batch with status"
    raise api_error("invalid_value", param="body", why=why)


@blueprint.get("/batches/<id>/timeline")
def timeline(id: str) -> Response:
    """Tell what happened and will happen to a batch, and why."""
    return answer("timeline", world().explain(id))


@blueprint.post("/batches/<id>/<any(hold, resume, expire, complete):name>")
def command(id: str, name: str) -> Response:
    """Do something to an unfinished batch, now."""
    checked_body("nothing", optional=True)
    batch = world().command(id, getattr(commands, name))
    world().webhooks.courier.settle()
    return answer_batch(batch)


@blueprint.post("/batches/<id>/fail")
def fail(id: str) -> Response:
    """End the validation of a batch with an error, of which the body may say more."""
    body = checked_body("fail", optional=True)
    told = {
        "code": body.get("code", "invalid_request"),
        "message": body.get("message", "This batch was failed through the control API."),
    }
    batch = world().command(id, partial(commands.fail, **told))
    world().webhooks.courier.settle()
    return answer_batch(batch)


@blueprint.get("/quotas")
def show_quotas() -> Response:
    """Show what may be under way at once in this world."""
    return answer("quotas", asdict(world().quotas))


@blueprint.put("/quotas")
def set_quotas() -> Response:
    """Set what may be under way at once; what is left out is unlimited."""
    quotas = Quotas(**checked_body("quotas"))
    world().set_quotas(quotas)
    return show_quotas()


def _settings(settings: WorldSettings, body: dict[str, Json]) -> WorldSettings:
    changes = {**body}
    if not 1e-6 <= changes.get("pace", 1) <= 1e9:
        raise api_error("invalid_value", param="pace", why="it is not between 1e-6 and 1e9")
    if not 0 <= (changes.get("start_time") or 0) < LATEST:
        raise api_error("invalid_value", param="start_time", why="it is not between 1970 and 2106")
    if "scenario" in changes:
        given = changes["scenario"]
        is_name = isinstance(given, str)
        changes["scenario"] = scenario(given, {}) if is_name else from_document(given, {})
    if "quotas" in changes:
        changes["quotas"] = Quotas(**changes["quotas"])
    if "clock" in changes:
        try:
            changes["clock"] = clock.parse_mode(changes["clock"])
        except ValueError as error:
            raise api_error("invalid_value", param="clock", why=error) from None
    return replace(settings, **changes)
