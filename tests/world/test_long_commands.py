"""Commands that take long: others upload meanwhile, and time does not pass over them."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from mockbatch.batch import create, plan, prompt_tokens
from mockbatch.files.content import Content
from mockbatch.limits import Quotas
from mockbatch.scripting.match import Match
from mockbatch.scripting.script import Entry
from mockbatch.typing import Json
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make

SECONDS = 30  # what takes as long as this waits for a lock


class Meanwhile:
    """Runs a function in another thread, once, and gives it time to end."""

    def __init__(self, act: Callable[[], Any], seconds: float = SECONDS) -> None:
        self._thread = threading.Thread(target=lambda: self.returned.append(act()))
        self._seconds = seconds
        self.returned: list[Any] = []

    def __call__(self, *_: object) -> None:
        """Begin, the first time, and wait."""
        if self._thread.ident is None:
            self._thread.start()
            self._thread.join(self._seconds)

    def run(self) -> None:
        """Begin, wait, and fail if it has not ended."""
        self()
        self.end()

    def end(self) -> Any:
        """Return what the function has returned."""
        self._thread.join(SECONDS)
        [returned] = self.returned
        return returned


def uploading(world: World) -> Meanwhile:
    """Upload a file meanwhile."""
    return Meanwhile(lambda: world.upload(Content.of(b"{}\n"), "a.jsonl", "batch", None))


def slow_reply(act: Callable[..., None]) -> Entry:
    """Return a reply that does something for each line."""

    def reply(_: dict[str, Json]) -> Json:
        act()
        return {"content": "scripted"}

    return Entry(Match(), reply)


@pytest.fixture
def world(make: "Make") -> World:
    """Make a world."""
    return make.world()


def test_others_upload_while_a_batch_is_created(make: "Make", world: World) -> None:
    """The functions of a script may take any time, for any number of lines."""
    upload = uploading(world)
    world.add_reply(slow_reply(upload.run))
    make.started(world, make.lines(3))


def test_others_upload_while_a_batch_is_planned(
    make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order of fifty thousand lines takes its time."""
    upload, shuffle = uploading(world), plan.shuffle_lines

    def shuffle_slowly(*arguments: Any) -> Any:
        upload.run()
        return shuffle(*arguments)

    monkeypatch.setattr(create, "shuffle_lines", shuffle_slowly)
    make.started(world, make.lines(3))


def test_others_upload_while_a_script_is_applied(make: "Make", world: World) -> None:
    """A reply that is entered late is matched against all lines of all batches."""
    make.started(world, make.lines(3))
    upload = uploading(world)
    world.add_reply(slow_reply(upload.run))


def test_others_upload_while_tokens_are_counted(
    make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A quota counts the tokens of all lines of all batches."""
    make.started(world, make.lines(3))
    upload, count = uploading(world), prompt_tokens.count_prompt_tokens

    def count_slowly(*arguments: Any) -> Any:
        upload.run()
        return count(*arguments)

    monkeypatch.setattr("mockbatch.world.quotas.count_prompt_tokens", count_slowly)
    world.set_quotas(Quotas(enqueued_tokens={"*": 1_000_000}))


def test_others_upload_while_a_part_is_copied(world: World) -> None:
    """A part may have 64 MB."""
    upload = uploading(world)

    class Slow(Content):
        def write_to(self, stream: Any) -> None:
            upload.run()
            super().write_to(stream)

    begun = world.uploads.create("a", "assistants", 2, None)
    world.uploads.add_part(begun.id, Slow(Content.of(b"ab")._stream))


def test_time_does_not_pass_over_a_batch_that_is_planned(make: "Make", world: World) -> None:
    """An advance that comes meanwhile reports what happens to the batch."""
    advance = Meanwhile(lambda: world.advance.by(24 * 3600), seconds=0.1)
    world.add_reply(slow_reply(advance))
    make.started(world, make.lines(3))
    assert [event[1] for event in advance.end().events][:1] == ["batch.in_progress"]


def test_lines_that_run_meanwhile_keep_their_replies(
    make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a running clock, a script does not change the past that it was late for."""
    batch = make.started(world, make.lines(10))
    start, later = world.now(), [*batch.timeline.line_times()][4]
    look = Meanwhile(lambda: None)
    monkeypatch.setattr(world.clock, "now", lambda: later if look.returned else start)
    world.add_reply(slow_reply(look))
    done = batch.timeline.done(later)
    assert 0 < done < 10
    assert world.batch(batch.id).replies.keys() == {*batch.execution_order.order[done:]}


def test_replies_entered_at_once_are_all_kept(make: "Make", world: World) -> None:
    """None is lost to another that was entered while it was applied."""
    make.started(world, make.lines(3))
    other = Meanwhile(lambda: world.add_reply(Entry(Match(), lambda _: None)), seconds=0.1)
    world.add_reply(slow_reply(other))
    other.end()
    assert len(world.script.entries) == 2
