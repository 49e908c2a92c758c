"""A text that changes whenever anything changes that a person can look at in a world."""

import hashlib

from mockbatch.events import WorldEvent
from mockbatch.world.world import World


def world_version(world: World, next_event: WorldEvent | None) -> str:
    """Return the version of a world whose next event is this one.

    As long as something is to come and the clock runs by itself, each second has a version of
    its own: lines are executed all the time. It costs nothing that grows with the world.
    """
    clock, script = world.clock.current, world.script
    parts = (
        world.version,
        world.journal.count,
        world.webhooks.version,
        world.faults.as_json(),
        [(scenario.name, times) for scenario, times in world.scenarios.waiting()],
        (len(script.entries), id(script), world.models.names, world.quotas.current),
        (clock.mode, clock.origin - clock.wall_origin * clock.speed, next_event),
        int(world.now()) if next_event is not None and clock.speed else 0,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
