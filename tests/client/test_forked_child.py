"""A world in a forked child: its handle calls the server of the parent, or says why it cannot."""

import os
import time
import traceback
from collections.abc import Callable

import pytest
from flask import Flask

from mockbatch.client import WorldClient
from mockbatch.testing.mock_batch import MockBatch

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@pytest.fixture
def world(make_mockbatch: Callable[..., WorldClient]) -> WorldClient:
    """Return a world of a server in this process, on a socket."""
    return make_mockbatch()


def run_in_child(act: Callable[[], object]) -> str:
    """Run a function in a forked child; return what it returned or raised, as text."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            text = str(act())
        except BaseException as error:  # noqa: BLE001 (the parent looks at it)
            text = "".join(traceback.format_exception_only(error))
        os.write(writer, text.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as stream:
        text = stream.read()
    os.waitpid(child, 0)
    return text


def sleep_in(world: WorldClient) -> None:
    """Sleep for an hour of simulated time."""
    with world.skip_sleep():
        time.sleep(3600)


def test_a_call_reaches_the_parents_world(world: WorldClient) -> None:
    """What the child does is done to the world, not to a copy."""
    run_in_child(lambda: world.models("gpt-5"))
    assert [model.id for model in world.client.models.list()] == ["gpt-5"]


def test_the_clock_of_the_parent_moves(world: WorldClient) -> None:
    """An hour in the child is an hour in the parent, and the child sees the parent's hours."""
    began = world.clock.now
    run_in_child(lambda: world.clock.advance(hours=1))
    assert world.clock.now == began + 3600
    world.clock.advance(hours=1)
    assert run_in_child(lambda: world.clock.now - began) == "7200.0"


def test_sleeps_of_a_child_move_the_parents_clock(world: WorldClient) -> None:
    """`skip_sleep` goes the same way, whether it is entered before the fork or after it."""
    began = world.clock.now

    with world.skip_sleep():
        run_in_child(lambda: time.sleep(3600))
    run_in_child(lambda: sleep_in(world))
    assert world.clock.now == began + 7200


def test_a_child_has_a_client_of_its_own(world: WorldClient) -> None:
    """Two processes on one connection would read each other's responses."""
    world.client.models.list()
    client = world.client
    assert run_in_child(lambda: world.client is client) == "False"
    assert run_in_child(lambda: world.client.batches.list().data) == "[]"
    assert world.client is client
    assert world.client.batches.list().data == []


def test_a_child_does_not_end_the_parents_world() -> None:
    """The end of a `with` block in the child closes neither the world nor the server."""
    with MockBatch() as mock:
        mock.client.models.list()  # leaves a connection open
        run_in_child(mock.close)
        assert mock.client.batches.list().data == []
        assert mock.clock.mode == "manual"


def test_a_child_receives_webhooks_of_its_own(world: WorldClient) -> None:
    """A function of the parent's receiver would not be the child's."""
    first = world.webhook(lambda _: None).url.rpartition("/")[0]
    second = run_in_child(lambda: world.webhook(lambda _: None).url.rpartition("/")[0])
    assert second.startswith("http://")
    assert second != first


def test_a_reply_that_is_a_function_is_refused(world: WorldClient) -> None:
    """The server could not call it."""
    error = run_in_child(lambda: world.reply("a", lambda _: "b"))
    assert error == "TypeError: a reply that is a function needs a server in this process\n"


@pytest.mark.parametrize(
    "act",
    [
        lambda world: world.clock.now,
        lambda world: world.client,
        lambda world: sleep_in(world),
    ],
    ids=["call", "client", "sleep"],
)
def test_without_a_socket_it_says_so(
    mockbatch_app: Flask, act: Callable[[WorldClient], object]
) -> None:
    """There is no way from the child to an app that is called without one."""
    world: WorldClient = mockbatch_app.mock  # type: ignore[attr-defined]
    error = run_in_child(lambda: act(world))
    assert error.startswith("RuntimeError: This world is in the process that created it")
