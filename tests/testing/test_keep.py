"""`mockbatch.dashboard_url`, and `--mockbatch-keep`."""

import sys
import urllib.request
from typing import Any

import pytest

from mockbatch.client import WorldClient
from tests.support.plugin_runs import QUICK

pytest_plugins = ["pytester"]

FAILS = """
import urllib.request

def test_fails(mockbatch):
    print("url", mockbatch.dashboard_url)
    assert "sk-" in "", mockbatch.base_url

def test_passes(mockbatch):
    mockbatch.clock.advance(1)
    mockbatch.client.files.list()
"""


def run(pytester: pytest.Pytester, *arguments: str, stdin: bytes = b"") -> pytest.RunResult:
    """Run FAILS in a process of its own, with what a person types."""
    pytester.makepyfile(FAILS)
    command = (sys.executable, "-m", "pytest", *QUICK, "-W", "ignore", *arguments)
    return pytester.run(*command, stdin=stdin)


def test_a_browser_finds_the_dashboard_of_a_test(mockbatch: WorldClient) -> None:
    """With the key of its world in the fragment."""
    url, _, fragment = mockbatch.dashboard_url.partition("#")
    assert fragment == f"key={mockbatch.api_key}"
    browser = urllib.request.Request(url, headers={"Accept": "text/html"})
    with urllib.request.urlopen(browser) as response:
        assert b"<title>mockbatch</title>" in response.read()
    assert mockbatch.request_count == 0
    mockbatch.client.files.list()  # the fixture wants to be used


def test_without_a_socket_there_is_none(mockbatch_app: Any) -> None:
    """No browser could open it."""
    with pytest.raises(RuntimeError, match="needs a server on a socket"):
        _ = mockbatch_app.mock.dashboard_url


def test_a_failed_test_waits_for_a_person(pytester: pytest.Pytester) -> None:
    """With why it failed and where to look; after Enter the next test runs."""
    result = run(pytester, "--mockbatch-keep", stdin=b"\n")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(
        ["*assert 'sk-' in ''*", "*test_fails has failed. Its worlds:", "http://*/_mock/#key=*"]
    )
    assert result.stdout.str().count("has failed. Its worlds:") == 1


@pytest.mark.slow
def test_without_a_terminal_it_does_not_wait(pytester: pytest.Pytester) -> None:
    """In CI there is no one to answer."""
    run(pytester, "--mockbatch-keep").assert_outcomes(failed=1, passed=1)


@pytest.mark.slow
def test_without_the_option_nothing_is_kept(pytester: pytest.Pytester) -> None:
    """As before."""
    result = run(pytester)
    result.assert_outcomes(failed=1, passed=1)
    assert "Its worlds:" not in result.stdout.str()


@pytest.mark.slow
def test_the_world_is_there_while_it_waits(pytester: pytest.Pytester) -> None:
    """The server answers for the world until the test is torn down."""
    pytester.makeconftest(
        """
        import builtins
        import urllib.request

        def answer(question):
            import test_keep_wait as module
            with urllib.request.urlopen(module.REQUEST) as response:
                print("answered", response.status)

        builtins.input = answer
        """
    )
    pytester.makepyfile(
        test_keep_wait="""
        import urllib.request

        def test_fails(mockbatch):
            global REQUEST
            url = mockbatch.base_url.replace("/v1", "/_mock/page")
            headers = {"Authorization": f"Bearer {mockbatch.api_key}"}
            REQUEST = urllib.request.Request(url, headers=headers)
            assert False
        """
    )
    command = (sys.executable, "-m", "pytest", *QUICK, "-W", "ignore", "--mockbatch-keep")
    result = pytester.run(*command)
    result.stdout.fnmatch_lines(["*answered 200"])
