"""What a world holds: its files in order of time, its batches in order of creation."""

import gc
import json
import weakref
from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.create import BatchRequest
from mockbatch.batch.rules import OPENAI_RULES
from mockbatch.clock import END
from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.files.file import File
from mockbatch.limits import Limits
from mockbatch.providers.groq import batches as groq
from mockbatch.repository import Repository
from mockbatch.typing import Json
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make


CHAT = "/v1/chat/completions"
VALIDATED, WRITTEN = 62, 124
DAY = 24 * 3600
MONTH = 30 * DAY
STATUS_OF = {"output": 200, "error": 400}
ERROR = {"message": "no", "type": "invalid_request_error", "param": None, "code": None}


def failing(fraction: float) -> list[Json]:
    """Return the replies of a scenario in which a share of the lines fails."""
    return [{"fraction": fraction, "reply": {"status_code": 400, "body": {"error": ERROR}}}]


def upload(world: World, *, seconds: int | None = None) -> str:
    """Upload a file and return its id."""
    return world.upload(Content.of(b"{}\n"), "f", "user_data", seconds).id


def list_ids(world: World, *, purpose: str | None = None, newest_first: bool = True) -> list[str]:
    """Return the ids of the files that exist, as a list shows them."""
    page = world.files(purpose, 100, None, newest_first=newest_first)
    return [file.id for file in page.items]


def file_ids(world: World, batch: Batch) -> dict[str, str]:
    """Return the ids of the files that a batch has made, by kind."""
    return world.batch(batch.id).existing_file_ids(world.now())


