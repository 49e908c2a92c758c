"""Faults of the machine that mockbatch runs on: logged, and a 500, never the client's error."""

import errno
import io
import logging
import os
import socket
import subprocess
import sys
from typing import Any

import pytest

from mockbatch.webhooks import sender
from mockbatch.webhooks.target import Target
from tests.support.caller import Caller, app_of, error_of, lines, upload_form

EXHAUSTED = {errno.ENOSPC: 507, errno.EDQUOT: 507, errno.EMFILE: 500, errno.ENFILE: 500}


class FailingFile(io.BytesIO):
    """A file whose machine fails."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self._number = number

    def write(self, data: Any) -> int:
        """Fail."""
        raise OSError(self._number, os.strerror(self._number))


@pytest.fixture
def api() -> Caller:
    """Return a caller of an app."""
    return Caller(app_of())


def broken_requests(api: Caller) -> list[int]:
    """Return the statuses of the requests that fail the running test."""
    journal = api.good(api.get("/_mock/requests?broken=true"))
    return [request["status"] for request in journal["requests"]]


@pytest.mark.parametrize(("number", "status"), [*EXHAUSTED.items(), (errno.EIO, 500)])
def test_an_upload_that_cannot_be_stored_is_our_fault(
    api: Caller,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    number: int,
    status: int,
) -> None:
    """It is a 5xx that fails the test, with a traceback in the log."""
    api.upload()
    monkeypatch.setattr("mockbatch.web.multipart.temporary_file", lambda: FailingFile(number))
    answer = api.call("POST", "/v1/files", **upload_form())
    assert error_of(answer) == (status, None, None)
    assert answer.json["error"]["type"] == "server_error"
    assert broken_requests(api) == [status]
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert record.exc_info


@pytest.mark.parametrize(("number", "status"), EXHAUSTED.items())
def test_an_output_that_cannot_be_written_is_our_fault(
    api: Caller, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    """It is written when it is first needed, and again at the next request."""
    batch = api.create(lines(3))
    api.advance(24 * 3600)
    with monkeypatch.context() as patch:
        file = lambda: FailingFile(number)  # noqa: E731
        patch.setattr("mockbatch.batch.output_file.temporary_file", file)
        assert error_of(api.get(f"/v1/batches/{batch['id']}")) == (status, None, None)
    assert broken_requests(api) == [status]
    assert api.batch(batch["id"])["status"] == "completed"


def test_the_reason_is_named(api: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a reader knows what to do."""
    for number, hint in ((errno.ENOSPC, "TMPDIR"), (errno.EMFILE, "ulimit -n")):
        file = FailingFile(number)
        monkeypatch.setattr("mockbatch.web.multipart.temporary_file", lambda file=file: file)
        message = api.call("POST", "/v1/files", **upload_form()).json["error"]["message"]
        assert os.strerror(number) in message
        assert hint in message


def test_data_is_read_before_it_is_needed() -> None:
    """Without file descriptors a server still validates what it is sent."""
    program = """
import resource
from tests.support.caller import Caller, app_of
api = Caller(app_of())
assert api.get("/v1/files").status_code == 200
held = []
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
try:
    while True:
        held.append(open("/dev/null"))
except OSError:
    pass
calls = [
    api.post("/v1/batches", {"input_file_id": "file-1", "endpoint": "/v1/embeddings",
                             "completion_window": "24h"}),
    api.post("/_mock/clock", {"mode": "realtime"}),
    api.post("/v1/moderations", {"input": "a"}),
    api.post("/_mock/faults", {"preset": "create_rate_limited"}),
    api.post("/_mock/scenarios/active", {"name": "all_failed"}),
    api.get("/_mock/state"),
]
print([call.status_code for call in calls])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == "[200, 200, 200, 200, 200, 200]\n", done.stderr


def test_a_webhook_that_could_not_be_sent_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its receiver is not at fault."""

    def connect(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(sender, "_connect", connect)
    target = Target("http://a/", False, "a", 80, "/", ("127.0.0.1",))
    sender.post(target, {}, b"", 1)
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE])
@pytest.mark.parametrize("route", ["/v1/webhook_endpoints", "/_mock/webhooks/endpoints"])
def test_a_host_that_cannot_be_looked_up_is_our_fault(
    api: Caller, monkeypatch: pytest.MonkeyPatch, route: str, number: int
) -> None:
    """An endpoint is refused with a 500 when no descriptor is left to ask for its address."""

    def look_up(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    api.upload()
    monkeypatch.setattr("socket.getaddrinfo", look_up)
    request = {"name": "a", "url": "http://a.example/", "event_types": ["batch.completed"]}
    answer = api.post(route, request)
    assert error_of(answer) == (500, None, None)
    assert "ulimit -n" in answer.json["error"]["message"]


def test_a_resolver_that_hides_the_lack_of_descriptors_is_seen_through(
    api: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that the name is not known; a socket cannot be opened either."""

    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    def open_socket(*_: object, **__: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr("socket.getaddrinfo", look_up)
    endpoint = {"url": "http://a.example/"}
    assert error_of(api.post("/_mock/webhooks/endpoints", endpoint))[0] == 400
    monkeypatch.setattr("socket.socket", open_socket)
    assert error_of(api.post("/_mock/webhooks/endpoints", endpoint))[0] == 500
