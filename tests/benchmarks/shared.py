"""What worlds in a store cost beside worlds in memory; needs redis-server.

`make bench ONLY=shared` judges the figures; `python -m tests.benchmarks.shared` prints the table
of docs/shared_state.md, with the places side by side. GET and create are called in the same
process, without a socket; everything else is over sockets, with servers in processes of their own.
A take-over is the first GET of a process that has not read the world yet.
"""

import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from mockbatch.web.app import create_app
from mockbatch.web.context import EXTENSION
from mockbatch.world.settings import ServerSettings, WorldSettings
from tests.benchmarks.measuring import Row, wall
from tests.support.caller import KEY, START, Caller
from tests.support.processes import BATCH, LINE, Process, process_serving, processes_serving
from tests.support.redis_server import redis_server

SIZES = (1, 100, 10_000)
CALLS = 300
TAKE_OVERS = 5
PROCESSES, CLIENTS, CREATES_OF_CLIENT = 4, 8, 60
FILE_BYTES = 200_000_000
# What a store may add to a call in memory, in milliseconds.
GET_GOAL, CREATE_GOAL, TAKE_OVER_GOAL = 0.3, 0.6, 300
MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class Figure:
    """What one thing takes in each place, by its name.

    `goal` bounds what a store takes, or what it adds to memory if `is_added`.
    """

    what: str
    unit: str
    measured: dict[str, float]
    goal: float | None = None
    is_added: bool = False

    def rows(self) -> Iterator[Row]:
        """Yield a row for each place."""
        for place, figure in self.measured.items():
            added = self.measured[MEMORY] if self.is_added else 0
            goal = None if self.goal is None or place == MEMORY else self.goal + added
            yield Row(f"{self.what}, {place}", self.unit, figure, goal=goal)

    def line(self, places: Sequence[str]) -> str:
        """Return the line of the table."""
        cells = [f"{self.measured[one]:.3g}" if one in self.measured else "" for one in places]
        return f"| {self.what}, {self.unit} | {' | '.join(cells)} |"


class Worlds:
    """A server in this process with worlds in one place, and a client of it."""

    def __init__(self, name: str, state: str, *options: str) -> None:
        self.name, self.state, self.options = name, state, options
        self.ids: list[str] = []
        world = WorldSettings(clock="manual", start_time=START)
        self.caller = Caller(create_app(ServerSettings(world=world, state=state)))
        self.request = self.caller.batch_request()

    def close(self) -> None:
        """End what the server does by itself."""
        self.caller.app.extensions[EXTENSION].worlds.close()

    def create(self) -> None:
        """Create a batch."""
        self.ids.append(self.caller.good(self.caller.post("/v1/batches", self.request))["id"])

    def get(self, number: int) -> None:
        """Retrieve one of the first batches."""
        self.caller.batch(self.ids[number % min(100, len(self.ids))])

    def grow(self, size: int) -> None:
        """Create batches until there are so many."""
        while len(self.ids) < size:
            self.create()

    def take_over(self) -> float:
        """Return the milliseconds of the first GET of a process that has just started."""
        with process_serving(self.state, *self.options) as server:
            return 1000 * wall(lambda: server.get(KEY, f"/v1/batches/{self.ids[0]}"))

    def restart(self) -> None:
        """Start a process, and retrieve a batch that is kept; in memory, list the batches."""
        with process_serving(self.state, *self.options) as server:
            server.get(KEY, "/v1/batches?limit=1")


def wall_of_one(act: Callable[[], object]) -> float:
    """Return the seconds of one call, without collecting garbage before each."""
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def figures_at(size: int, places: Sequence[Worlds]) -> Iterator[Figure]:
    """Yield the figures of GET and create in worlds of one size.

    The places take turns, call by call, because a machine is not equally busy at all times.
    """
    for worlds in places:
        worlds.grow(size)
    for what, goal in (("GET", GET_GOAL), ("create", CREATE_GOAL)):
        seconds: dict[str, list[float]] = {worlds.name: [] for worlds in places}
        for number in range(CALLS):
            for worlds in places:
                act = worlds.create if what == "create" else lambda: worlds.get(number)  # noqa: B023
                seconds[worlds.name].append(wall_of_one(act))
        medians = {name: 1000 * median(found) for name, found in seconds.items()}
        is_judged = size == SIZES[-1]
        yield Figure(
            f"{what}, {size:,} {'batch' if size == 1 else 'batches'}",
            "ms",
            medians,
            goal if is_judged else None,
            is_added=True,
        )


