"""The scripted replies of a batch: which of its lines say what."""

from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.output_file import write_output
from mockbatch.batch.scripted_replies import apply_script, prepare_script, prepare_scripts
from mockbatch.endpoints import reply_limit
from mockbatch.endpoints.scripted_reply import Reply
from mockbatch.limits import Quotas
from mockbatch.scripting.script import Script, parse
from mockbatch.typing import Json
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make


VALIDATED, DONE = 62, 123
COUNT = 10
ERROR = {"message": "no", "type": "invalid_request_error", "param": None, "code": None}
FAILURE = {"status_code": 400, "body": {"error": ERROR}}


def script(*replies: Json, match: Json = None) -> Script:
    """Return a script of replies to the requests that match, to all if none is given."""
    return Script(tuple(parse({"match": match or {}, "reply": reply}) for reply in replies))


def content_reply(text: str) -> Reply:
    """Return the reply that says a text."""
    [entry] = script({"content": text}).entries
    assert isinstance(entry.reply, Reply)
    return entry.reply


class TestNothingToCast:
    """Batches that no script changes."""

    def test_a_batch_without_a_script_stays_as_it_is(self, make: "Make") -> None:
        """Where nothing is scripted, the very same value comes back."""
        batch = make.batch()
        assert apply_script(batch, Script()) is batch

    @pytest.mark.parametrize("line", [b"{", b"[]", b"null", b""])
    def test_a_line_that_is_no_request_is_not_read(self, make: "Make", line: bytes) -> None:
        """With a script, too, a file with a bad line fails by that line's error."""
        world = make.world(script=script({"content": "Mine."}))
        batch = make.started(world, [make.line(), line])
        world.advance.by(VALIDATED)
        assert world.batch(batch.id).status(world.now()) == "failed"
        assert [error["line"] for error in batch.input.errors] == [2]

    def test_a_bad_file_survives_a_script_that_comes_later(self, make: "Make") -> None:
        """A script that is entered while such a file is validated changes nothing."""
        world = make.world()
        batch = make.started(world, [make.line(), b"{"])
        world.replace_script(script({"content": "Mine."}))
        assert world.batch(batch.id) == batch

    def test_no_function_is_called_for_a_batch_that_cannot_run(self, make: "Make") -> None:
        """A file with a bad line runs no line, so none is shown to a function."""
        calls: list[Json] = []
        world = make.world(script=script(calls.append))
        make.started(world, [make.line(), b"{"])
        assert calls == []


class TestQuotas:
    """A batch for which there may be room yet."""

    @staticmethod
    def waiting(make: "Make") -> tuple[World, Batch, Batch]:
        """Return a world in which a quota lets one batch run, and the next one fail."""
        world = make.world(quotas=Quotas(enqueued_tokens={"*": 9}))
        return world, make.started(world, make.lines(1)), make.started(world, make.lines(1))

    def test_a_batch_that_is_to_fail_by_a_quota_gets_its_replies(self, make: "Make") -> None:
        """Entered while there is no room for it, a reply is there when room has come."""
        world, first, second = self.waiting(make)
        world.replace_script(script({"content": "Mine."}))
        world.command(first.id, commands.cancel)
        world.advance.by(VALIDATED)
        changed = world.batch(second.id)
        assert changed.status(world.now()) == "in_progress"
        assert changed.replies == {0: content_reply("Mine.")}

    def test_its_replies_do_not_let_it_run(self, make: "Make") -> None:
        """Where no room comes, it fails by the quota as before."""
        world, _, second = self.waiting(make)
        world.replace_script(script({"content": "Mine."}))
        world.advance.by(VALIDATED)
        assert world.batch(second.id).status(world.now()) == "failed"

    def test_a_verdict_of_the_same_code_is_final(self, make: "Make") -> None:
        """A batch that its scenario fails by a quota never runs: no function is called."""
        calls: list[Json] = []
        batch = make.batch(COUNT, validation={"error": "token_limit_exceeded"})
        assert apply_script(batch, script(calls.append)) is batch
        assert calls == []


