"""One key's world: what happens to a batch's input while it is validated, and what hides it."""

from collections.abc import Callable, Iterator
from math import inf
from typing import TYPE_CHECKING, Any

import pytest

from mockbatch import clock
from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.create import BatchRequest
from mockbatch.endpoints import endpoints
from mockbatch.endpoints.model_list import ModelList
from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.scripting.script import parse
from mockbatch.typing import Json
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make


CHAT = "/v1/chat/completions"
VALIDATED, WRITTEN = 62, 124
HOUR = 3600


def upload_line(make: "Make", world: World, *, purpose: str = "batch", seconds: Any = None) -> str:
    """Upload an input file of one line and return its id."""
    content = Content.of(make.jsonl(make.lines(1)))
    return world.upload(content, "in.jsonl", purpose, seconds).id


def create_batch(world: World, file_id: str) -> Batch:
    """Create a batch of an input file."""
    return world.create_batch(BatchRequest(file_id, CHAT, None, None, None))


def failed_params(world: World, batch: Batch) -> tuple[str, list[str | None]]:
    """Return the status of a batch once it is validated, and the params of its errors."""
    world.advance.to(batch.created_at + VALIDATED)
    batch = world.batch(batch.id)
    return batch.status(world.now()), [error["param"] for error in batch.input.errors]


class Disturbed(Content):
    """A content that something happens to while its lines are read."""

    meanwhile: Callable[[], None] | None = None

    def lines(self) -> Iterator[bytes]:
        """Yield the lines, and let it happen after the last one."""
        yield from super().lines()
        if self.meanwhile:
            self.meanwhile()


class TestInput:
    """An input file has to be there until validation is over."""

    @pytest.mark.parametrize(
        ("created_after", "expected"),
        [
            (HOUR - 10, ("failed", ["file_id"])),
            (HOUR - VALIDATED + 1, ("failed", ["file_id"])),
            (HOUR - VALIDATED, ("in_progress", [])),
            (0, ("in_progress", [])),
        ],
    )
    def test_a_file_that_expires_in_validation_is_not_found(
        self, make: "Make", created_after: int, expected: tuple[str, list[str]]
    ) -> None:
        """A file that is gone on the second before validation ends fails its batch."""
        world = make.world()
        file_id = upload_line(make, world, seconds=HOUR)
        world.advance.by(created_after)
        assert failed_params(world, create_batch(world, file_id)) == expected

    def test_a_file_that_is_deleted_while_it_is_read_is_not_found(self, make: "Make") -> None:
        """A create that reads a file while another client deletes it makes a batch that fails."""
        world = make.world()
        content = Disturbed.of(make.jsonl(make.lines(1)))
        assert isinstance(content, Disturbed)
        file_id = world.upload(content, "in.jsonl", "batch", None).id
        content.meanwhile = lambda: world.delete_file(file_id)
        assert failed_params(world, create_batch(world, file_id)) == ("failed", ["file_id"])

    @pytest.mark.parametrize("purpose", ["user_data", "vision"])
    def test_a_file_for_another_purpose_is_not_found(self, make: "Make", purpose: str) -> None:
        """Only a file for a batch is an input file."""
        world = make.world()
        batch = create_batch(world, upload_line(make, world, purpose=purpose))
        assert failed_params(world, batch) == ("failed", ["file_id"])

    @pytest.mark.parametrize(
        ("later", "expected"), [(0, ("failed", ["file_id"])), (-1, ("in_progress", []))]
    )
    def test_a_file_is_gone_on_the_second_on_which_it_expires(
        self, make: "Make", later: int, expected: tuple[str, list[str]]
    ) -> None:
        """A batch that is validated at once has its input until the second before that."""
        world = make.world(scenario=make.scenario(stages={"validating": 0}))
        file_id = upload_line(make, world, seconds=HOUR)
        world.advance.by(HOUR + later)
        batch = create_batch(world, file_id)
        assert (batch.status(world.now()), [one["param"] for one in batch.input.errors]) == expected

    def test_another_batch_keeps_its_input(self, make: "Make") -> None:
        """A file that is deleted fails the batches of that file, and no others."""
        world = make.world()
        batches = [create_batch(world, upload_line(make, world)) for _ in range(2)]
        world.delete_file(batches[0].input_file_id)
        statuses = [failed_params(world, batch)[0] for batch in batches]
        assert statuses == ["failed", "in_progress"]

    def test_a_file_can_be_deleted_once(self, make: "Make") -> None:
        """Deleting it again is a 404."""
        world = make.world()
        file_id = upload_line(make, world)
        world.delete_file(file_id)
        with pytest.raises(ApiError) as refused:
            world.delete_file(file_id)
        assert refused.value.status == 404

    def test_models_that_come_later_are_for_later_batches(self, make: "Make") -> None:
        """A batch that was accepted runs on when its model is no longer served."""
        world = make.world()
        file_id = upload_line(make, world)
        first = create_batch(world, file_id)
        world.models = ModelList(("gpt-4o",))
        second = create_batch(world, file_id)
        assert (failed_params(world, first)[0], failed_params(world, second)[0]) == (
            "in_progress",
            "failed",
        )


