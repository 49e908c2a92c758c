"""Worlds of one server that are used at the same time never meet."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any, NamedTuple

import openai
import pytest

from mockbatch import MockBatch
from mockbatch.client import WorldClient
from mockbatch.testing.servers import LocalServer
from tests.support.plugin_runs import run_alone

pytest_plugins = ["pytester"]

START = 1_713_894_800
ROUNDS = 5
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
LINES = b"".join(
    json.dumps(
        {"custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": BODY}
    ).encode()
    + b"\n"
    for id in "abcdefghij"
)


class Life(NamedTuple):
    """The settings of a world, and what happens to each batch in it."""

    clock: str
    scenario: str
    fault: dict[str, Any]
    rejection: type[openai.APIStatusError]
    hours: int
    counts: tuple[int, int, str]


LIVES = [
    Life("manual", "all_failed", {"status": 500}, openai.InternalServerError, 1,
         (0, 10, "completed")),
    Life("on-poll", "some_failed", {"status": 404}, openai.NotFoundError, 2,
         (8, 2, "completed")),
    Life("manual", "expired_partial", {"status": 403}, openai.PermissionDeniedError, 24,
         (4, 0, "expired")),
    Life("on-poll", "validation_failed", {"status": 422}, openai.UnprocessableEntityError, 3,
         (0, 0, "failed")),
]  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    """Serve all tests of this module."""
    server = LocalServer()
    yield server
    server.close()


def live_through(mock: WorldClient, life: Life, start: Barrier) -> list[tuple[Any, ...]]:
    """Return what a client finds in a world, round by round, in step with the others."""
    found = []
    client = mock.client.with_options(max_retries=0)
    for number in range(ROUNDS):
        start.wait(30)
        file = client.files.create(file=("in.jsonl", LINES), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        mock.fault({"path": f"/v1/batches/{batch.id}"}, life.fault)
        with pytest.raises(life.rejection):
            client.batches.retrieve(batch.id)
        mock.clock.advance(hours=life.hours)
        ended = client.batches.retrieve(batch.id)
        counts = ended.request_counts
        elapsed = mock.clock.now - START
        found.append((number, elapsed, counts.completed, counts.failed, ended.status, ended.id))
    return found


def expected_life(life: Life) -> list[tuple[Any, ...]]:
    """Return the same of an undisturbed world, except the ids of its batches."""
    return [(number, (number + 1) * life.hours * 3600, *life.counts) for number in range(ROUNDS)]


def test_four_worlds_live_side_by_side(server: LocalServer) -> None:
    """Each has the time, scenario, faults, batches and journal that it would have alone."""
    worlds = [
        server.world(start_time=START, clock=one.clock, scenario=one.scenario) for one in LIVES
    ]
    start = Barrier(len(LIVES))
    with ThreadPoolExecutor(len(LIVES)) as threads:
        found = list(threads.map(live_through, worlds, LIVES, [start] * len(LIVES)))
    for mock, life, rounds in zip(worlds, LIVES, found, strict=True):
        assert [one[:-1] for one in rounds] == expected_life(life)
        assert [one.id for one in mock.client.batches.list()] == [one[-1] for one in rounds][::-1]
        assert sum(one.fault is not None for one in mock.requests) == ROUNDS


def test_ids_are_those_of_a_world_alone(server: LocalServer) -> None:
    """Who else is there has no influence on what an id is."""
    life, ids = LIVES[0], []
    for others in (0, 3):
        crowd = [server.world() for _ in range(others)]
        with server.world("same", start_time=START, scenario=life.scenario) as mock:
            start = Barrier(others + 1)
            with ThreadPoolExecutor(others + 1) as threads:
                players = [*crowd, mock]
                found = threads.map(
                    live_through, players, [life._replace(hours=1)] * 4, [start] * 4
                )
                *_, last = found
        ids.append([one[-1] for one in last])
    assert ids[0] == ids[1]


PLAYING = """
    import pathlib, time
    import pytest

    HERE = pathlib.Path(__file__).parent

    def meet(name, other):
        (HERE / name).touch()
        for _ in range(500):
            if (HERE / other).exists():
                return
            time.sleep(0.02)
        raise AssertionError("the other test never came")

    def submit(client):
        file = client.files.create(file=("in.jsonl", INPUT), purpose="batch")
        return client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )

    @pytest.mark.mockbatch(scenario="all_failed", start_time=1000000000)
    @pytest.mark.xdist_group("one")
    def test_one(mockbatch):
        mockbatch.fault({"path": "/v1/files"}, {"status": 503}, times=None)
        meet("one", "two")
        with pytest.raises(Exception, match="503"):
            mockbatch.client.with_options(max_retries=0).files.list()
        meet("one.seen", "two.seen")
        assert mockbatch.clock.now == 1000000000
        assert len(mockbatch.requests) == 1

    @pytest.mark.mockbatch(scenario="instant", clock="on-poll", start_time=1500000000)
    @pytest.mark.xdist_group("two")
    def test_two(mockbatch):
        meet("two", "one")
        batch = submit(mockbatch.client)
        meet("two.seen", "one.seen")
        mockbatch.clock.advance(hours=5)
        assert mockbatch.client.batches.retrieve(batch.id).status == "completed"
        assert len(mockbatch.client.files.list().data) == 2
"""


@pytest.mark.slow
def test_two_workers_on_one_server_never_meet(pytester: pytest.Pytester) -> None:
    """Two tests of `pytest -n 2` wait for each other on one server, each in its own world."""
    source = f"    INPUT = {LINES!r}\n{PLAYING}"
    pytester.makepyfile(source)
    with MockBatch() as mock:
        options = ("-n", "2", "--dist", "loadgroup", "--mockbatch-url", mock.base_url)
        result = run_alone(pytester, *options)
    result.assert_outcomes(passed=2)
