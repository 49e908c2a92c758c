"""`/_mock/health` and `/_mock/reset`."""

from flask import Blueprint, Response, g
from msgspec.structs import replace

import mockbatch
from mockbatch import clock
from mockbatch.errors import api_error
from mockbatch.limits import Quotas
from mockbatch.scenarios import from_document, scenario
from mockbatch.typing import Json
from mockbatch.web.auth import check_owner, open_world, world_key
from mockbatch.web.context import ServerState, server
from mockbatch.web.responses import checked_body, json_response
from mockbatch.world.settings import WorldSettings
from mockbatch.world.world import World

blueprint = Blueprint("control_server", __name__, url_prefix="/_mock")


@blueprint.get("/health")
def health() -> Response:
    """Report that the server is up; needs no key."""
    uptime = round(clock.monotonic() - server().started, 3)
    body = {"status": "ok", "version": mockbatch.__version__, "uptime_seconds": uptime}
    return json_response("health", body)


@blueprint.post("/reset")
def reset() -> Response:
    """Empty this world, or all of them; the body may change the settings of this one."""
    key = world_key()
    body = checked_body("reset", optional=True)
    if body.pop("all", False):
        return _reset_all(key, body)
    g.world = reset_world(server(), key, body)
    return json_response("world_reset", {"reset": 1})


def reset_world(state: ServerState, key: str, changes: dict[str, Json]) -> World:
    """Empty the world of a key, with changes of its settings, and return it."""
    world = state.worlds.find(key)
    settings = state.settings.world if world is None else world.settings
    return state.worlds.create(key, _settings(settings, changes))


def _reset_all(key: str, settings: dict[str, Json]) -> Response:
    g.world = open_world(key)
    check_owner("not_the_owner")
    if settings:
        raise api_error("invalid_value", param="all", reason="it cannot be combined with settings")
    return json_response("world_reset", {"reset": server().worlds.reset_all()})


def _settings(settings: WorldSettings, body: dict[str, Json]) -> WorldSettings:
    """Return settings with the changes in a body; ApiError 400 for an invalid one."""
    changes = {**body}
    params = changes.pop("params", {})
    if "scenario" in changes:
        value = changes["scenario"]
        choose = scenario if isinstance(value, str) else from_document
        changes["scenario"] = choose(value, params)
    elif params:
        raise api_error("missing_parameter", param="scenario")
    if "quotas" in changes:
        changes["quotas"] = Quotas(**changes["quotas"])
    if "clock" in changes:
        try:
            changes["clock"] = clock.parse_mode(changes["clock"])
        except ValueError as error:
            raise api_error("invalid_value", param="clock", reason=error) from None
    return replace(settings, **changes)
