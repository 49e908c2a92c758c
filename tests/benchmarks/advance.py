"""What an advance past the events of 10,000 batches costs."""

from mockbatch.batch.create import BatchRequest
from mockbatch.files.content import Content
from mockbatch.world.settings import WorldSettings
from mockbatch.world.world import World
from tests.benchmarks.measuring import Row, wall
from tests.benchmarks.requests import file

COUNT = 10_000
ROUNDS = 5


def world() -> World:
    """Return a world with so many batches of one line."""
    made = World("benchmark", WorldSettings(clock="manual"), "org-benchmark")
    uploaded = made.upload(Content.of(file(1)), "in.jsonl", "batch", None)
    for _ in range(COUNT):
        made.create_batch(BatchRequest(uploaded.id, "/v1/chat/completions", None, None, None))
    return made


def measure() -> list[Row]:
    """Return the row of one advance by a day."""
    worlds = [world() for _ in range(ROUNDS)]
    found = sorted(wall(lambda made=made: made.advance.by(24 * 3600)) for made in worlds)  # type: ignore[misc]
    what = f"advance past the events of {COUNT:,} batches (wall)"
    return [Row(what, "ms", found[ROUNDS // 2] * 1000, goal=20, stretch=5)]
