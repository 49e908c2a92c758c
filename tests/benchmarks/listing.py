"""Whether a page of a list costs more when there is more behind it."""

from mockbatch import MockBatch
from tests.benchmarks.measuring import Row, by_turns
from tests.benchmarks.requests import file

FEW, MANY = 100, 10_000
CALLS = 100
ROUNDS = 7


def fill(mock: MockBatch, count: int) -> None:
    """Create so many batches of one line."""
    client = mock.client
    uploaded = client.files.create(file=("in.jsonl", file(1)), purpose="batch")
    for _ in range(count):
        client.batches.create(
            input_file_id=uploaded.id, endpoint="/v1/chat/completions", completion_window="24h"
        )


def list_first_page(mock: MockBatch) -> None:
    """Ask for the first page of twenty again and again."""
    for _ in range(CALLS):
        mock.client.batches.list(limit=20)


def measure() -> list[Row]:
    """Return the row of one page."""
    with MockBatch() as few, MockBatch() as many:
        fill(few, FEW)
        fill(many, MANY)
        floor, measured = by_turns(
            ROUNDS, lambda: list_first_page(few), lambda: list_first_page(many)
        )
    what = f"a page of 20 among {MANY:,} batches, floor: among {FEW}"
    per_call = 1000 / CALLS
    return [Row(what, "ms", measured * per_call, floor * per_call, 1.2, 1.0)]
