"""Scripted replies of a batch's lines, assigned before the lines run."""

from typing import TYPE_CHECKING

from mockbatch.scripting.script import parse
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make

ANY_LINE = {"match": {}, "reply": {"content": "scripted"}}


def scripted(make: "Make") -> World:
    """Return a world in which every line gets one reply."""
    world = make.world()
    world.add_reply(parse(ANY_LINE))
    return world


def test_an_invalid_line_fails_the_batch_beside_a_script(make: "Make") -> None:
    """A line that is not JSON is reported in `errors`, and no reply is looked for."""
    world = scripted(make)
    batch = make.started(world, [make.line("a"), b"{"])
    world.advance.by(3600)
    shown = world.batch_json(world.batch(batch.id))
    assert shown["status"] == "failed"
    assert batch.replies == {}


def test_lines_that_ran_keep_their_reply(make: "Make") -> None:
    """A reply entered half-way is for the lines that have not run yet."""
    world = make.world()
    batch = make.started(world, make.lines(10))
    world.advance.by(62 + 31)
    done = batch.timeline.done(world.now())
    assert 0 < done < 10
    world.add_reply(parse(ANY_LINE))
    assert sorted(world.batch(batch.id).replies) == sorted(batch.execution_order.order[done:])


def test_replies_that_are_taken_back_stay_with_lines_that_ran(make: "Make") -> None:
    """A script that is emptied half-way keeps what the lines before it got."""
    world = scripted(make)
    batch = make.started(world, make.lines(10))
    world.advance.by(62 + 31)
    done = batch.timeline.done(world.now())
    world.replace_script(type(world.script)())
    assert sorted(world.batch(batch.id).replies) == sorted(batch.execution_order.order[:done])
