"""What the other tests say about scenarios and webhooks is true of four processes with a store."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.stores.conftest import KINDS
from tests.support.redis_server import redis_server
from tests.support.remote_worlds import URLS
from tests.support.serving import serving
from tests.support.webhook_recorder import TIMEOUT
from tests.support.wsgi_servers import GUNICORN, wsgi_server

SECONDS = 1200
CATALOGUE = "tests/scenarios/test_catalogue.py"
WEBHOOKS = "tests/webhooks/test_deliveries.py"
# It is about a thread of the server, which is in the process of the test there.
OF_A_THREAD = "test_deliveries_on_clocks.py::TestRunning::test_the_thread_ends_with_the_server"
OF_WEBHOOKS = (
    WEBHOOKS,
    "tests/webhooks/test_deliveries_on_clocks.py",
    "tests/webhooks/test_webhook_endpoints.py",
    f"--deselect=tests/webhooks/{OF_A_THREAD}",
)
Serve = Callable[[float], str]


@pytest.fixture(params=KINDS)
def serve(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Serve]:
    """Return what starts four processes with one store, and returns their URL.

    They wait for the receiver of a webhook for so many seconds.
    """
    with ExitStack() as stack:
        redis = stack.enter_context(redis_server(tmp_path)) if request.param == "redis" else None

        def start(timeout: float) -> str:
            if redis is None:
                variables = {
                    "MOCKBATCH_STATE": f"sqlite:///{tmp_path}/state.db",
                    "MOCKBATCH_WEBHOOK_TIMEOUT": str(timeout),
                }
                options = ("--workers", "4", "--threads", "8")
                return stack.enter_context(wsgi_server(GUNICORN, *options, **variables)).url
            folder = tmp_path / f"{timeout}"
            folder.mkdir()
            state = ("--workers", "4", "--state", redis.url, "--webhook-timeout", str(timeout))
            return stack.enter_context(serving(folder, *state)).url

        yield start


def assert_pass(urls: dict[str, str], *tests: str) -> None:
    """Check that tests pass with the servers at these URLs."""
    plugin = ("-p", "tests.support.remote_worlds", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", *plugin, *tests],
        cwd=Path(__file__).parents[2],
        env={**os.environ, URLS: json.dumps(urls)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
def test_scenarios_are_the_same_in_a_store(serve: Serve) -> None:
    """The tests of the catalogue pass with worlds that are in a store."""
    assert_pass({"60": serve(60)}, CATALOGUE)


@pytest.mark.slow
@pytest.mark.timeout(SECONDS)
def test_webhooks_are_the_same_in_a_store(serve: Serve) -> None:
    """The tests of deliveries pass with worlds that are in a store."""
    assert_pass({f"{timeout:g}": serve(timeout) for timeout in (60, TIMEOUT)}, *OF_WEBHOOKS)