def create_all(server: Process, key: str, file_id: str) -> None:
    """Create batches one after the other over one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    body = json.dumps({**BATCH, "input_file_id": file_id})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    for _ in range(CREATES_OF_CLIENT):
        connection.request("POST", "/v1/batches", body, headers)
        response = connection.getresponse()
        assert response.status == 200, response.read()
        response.read()
    connection.close()


def creates_a_second(place: Worlds, world_count: int) -> float:
    """Return how many batches clients can create in a second; in memory, with one process."""
    count = 1 if place.state == MEMORY else PROCESSES
    with processes_serving(count, place.state, *place.options) as servers:
        keys = [f"sk-bench-{world_count}-{number % world_count}" for number in range(CLIENTS)]
        files = {key: servers[0].upload(key) for key in dict.fromkeys(keys)}
        chosen = [servers[number % count] for number in range(CLIENTS)]
        with ThreadPoolExecutor(CLIENTS) as pool:
            seconds = wall(
                lambda: list(pool.map(create_all, chosen, keys, [files[key] for key in keys]))
            )
    return CLIENTS * CREATES_OF_CLIENT / seconds


def figures_of_file(places: Sequence[Worlds]) -> Iterator[Figure]:
    """Yield how long a file of 200 MB takes to upload and to download."""
    data = LINE * (FILE_BYTES // len(LINE))
    up: dict[str, float] = {}
    down: dict[str, float] = {}
    for place in places:
        with process_serving(place.state, *place.options) as server:
            begun = time.perf_counter()
            path = f"/v1/files/{server.upload('sk-bench-file', data)}/content"
            up[place.name] = time.perf_counter() - begun
            begun = time.perf_counter()
            assert len(server.call("sk-bench-file", "GET", path).body) == len(data)
            down[place.name] = time.perf_counter() - begun
    yield Figure("upload of 200 MB", "s", up)
    yield Figure("download of 200 MB", "s", down)


def figures() -> Iterator[Figure]:
    """Yield all figures of memory, SQLite and Redis."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / "redis").mkdir()
        redis = stack.enter_context(redis_server(folder / "redis"))
        stores = [
            Worlds("SQLite", f"sqlite:///{folder}/state.db"),
            Worlds("Redis", redis.url, "--files", str(folder / "files")),
        ]
        places = [Worlds(MEMORY, MEMORY), *stores]
        for size in SIZES:
            yield from figures_at(size, places)
        many = f"{SIZES[-1]:,} batches"
        taken = {one.name: median(one.take_over() for _ in range(TAKE_OVERS)) for one in stores}
        yield Figure(f"take-over, {many}", "ms", taken, TAKE_OVER_GOAL)
        restarts = {one.name: wall(one.restart) for one in places}
        yield Figure(f"restart until the first answer, {many}", "s", restarts)
        for worlds in places:
            worlds.close()
        for count, what in ((1, "one world"), (8, "eight worlds")):
            found = {one.name: creates_a_second(one, count) for one in places}
            yield Figure(f"creates of {CLIENTS} clients in {what}", "a second", found)
        yield from figures_of_file(places)


def measure() -> Iterator[Row]:
    """Yield the rows of `make bench`."""
    for figure in figures():
        yield from figure.rows()


def main() -> None:
    """Print the table of the documentation."""
    places = (MEMORY, "SQLite", "Redis")
    print(f"| | {' | '.join(places)} |")
    print("| --- | --- | --- | --- |")
    for figure in figures():
        print(figure.line(places), flush=True)


if __name__ == "__main__":
    main()
