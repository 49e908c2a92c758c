"""What a fixture asks a world at the end of a test."""

from typing import Any

import pytest

from mockbatch import MockBatch, WorldClient


def test_a_review_says_whether_a_world_was_reached() -> None:
    """By any request under /v1, even before a reset."""
    with MockBatch() as mock:
        assert mock.review() == ([], False)
        mock.client.models.list()
        assert mock.review() == ([], True)
        mock.reset()
        assert mock.review() == ([], True)


def test_a_review_is_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of each test waits for it."""
    paths: list[str] = []
    call = WorldClient.call

    def note(world: WorldClient, method: str, path: str, *rest: Any) -> Any:
        paths.append(path)
        return call(world, method, path, *rest)

    with MockBatch() as mock:
        monkeypatch.setattr(WorldClient, "call", note)
        mock.review()
        monkeypatch.undo()
    assert len(paths) == 1
