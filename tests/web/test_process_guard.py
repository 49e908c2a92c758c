"""Several processes that do not share their worlds are refused."""

import logging

import pytest
from werkzeug.test import create_environ, run_wsgi_app

from tests.support.caller import Caller, app_of, error_of


@pytest.mark.parametrize("path", ["/v1/batches", "/_mock/clock", "/_mock/health", "/"])
def test_one_of_several_processes_is_refused(api: Caller, path: str) -> None:
    """Every request to one of several processes is a 500 that clients do not retry."""
    answer = api.get(path, environ_overrides={"wsgi.multiprocess": True})
    assert error_of(answer) == (500, "several_processes", None)
    assert answer.headers["x-should-retry"] == "false"


def test_one_process_is_not_refused(api: Caller) -> None:
    """A process that is alone, with however many threads, answers."""
    answer = api.get("/v1/batches", environ_overrides={"wsgi.multithread": True})
    assert answer.status_code == 200


def test_reason_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log says what is wrong at the first request, and does not repeat it."""
    app = app_of()
    environ = create_environ("/v1/batches", environ_overrides={"wsgi.multiprocess": True})
    with caplog.at_level(logging.ERROR, "mockbatch"):
        for _ in range(3):
            run_wsgi_app(app, dict(environ))
    assert [record.name for record in caplog.records] == ["mockbatch.web.process_guard"]
    assert "several processes" in caplog.text
