"""What it costs to write the 50,000 lines of an output file."""

import json

from mockbatch.batch import output_file
from mockbatch.batch.batch import Batch
from mockbatch.batch.create import BatchRequest
from mockbatch.files.content import Content
from mockbatch.world.settings import WorldSettings
from mockbatch.world.world import World
from tests.benchmarks.measuring import Row, by_turns
from tests.benchmarks.requests import file

COUNT = 50_000
ROUNDS = 3


def batch() -> Batch:
    """Return a batch of so many lines."""
    world = World("benchmark", WorldSettings(clock="manual"), "org-benchmark")
    uploaded = world.upload(Content.of(file(COUNT, 1150)), "in.jsonl", "batch", None)
    return world.create_batch(BatchRequest(uploaded.id, "/v1/chat/completions", None, None, None))


def measure() -> list[Row]:
    """Return the row of the whole file."""
    made = batch()
    lines = [json.loads(line) for line in output_file.write_output(made).output.lines()]

    def dump() -> None:
        for line in lines:
            json.dumps(line)

    floor, measured = by_turns(ROUNDS, dump, lambda: output_file.write_output(made))
    return [Row(f"rendering {COUNT:,} output lines", "s", measured, floor, 1.3, 0.8)]
