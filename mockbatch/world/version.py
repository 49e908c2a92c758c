"""A text that changes whenever anything visible in a world changes."""

import hashlib

from mockbatch.events import WorldEvent
from mockbatch.world.world import World


def world_version(world: World, next_event: WorldEvent | None) -> str:
    """Return the version of a world whose next event is this one.

    While an event is still to come and the clock runs by itself, each second has its own version,
    because lines are executed all the time. The cost does not grow with the world.
    """
    clock = world.clock.current
    parts = (
        world.version,
        world.journal.count,
        world.faults.as_json(),
        [(scenario.name, times) for scenario, times in world.scenarios.waiting()],
        (world.models.names, world.quotas.current),
        (clock.mode, clock.origin - clock.wall_origin * clock.speed, next_event),
        int(world.now()) if next_event is not None and clock.speed else 0,
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
