"""The uploads of a world: begun, filled and ended, on simulated time."""

import gc
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch import clock
from mockbatch.errors import ApiError
from mockbatch.files import upload as parts
from mockbatch.files.content import Content, SharedContentFile
from mockbatch.files.upload import Upload
from mockbatch.limits import Limits
from mockbatch.validation.schema import schema
from mockbatch.world import uploads
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make

HOUR = 3600
SMALL = Limits(upload_bytes=10, part_bytes=4)


@pytest.fixture
def world(make: "Make") -> World:
    """Make a world with small limits."""
    return make.world(limits=SMALL)


def begin(world: World, size: int = 3, purpose: str = "assistants") -> Upload:
    """Begin an upload."""
    return world.uploads.create("in.jsonl", purpose, size, None)


def add(world: World, upload: Upload, data: bytes = b"abc") -> str:
    """Add a part and return its id."""
    return world.uploads.add_part(upload.id, Content.of(data)).id


def error_of(call: Any, *arguments: Any) -> tuple[int, str | None, str | None]:
    """Return status, code and param of the failure of a call."""
    with pytest.raises(ApiError) as refused:
        call(*arguments)
    return refused.value.status, refused.value.code, refused.value.param


def succeeding(succeeds: bool) -> AbstractContextManager[Any]:
    """Expect a success or an error that a client can see."""
    return nullcontext() if succeeds else pytest.raises(ApiError)


def calls(world: World, upload: Upload) -> list[Any]:
    """Return all that can be done with an upload."""
    held = world.uploads
    return [
        lambda: held.add_part(upload.id, Content.of(b"")),
        lambda: held.complete(upload.id, [], None),
        lambda: held.cancel(upload.id),
    ]


