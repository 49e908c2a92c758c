"""How much memory a batch of 200 MB takes: uploaded, created, run, downloaded."""

import tempfile

from tests.benchmarks.measuring import Row
from tests.benchmarks.requests import lines
from tests.benchmarks.server_process import ServerProcess

COUNT = 140_000
GOAL, STRETCH = 60, 30


def measure() -> list[Row]:
    """Return the row of the whole life of one batch, of which the client keeps nothing."""
    with tempfile.TemporaryFile() as data, ServerProcess("--limit", f"lines={COUNT}") as server:
        data.writelines(lines(COUNT, 1190))
        size = data.tell()
        data.seek(0)
        client = server.client()
        client.files.list()
        idle = server.megabytes()
        file = client.files.create(file=("in.jsonl", data), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        server.control("clock/advance", {"seconds": 24 * 3600})
        batch = client.batches.retrieve(batch.id)
        assert batch.request_counts
        assert batch.request_counts.completed == COUNT, batch
        with client.files.with_streaming_response.content(batch.output_file_id or "") as content:
            received = sum(len(chunk) for chunk in content.iter_bytes(1 << 18))
        assert received > COUNT * 500
        what = f"memory over idle for {size / 1e6:.0f} MB, {COUNT:,} lines"
        return [Row(what, "MB", server.peak_megabytes() - idle, goal=GOAL, stretch=STRETCH)]
