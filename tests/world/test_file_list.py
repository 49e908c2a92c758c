"""Pages of the files of a world."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.batch.batch import Batch
from mockbatch.errors import ApiError
from mockbatch.files.file import BATCH, BATCH_OUTPUT
from mockbatch.repository import Repository
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make

COUNT = 20
LIMIT = 5


@pytest.fixture
def world(make: "Make") -> World:
    """Return a world with batches that have ended, and one that has not."""
    world = make.world()
    for _ in range(COUNT):
        make.started(world, make.lines(1))
    world.advance.by(3600)
    make.started(world, make.lines(1))
    return world


def list_all(world: World, limit: int, *, newest_first: bool, purpose: str | None) -> list[str]:
    """Return the ids of all files, as a client that follows `has_more` gets them."""
    ids: list[str] = []
    has_more = True
    while has_more:
        page = world.files(purpose, limit, ids[-1] if ids else None, newest_first=newest_first)
        ids += [file.id for file in page.items]
        has_more = page.has_more
    return ids


@pytest.mark.parametrize("purpose", [None, BATCH, BATCH_OUTPUT])
@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_hold_each_file_once(world: World, newest_first: bool, purpose: str | None) -> None:
    """In order of creation, or the other way round."""
    files = [
        file for file in world.repository.files(world.now()) if purpose in (None, file.purpose)
    ]
    ids = [file.id for file in sorted(files, key=lambda file: file.created_at)]
    expected = ids[::-1] if newest_first else ids
    assert list_all(world, LIMIT, newest_first=newest_first, purpose=purpose) == expected
    assert len(ids) >= COUNT


def test_a_page_computes_no_more_files_than_it_shows(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And one, to see whether there are more; 10,000 batches took 0.7 s."""
    asked: list[str] = []
    find = Repository.find_file

    def note(repository: Repository, id: str, now: float) -> object:
        asked.append(id)
        return find(repository, id, now)

    monkeypatch.setattr(Repository, "find_file", note)
    page = world.files(BATCH_OUTPUT, LIMIT, None, newest_first=False)
    assert page.has_more
    assert len(asked) <= 2 * (LIMIT + 1)  # each batch may have written two


@pytest.mark.parametrize("id", ["file-unknown", "batch"])
def test_a_cursor_has_to_be_listed(world: World, id: str) -> None:
    """A file with another purpose is not, nor one that its batch has not written."""
    ids = {"batch": world.files(BATCH, 1, None, newest_first=True).items[0].id}
    with pytest.raises(ApiError) as refused:
        world.files(BATCH_OUTPUT, 10, ids.get(id, id), newest_first=True)
    assert refused.value.status == 400


def test_the_file_of_an_unfinished_batch_is_no_cursor(world: World) -> None:
    """Its id is known already, as those of all files that a batch may write."""
    newest: Batch = next(reversed(world.repository.batches.values()))
    with pytest.raises(ApiError):
        world.files(None, 10, newest.planned_file_id("output"), newest_first=False)


def test_a_deleted_output_is_no_cursor(make: "Make") -> None:
    """Its id is still known, as that of a file that its batch has written."""
    world = make.world()
    batch = make.started(world, make.lines(1))
    world.advance.to(batch.timeline.end.at)
    id = batch.planned_file_id("output")
    assert world.files(None, 10, id, newest_first=True).has_more is False
    world.delete_file(id)
    with pytest.raises(ApiError):
        world.files(None, 10, id, newest_first=True)
