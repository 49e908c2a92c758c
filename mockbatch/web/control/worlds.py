"""`/_mock/worlds`: the worlds of this server, for its owner."""

from flask import Blueprint, Response

from mockbatch.typing import Json
from mockbatch.web.auth import check_owner, world_key
from mockbatch.web.context import server
from mockbatch.web.responses import json_response
from mockbatch.world.keys import key_digest, shorten_key
from mockbatch.world.world import World

blueprint = Blueprint("control_worlds", __name__, url_prefix="/_mock/worlds")

_ALL = 1_000_000_000


@blueprint.get("")
def index() -> Response:
    """Return what each world contains, the oldest first; keys are shortened."""
    world_key()
    check_owner("not_your_world")
    worlds = [_summarize(world) for world in server().worlds.all().values()]
    return json_response("worlds", {"worlds": worlds})


def _summarize(world: World) -> dict[str, Json]:
    world.release_expired()
    now = world.now()
    batches = world.batches(_ALL, None).items
    return {
        "key": shorten_key(world.name),
        "digest": key_digest(world.name),
        "owner": world.settings.owner,
        "now": now,
        "mode": world.clock.mode,
        "batches": len(batches),
        "unfinished_batches": sum(not batch.is_final(now) for batch in batches),
        "files": len(world.files(None, _ALL, None, newest_first=True).items),
        "bytes": world.room.used_bytes,
        "requests": world.journal.count,
    }
