"""The files of batches, kept while there is room."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from mockbatch.batch import output_file
from mockbatch.batch.batch import Batch
from mockbatch.limits import Limits

if TYPE_CHECKING:
    from tests.conftest import Make

ERROR = {"message": "no", "type": "invalid_request_error", "param": None, "code": None}
SECONDS = 60
FAILURE = {"status_code": 400, "body": {"error": ERROR}}


def test_dropping_the_files_of_a_batch_frees_the_bytes_of_both(make: "Make") -> None:
    """They count from when they are written: the output file and the error file."""
    world = make.world()
    replies = [{"fraction": 0.5, "reply": FAILURE}]
    batch = make.started(world, make.lines(4), replies=replies)
    world.advance.to(batch.timeline.end.at)
    storage, outputs = world.repository.storage, world.repository.outputs
    before = storage.used
    files = outputs.files(batch)
    assert min(files.output.size, files.error.size) > 0
    assert storage.used == before + files.output.size + files.error.size
    outputs.drop(batch.id)
    assert storage.used == before


def test_as_many_files_as_needed_make_room_and_the_oldest_go_first(make: "Make") -> None:
    """The files that were written last are kept."""
    world = make.world()
    batches = [make.started(world, make.lines(2)) for _ in range(4)]
    world.advance.to(batches[-1].timeline.end.at)
    storage, outputs = world.repository.storage, world.repository.outputs
    written = [outputs.files(batch) for batch in batches]
    sizes = [files.output.size + files.error.size for files in written]
    room = world.settings.limits.world_bytes - storage.used
    assert outputs.make_room(room + sizes[0] + 1)
    kept = [storage.is_retained(files.output) for files in written]
    assert kept == [False, False, True, True]


def test_no_room_is_made_for_more_than_a_world_can_hold(make: "Make") -> None:
    """The inputs of batches are never dropped."""
    world = make.world()
    batch = make.started(world, make.lines(2))
    world.advance.to(batch.timeline.end.at)
    storage, outputs = world.repository.storage, world.repository.outputs
    free = world.settings.limits.world_bytes - storage.used
    outputs.files(batch)
    assert outputs.make_room(free)
    assert not outputs.make_room(free + 1)


def test_files_that_do_not_fit_are_returned_and_not_kept(make: "Make") -> None:
    """A world never holds more than its limit."""
    world = make.world(limits=Limits(world_bytes=1000))
    batch = make.started(world, make.lines(2))
    world.advance.to(batch.timeline.end.at)
    used = world.repository.storage.used
    files = world.repository.outputs.files(batch)
    assert used + files.output.size > 1000
    assert world.repository.storage.used == used


def test_what_a_batch_is_billed_for_is_kept_when_its_files_are_dropped(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch is shown with its usage without writing 50,000 lines again."""
    world = make.world()
    batch = make.started(world, make.lines(2))
    world.advance.to(batch.timeline.end.at)
    outputs = world.repository.outputs
    tokens = outputs.tokens(batch)
    outputs.drop(batch.id)
    monkeypatch.delattr(output_file, "write_output")
    assert outputs.tokens(batch) == tokens


class Writer:
    """Writes files; those of the first batch only when it is told to."""

    def __init__(self, slow: str) -> None:
        self.slow, self.begun, self.go_on = slow, threading.Event(), threading.Event()
        self.written: list[str] = []
        self._write = output_file.write_output

    def __call__(self, batch: Batch, **options: Any) -> output_file.OutputFiles:
        """Write the files of a batch."""
        if batch.id == self.slow:
            self.begun.set()
            assert self.go_on.wait(SECONDS)
        self.written.append(batch.id)
        return self._write(batch, **options)


def test_files_of_one_batch_are_written_while_those_of_another_are(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """50,000 lines may take many seconds; but the files of one batch are written once."""
    world = make.world()
    slow, fast = (make.started(world, make.lines(2)) for _ in range(2))
    world.advance.to(fast.timeline.end.at)
    outputs, writer = world.repository.outputs, Writer(slow.id)
    monkeypatch.setattr(output_file, "write_output", writer)
    with ThreadPoolExecutor(3) as threads:
        asked = [threads.submit(outputs.files, slow) for _ in range(2)]
        try:
            assert writer.begun.wait(SECONDS)
            assert threads.submit(outputs.files, fast).result(SECONDS).output.size > 0
        finally:
            writer.go_on.set()
        first, second = (each.result(SECONDS) for each in asked)
    assert first is second
    assert writer.written == [fast.id, slow.id]
