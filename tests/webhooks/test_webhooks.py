"""When a world has itself woken up for its webhooks."""

from threading import Event
from typing import TYPE_CHECKING

import pytest

from mockbatch import clock
from mockbatch.webhooks import webhooks
from mockbatch.webhooks.settings import WebhookSettings
from mockbatch.webhooks.target import resolve_target
from mockbatch.webhooks.timer import WakeUpTimer
from mockbatch.world.world import World

if TYPE_CHECKING:
    from tests.conftest import Make

SECONDS = 20


def test_a_jump_past_an_event_wakes_the_world_at_once(
    make: "Make", monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not go on waiting for the event that has now been passed."""
    wall_now = float(make.created)
    monkeypatch.setattr(webhooks, "LONGEST_WAIT_SECONDS", 3600)
    monkeypatch.setattr(clock, "wall_time", lambda: wall_now)
    world = make.world(clock="realtime")
    world.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    make.started(world, make.lines(1))
    woken = Event()
    world.webhooks.schedule_wakeup(woken.set)
    wall_now += 1000
    world.webhooks.schedule_wakeup(woken.set)
    try:
        assert woken.wait(SECONDS)
    finally:
        world.close()


@pytest.mark.parametrize(
    ("mode", "wait_seconds"),
    [("x248", 0.5), ("realtime", 1.0), ("x1000000", 0.05), ("manual", None), ("on-poll", None)],
)
def test_a_world_waits_in_the_time_of_its_clock(
    make: "Make", monkeypatch: pytest.MonkeyPatch, mode: str, wait_seconds: float | None
) -> None:
    """The batch ends after 124 simulated seconds; a wait has an upper and a lower bound."""
    waits: list[float | None] = []
    monkeypatch.setattr(WakeUpTimer, "set", lambda _, seconds, *__: waits.append(seconds))
    monkeypatch.setattr(clock, "wall_time", lambda: float(make.created))
    world = make.world(clock=mode)
    world.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    make.started(world, make.lines(1))
    world.webhooks.schedule_wakeup(lambda: None)
    assert waits == [wait_seconds]


def test_a_world_is_not_woken_while_a_thread_delivers(make: "Make") -> None:
    """That thread delivers what becomes due meanwhile."""
    world = make.world(clock="realtime")
    world.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    make.started(world, make.lines(1), stages={"validating": None})
    try:
        with world.webhooks.dispatcher.exclusive():
            world.webhooks.schedule_wakeup(lambda: None)
            assert not world.webhooks._timer.is_set
        world.webhooks.schedule_wakeup(lambda: None)
        assert world.webhooks._timer.is_set
    finally:
        world.close()


def test_the_endpoint_of_the_settings_is_added_once(make: "Make") -> None:
    """A world that begins with a snapshot in which it is does not get it again."""
    target = resolve_target("http://127.0.0.1:9/", None)
    first = make.world(webhooks=WebhookSettings(target=target))
    world = World("key", first.settings, "org-test", first.snapshot())
    for _ in range(2):
        assert [endpoint.target for endpoint in world.webhooks.endpoints] == [target]
        world.reset(world.settings)


def test_no_timer_is_set_without_an_endpoint(make: "Make") -> None:
    """The one of a deleted endpoint is cleared."""
    world = make.world(clock="realtime")
    endpoint = world.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    make.started(world, make.lines(1))
    world.webhooks.schedule_wakeup(lambda: None)
    try:
        assert world.webhooks._timer.is_set
        world.webhooks.delete_endpoint(endpoint.id)
        world.webhooks.schedule_wakeup(lambda: None)
        assert not world.webhooks._timer.is_set
    finally:
        world.close()


@pytest.mark.parametrize(
    ("mode", "seconds"),
    [("x248", 0.5), ("realtime", 124.0), ("manual", None), ("on-poll", None)],
)
def test_a_webhook_is_due_at_a_wall_time(
    make: "Make", monkeypatch: pytest.MonkeyPatch, mode: str, seconds: float | None
) -> None:
    """When the clock gets there by itself; at once, if an attempt or an advance was broken off."""
    wall_now = float(make.created)
    monkeypatch.setattr(clock, "wall_time", lambda: wall_now)
    world = make.world(clock=mode)
    webhooks = world.webhooks
    webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    batch = make.started(world, make.lines(1))
    assert webhooks.due_at_wall(wall_now) == (None if seconds is None else wall_now + seconds)
    if seconds is not None:
        with world.clock.pause():
            assert webhooks.due_at_wall(wall_now) == wall_now
    world.advance.fast_forward(batch.created_at + 124)
    assert webhooks.outbox.pop_due(world.now()) is not None
    assert webhooks.due_at_wall(wall_now) == wall_now


def test_a_finished_batch_has_its_next_attempt_at_once(make: "Make") -> None:
    """Nobody has to look for deliveries before."""
    world = make.world()
    world.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    batch = make.started(world, make.lines(1))
    world.advance.fast_forward(batch.created_at + 124)
    past, [coming] = world.webhooks.attempts_for(batch.id)
    assert (past, coming.at, coming.type) == ([], batch.created_at + 124, "webhook.attempt")


def test_the_version_changes_with_an_endpoint(make: "Make") -> None:
    """So that the dashboard shows its new name."""
    world = make.world()
    endpoint = world.webhooks.create_endpoint({"url": "http://127.0.0.1:9/"})
    before = world.webhooks.version
    world.webhooks.update_endpoint(endpoint.id, {"name": "Results"})
    assert world.webhooks.version != before