class TestLinesThatHaveRun:
    """A script that comes while a batch runs."""

    def test_the_first_lines_of_the_order_keep_what_they_had(self, make: "Make") -> None:
        """Of ten lines of which four have run, the other six get the new reply."""
        batch = apply_script(make.batch(COUNT), script({"content": "old"}))
        changed = apply_script(batch, script({"content": "new"}), 4)
        ran, rest = batch.execution_order.order[:4], batch.execution_order.order[4:]
        assert changed.replies == {
            **dict.fromkeys(ran, content_reply("old")),
            **dict.fromkeys(rest, content_reply("new")),
        }

    def test_lines_that_ran_without_a_reply_get_none(self, make: "Make") -> None:
        """What has run by default stays so."""
        batch = make.batch(COUNT)
        changed = apply_script(batch, script({"content": "new"}), 4)
        assert changed.replies.keys() == set(batch.execution_order.order[4:])

    def test_lines_that_run_while_replies_are_computed_get_none(self, make: "Make") -> None:
        """Computing them may take seconds, and the batch goes on meanwhile."""
        batch = make.batch(COUNT)
        apply = prepare_script(batch, script({"content": "new"}), 2)
        assert apply(4).replies.keys() == set(batch.execution_order.order[4:])

    def test_lines_that_ran_scripted_stay_so_when_all_is_forgotten(self, make: "Make") -> None:
        """An empty script takes the replies of the lines that have yet to run, and no others."""
        batch = apply_script(make.batch(COUNT), script({"content": "old"}))
        changed = apply_script(batch, Script(), 4)
        assert changed.replies.keys() == set(batch.execution_order.order[:4])

    def test_no_function_is_called_for_them(self, make: "Make") -> None:
        """A function that comes while a batch runs is called for the lines still to run."""
        calls: list[Json] = []
        batch = make.batch(COUNT)
        apply_script(batch, script(calls.append), 4)
        rest = [f"line-{line}" for line in batch.execution_order.order[4:]]
        assert [line["custom_id"] for line in calls] == rest

    def test_a_function_is_called_for_a_new_batch_in_the_order_of_its_lines(
        self, make: "Make"
    ) -> None:
        """So the first turn of a reply belongs to the line that runs first."""
        calls: list[Json] = []
        batch = make.started(make.world(script=script(calls.append)), make.lines(COUNT))
        order = [f"line-{line}" for line in batch.execution_order.order]
        assert [line["custom_id"] for line in calls] == order

    def test_the_order_of_the_lines_stays(self, make: "Make") -> None:
        """Replies that come later move no line."""
        batch = make.batch(COUNT)
        assert (
            apply_script(batch, script({"content": "new"}), 4).execution_order.order
            == batch.execution_order.order
        )

    def test_failures_that_are_scripted_are_counted(self, make: "Make") -> None:
        """A scripted failure fails its line, at the place where the line runs."""
        batch = apply_script(make.batch(COUNT), script(FAILURE, match={"custom_id": "line-3"}))
        assert [batch.execution_order.order[place] for place in batch.execution_order.failing] == [
            3
        ]

    def test_a_scenario_says_what_the_script_does_not(self, make: "Make") -> None:
        """Where half the lines fail by scenario, a script changes only the line it names."""
        batch: Batch = make.batch(COUNT, replies=[{"fraction": 0.5, "reply": FAILURE}])
        line = min(batch.replies)
        mine = script({"content": "Mine."}, match={"custom_id": f"line-{line}"})
        changed = apply_script(batch, mine)
        assert changed.replies == {**batch.replies, line: mine.entries[0].reply}

    def test_forgetting_a_script_brings_back_the_scenario(self, make: "Make") -> None:
        """Lines that have yet to run are answered again as the scenario says."""
        batch = make.batch(COUNT, replies=[{"fraction": 0.5, "reply": FAILURE}])
        scripted = apply_script(batch, script({"content": "Mine."}))
        assert apply_script(scripted, Script()).replies == batch.replies


def test_a_refused_line_takes_no_words(make: "Make") -> None:
    """A line that the endpoint rejects fails, even if the script has content for it."""
    lines = make.lines(2)
    lines[1]["body"]["temperature"] = 3
    batch = make.started(make.world(), lines)
    assert apply_script(batch, script({"content": "Mine."})).replies.keys() == {0}


def test_a_line_is_matched_by_its_number_from_one(make: "Make") -> None:
    """`line` counts from 1, as errors do."""
    batch = apply_script(make.batch(COUNT), script({"content": "Mine."}, match={"line": 1}))
    assert batch.replies.keys() == {0}


def test_a_batch_that_ends_while_replies_are_computed_gets_none(make: "Make") -> None:
    """Computing them may take seconds; lines that never ran stay without a reply, too."""
    batch = commands.expire(make.batch(COUNT), make.created + VALIDATED)
    apply = prepare_scripts([batch], script({"content": "new"}), make.created)
    assert list(apply(make.created + VALIDATED)) == []


def test_an_ended_batch_gets_no_reply(make: "Make") -> None:
    """A script that comes after the end leaves the batch as it was."""
    world = make.world()
    batch = make.started(world, make.lines(2))
    world.command(batch.id, commands.expire)
    ended = world.batch(batch.id)
    world.replace_script(script({"content": "Mine."}))
    assert world.batch(batch.id) is ended


@pytest.mark.parametrize("is_scenario", [True, False])
def test_lines_whose_replies_are_too_long_fail(
    make: "Make", monkeypatch: pytest.MonkeyPatch, *, is_scenario: bool
) -> None:
    """They are in the error file, and the counts say so, for a scenario and for a script."""
    monkeypatch.setattr(reply_limit, "MAX_BATCH_CHARACTERS", 3500)
    reply = {"content": "a" * 1000}
    world = make.world() if is_scenario else make.world(script=script(reply))
    shares = {"replies": [{"fraction": 1, "reply": reply}]} if is_scenario else {}
    batch = make.started(world, make.lines(COUNT), **shares)
    world.advance.by(DONE + 1)
    counts = world.batch(batch.id).as_json(world.now())["request_counts"]
    assert counts == {"total": COUNT, "completed": 3, "failed": COUNT - 3}
    files = write_output(world.batch(batch.id))
    assert [len(list(file.lines())) for file in (files.output, files.error)] == [3, COUNT - 3]
    assert b"reply_too_long" in files.error.first_line(1000)


def test_the_shares_of_a_scenario_have_one_limit(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their replies together are at most as long as those of one share could be."""
    monkeypatch.setattr(reply_limit, "MAX_BATCH_CHARACTERS", 3500)
    share = {"fraction": 0.5, "reply": {"content": "a" * 1000}}
    batch = make.batch(COUNT, replies=[share, share])
    assert len(batch.execution_order.failing) == COUNT - 3


@pytest.mark.parametrize("line", [b"{", b"[]", b"null", b"{}", b""])
def test_a_scenario_has_no_replies_for_a_file_that_is_refused(make: "Make", line: bytes) -> None:
    """Its lines never run, and some cannot be read."""
    reply = {"content": "Mine."}
    lines = [make.line(), line]
    batch = make.started(make.world(), lines, replies=[{"fraction": 1, "reply": reply}])
    assert not batch.replies
