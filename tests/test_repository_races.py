"""What a world holds, as those see it who read in the middle of a change."""

from typing import TYPE_CHECKING, Any

import pytest

from mockbatch.batch import output_file
from mockbatch.batch import outputs as module
from mockbatch.batch.batch import Batch
from mockbatch.files.content import Content
from mockbatch.files.file import File
from mockbatch.ids import Seed
from mockbatch.repository import Repository
from mockbatch.world.file_list import list_page
from tests.support.rival import Rival

if TYPE_CHECKING:
    from tests.conftest import Make

FOR_EVER = 10**10


@pytest.fixture
def batches(make: "Make") -> list[Batch]:
    """Return batches of one world."""
    world = make.world()
    return [make.started(world, make.lines(1)) for _ in range(3)]


def store(held: Repository, now: int) -> File:
    """Have an upload."""
    return held.create_file(Seed.of("test"), now, Content.of(b"x"), "x.jsonl", "batch", None)


def test_an_output_is_written_once(monkeypatch: pytest.MonkeyPatch, batches: list[Batch]) -> None:
    """Two that ask for it at the same time get the same files."""
    rival = Rival(lambda: held.outputs.files(batches[0]))
    written: list[str] = []

    def write(batch: Batch, **options: Any) -> output_file.OutputFiles:
        written.append(batch.id)
        rival.begin()
        return original(batch, **options)

    original = output_file.write_output
    monkeypatch.setattr(output_file, "write_output", write)
    monkeypatch.setattr(module, "RLock", rival.lock)
    held = Repository(validate=False)
    held.add_batch(batches[0])
    assert held.outputs.files(batches[0]) is rival.end()
    assert written == [batches[0].id]


def test_each_batch_has_an_output_of_its_own(batches: list[Batch]) -> None:
    """However often, and in whatever order they are read."""
    held = Repository(validate=False)
    for batch in batches[:2]:
        held.add_batch(batch)
    first, second = map(held.outputs.files, batches[:2])
    assert first is not second
    assert (held.outputs.files(batches[1]), held.outputs.files(batches[0])) == (second, first)


def test_files_are_listed_while_a_batch_comes(
    monkeypatch: pytest.MonkeyPatch, batches: list[Batch]
) -> None:
    """A list that has begun shows what there was when it began."""
    held = Repository(validate=False)
    held.add_batch(batches[0])
    coming = batches[1:]
    file_ids = Batch.existing_file_ids

    def interrupt(batch: Batch, now: float) -> dict[str, str]:
        if coming:
            held.add_batch(coming.pop())
        return file_ids(batch, now)

    monkeypatch.setattr(Batch, "existing_file_ids", interrupt)
    assert [file.filename for file in held.files(FOR_EVER)] == [f"{batches[0].id}_output.jsonl"]
    monkeypatch.undo()
    assert len(held.files(FOR_EVER)) == 3


@pytest.mark.parametrize("newest_first", [True, False])
def test_files_are_listed_by_their_age(
    make: "Make", batches: list[Batch], newest_first: bool
) -> None:
    """Uploads and what batches have made, in one order."""
    held = Repository(validate=False)
    old, new = (store(held, make.created + seconds) for seconds in (0, 500))
    held.add_batch(batches[0])
    page = list_page(held, FOR_EVER, None, 10, None, newest_first=newest_first)
    assert page.items == []
    page = list_page(held, make.created + 600, None, 10, None, newest_first=newest_first)
    ids = [old.id, batches[0].planned_file_id("output"), new.id]
    assert [file.id for file in page.items] == (ids[::-1] if newest_first else ids)


class ReadMeanwhile(Repository):
    """Repository whose batches somebody lists before and after one is replaced."""

    def __init__(self) -> None:
        super().__init__(validate=False)
        self.seen: list[list[str]] = []

    def replace_batch(self, batch: Batch) -> None:
        """Hold a batch, and list all before and after that."""
        self._list()
        super().replace_batch(batch)
        self._list()

    def _list(self) -> None:
        page = self.batch_page(10, None)
        self.seen.append([one.id for one in page.items])


def test_a_batch_that_is_listed_can_be_found(batches: list[Batch]) -> None:
    """A list names no batch before it is held."""
    held = ReadMeanwhile()
    for batch in batches[:2]:
        held.add_batch(batch)
    first = batches[0].id
    assert held.seen == [[], [], [first], [first]]
    page = held.batch_page(10, None)
    assert [one.id for one in page.items] == [batches[1].id, first]
