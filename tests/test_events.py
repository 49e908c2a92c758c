"""The events of a world that clients ask for, in order of time."""

from typing import TYPE_CHECKING

from mockbatch import events
from mockbatch.events import WorldEvent
from mockbatch.files.content import Content
from mockbatch.files.file import File
from mockbatch.files.upload import Upload

if TYPE_CHECKING:
    from tests.conftest import Make

LATER = 10**10


def file(id: str, expires_at: int | None) -> File:
    """Return a file that expires then."""
    return File(id, "batch", "a.jsonl", 0, expires_at, lambda: Content.of(b""))


def test_progress_is_included_on_request(make: "Make") -> None:
    """Each second at which more lines are done is an event, in order of time."""
    batch = make.batch(3)
    found = events.requested_events([batch], [], [], batch.created_at, LATER, ["progress"])
    assert found == [
        WorldEvent(batch.created_at + seconds, "batch.progress", batch.id)
        for seconds in (83, 103, 123)
    ]


def test_expiry_is_included_on_request() -> None:
    """A file that expires is an event at its last second."""
    files = [file("file-1", 100), file("file-2", None), file("file-3", 101)]
    assert events.requested_events([], files, [], 0, 100, ["expiry"]) == [
        WorldEvent(100, "file.expired", "file-1")
    ]


def test_expiry_of_uploads_is_included_with_that_of_files() -> None:
    """In order of time; an upload lives for an hour."""
    uploads = [Upload(f"upload_{at}", "a", "batch", 1, at, None) for at in (50, 0, 51)]
    files = [file("file-1", 3650), file("file-2", 3601), file("file-3", 3649)]
    found = events.requested_events([], files, uploads, 3600, 3650, ["expiry"])
    assert found == [
        WorldEvent(3601, "file.expired", "file-2"),
        WorldEvent(3649, "file.expired", "file-3"),
        WorldEvent(3650, "file.expired", "file-1"),
        WorldEvent(3650, "upload.expired", "upload_50"),
    ]


def test_events_of_one_second_are_in_order_of_creation() -> None:
    """Whatever the ids are, and an upload comes after the files."""
    files = [file("file-b", 3600), file("file-a", 3600)]
    uploads = [Upload("upload_1", "a", "batch", 1, 0, None)]
    found = events.requested_events([], files, uploads, 0, 3600, ["expiry"])
    assert [id for _, _, id in found] == ["file-b", "file-a", "upload_1"]


def test_neither_is_included_without_a_request(make: "Make") -> None:
    """Nor the one with a request for the other."""
    batch = make.batch()
    files = [file("file-1", batch.created_at + 5)]
    uploads = [Upload("upload_1", "a", "batch", 1, batch.created_at, None)]

    def types(*include: str) -> set[str]:
        found = events.requested_events([batch], files, uploads, 0, LATER, include)
        return {kind for _, kind, _ in found}

    assert types() == set()
    assert types("progress") == {"batch.progress"}
    assert types("expiry") == {"file.expired", "upload.expired"}


def test_an_event_has_three_members() -> None:
    """`at`, `type` and `id`."""
    assert WorldEvent(1, "batch.failed", "batch_1").as_json() == {
        "at": 1,
        "type": "batch.failed",
        "id": "batch_1",
    }
