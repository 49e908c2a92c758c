"""The events of a world, in order of time."""

from typing import TYPE_CHECKING

from mockbatch import events
from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.events import WorldEvent
from mockbatch.files.content import Content
from mockbatch.files.file import File
from mockbatch.files.upload import Upload

if TYPE_CHECKING:
    from tests.conftest import Make

LATER = 10**10


def pair(make: "Make") -> list[Batch]:
    """Return two batches of one world, created on one second."""
    world = make.world()
    return [make.started(world, make.lines(3)) for _ in range(2)]


def file(id: str, expires_at: int | None) -> File:
    """Return a file that expires then."""
    return File(id, "batch", "a.jsonl", 0, expires_at, lambda: Content.of(b""))


def types(found: list[events.EventTuple]) -> list[str]:
    """Return the types of events."""
    return [kind for _, kind, _ in found]


def test_every_status_is_an_event(make: "Make") -> None:
    """A batch has an event for each status it reaches, named after it."""
    batch = make.batch()
    assert events.events_between([batch], [], 0, LATER) == [
        WorldEvent(batch.created_at, "batch.validating", batch.id),
        WorldEvent(batch.created_at + 62, "batch.in_progress", batch.id),
        WorldEvent(batch.created_at + 123, "batch.finalizing", batch.id),
        WorldEvent(batch.created_at + 124, "batch.completed", batch.id),
    ]


def test_events_are_after_the_first_instant_and_up_to_the_second(make: "Make") -> None:
    """An event at the first second is past, one at the last second is included."""
    batch = make.batch()
    found = events.events_between([batch], [], batch.created_at + 62, batch.created_at + 123)
    assert types(found) == ["batch.finalizing"]


def test_events_of_one_second_are_in_order_of_creation(make: "Make") -> None:
    """Of two batches that change at the same second, the older one comes first."""
    batches = pair(make)
    found = events.events_between(batches, [], batches[0].created_at, LATER)
    assert [id for _, _, id in found] == [batch.id for _ in range(3) for batch in batches]


def test_statuses_of_one_second_are_in_their_order(make: "Make") -> None:
    """Even if a batch passes through several statuses at once."""
    done = commands.complete(make.batch(), make.created)
    assert types(events.events_between([done], [], 0, LATER)) == [
        "batch.validating",
        "batch.in_progress",
        "batch.finalizing",
        "batch.completed",
    ]


def test_progress_is_included_on_request(make: "Make") -> None:
    """Each second at which more lines are done is an event, in order of time."""
    batch = make.batch(3)
    found = events.events_between([batch], [], batch.created_at, LATER, ["progress"])
    assert [at - batch.created_at for at, kind, _ in found if kind == "batch.progress"] == [
        83,
        103,
        123,
    ]
    assert types(found)[0] == "batch.in_progress"


def test_expiry_is_included_on_request() -> None:
    """A file that expires is an event at its last second."""
    files = [file("file-1", 100), file("file-2", None), file("file-3", 101)]
    assert events.events_between([], files, 0, 100, ["expiry"]) == [
        WorldEvent(100, "file.expired", "file-1")
    ]


def test_expiry_of_uploads_is_included_with_that_of_files() -> None:
    """In order of time; an upload lives for an hour."""
    uploads = [Upload(f"upload_{at}", "a", "batch", 1, at, None) for at in (50, 0, 51)]
    found = events.events_between([], [file("file-1", 3601)], 3600, 3650, ["expiry"], uploads)
    assert found == [
        WorldEvent(3601, "file.expired", "file-1"),
        WorldEvent(3650, "upload.expired", "upload_50"),
    ]
    assert events.events_between([], [], 0, LATER, [], uploads) == []


def test_neither_is_included_without_a_request(make: "Make") -> None:
    """Then only status changes are events."""
    batch = make.batch()
    found = events.events_between([batch], [file("file-1", batch.created_at + 5)], 0, LATER)
    assert {kind.split(".")[0] for kind in types(found)} == {"batch"}
    assert "batch.progress" not in types(found)


def test_an_event_has_three_members() -> None:
    """`at`, `type` and `id`."""
    assert WorldEvent(1, "batch.failed", "batch_1").as_json() == {
        "at": 1,
        "type": "batch.failed",
        "id": "batch_1",
    }
