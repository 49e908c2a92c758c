"""The files of batches, kept while there is room."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.conftest import Make

ERROR = {"message": "no", "type": "invalid_request_error", "param": None, "code": None}
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