class TestEnd:
    """An upload ends once."""

    def test_completed_it_is_a_file(self, world: World) -> None:
        """The file has the upload's name and purpose, and is born when it is whole."""
        upload = begin(world)
        part = add(world, upload)
        world.advance.by(60)
        completed, file = world.uploads.complete(upload.id, [part], None)
        assert completed.status(world.now()) == "completed"
        assert (file.filename, file.purpose, file.content.size) == ("in.jsonl", "assistants", 3)
        assert file.created_at == upload.created_at + 60
        assert world.file(file.id) is file

    def test_the_file_lives_as_long_as_requested(self, world: World) -> None:
        """Counted from its own creation, not from that of the upload."""
        upload = world.uploads.create("in", "assistants", 0, 3600)
        world.advance.by(60)
        _, file = world.uploads.complete(upload.id, [], None)
        assert file.expires_at == upload.created_at + 60 + 3600

    def test_cancelled_it_is_none(self, world: World) -> None:
        """No file comes of it."""
        upload = begin(world)
        add(world, upload)
        assert world.uploads.cancel(upload.id).status(world.now()) == "cancelled"
        assert world.files(None, 10, None, newest_first=True).items == []

    @pytest.mark.parametrize("end", ["completed", "cancelled", "expired"])
    @pytest.mark.parametrize("call", range(3))
    def test_after_the_end_all_is_refused(self, world: World, end: str, call: int) -> None:
        """No part, no second completion, no cancel; and the message says why."""
        upload = begin(world, 0)
        if end == "completed":
            world.uploads.complete(upload.id, [], None)
        elif end == "cancelled":
            world.uploads.cancel(upload.id)
        else:
            world.advance.by(HOUR)
        with pytest.raises(ApiError, match=f"status is '{end}'") as refused:
            calls(world, upload)[call]()
        assert (refused.value.status, refused.value.param) == (400, "upload_id")

    @pytest.mark.parametrize("call", range(3))
    def test_an_unknown_upload_is_a_404(self, world: World, make: "Make", call: int) -> None:
        """One of another world too."""
        foreign = begin(make.world(seed=1))
        assert error_of(calls(world, foreign)[call]) == (404, None, "upload_id")

    def test_a_part_of_another_upload_is_unknown(self, world: World) -> None:
        """Parts belong to one upload."""
        part = add(world, begin(world))
        other = begin(world)
        call = world.uploads.complete, other.id, [part], None
        assert error_of(*call) == (400, "invalid_value", "part_ids[0]")

    def test_a_rejected_completion_changes_nothing(self, world: World) -> None:
        """After it the right one is still possible, and numbers of files go on as before."""
        upload = begin(world, 3, "batch")
        wrong, right = add(world, upload, b"abc"), add(world, upload, b"{}\n")
        call = world.uploads.complete, upload.id, [wrong], None
        assert error_of(*call) == (400, None, None)
        before = world.snapshot().numbers
        assert "file" not in before
        assert world.uploads.complete(upload.id, [right], None)[1].content.size == 3

    def test_of_two_completions_at_once_one_wins(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Both may join the parts; one file comes of it."""
        upload = begin(world)
        part = add(world, upload)
        both = threading.Barrier(2)
        join = Upload.join_parts

        def join_together(*arguments: Any) -> Content:
            both.wait(10)
            return join(*arguments)

        monkeypatch.setattr(Upload, "join_parts", join_together)

        def complete(_: int) -> int:
            try:
                world.uploads.complete(upload.id, [part], None)
            except ApiError as error:
                return error.status
            return 200

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(complete, range(2))) == [200, 400]
        assert len(world.files(None, 10, None, newest_first=True).items) == 1


class TestBounds:
    """What one world holds of uploads is bounded."""

    def test_an_upload_may_be_as_large_as_published(self, make: "Make") -> None:
        """8 GB, and no byte more; a part has 64 MB."""
        assert (Limits().upload_bytes, Limits().part_bytes) == (8 << 30, 64 << 20)
        world = make.world()
        assert begin(world, 8 << 30).bytes == 8 << 30
        call = world.uploads.create, "in", "batch", (8 << 30) + 1, None
        assert error_of(*call) == (400, "integer_above_max_value", "bytes")

    def test_a_part_has_a_greatest_size(self, world: World) -> None:
        """A byte more is a 413."""
        upload = begin(world)
        add(world, upload, b"abcd")
        assert error_of(add, world, upload, b"abcde") == (413, None, "data")

    def test_all_parts_have_a_greatest_size(self, world: World) -> None:
        """What is larger than an upload may be is not kept, whatever was announced."""
        upload = begin(world, 1)
        for data in (b"abcd", b"abcd", b"ab", b""):
            add(world, upload, data)
        assert error_of(add, world, upload, b"a") == (400, None, "data")

    def test_there_is_a_greatest_number_of_parts(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Empty ones count too."""
        monkeypatch.setattr(uploads, "MAX_PARTS", 3)
        upload = begin(world)
        for _ in range(3):
            add(world, upload, b"")
        assert error_of(add, world, upload, b"") == (400, "too_many_parts", "data")

    def test_a_completion_can_name_as_many_parts_as_there_can_be(self) -> None:
        """The schema's bound is the same."""
        bound = schema("complete_upload").document["properties"]["part_ids"]["maxItems"]
        assert bound == parts.MAX_PARTS

    @pytest.mark.parametrize("end", ["complete", "cancel", "expire"])
    def test_there_is_a_greatest_number_of_pending_uploads(self, make: "Make", end: str) -> None:
        """An end of any kind makes room."""
        world = make.world(limits=Limits(uploads=2))
        first = begin(world, 0)
        begin(world)
        assert error_of(begin, world) == (400, "too_many_uploads", None)
        if end == "complete":
            world.uploads.complete(first.id, [], None)
        elif end == "cancel":
            world.uploads.cancel(first.id)
        else:
            world.advance.by(HOUR)
        assert begin(world).id != first.id

    def test_an_upload_that_expired_by_itself_makes_room(
        self, make: "Make", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On a clock that moves by itself."""
        wall_now = float(make.created)
        monkeypatch.setattr(clock, "wall_time", lambda: wall_now)
        world = make.world(clock="realtime", limits=Limits(uploads=1))
        begin(world)
        wall_now += HOUR - 1
        assert error_of(begin, world) == (400, "too_many_uploads", None)
        wall_now += 1
        assert begin(world).created_at == make.created + HOUR

    @pytest.mark.parametrize("end", ["complete", "cancel", "expire", "reset"])
    def test_bytes_of_what_has_ended_are_let_go(self, world: World, make: "Make", end: str) -> None:
        """Nothing refers to the parts any more; time alone is enough."""
        upload = begin(world)
        part = world.uploads.add_part(upload.id, Content.of(b"abc"))
        kept = weakref.ref(part.content._stream)
        id = part.id
        del part
        if end == "complete":
            world.uploads.complete(upload.id, [id], None)
        elif end == "cancel":
            world.uploads.cancel(upload.id)
        elif end == "expire":
            world.advance.by(HOUR)
        else:
            world.reset(world.settings)
        gc.collect()
        assert kept() is None

    def test_a_world_that_goes_takes_its_bytes_along(self, make: "Make") -> None:
        """At once: no cycle keeps them, and their disk, until somebody looks for cycles."""
        gc.disable()
        try:
            world = make.world()
            world.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
            make.started(world, make.lines(1))
            part = world.uploads.add_part(begin(world).id, Content.of(b"abc"))
            kept = weakref.ref(part.content._stream)
            world.close()
            del part, world
            assert kept() is None
        finally:
            gc.enable()

    def test_a_reset_forgets_uploads(self, world: World) -> None:
        """Afterwards there is none, and ids begin anew."""
        first = begin(world)
        world.reset(world.settings)
        assert error_of(world.uploads.cancel, first.id) == (404, None, "upload_id")
        assert begin(world).id == first.id


class TestTogether:
    """Several clients at once."""

    def test_parts_of_two_clients_are_kept_apart(self, make: "Make") -> None:
        """Each part keeps its bytes, and each has an id of its own."""
        world = make.world()
        upload = begin(world, 2 * 40 * 1000)

        def fill(byte: bytes) -> list[str]:
            return [add(world, upload, byte * 1000) for _ in range(40)]

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(fill, (b"a", b"b"))
        assert len({*first, *second}) == 80
        _, file = world.uploads.complete(upload.id, first + second, None)
        assert file.content.read(0, 10**6) == b"a" * 40_000 + b"b" * 40_000

    def test_of_two_parts_at_once_one_gets_the_last_room(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """There was room for either of them when both began to be copied."""
        upload = begin(world)
        for data in (b"abcd", b"abc"):
            add(world, upload, data)
        both = threading.Barrier(2)
        copy = SharedContentFile.add

        def copy_together(*arguments: Any) -> Content:
            both.wait(10)
            return copy(*arguments)

        monkeypatch.setattr(SharedContentFile, "add", copy_together)

        def add_one(_: int) -> int:
            try:
                add(world, upload)
            except ApiError as error:
                return error.status
            return 200

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(add_one, range(2))) == [200, 400]

    def test_ids_follow_from_the_seed(self, make: "Make") -> None:
        """Two worlds that get the same requests give the same ids."""

        def ids() -> list[str]:
            world = make.world()
            upload = begin(world)
            return [upload.id, add(world, upload), add(world, upload)]

        assert ids() == ids()
        assert len(set(ids())) == 3


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("part"), st.binary(max_size=6)),
        st.tuples(st.just("complete"), st.lists(st.integers(0, 4), max_size=4)),
        st.tuples(st.just("cancel"), st.none()),
        st.tuples(st.just("advance"), st.sampled_from([1, 1799, 3600])),
    ),
    max_size=12,
)


@given(st.integers(0, 8), STEPS)
def test_an_upload_keeps_to_the_rules(make: "Make", size: int, steps: list[Any]) -> None:
    """For any calls in any order: what the rules allow succeeds, all else fails."""
    world = make.world(limits=SMALL)
    upload = begin(world, size)
    pieces: dict[str, bytes] = {}
    made: list[bytes] = []
    ended = None
    for step, value in steps:
        pending = ended is None and world.now() < upload.expires_at
        if step == "advance":
            world.advance.by(value)
        elif step == "part":
            room = SMALL.upload_bytes - sum(map(len, pieces.values()))
            with succeeding(pending and len(value) <= min(room, SMALL.part_bytes)):
                pieces[add(world, upload, value)] = value
        elif step == "cancel":
            with succeeding(pending):
                ended = world.uploads.cancel(upload.id).ended
        else:
            ids = [[*pieces, "part_none"][min(place, len(pieces))] for place in value]
            whole = b"".join(pieces.get(id, b"") for id in ids)
            known = len(set(ids)) == len(ids) and set(ids) <= set(pieces)
            with succeeding(pending and known and len(whole) == size):
                ended = world.uploads.complete(upload.id, ids, None)[0].ended
                made = [whole]
    expired = "pending" if world.now() < upload.expires_at else "expired"
    assert [kept.status(world.now()) for kept in world.uploads.all()] == [ended or expired]
    files = world.files(None, 9, None, newest_first=True).items
    assert [file.content.read(0, 99) for file in files] == made
