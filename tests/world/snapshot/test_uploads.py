"""Uploads in a state: one that moved goes on where it was."""

import copy
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.typing import Json
from mockbatch.world.snapshot.dump import dump
from mockbatch.world.snapshot.load import load
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make


HOUR = 3600


def fill(make: "Make") -> World:
    """Make a world with an upload of each status: pending, completed, cancelled, expired."""
    world = make.world()
    world.uploads.create("old", "vision", 3, None)
    world.advance.by(HOUR)
    pending = world.uploads.create("in.jsonl", "batch", 6, 3600)
    world.advance.by(5)
    for data in (b'"\xc3', b"\xa4", b'"\n'):  # cut in the middle of a character
        world.uploads.add_part(pending.id, Content.of(data))
    world.uploads.complete(world.uploads.create("b", "assistants", 0, None).id, [], None)
    world.uploads.cancel(world.uploads.create("c", "fine-tune", 0, None).id)
    return world


def dump_json(world: World) -> Json:
    """Return a world's state as it would travel."""
    return json.loads(json.dumps(dump(world.snapshot())))


def read(make: "Make", document: Json) -> World:
    """Return another world that a state was put into."""
    world = make.world(seed=7)
    world.restore(load(document, world.settings))
    return world


@pytest.fixture
def document(make: "Make") -> Json:
    """Return the state of such a world."""
    return dump_json(fill(make))


def test_world_is_written_the_same_again(make: "Make", document: Json) -> None:
    """Nothing is lost on the way."""
    assert dump_json(read(make, document)) == document


def test_each_upload_keeps_its_status(make: "Make", document: Json) -> None:
    """And what has no parts any more has none in the state."""
    world = read(make, document)
    found = [(one.status(world.now()), len(one.parts)) for one in world.uploads.all()]
    assert found == [("expired", 0), ("pending", 3), ("completed", 0), ("cancelled", 0)]


def test_pending_upload_goes_on(make: "Make", document: Json) -> None:
    """A part comes, the file is made, and all is what it would have been."""

    def finish(world: World) -> Json:
        upload = world.uploads.all()[1]
        more = world.uploads.add_part(upload.id, Content.of(b"\n"))
        _, file = world.uploads.complete(upload.id, [*upload.parts, more.id], None)
        return more.id, file.as_json(), file.content.read(0, 99)

    moved = finish(read(make, document))
    assert moved == finish(fill(make))
    assert moved[2] == '"ä"\n\n'.encode()


def test_ids_do_not_come_twice_where_counters_are_left_out(make: "Make", document: Json) -> None:
    """A new upload is a new one, and so is its part."""
    del document["numbers"]
    world = read(make, document)
    upload = world.uploads.create("d", "batch", 3, None)
    world.uploads.add_part(upload.id, Content.of(b"x"))
    ids = [id for one in world.uploads.all() for id in (one.id, *one.parts)]
    assert len(set(ids)) == len(ids) == 5 + 4


def test_a_part_has_a_new_id_where_counters_are_left_out(make: "Make") -> None:
    """However many parts a single upload has."""
    world = make.world()
    upload = world.uploads.create("a", "batch", 9, None)
    for data in (b"1", b"2", b"3"):
        world.uploads.add_part(upload.id, Content.of(data))
    document = dump_json(world)
    del document["numbers"]
    copied = read(make, document)
    copied.uploads.add_part(upload.id, Content.of(b"4"))
    assert len(copied.uploads.all()[0].parts) == 4


def test_state_without_uploads_is_read(make: "Make", document: Json) -> None:
    """As those were that were written before there were any."""
    del document["uploads"]
    assert read(make, document).uploads.all() == ()


Change = Callable[[Json], Any]
FAULTS: dict[str, tuple[Change, str]] = {
    "no list": (lambda state: state.update(uploads={}), "state.uploads"),
    "a strange id": (lambda state: state["uploads"][1].update(id="x"), "state.uploads[1].id"),
    "a negative size": (
        lambda state: state["uploads"][1].update(bytes=-1),
        "state.uploads[1].bytes",
    ),
    "a purpose that none has": (
        lambda state: state["uploads"][1].update(purpose="evals"),
        "state.uploads[1].purpose",
    ),
    "an end that is none": (
        lambda state: state["uploads"][1].update(ended="expired"),
        "state.uploads[1].ended",
    ),
    "an unknown member": (lambda state: state["uploads"][1].update(x=1), "state.uploads[1].x"),
    "no parts": (lambda state: state["uploads"][1].pop("parts"), "state.uploads[1].parts"),
    "a part without its content": (
        lambda state: state["uploads"][1]["parts"][2].update(content="none"),
        "state.uploads[1].parts[2].content",
    ),
    "an upload twice": (
        lambda state: state["uploads"].append(copy.deepcopy(state["uploads"][0])),
        "state.uploads",
    ),
    "a part twice": (
        lambda state: state["uploads"][1]["parts"].append(state["uploads"][1]["parts"][0]),
        "state.uploads",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_an_error_is_reported_with_its_place(make: "Make", document: Json, name: str) -> None:
    """What is not whole is refused, and the param says where it is not."""
    change, place = FAULTS[name]
    change(document)
    with pytest.raises(ApiError) as refused:
        read(make, document)
    assert (refused.value.status, refused.value.param) == (400, place)
