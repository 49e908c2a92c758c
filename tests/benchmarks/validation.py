"""What it costs to know whether 50,000 lines are valid: a create, to its validation result."""

import json

from mockbatch.batch.create import BatchRequest
from mockbatch.files.content import Content
from mockbatch.world.settings import WorldSettings
from mockbatch.world.world import World
from tests.benchmarks.measuring import Row, by_turns
from tests.benchmarks.requests import file

COUNT = 50_000
ROUNDS = 3


def measure() -> list[Row]:
    """Return the row of 70 MB."""
    data = file(COUNT, 1150)
    world = World("benchmark", WorldSettings(), "org-benchmark")
    uploaded = world.upload(Content.of(data), "in.jsonl", "batch", None)

    def parse() -> None:
        for line in data.split(b"\n")[:-1]:
            json.loads(line)

    def create() -> None:
        request = BatchRequest(uploaded.id, "/v1/chat/completions", None, None, None)
        assert not world.create_batch(request).input.errors

    floor, measured = by_turns(ROUNDS, parse, create)
    what = f"create to validation result, {COUNT:,} lines, {len(data) / 1e6:.0f} MB"
    return [Row(what, "s", measured, floor, 1, 0.5)]
