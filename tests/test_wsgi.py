"""`mockbatch.wsgi:app` under other HTTP servers, and what they cannot do."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from mockbatch import ControlError
from tests.support.caller import lines
from tests.support.commands import environment
from tests.support.redis_server import redis_server
from tests.support.serving import ROOT
from tests.support.wsgi_servers import GUNICORN, STOP_SECONDS, WsgiServer, wsgi_server

PAGE = (ROOT / "docs" / "wsgi.md").read_text()
# The commands of the page, on a free port.
COMMANDS = {
    line.split()[0]: line.replace(":8787", ":0").split()
    for line in PAGE.splitlines()
    if line.startswith(("gunicorn", "waitress-serve"))
}


@pytest.fixture(scope="module", params=COMMANDS)
def server(request: pytest.FixtureRequest) -> Iterator[WsgiServer]:
    """Serve with a server other than mockbatch's own, in one process."""
    command = COMMANDS[request.param]
    with wsgi_server(command, MOCKBATCH_CLOCK="manual", MOCKBATCH_API_KEY="sk-mockbatch,b") as made:
        yield made


def import_error(**variables: str) -> str:
    """Import the module with these variables; return the last line of the traceback."""
    done = subprocess.run(
        [sys.executable, "-c", "import mockbatch.wsgi"],
        env=environment(variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


def test_a_batch_completes(server: WsgiServer) -> None:
    """The SDK uploads, creates, and downloads the output of a completed batch."""
    client = server.client()
    file = client.files.create(file=("in.jsonl", lines(3)), purpose="batch")
    batch = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
    server.world().clock.advance(3600)
    batch = client.batches.retrieve(batch.id)
    assert batch.status == "completed"
    assert len(client.files.content(batch.output_file_id).text.splitlines()) == 3


def test_variables_configure_it(server: WsgiServer) -> None:
    """MOCKBATCH_API_KEY lists the accepted keys, as it does for `mockbatch serve`."""
    with pytest.raises(openai.AuthenticationError):
        server.client("sk-other").batches.list()
    assert server.client("b").batches.list().data == []


@pytest.mark.parametrize(
    "preset", ["keepalive_drop", "create_response_lost", "download_truncated", "download_reset"]
)
def test_a_fault_that_breaks_a_connection_is_refused(server: WsgiServer, preset: str) -> None:
    """Only mockbatch's own HTTP server hands its connection over; the 400 names it."""
    with pytest.raises(ControlError, match="mockbatch serve") as refused:
        server.world().fault(preset)
    assert (refused.value.status, refused.value.code) == (400, "unbreakable_connection")


def test_such_a_fault_in_a_loaded_state_is_refused_when_it_hits(server: WsgiServer) -> None:
    """The request gets a 400 in the envelope, and is not carried out."""
    world = server.world()
    rule = {"name": "cut", "match": {"method": "GET", "path": "/v1/files"}}
    fault = {"fault": {"disconnect": "reset"}, "times": 1, "skip": 0, "matched": 0, "fired": 0}
    state = world.call("GET", "/_mock/state")
    world.call("PUT", "/_mock/state", {**state, "faults": [{**rule, **fault}]})
    with pytest.raises(openai.BadRequestError, match="'cut' breaks a connection"):
        server.client().files.list()
    assert server.client().files.list().data is not None


def test_a_fault_that_needs_no_connection_applies(server: WsgiServer) -> None:
    """Statuses, delays and silent cuts go through any server."""
    server.world().fault({"method": "GET", "path": "/v1/models"}, {"status": 503})
    with pytest.raises(openai.InternalServerError):
        server.client().models.list()


@pytest.mark.slow
def test_several_workers_are_refused() -> None:
    """Under `gunicorn --workers 2` every request is a 500 that says why, and so does the log."""
    with (
        wsgi_server(GUNICORN, "--workers", "2") as server,
        pytest.raises(openai.InternalServerError, match="several processes"),
    ):
        server.client().batches.list()
    assert any("several processes" in line for line in server.log)


def test_a_store_that_cannot_be_used_ends_the_server() -> None:
    """The message names the variable."""
    found = import_error(MOCKBATCH_STATE="redis://127.0.0.1:1/name")
    assert "Invalid value for 'MOCKBATCH_STATE': 'name' is not the number of a database" in found


def test_a_redis_that_is_down_does_not_end_the_server(tmp_path: Path) -> None:
    """A worker of gunicorn that starts meanwhile serves: first 503s, and then all as before."""
    with redis_server(tmp_path) as redis:
        redis.kill()
        with wsgi_server(GUNICORN, "--threads", "4", MOCKBATCH_STATE=redis.url) as server:
            with pytest.raises(openai.InternalServerError, match="cannot be used now"):
                server.client().batches.list()
            redis.start()
            assert server.client().batches.list().data == []
        assert any("no Redis can be used there" in line for line in server.log)


def test_the_variables_of_kubernetes_do_not_matter() -> None:
    """For a service named mockbatch, it sets MOCKBATCH_PORT to a URL."""
    variables = environment({"MOCKBATCH_PORT": "tcp://10.0.0.1:8787", "MOCKBATCH_WORKERS": "4"})
    subprocess.run([sys.executable, "-c", "import mockbatch.wsgi"], env=variables, check=True)


def test_a_bad_variable_ends_the_server() -> None:
    """It does not start the next process, for ever; its log names the variable."""
    with wsgi_server(GUNICORN, MOCKBATCH_CLOCK="sundial") as server:
        assert server.process.wait(STOP_SECONDS) != 0
    assert any("'--clock' (env var: 'MOCKBATCH_CLOCK')" in line for line in server.log)


@pytest.mark.parametrize("name", ["MOCKBATCH_TLS", "MOCKBATCH_READY_FILE"])
def test_what_the_server_does_itself_is_refused(name: str) -> None:
    """An option of `mockbatch serve` that would have no effect is an error."""
    assert f"{name} is for `mockbatch serve`" in import_error(**{name: "1"})