class TestVisibility:
    """A batch can be hidden for some seconds after its creation."""

    @pytest.mark.parametrize(("seconds", "is_visible"), [(0, False), (29.9, False), (30, True)])
    def test_it_can_be_found_from_its_exact_second_on(
        self, make: "Make", seconds: float, is_visible: bool
    ) -> None:
        """Before that second it is a 404, to commands too."""
        world = make.world()
        batch = make.started(world, make.lines(1), visible_after=30)
        world.advance.by(seconds)
        if is_visible:
            assert world.batch(batch.id) == batch
            world.command(batch.id, commands.cancel)
        else:
            for ask in (world.batch, lambda id: world.command(id, commands.cancel)):
                with pytest.raises(ApiError) as refused:
                    ask(batch.id)
                assert refused.value.status == 404

    def test_it_is_listed_all_the_same(self, make: "Make") -> None:
        """Only a retrieve does not find it."""
        world = make.world()
        batch = make.started(world, make.lines(1), visible_after=30)
        assert [one.id for one in world.batches(10, None).items] == [batch.id]


class TestUsage:
    """What a batch is billed for."""

    @pytest.mark.parametrize(("seconds", "is_billed"), [(WRITTEN - 1, False), (WRITTEN, True)])
    def test_it_is_delivered_when_the_batch_is_completed(
        self, make: "Make", seconds: int, is_billed: bool
    ) -> None:
        """Until its last second a batch shows no tokens."""
        world = make.world()
        batch = make.started(world, make.lines(2))
        world.advance.by(seconds)
        usage: Json = world.batch_json(world.batch(batch.id))["usage"]
        assert (usage["total_tokens"] > 0) is is_billed

    @pytest.mark.parametrize("command", [commands.cancel, commands.expire])
    def test_no_other_end_is_billed(
        self, make: "Make", command: Callable[[Batch, int], Batch]
    ) -> None:
        """A batch that was cancelled or expired shows no tokens, with lines done too."""
        world = make.world()
        batch = make.started(world, make.lines(10))
        world.advance.by(VALIDATED + 31)
        world.command(batch.id, command)
        world.advance.by(24 * HOUR)
        usage: Json = world.batch_json(world.batch(batch.id))["usage"]
        assert usage["total_tokens"] == 0


def test_a_snapshot_has_no_expired_files(make: "Make", monkeypatch: pytest.MonkeyPatch) -> None:
    """Even if there was no request since they expired; a file that has not expired stays."""
    wall_now = float(make.created)
    monkeypatch.setattr(clock, "wall_time", lambda: wall_now)
    world = make.world(clock="realtime")
    upload_line(make, world, seconds=HOUR)
    kept = upload_line(make, world, seconds=3 * HOUR)
    wall_now += 2 * HOUR
    assert [file.id for file in world.snapshot().files] == [kept]


def test_a_snapshot_has_no_parts_of_an_expired_upload(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if there was no request since it expired."""
    wall_now = float(make.created)
    monkeypatch.setattr(clock, "wall_time", lambda: wall_now)
    world = make.world(clock="realtime")
    upload = world.uploads.create("a", "batch", 1, None)
    world.uploads.add_part(upload.id, Content.of(b"1"))
    wall_now += HOUR - 1
    assert [len(upload.parts) for upload in world.snapshot().uploads] == [1]
    wall_now += 1
    assert [len(upload.parts) for upload in world.snapshot().uploads] == [0]


@pytest.mark.parametrize(
    "begin_again",
    [lambda world: world.reset(world.settings), lambda world: world.restore(world.snapshot())],
    ids=["reset", "restore"],
)
def test_a_world_that_begins_again_sends_no_webhooks_of_before(
    make: "Make", begin_again: Callable[[World], None]
) -> None:
    """Nothing that was due, or would become due, is delivered any more."""
    world = make.world()
    world.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    make.started(world, make.lines(1))
    before = world.webhooks.dispatcher
    assert before.next_at() == make.created + WRITTEN
    begin_again(world)
    assert before.next_at() == inf


def test_each_reset_begins_with_the_turns_of_the_snapshot(make: "Make") -> None:
    """Replies that were taken in turn since are to come again."""
    origin = make.world()
    origin.add_reply(parse({"reply": ["first", "second", "third"]}))
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
    chat = endpoints()[CHAT]
    origin.respond(chat, body)
    world = World("key", origin.settings, "org-test", origin.snapshot())
    for _ in range(2):
        [choice] = world.respond(chat, body).body["choices"]
        assert choice["message"]["content"] == "second"
        world.reset(world.settings)
