"""The contract holds where several processes share their worlds."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mockbatch import cli
from tests.support.redis_server import redis_server
from tests.support.serving import serving
from tests.support.wsgi_servers import GUNICORN, wsgi_server


@pytest.fixture(params=["gunicorn and sqlite", "workers and redis"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Serve with four processes."""
    with ExitStack() as stack:
        if request.param == "gunicorn and sqlite":
            options = ("--workers", "4", "--threads", "8")
            variables = {
                "MOCKBATCH_CLOCK": "manual",
                "MOCKBATCH_STATE": f"sqlite:///{tmp_path}/state.db",
            }
            server = stack.enter_context(wsgi_server(GUNICORN, *options, **variables))
            yield server.url
        else:
            redis = stack.enter_context(redis_server(tmp_path))
            served = ("--clock", "manual", "--workers", "4", "--state", redis.url)
            yield stack.enter_context(serving(tmp_path, *served)).url


# The groups about what changes; the others are the same in one process.
QUICK = ("--only", "batches", "--only", "cancel")


@pytest.mark.slow
@pytest.mark.parametrize("only", [QUICK, pytest.param((), marks=pytest.mark.slow)])
def test_every_case_passes(
    url: str, only: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Four processes keep what one does."""
    assert cli.main(["contract", f"{url}/v1", "--control", *only]) == 0, capsys.readouterr().out
