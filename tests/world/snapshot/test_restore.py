"""Batches restored from what was dumped, without reading their input."""

from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.output_file import write_output
from mockbatch.files.content import Content
from mockbatch.typing import Json
from mockbatch.world.snapshot.batches import dump_batch
from mockbatch.world.snapshot.contents import ContentWriter
from mockbatch.world.snapshot.restore import restore_batch
from tests.conftest import Make


class UnreadableContent(Content):
    """A content that knows its size only."""

    def read(self, start: int, stop: int) -> NoReturn:
        """Fail: nothing may read it."""
        raise AssertionError("the input was read")


def unreadable(_: str) -> Content:
    """Return a content that fails when it is read."""
    return UnreadableContent.of(b"{}\n")


def restore_from_dump(batch: Batch, find: Callable[[str], Content] | None = None) -> Batch:
    """Return a batch after a dump, with its own content unless `find` finds another."""
    document = dump_batch(batch, ContentWriter())
    return restore_batch(document, batch.number, find or (lambda _: batch.input.content))


def failing(make: Make) -> dict[str, Json]:
    """Return a line that the endpoint rejects."""
    return make.line("bad", body={"model": "gpt-4o-mini", "messages": 1})


def instants(batch: Batch) -> list[float]:
    """Return the instants at which something changes, and those between and after."""
    ends = [change.at for change in batch.timeline.transitions]
    return [at + delta for at in ends for delta in (0, 0.5, 30)]


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"stages": {"in_progress": None}},
        {
            "replies": [
                {"fraction": 0.4, "reply": {"status_code": 400, "body": {"error": {}}, "raw": True}}
            ]
        },
    ],
)
def test_it_shows_the_same_objects(make: Make, document: dict[str, Any]) -> None:
    """At each instant of its life, whether or not lines fail."""
    lines = [*make.lines(9), failing(make)]
    batch = make.started(make.world(), lines, **document)
    again = restore_from_dump(batch)
    assert [again.as_json(at) for at in instants(batch)] == [
        batch.as_json(at) for at in instants(batch)
    ]


def test_it_writes_the_same_output(make: Make) -> None:
    """Byte for byte, in the same order."""
    batch = make.started(make.world(), [*make.lines(9), failing(make)])
    made, again = (
        write_output(one, validate=True, marks=False) for one in (batch, restore_from_dump(batch))
    )
    assert [again.output.read(0, 99_999), again.error.read(0, 99_999)] == [
        made.output.read(0, 99_999),
        made.error.read(0, 99_999),
    ]


def test_it_takes_the_same_commands(make: Make) -> None:
    """A held batch is resumed as the original is."""
    batch = make.batch()
    held = commands.hold(batch, batch.created_at + 70)
    later = batch.created_at + 700
    assert (
        commands.resume(restore_from_dump(held), later).timeline
        == commands.resume(held, later).timeline
    )


def test_its_input_is_not_read_for_status_and_counts(make: Make) -> None:
    """So that a world of 10,000 batches can be taken over at once."""
    batch = make.batch()
    again = restore_from_dump(batch, unreadable)
    assert [again.as_json(at) for at in instants(batch)] == [
        batch.as_json(at) for at in instants(batch)
    ]
    assert again.existing_file_ids(batch.timeline.end.at).keys() == {"output"}


def test_failing_lines_are_counted_without_the_input(make: Make) -> None:
    """Which lines fail is known from the dump."""
    batch = make.started(make.world(), [*make.lines(9), failing(make)])
    end = batch.timeline.end.at
    assert restore_from_dump(batch, unreadable).counts(end) == (10, 9, 1)


def test_a_batch_without_its_input_is_restored(make: Make) -> None:
    """Once the input is gone, its lines are still counted."""
    batch = make.batch()
    tokens = write_output(batch, validate=True, marks=False).tokens
    gone = batch.without_input(tokens)
    end = batch.timeline.end.at
    assert restore_from_dump(gone, unreadable).as_json(end, tokens) == gone.as_json(end, tokens)


def test_an_invalid_input_keeps_its_errors(make: Make) -> None:
    """They are shown once validation is over."""
    batch = make.invalid_batch()
    end = batch.timeline.end.at
    assert (
        restore_from_dump(batch, unreadable).as_json(end)["errors"] == batch.as_json(end)["errors"]
    )
