"""Anthropic's unmodified SDKs over sockets: whole lives, with each generation of them."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anthropic
import pytest

from mockbatch.client import WorldClient
from mockbatch.testing.environment import environment, environment_of
from tests.support.client_environments import (
    CLIENTS,
    MAY_INSTALL,
    node_with,
    python_with,
    require,
    run,
    run_python,
)
from tests.support.slow_tests import mark_slow_except

pytestmark = MAY_INSTALL

Make = Callable[..., WorldClient]
BATCHES = "/v1/messages/batches"
NODE = CLIENTS / "node"
PYTHONS = {
    "today": None,
    "before October 2026": "anthropic>=1.17,<2",
    "of 2024 to 2026": "anthropic>=0.40,<1",
}
SEEN = {
    "early": 404,
    "statuses": ["in_progress", "ended"],
    "results": {"line-0": "succeeded", "line-1": "errored", "line-2": "succeeded"},
    "expired": ["expired", "expired", "succeeded", "succeeded"],
    "canceled": [["canceling", "ended"], {"line-0": "canceled", "line-1": "canceled"}],
    "listed": [3, 3],
    "before": True,
    "bad_id": 400,
    "deleted": "message_batch_deleted",
    "unknown": 404,
    "live": ["Mock reply to: Hello", "end_turn", "Mock reply to: Hello"],
}


@pytest.fixture
def polled(make_mockbatch: Make) -> WorldClient:
    """Make a world whose clock moves when it is polled."""
    return make_mockbatch(clock="on-poll")


@pytest.mark.parametrize("name", mark_slow_except(["today"], PYTHONS))
def test_python_sees_the_whole_life(name: str, polled: WorldClient) -> None:
    """A line that is errored, an expiry, a cancel, pages, live calls and streams."""
    requirement = PYTHONS[name]
    python = require(lambda: python_with(requirement)) if requirement else sys.executable
    with environment(environment_of(polled)):
        done = run_python(python, "anthropic_life.py", polled)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == SEEN


@pytest.fixture
def node_program(tmp_path: Path) -> Path:
    """Return the program for Node, beside the packages that it needs."""
    modules = require(lambda: node_with(NODE))
    (tmp_path / "node_modules").symlink_to(modules / "node_modules", target_is_directory=True)
    return Path(shutil.copy(NODE / "anthropic.mjs", tmp_path))


@pytest.mark.slow
def test_node_sees_the_whole_life(polled: WorldClient, node_program: Path) -> None:
    """The same as Python."""
    with environment(environment_of(polled)):
        done = run(["node", node_program], polled)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == SEEN


def create_many(mockbatch: WorldClient, count: int) -> list[str]:
    """Create batches of one request each, and return their ids."""
    batches = mockbatch.anthropic.messages.batches
    message: Any = {
        "model": "claude-haiku-4-5",
        "max_tokens": 1,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    requests: Any = [{"custom_id": "a", "params": message}]
    return [batches.create(requests=requests).id for _ in range(count)]


@pytest.mark.slow
def test_every_sdk_lists_more_than_a_thousand_batches(
    mockbatch: WorldClient, node_program: Path
) -> None:
    """Page by page, each batch once, the newest first."""
    ids = create_many(mockbatch, 1001)[::-1]
    older = (requirement for requirement in PYTHONS.values() if requirement)
    pythons = [require(lambda it=it: python_with(it)) for it in older]  # type: ignore[misc]
    with environment(environment_of(mockbatch)):
        runs = [run_python(python, "anthropic_life.py", mockbatch, "list") for python in pythons]
        runs.append(run(["node", node_program, "list"], mockbatch))
    for done in runs:
        assert (done.returncode, done.stderr) == (0, "")
        assert json.loads(done.stdout) == ids


class TestReadyClient:
    """`mockbatch.anthropic`."""

    def test_it_reaches_the_world_of_the_test(self, mockbatch: WorldClient) -> None:
        """It is the same client each time."""
        assert mockbatch.anthropic is mockbatch.anthropic
        assert mockbatch.anthropic.messages.batches.list().data == []
        mockbatch.assert_requested("GET", "/v1/messages/batches", count=1)

    def test_a_client_by_the_environment_does_too(self, mockbatch: WorldClient) -> None:
        """The fixture has set ANTHROPIC_BASE_URL and ANTHROPIC_API_KEY."""
        with anthropic.Anthropic() as client:
            assert client.messages.batches.list().data == []
        mockbatch.assert_requested("GET", "/v1/messages/batches", count=1)

    def test_results_by_custom_id(self, mockbatch: WorldClient) -> None:
        """The handle reads them as it reads those of OpenAI, with their text."""
        params: Any = {
            "model": "claude-haiku-4-5",
            "max_tokens": 100,
            "messages": [{"role": "user", "content": "Hello"}],
        }
        requests: Any = [
            {"custom_id": "good", "params": params},
            {"custom_id": "bad", "params": {**params, "model": "x"}},
            {"custom_id": "late", "params": params},
        ]
        mockbatch.scenario("expired_partial", fraction=0.5)
        batch = mockbatch.anthropic.messages.batches.create(requests=requests)
        mockbatch.clock.run_until(batch, "ended")
        results = mockbatch.results(batch)
        assert set(results) == {"good", "bad", "late"}
        seen = {one.error["code"] if one.error else one.status_code for one in results.values()}
        assert "batch_expired" in seen
        again = mockbatch.anthropic.messages.batches.create(requests=requests)
        mockbatch.clock.run_until(again, "ended")
        results = mockbatch.results(again)
        assert results["good"].text == "Mock reply to: Hello"
        assert (results["bad"].status_code, results["bad"].text) == (404, None)
        assert results["bad"].body["error"]["type"] == "not_found_error"

    @pytest.mark.parametrize("page", [10, pytest.param(1000, marks=pytest.mark.slow)])
    def test_paging_over_more_batches_than_a_page_ends(
        self, mockbatch: WorldClient, page: int
    ) -> None:
        """The iterator of the SDK comes to each batch once."""
        ids = create_many(mockbatch, page + 1)
        batches = mockbatch.anthropic.messages.batches
        assert [one.id for one in batches.list(limit=page)] == ids[::-1]
        assert len([*batches.list(limit=page * 2 // 5, before_id=ids[0])]) == page


@pytest.mark.parametrize(
    ("status", "error", "calls"),
    [(529, anthropic._exceptions.OverloadedError, 3), (413, anthropic.APIStatusError, 1)],
)
def test_the_sdk_retries_what_it_retries_with_the_service(
    mockbatch: WorldClient, status: int, error: type[Exception], calls: int
) -> None:
    """An overload three times, a request that is too large once."""
    mockbatch.fault({"path": "/v1/messages/batches"}, {"status": status}, times=3)
    with pytest.raises(error):
        mockbatch.anthropic.messages.batches.list()
    assert len(mockbatch.requests) == calls
    mockbatch.call("DELETE", "/_mock/faults")


def test_a_truncated_download_is_an_error_of_the_client(mockbatch: WorldClient) -> None:
    """A preset of OpenAI's downloads works for results, with their path; the next is whole."""
    batches = mockbatch.anthropic.messages.batches
    hello: Any = [{"role": "user", "content": "Hello"}]
    params: Any = {"model": "claude-haiku-4-5", "max_tokens": 9, "messages": hello}
    requests: Any = [{"custom_id": f"line-{number}", "params": params} for number in range(9)]
    id = batches.create(requests=requests).id
    mockbatch.clock.run_until(id, "ended")
    rule = {"preset": "download_truncated", "match": {"path": f"{BATCHES}/*/results"}, "times": 1}
    mockbatch.call("POST", "/_mock/faults", rule)
    with pytest.raises(Exception, match="incomplete"):
        _ = [*batches.results(id)]
    assert len([*batches.results(id)]) == 9
