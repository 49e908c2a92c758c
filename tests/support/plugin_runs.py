"""Runs of pytest with the plugin, as users have it: installed, and without a conftest."""

import sys
from collections.abc import Callable
from importlib import import_module

import pytest

# What a client imports on its first use, imported before any run: pytester forgets the modules
# that were imported during a run, and a second copy of them would raise other exceptions than
# those that the client knows.
for _name in ("httpcore2", "anyio._backends._asyncio"):
    import_module(_name)

INPUT = """
    INPUT = b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": ' \\
        b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}}'

    def submit(client):
        file = client.files.create(file=("in.jsonl", INPUT), purpose="batch")
        return client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
"""
# Each of the plugins of Hypothesis and Schemathesis takes a second or two to load.
WITHOUT = ("cacheprovider", "hypothesispytest", "schemathesis")
QUICK = tuple(word for name in WITHOUT for word in ("-p", f"no:{name}"))
Run = Callable[..., pytest.RunResult]


def in_this_process(pytester: pytest.Pytester) -> Run:
    """Return a function that runs tests in this process; `submit` and `pytest` are there."""

    def run_tests(source: str, *arguments: str, ini: str = "") -> pytest.RunResult:
        pytester.makeini(f"[pytest]\nfilterwarnings = error\n{ini}")
        pytester.makepyfile(f"    import pytest\n{INPUT}\n{source}")
        return pytester.runpytest_inprocess(*QUICK, *arguments)

    return run_tests


def run_alone(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """Run tests in a process of their own."""
    return pytester.run(sys.executable, "-m", "pytest", *QUICK, *arguments)


def assert_passed(result: pytest.RunResult, count: int = 1) -> None:
    """Check that all tests of a run have passed, without a warning."""
    result.assert_outcomes(passed=count)
