"""`realtime` follows the time of the test's process, however that is faked."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import time_machine
from freezegun import freeze_time

from mockbatch.client import WorldClient

INPUT = (Path(__file__).parents[2] / "fixtures/requests/chat_completions.jsonl").read_bytes()
NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
START = int(NOON.timestamp())
DAY = 24 * 3600
# Seconds after creation at which `happy` changes the status, at pace 1.
STATUSES = {62: "in_progress", 123: "finalizing", 124: "completed"}
MoveTo = Callable[[float], None]


@contextmanager
def frozen_by_freezegun(at: float) -> Iterator[MoveTo]:
    """Stop time with freezegun."""
    with freeze_time(moment(at), real_asyncio=True) as frozen:
        yield lambda to: frozen.move_to(moment(to))


@contextmanager
def frozen_by_time_machine(at: float) -> Iterator[MoveTo]:
    """Stop time with time-machine."""
    with time_machine.travel(moment(at), tick=False) as traveller:
        yield lambda to: traveller.move_to(moment(to))


def moment(at: float) -> datetime:
    """Return an instant as both tools take it."""
    return datetime.fromtimestamp(at, timezone.utc)


both_tools = pytest.mark.parametrize("freeze", [frozen_by_freezegun, frozen_by_time_machine])


@pytest.fixture
def mock(make_mockbatch: Callable[..., WorldClient]) -> WorldClient:
    """Make a world on the clock of this process."""
    return make_mockbatch(clock="realtime")


def submit(client: Any, **options: Any) -> Any:
    """Upload an input file and create a batch, with the real SDK over a socket."""
    file = client.files.create(file=("in.jsonl", INPUT), purpose="batch")
    return client.batches.create(
        input_file_id=file.id,
        endpoint="/v1/chat/completions",
        completion_window="24h",
        **options,
    )


async def submit_async(client: Any) -> Any:
    """Upload an input file and create a batch, as `submit` does."""
    file = await client.files.create(file=("in.jsonl", INPUT), purpose="batch")
    return await client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )


@both_tools
def test_status_changes_at_the_exact_second(mock: WorldClient, freeze: Any) -> None:
    """A second before a transition it has not happened, at its second it has."""
    with freeze(START) as move_to:
        mock.reset()
        batch = submit(mock.client)
        seen = {}
        for after in (61, 62, 122, 123, 124):
            move_to(START + after)
            seen[after] = mock.client.batches.retrieve(batch.id).status
        assert batch.created_at == START
        assert seen == {61: "validating", **STATUSES, 122: "in_progress"}


@both_tools
def test_status_changes_at_the_exact_second_for_async_code(mock: WorldClient, freeze: Any) -> None:
    """The same with the asynchronous SDK."""

    async def statuses(move_to: MoveTo) -> dict[int, str]:
        seen: dict[int, str] = {}
        async with mock.async_client as client:
            batch = await submit_async(client)
            for after in STATUSES:
                move_to(START + after)
                seen[after] = (await client.batches.retrieve(batch.id)).status
        return seen

    with freeze(START) as move_to:
        mock.reset()
        assert asyncio.run(statuses(move_to)) == STATUSES


@both_tools
def test_frozen_time_stands_still(mock: WorldClient, freeze: Any) -> None:
    """However often somebody asks, nothing happens."""
    with freeze(START):
        mock.reset()
        batch = submit(mock.client)
        seen = {mock.client.batches.retrieve(batch.id).status for _ in range(5)}
        assert seen == {"validating"}
        assert mock.clock.now == START


@both_tools
def test_file_expires_at_the_exact_second(mock: WorldClient, freeze: Any) -> None:
    """An input file lives thirty days."""
    with freeze(START) as move_to:
        mock.reset()
        file = mock.client.files.create(file=("in.jsonl", INPUT), purpose="batch")
        move_to(START + 30 * DAY - 1)
        assert mock.client.files.retrieve(file.id).expires_at == START + 30 * DAY
        move_to(START + 30 * DAY)
        assert mock.client.files.list().data == []


@both_tools
def test_batch_created_within_a_second_expires_at_its_expires_at(
    mock: WorldClient, freeze: Any
) -> None:
    """What is created at 100.7 has happened at 100, so its window ends on a whole second."""
    with freeze(START + 100.7) as move_to:
        mock.reset()
        batch = submit(mock.client, metadata={"mockbatch_scenario": "expired_partial"})
        assert (batch.created_at, batch.expires_at) == (START + 100, START + 100 + DAY)
        move_to(batch.expires_at - 0.001)
        assert mock.client.batches.retrieve(batch.id).status == "in_progress"
        move_to(batch.expires_at)
        assert mock.client.batches.retrieve(batch.id).status == "expired"


def test_batch_created_within_a_second_of_a_manual_clock(
    make_mockbatch: Callable[..., WorldClient],
) -> None:
    """The same without any fake: a clock that stands at 100.7."""
    mock = make_mockbatch(start_time=100.7, scenario="expired_empty")
    batch = submit(mock.client)
    mock.clock.advance_to(batch.expires_at)
    batch = mock.client.batches.retrieve(batch.id)
    assert (batch.status, batch.expired_at) == ("expired", 100 + DAY)


def test_tick_moves_the_batch(mock: WorldClient) -> None:
    """The way in which freezegun moves on."""
    with freeze_time(NOON) as frozen:
        mock.reset()
        batch = submit(mock.client)
        frozen.tick(62)
        assert mock.client.batches.retrieve(batch.id).status == "in_progress"
        frozen.tick(3600)
        assert mock.client.batches.retrieve(batch.id).status == "completed"


def test_shift_moves_the_batch(mock: WorldClient) -> None:
    """The way in which time-machine moves on."""
    with time_machine.travel(NOON, tick=False) as traveller:
        mock.reset()
        batch = submit(mock.client)
        traveller.shift(3600)
        assert mock.client.batches.retrieve(batch.id).status == "completed"


def test_ticking_time_runs(mock: WorldClient) -> None:
    """Time that is moved and runs on from there."""
    with freeze_time(NOON, tick=True):
        mock.reset()
        assert START <= mock.clock.now < START + 60


@both_tools
def test_time_moved_backwards_changes_nothing(mock: WorldClient, freeze: Any) -> None:
    """What has happened stays so: time never is before the last command."""
    with freeze(START) as move_to:
        mock.reset()
        batch = submit(mock.client)
        move_to(START + 62)
        mock.client.batches.cancel(batch.id)
        move_to(START - DAY)
        again = mock.client.batches.retrieve(batch.id)
        assert (again.status, again.cancelling_at) == ("cancelling", START + 62)
        assert mock.clock.now == START + 62


def test_timeline_says_that_the_clock_is_behind(mock: WorldClient) -> None:
    """Somebody wonders why nothing happens."""
    with freeze_time(NOON) as frozen:
        mock.reset()
        batch = submit(mock.client)
        frozen.move_to("2025-01-01")
        assert "The clock is behind the last command" in mock.timeline(batch)["explanation"]


def test_time_that_catches_up_goes_on(mock: WorldClient) -> None:
    """After a step back, the old instants come again and mean the same."""
    with freeze_time(NOON) as frozen:
        mock.reset()
        batch = submit(mock.client)
        frozen.move_to("2025-01-01")
        frozen.move_to(moment(START + 124))
        assert mock.client.batches.retrieve(batch.id).status == "completed"


def test_frozen_time_is_where_a_fresh_world_begins(
    make_mockbatch: Callable[..., WorldClient],
) -> None:
    """A world made under freezegun needs no reset."""
    with freeze_time(NOON):
        assert submit(make_mockbatch(clock="realtime").client).created_at == START


def test_manual_clock_does_not_follow(make_mockbatch: Callable[..., WorldClient]) -> None:
    """Its time is its own, whatever the process believes."""
    mock = make_mockbatch()
    now = mock.clock.now
    with freeze_time("2030-01-01"):
        assert mock.clock.now == now


def test_realtime_can_be_moved_as_well(mock: WorldClient) -> None:
    """An advance adds to what the process says."""
    with freeze_time(NOON) as frozen:
        mock.reset()
        batch = submit(mock.client)
        mock.clock.advance(60)
        frozen.tick(2)
        assert mock.client.batches.retrieve(batch.id).status == "in_progress"


def test_idle_connection_survives_a_jump(mock: WorldClient) -> None:
    """A day that passes in an instant closes no connection that the SDK keeps."""
    with freeze_time(NOON) as frozen:
        mock.reset()
        for _ in range(5):
            mock.client.files.list()
            frozen.tick(DAY)
        assert mock.request_count == 5
