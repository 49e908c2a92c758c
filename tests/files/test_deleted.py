"""The ids of deleted files."""

from mockbatch.files.deleted import DeletedFiles


def test_only_the_oldest_deleted_uploads_are_forgotten() -> None:
    """Files that batches have written are remembered however many there are."""
    deleted = DeletedFiles(2)
    for number in range(4):
        deleted.add(f"output-{number}", is_uploaded=False)
        deleted.add(f"upload-{number}", is_uploaded=True)
    outputs = {f"output-{number}" for number in range(4)}
    assert deleted.ids == outputs | {"upload-2", "upload-3"}


def test_listeners_hear_what_is_deleted_and_what_is_forgotten() -> None:
    """Processes that share a world remember the same ids."""
    deleted, reported = DeletedFiles(1), list[str]()
    deleted.listeners.append(reported.append)
    deleted.add("a", is_uploaded=True)
    deleted.add("b", is_uploaded=True)
    assert reported == ["a", "b", "a"]
