"""The traceback of a failing test ends in the user's own line."""

import pkgutil
import re
from importlib import import_module

import pytest

import mockbatch
from mockbatch import client, testing
from tests.support.plugin_runs import Run
from tests.support.slow_tests import mark_slow_except_each

pytest_plugins = ["pytester"]

MODULES = [
    module.name
    for package in (client, testing)
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
]
FAILING = [
    'mockbatch.assert_requested("POST", "/v1/batches")',
    'mockbatch.clock.advance("3 fortnights")',
    "mockbatch.clock.advance_to(datetime(2026, 8, 1))",
    'mockbatch.clock.mode = "fast"',
    'mockbatch.clock.run_until("batch_none")',
    'mockbatch.scenario("expired_empty"); mockbatch.clock.run_until(mockbatch.submit(["Hi."]))',
    'mockbatch.submit("not a list")',
    'mockbatch.results("batch_none")',
    'mockbatch.complete("batch_none")',
    'mockbatch.timeline("batch_none")',
    'mockbatch.scenario("expired_partail")',
    'mockbatch.reply("a", {"status": "x"})',
    'mockbatch.remove_replies("a")',
    'mockbatch.fault("nope")',
    'mockbatch.webhook("ftp://x")',
    'mockbatch.models("")',
    'make_mockbatch(clok="manual")',
    'mockbatch_server.world(scenario="nope")',
    'MockBatch(scenario="nope")',
    "mockbatch.close(); mockbatch.client",
    "mockbatch.close(); mockbatch.async_client",
    "mockbatch.close(); mockbatch.requests",
    "with mockbatch.skip_sleep(): time.sleep(1e10)",
]


@pytest.mark.parametrize("statement", mark_slow_except_each(5, FAILING))
def test_last_frame_is_the_line_of_the_test(run: Run, statement: str) -> None:
    """A refused call shows that line, and none of the plugin's own."""
    result = run(
        f"""
    import time
    from datetime import datetime
    from mockbatch import MockBatch

    def test_fails(mockbatch, make_mockbatch, mockbatch_server):
        {statement}
""",
        "--tb=short",
    )
    result.assert_outcomes(failed=1)
    output = result.stdout.str()
    frames = re.findall(r"^(\S+\.py):\d+: in (\w+)$", output, re.MULTILINE)
    assert [function for _, function in frames] == ["test_fails"]


def test_a_failed_test_is_not_told_that_it_reached_no_server(run: Run) -> None:
    """It ended too early for that."""
    result = run("""
    def test_fails(mockbatch):
        raise ValueError("before the first request")
""")
    result.assert_outcomes(failed=1)
    result.stdout.no_fnmatch_line("*no request reached the server*")


@pytest.mark.parametrize("error", [mockbatch.ControlError, mockbatch.EndedAs])
def test_an_error_has_the_name_by_which_it_is_imported(error: type[Exception]) -> None:
    """So that the line of pytest's summary has room for its message."""
    assert f"{error.__module__}.{error.__qualname__}" == f"mockbatch.{error.__name__}"


@pytest.mark.parametrize("name", MODULES)
def test_module_hides_its_frames(name: str) -> None:
    """All of its functions at once, also those to come."""
    assert vars(import_module(name))["__tracebackhide__"]