class TestFiles:
    """Uploads, and what batches have made."""

    def test_output_files_stand_among_uploads_by_time(self, make: "Make") -> None:
        """A file that a batch made stands between those uploaded before and after its end."""
        world = make.world()
        before = upload(world)
        batch = make.started(world, make.lines(2))
        world.advance.by(WRITTEN)
        world.advance.by(1)
        after = upload(world)
        [output] = file_ids(world, batch).values()
        assert list_ids(world) == [after, output, batch.input_file_id, before]
        assert list_ids(world, newest_first=False) == [before, batch.input_file_id, output, after]

    def test_output_files_stand_in_order_of_their_ends(self, make: "Make") -> None:
        """Of two batches, the one that ended first has the older file."""
        world = make.world()
        slow = make.started(world, make.lines(1), stages={"in_progress": 1000})
        quick = make.started(world, make.lines(1))
        world.advance.by(DAY)
        ids = [id for batch in (slow, quick) for id in file_ids(world, batch).values()]
        assert list_ids(world, purpose="batch_output") == ids

    @pytest.mark.parametrize(
        ("fraction", "kinds"), [(0, {"output"}), (1, {"error"}), (0.5, {"output", "error"})]
    )
    def test_a_batch_makes_the_files_that_have_lines(
        self, make: "Make", fraction: float, kinds: set[str]
    ) -> None:
        """Answers make an output file, failures an error file."""
        world = make.world()
        batch = make.started(world, make.lines(2), replies=failing(fraction))
        world.advance.by(WRITTEN)
        ids = file_ids(world, batch)
        assert ids.keys() == kinds
        assert set(list_ids(world, purpose="batch_output")) == set(ids.values())
        # A file that was not made cannot be found by the id that it would have had.
        for kind in {"output", "error"} - kinds:
            with pytest.raises(ApiError) as refused:
                world.file(batch.planned_file_id(kind))
            assert refused.value.status == 404

    def test_a_made_file_is_there_from_the_exact_second_of_the_end(self, make: "Make") -> None:
        """The second before, it is neither found nor listed."""
        world = make.world()
        batch = make.started(world, make.lines(1))
        id = batch.planned_file_id("output")
        world.advance.by(WRITTEN - 1)
        assert list_ids(world, purpose="batch_output") == []
        with pytest.raises(ApiError) as refused:
            world.file(id)
        assert refused.value.status == 404
        world.advance.by(1)
        assert list_ids(world, purpose="batch_output") == [id]

    def test_a_made_file_is_named_after_its_batch(self, make: "Make") -> None:
        """Name, purpose and both instants follow from the batch and its kind."""
        world = make.world()
        batch = make.started(world, make.lines(2), replies=failing(0.5))
        world.advance.by(WRITTEN)
        end = make.created + WRITTEN
        for kind, id in file_ids(world, batch).items():
            file = world.file(id)
            assert (file.filename, file.purpose) == (f"{batch.id}_{kind}.jsonl", "batch_output")
            assert (file.created_at, file.expires_at) == (end, end + MONTH)
            [line] = file.content.lines()
            assert json.loads(line)["response"]["status_code"] == STATUS_OF[kind]

    @pytest.mark.parametrize("seconds", [0, 60])
    def test_a_made_file_lives_as_long_as_its_batch_says(self, make: "Make", seconds: int) -> None:
        """Its life begins with the end of the batch; one of no seconds is never there."""
        world = make.world()
        batch = make.started(world, make.lines(1), output_seconds=seconds)
        world.advance.by(WRITTEN)
        [id] = file_ids(world, batch).values()
        assert list_ids(world, purpose="batch_output") == [id] * bool(seconds)
        world.advance.by(seconds)
        assert list_ids(world, purpose="batch_output") == []
        with pytest.raises(ApiError):
            world.file(id)

    def test_a_made_file_that_was_deleted_stays_so(self, make: "Make") -> None:
        """It is neither found nor listed, and the other one stays."""
        world = make.world()
        batch = make.started(world, make.lines(2), replies=failing(0.5))
        world.advance.by(WRITTEN)
        ids = file_ids(world, batch)
        world.delete_file(ids["output"])
        assert list_ids(world, purpose="batch_output") == [ids["error"]]
        with pytest.raises(ApiError) as refused:
            world.file(ids["output"])
        assert refused.value.status == 404

    def test_a_made_file_is_written_once(self, make: "Make") -> None:
        """Each look at it has the very same content."""
        world = make.world()
        batch = make.started(world, make.lines(2))
        world.advance.by(WRITTEN)
        [id] = file_ids(world, batch).values()
        assert world.file(id).content is world.file(id).content

    def test_an_upload_drops_what_has_expired(
        self, make: "Make", monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """On a clock that runs by itself nothing else would."""
        world = make.world()
        content = weakref.ref(world.file(upload(world, seconds=3600)).content)
        now = world.now()
        monkeypatch.setattr(world.clock, "now", lambda: now + 3600)
        upload(world)
        gc.collect()
        assert content() is None

    def test_files_expire_one_after_the_other(self, make: "Make") -> None:
        """After the first has expired, the next removal is due when the second does."""
        world = make.world()
        for seconds in (3600, 7200):
            upload(world, seconds=seconds)
        world.advance.by(3600)
        assert world.repository.next_due == make.created + 7200

    def test_the_end_of_a_batch_whose_input_is_deleted_is_due(self, make: "Make") -> None:
        """A clock that runs by itself lets its input go no later."""
        world = make.world()
        batch = make.started(world, make.lines(1))
        world.advance.by(VALIDATED)
        world.delete_file(batch.input_file_id)
        assert world.repository.next_due == batch.timeline.end.at

    def test_a_made_file_expires_no_later_than_time_ends(self, make: "Make") -> None:
        """Its expiry is an instant that its batch can be dumped with."""
        world = make.world(start_time=END - DAY)
        batch = make.started(world, make.lines(1))
        world.advance.by(WRITTEN)
        [id] = file_ids(world, batch).values()
        assert world.file(id).expires_at == END

    @pytest.mark.parametrize("end", ["deleted", "expired"])
    def test_an_output_goes_with_its_files(self, make: "Make", end: str) -> None:
        """The usage of the batch stays readable."""
        world = make.world()
        batch = make.started(world, make.lines(2))
        world.advance.by(WRITTEN)
        [output] = file_ids(world, batch).values()
        content = weakref.ref(world.file(output).content)
        usage = world.batch_json(world.batch(batch.id))["usage"]
        if end == "deleted":
            world.delete_file(output)
        else:
            world.advance.by(MONTH)
            world.advance.by(1)
        gc.collect()
        assert content() is None
        assert world.batch_json(world.batch(batch.id))["usage"] == usage
        assert content() is None

    def test_what_has_expired_is_no_longer_held(self, make: "Make") -> None:
        """An advance past the end of a file lets it go, and keeps those that stay."""
        world = make.world()
        upload(world, seconds=3600)
        stays = upload(world)
        world.advance.by(3600)
        assert list_ids(world) == [stays]
        assert [file.id for file in world.snapshot().files] == [stays]

    def test_a_page_begins_behind_its_cursor(self, make: "Make") -> None:
        """A cursor may be a file that a batch has made."""
        world = make.world()
        batch = make.started(world, make.lines(1))
        world.advance.by(WRITTEN)
        [output] = file_ids(world, batch).values()
        page = world.files(None, 1, output, newest_first=True)
        assert [file.id for file in page.items] == [batch.input_file_id]
        assert not page.has_more

    def test_a_file_of_another_purpose_is_no_cursor(self, make: "Make") -> None:
        """A cursor has to be in the list that is requested."""
        world = make.world()
        id = upload(world)
        with pytest.raises(ApiError) as refused:
            world.files("batch", 10, id, newest_first=True)
        assert (refused.value.status, refused.value.param) == (400, "after")

    def test_a_file_whose_lines_were_distorted_says_by_what(self, make: "Make") -> None:
        """A file of a scenario that distorts it names the scenario, an honest one none."""
        world = make.world()
        odd = make.started(world, make.lines(2), output={"garbage": "{"})
        honest = make.started(world, make.lines(2))
        world.advance.by(WRITTEN)
        files = [
            world.file(id) for batch in (odd, honest) for id in file_ids(world, batch).values()
        ]
        assert [file.distortion for file in files] == ["made", None]


class TestBatches:
    """Batches, newest first."""

    @staticmethod
    def create_batches(make: "Make", world: World, count: int) -> list[str]:
        """Create so many batches and return their ids, newest first."""
        return [make.started(world, make.lines(1)).id for _ in range(count)][::-1]

    @staticmethod
    def page(world: World, limit: int, after: str | None = None) -> tuple[list[str], bool]:
        """Return the ids of a page, and whether there is more."""
        page = world.batches(limit, after)
        return [batch.id for batch in page.items], page.has_more

    def test_pages_hold_each_batch_once(self, make: "Make") -> None:
        """A client that follows the cursor gets all of them, newest first."""
        world = make.world()
        ids = self.create_batches(make, world, 5)
        assert self.page(world, 2) == (ids[:2], True)
        assert self.page(world, 2, ids[1]) == (ids[2:4], True)
        assert self.page(world, 2, ids[3]) == (ids[4:], False)
        assert self.page(world, 2, ids[4]) == ([], False)

    @pytest.mark.parametrize(("limit", "has_more"), [(4, True), (5, False), (6, False)])
    def test_a_page_that_ends_with_the_list_has_no_more(
        self, make: "Make", limit: int, has_more: bool
    ) -> None:
        """`has_more` is false from the limit on that takes in the oldest."""
        world = make.world()
        ids = self.create_batches(make, world, 5)
        assert self.page(world, limit) == (ids[:limit], has_more)

    def test_a_page_of_a_provider_leaves_out_the_others(self, make: "Make") -> None:
        """The cursor is a place among the provider's own batches."""
        world = make.world()
        file_id = world.upload(Content.of(make.jsonl(make.lines(1))), "f", "batch", None).id
        both = [OPENAI_RULES, groq.RULES]
        requests = [BatchRequest(file_id, CHAT, None, None, None, rules) for rules in both * 3]
        own = [world.create_batch(request).id for request in requests][::-2]
        first, second = world.batches(1, None, "groq"), world.batches(1, own[0], "groq")
        assert [batch.id for batch in (*first.items, *second.items)] == own[:2]
        assert (first.has_more, second.has_more) == (True, True)
        assert [batch.id for batch in world.batches(5, own[1], "groq").items] == own[2:]

    def test_commands_move_no_batch_in_the_list(self, make: "Make") -> None:
        """A batch that was commanded stays in its place, and is shown as it is now."""
        world = make.world()
        ids = self.create_batches(make, world, 3)
        world.command(ids[1], commands.cancel)
        assert self.page(world, 3) == (ids, False)
        statuses = [batch.status(world.now()) for batch in world.batches(3, None).items]
        assert statuses == ["validating", "cancelling", "validating"]

    def test_an_unknown_cursor_is_refused(self, make: "Make") -> None:
        """A batch that is not there is a 400 that names the parameter."""
        with pytest.raises(ApiError) as refused:
            make.world().batches(10, "batch_unknown")
        assert (refused.value.status, refused.value.param) == (400, "after")

    @pytest.mark.parametrize(("id", "status"), [("file-1", 400), ("batch_1", 404), ("", 400)])
    def test_a_batch_that_is_not_there_is_refused(self, make: "Make", id: str, status: int) -> None:
        """An id of another form gets another error than an unknown one."""
        with pytest.raises(ApiError) as refused:
            make.world().batch(id)
        assert refused.value.status == status


class TestChanges:
    """How others learn that something has changed."""

    @pytest.fixture
    def repository(self) -> Repository:
        """Return a repository with one file."""
        repository = Repository(validate=True)
        content = Content.of(b"")
        repository.add_file(File("file-1", "batch", "f", 0, None, lambda: content))
        return repository

    def test_a_new_or_replaced_batch_is_reported(
        self, make: "Make", repository: Repository
    ) -> None:
        """Listeners are called with each value of the batch."""
        reported: list[Batch] = []
        repository.batch_listeners.append(reported.append)
        batch = make.batch()
        cancelled = commands.cancel(batch, batch.created_at)
        repository.add_batch(batch)
        repository.replace_batch(cancelled)
        assert reported == [batch, cancelled]

    def test_a_deleted_file_does_not_expire(self, make: "Make") -> None:
        """At the instant at which it would have expired, nothing is left to remove."""
        world = make.world()
        deleted, kept = (upload(world, seconds=3600) for _ in range(2))
        world.delete_file(deleted)
        world.advance.by(3600)
        assert world.repository.uploaded_files == {}
        with pytest.raises(ApiError):
            world.file(kept)

    def test_what_batches_keep_goes_after_other_files_have_expired(self, make: "Make") -> None:
        """The input of a batch that still runs when a file expires is released at its time."""
        world = make.world()
        stages = {"in_progress": None}  # it expires after a day
        batch = make.started(world, make.lines(1), stages=stages, output_seconds=60)
        world.upload(Content.of(b"x"), "f", "user_data", 3600)
        world.advance.by(100)
        world.delete_file(batch.input_file_id)
        world.advance.to(make.created + 3600)
        assert world.repository.storage.used == batch.input.content.size > 0
        world.advance.to(batch.timeline.end.at + 60)
        assert world.repository.storage.used == 0

    def test_what_batches_keep_goes_after_a_command_has_ended_them(self, make: "Make") -> None:
        """Even if none would ever have ended by itself."""
        world = make.world()
        stages = {"in_progress": None}
        scenario = make.scenario(stages=stages, overdue=None, output_seconds=60)
        file_id = world.upload(Content.of(make.jsonl(make.lines(1))), "f", "batch", None).id
        request = BatchRequest(file_id, CHAT, None, None, scenario)
        batches = [world.create_batch(request) for _ in range(2)]
        world.advance.by(100)
        world.delete_file(file_id)
        world.advance.by(DAY)
        for batch in batches:
            world.command(batch.id, commands.expire)
        assert world.repository.storage.used > 0
        world.advance.by(60)
        assert world.repository.storage.used == 0

    def test_an_input_that_a_new_value_of_its_batch_needs_is_not_released(
        self, make: "Make", repository: Repository
    ) -> None:
        """Where processes share a world, its bytes would be removed."""
        batch = make.batch()
        repository.add_batch(batch)
        released: list[Content] = []
        repository.storage.listeners.append(released.append)
        repository.replace_batch(commands.cancel(batch, batch.created_at))
        assert released == []

    def test_uploads_are_reported_when_they_come_and_go(self, repository: Repository) -> None:
        """Listeners are called with the ids of files that are added, deleted, or expire."""
        reported: list[str] = []
        repository.file_listeners.append(reported.append)
        content = Content.of(b"")
        for id in ("file-2", "file-3"):
            repository.add_file(File(id, "batch", "f", 0, 5, lambda: content))
        repository.delete_file("file-2", 0)
        version = repository.version
        repository.remove_expired(5)
        assert reported == ["file-2", "file-3", "file-2", "file-3"]
        assert repository.version > version

    def test_a_deleted_output_stays_deleted_after_a_load(
        self, make: "Make", repository: Repository
    ) -> None:
        """However many uploads are deleted after it."""
        batch = make.batch()
        output = batch.planned_file_id("output")
        loaded = Repository(validate=True, limits=Limits(deleted_ids=1))
        loaded.load([repository.file("file-1", 0)], [batch], [output], {})
        loaded.deleted.add("file-0", is_uploaded=True)
        loaded.delete_file("file-1", 0)
        assert loaded.find_file(output, batch.timeline.end.at) is None

    def test_every_change_makes_another_version(self, make: "Make", repository: Repository) -> None:
        """Batches that are added or replaced, and files that are added or deleted."""
        batch = make.batch()
        versions = [repository.version]
        repository.add_batch(batch)
        versions.append(repository.version)
        repository.replace_batch(batch)
        versions.append(repository.version)
        repository.add_file(repository.file("file-1", 0))
        versions.append(repository.version)
        repository.delete_file("file-1", 0)
        versions.append(repository.version)
        assert versions == sorted(set(versions))

    def test_deleting_the_output_of_a_batch_makes_another_version(self, make: "Make") -> None:
        """The page that shows the file is told to read it again."""
        world = make.world()
        batch = make.started(world, make.lines(1))
        world.advance.by(WRITTEN)
        before = world.version
        world.delete_file(batch.planned_file_id("output"))
        assert world.version > before

    def test_numbers_count_each_type_from_zero(self, repository: Repository) -> None:
        """Each type has its own numbers."""
        numbers = [repository.next_number(name) for name in ("file", "file", "live")]
        assert numbers == [0, 1, 0]
