"""Advances of a world's clock, and what happens on the way."""

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from mockbatch.batch import commands
from mockbatch.batch.create import BatchRequest
from mockbatch.batch.rules import OPENAI_RULES
from mockbatch.errors import ApiError
from mockbatch.files.content import Content
from mockbatch.webhooks import dispatcher
from mockbatch.webhooks.delivery import AttemptResult
from mockbatch.world.world import World
from tests.conftest import CHAT

if TYPE_CHECKING:
    from tests.conftest import Make

COMPLETED, CANCELLED = 124, 124 + 605
IN_PROGRESS, FINALIZING = (62, "batch.in_progress"), (123, "batch.finalizing")
ENDED = (COMPLETED, "batch.completed")
REQUESTED = {
    "progress": [IN_PROGRESS, FINALIZING, (123, "batch.progress"), ENDED],
    "expiry": [IN_PROGRESS, FINALIZING, ENDED, (3600, "file.expired")],
}


@contextmanager
def counted_calls() -> Iterator[Counter[str]]:
    """Count the calls of Python functions in the block, as `call`."""
    counts: Counter[str] = Counter()
    sys.setprofile(lambda _frame, event, _argument: counts.update([event]))
    try:
        yield counts
    finally:
        sys.setprofile(None)


@pytest.fixture
def world(make: "Make") -> World:
    """Make a world with a webhook endpoint."""
    made = make.world()
    made.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    return made


