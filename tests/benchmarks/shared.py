"""What worlds in a store cost beside worlds in memory; needs redis-server.

The calls are made in the same process, without a socket. Take-over is the first GET of a process
that has not read the world yet.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from mockbatch.web.app import create_app
from mockbatch.web.context import EXTENSION
from mockbatch.world.settings import ServerSettings, WorldSettings
from tests.benchmarks.measuring import Row, wall
from tests.support.caller import START, Caller
from tests.support.redis_server import redis_server

SIZES = (1, 100, 1000)
CALLS = 200
TAKE_OVERS = 3
# What a store may add to a call in memory, in milliseconds.
GET_GOAL, CREATE_GOAL, TAKE_OVER_GOAL = 0.3, 0.6, 300


class Worlds:
    """A server in this process with worlds in one place, and a client of it."""

    def __init__(self, name: str, state: str) -> None:
        self.name, self.state = name, state
        self.ids: list[str] = []
        self.caller = self.open()
        self.request = self.caller.batch_request()

    def open(self) -> Caller:
        """Return a client of a new server on the same state."""
        world = WorldSettings(clock="manual", start_time=START)
        return Caller(create_app(ServerSettings(world=world, state=self.state)))

    def close(self, caller: Caller) -> None:
        """End what a server does by itself."""
        caller.app.extensions[EXTENSION].worlds.close()

    def create(self) -> None:
        """Create a batch."""
        self.ids.append(self.caller.good(self.caller.post("/v1/batches", self.request))["id"])

    def grow(self, size: int) -> None:
        """Create batches until there are so many."""
        while len(self.ids) < size:
            self.create()

    def take_over(self) -> float:
        """Return the milliseconds of the first GET of another server."""
        other = self.open()
        seconds = wall(lambda: other.batch(self.ids[0]))
        self.close(other)
        return 1000 * seconds


def wall_of_one(act: Callable[[], object]) -> float:
    """Return the seconds of one call, without collecting garbage before each."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def get_next(worlds: Worlds, number: int) -> float:
    """Return the seconds of a GET of one of the first batches."""
    id = worlds.ids[number % min(100, len(worlds.ids))]
    return wall_of_one(lambda: worlds.caller.batch(id))


def rows_at(size: int, places: list[Worlds]) -> Iterator[Row]:
    """Yield the rows of worlds of one size; the first place is memory.

    The places take turns, call by call, because a machine is not equally busy at all times.
    """
    for worlds in places:
        worlds.grow(size)
    for what, goal in (("GET", GET_GOAL), ("create", CREATE_GOAL)):
        seconds: dict[str, list[float]] = {worlds.name: [] for worlds in places}
        for number in range(CALLS):
            for worlds in places:
                is_get = what == "GET"
                took = get_next(worlds, number) if is_get else wall_of_one(worlds.create)
                seconds[worlds.name].append(took)
        medians = {name: 1000 * median(found) for name, found in seconds.items()}
        for name, measured in medians.items():
            is_judged = name != places[0].name and size == SIZES[-1]
            bound = medians[places[0].name] + goal if is_judged else None
            yield Row(f"{what}, {size} batches, {name}", "ms", measured, goal=bound)


def measure() -> list[Row]:
    """Return the rows of memory, SQLite and Redis, size by size, and of a take-over."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / "redis").mkdir()
        redis = stack.enter_context(redis_server(folder / "redis"))
        stores = [Worlds("SQLite", f"sqlite:///{folder}/state.db"), Worlds("Redis", redis.url)]
        places = [Worlds("memory", "memory"), *stores]
        rows = [row for size in SIZES for row in rows_at(size, places)]
        for worlds in stores:
            taken = median(worlds.take_over() for _ in range(TAKE_OVERS))
            what = f"take-over, {len(worlds.ids)} batches, {worlds.name}"
            rows.append(Row(what, "ms", taken, goal=TAKE_OVER_GOAL))
        for worlds in places:
            worlds.close(worlds.caller)
    return rows