def receive_once(patch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let the receiver of the first event do something before it responds."""
    waiting = [act]

    def post(*_: object) -> AttemptResult:
        if waiting:
            waiting.pop()()
        return AttemptResult(status_code=200)

    patch.setattr(dispatcher, "post", post)


def test_an_advance_lists_what_a_receiver_changes(
    make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what would have happened without it."""
    first = make.started(world, make.lines(1))
    second = make.started(world, make.lines(1), stages={"finalizing": 100})
    receive_once(monkeypatch, lambda: world.command(second.id, commands.cancel))
    events = world.advance.by(3600).events
    assert (make.created + COMPLETED, "batch.completed", first.id) in events
    changes = [(at, type_) for at, type_, id in events if id == second.id]
    assert changes[-1] == (make.created + CANCELLED, "batch.cancelled")
    assert (make.created + 223, "batch.completed") not in changes


def test_an_advance_lists_a_batch_that_a_receiver_creates(
    make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From its creation on."""
    make.started(world, make.lines(1))
    receive_once(monkeypatch, lambda: make.started(world, make.lines(1)))
    events = world.advance.by(3600).events
    completed = [at - make.created for at, type_, _ in events if type_ == "batch.completed"]
    assert completed == [COMPLETED, 2 * COMPLETED]


def test_an_advance_returns_when_a_receiver_has_moved_the_clock_further(
    make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock stays where the receiver has moved it, and each event is listed once."""
    make.started(world, make.lines(1))
    inner: list[object] = []
    receive_once(monkeypatch, lambda: inner.extend(world.advance.nested().by(1000).events))
    outer = world.advance.by(COMPLETED + 10).events
    assert world.now() == make.created + COMPLETED + 1000
    assert inner == []
    assert [type_ for _, type_, _ in outer] == [
        "batch.in_progress",
        "batch.finalizing",
        "batch.completed",
        "webhook.delivered",
    ]


def test_an_advance_counts_all_events_and_lists_the_first(make: "Make") -> None:
    """Three hundred batches take no more calls of functions than a hundred, but for a few."""
    calls = []
    for number in (100, 300):
        world = make.world()
        for _ in range(number):
            make.started(world, make.lines(1))
        with counted_calls() as count:
            now, listed, event_count = world.advance.by(3600)
        calls.append(count["call"])
        assert now == make.created + 3600
        assert len(listed) == 100
        assert {(at, type_) for at, type_, _ in listed} == {
            (make.created + 62, "batch.in_progress")
        }
        assert event_count == 3 * number
    assert calls[1] < calls[0] + 100


@pytest.mark.parametrize("include", ["progress", "expiry"])
def test_requested_events_are_listed_among_the_others(make: "Make", include: str) -> None:
    """In order of time, after a status change of the same second."""
    world = make.world()
    make.started(world, make.lines(1))
    world.upload(Content.of(b"a"), "a.txt", "assistants", 3600)
    _, found, count = world.advance.by(3600, [include])
    assert count == len(found) == 4
    assert [(at - make.created, type_) for at, type_, _ in found] == REQUESTED[include]


def test_the_next_event_may_be_the_next_progress(make: "Make") -> None:
    """An advance from one progress leads to the one after it."""
    world = make.world()
    make.started(world, make.lines(3))
    found = [event for _ in range(4) for event in world.advance.to_next(["progress"]).events]
    assert [(at - make.created, type_) for at, type_, _ in found] == [
        IN_PROGRESS,
        (83, "batch.progress"),
        (103, "batch.progress"),
        FINALIZING,
        (123, "batch.progress"),
    ]


def test_an_advance_to_a_status_that_never_comes_moves_no_clock(make: "Make") -> None:
    """Although the batch still changes until it gets stuck."""
    world = make.world()
    batch = make.started(world, make.lines(2), stages={"finalizing": None})
    with pytest.raises(ApiError) as refused:
        world.advance.until(batch.id, "completed")
    assert (refused.value.status, refused.value.code) == (409, "unreachable_status")
    assert world.now() == batch.created_at


def test_results_that_are_no_file_expire_without_an_event(make: "Make") -> None:
    """Another provider's results are not among the files that clients can list."""
    world = make.world()
    file = world.upload(Content.of(make.jsonl(make.lines(2))), "batch.jsonl", "batch", None)
    rules = OPENAI_RULES._replace(results_seconds=3600)
    world.create_batch(BatchRequest(file.id, CHAT, None, None, None, rules))
    found = world.advance.by(24 * 3600, ["expiry"]).events
    assert [type_ for _, type_, _ in found] == [
        "batch.in_progress",
        "batch.finalizing",
        "batch.completed",
    ]


@pytest.mark.parametrize("seconds", [0, 10, 1000])
def test_the_next_event_may_be_a_delivery_that_is_overdue(
    make: "Make", world: World, monkeypatch: pytest.MonkeyPatch, seconds: int
) -> None:
    """It is delivered where the clock is, which does not go back."""
    receive_once(monkeypatch, lambda: None)
    make.started(world, make.lines(1))
    world.advance.fast_forward(make.created + COMPLETED + seconds)
    [event] = world.advance.to_next().events
    assert event[:2] == (make.created + COMPLETED, "webhook.delivered")
    assert world.now() == make.created + COMPLETED + seconds


def test_an_advance_with_stops_lists_no_more_events(
    make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deliveries at a stop count, but the list is full of what came before."""
    receive_once(monkeypatch, lambda: None)
    for _ in range(40):
        make.started(world, make.lines(1))
    advanced = world.advance.by(3600)
    assert (len(advanced.events), advanced.event_count) == (100, 160)
    assert {type_ for _, type_, _ in advanced.events} == {
        *("batch.in_progress", "batch.finalizing", "batch.completed")
    }


def test_requested_events_of_a_batch_that_a_receiver_creates_are_listed(
    make: "Make", world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were not known when the advance began."""
    make.started(world, make.lines(1))
    receive_once(monkeypatch, lambda: make.started(world, make.lines(1)))
    events = world.advance.by(3600, include=["progress"]).events
    assert [at - make.created for at, type_, _ in events if type_ == "batch.progress"] == [
        FINALIZING[0],
        COMPLETED + FINALIZING[0],
    ]


def test_only_an_upload_that_nobody_has_ended_expires(make: "Make") -> None:
    """A cancelled one has no expiry among the requested events."""
    world = make.world()
    cancelled, pending = (world.uploads.create("f", "batch", 3, None).id for _ in range(2))
    world.uploads.cancel(cancelled)
    events = world.advance.by(2 * 3600, ["expiry"]).events
    assert [(type_, id) for _, type_, id in events] == [("upload.expired", pending)]
