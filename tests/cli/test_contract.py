"""`mockbatch contract`: the table, exit statuses, and servers that cannot be checked."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE
from typing import Any
from xml.etree import ElementTree

import pytest

from mockbatch import cli
from mockbatch.client import WorldClient
from mockbatch.contract import cleanup, steps
from tests.support.commands import run_on_terminal
from tests.support.dripping import dripping

# What a server does with a connection once a request has arrived.
Behaviour = Callable[[socket.socket], None]
HTML = "<!doctype html><title>Welcome</title>"


@contextmanager
def serve(behave: Behaviour) -> Iterator[str]:
    """Listen on a free port, treat each connection in the same way, and yield the URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, suppress(OSError):
                        connection.recv(4096)
                        behave(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def respond(
    status: str, body: str, content_type: str = "application/json", *headers: str
) -> Behaviour:
    """Return a behaviour: send this response."""
    head = [
        f"HTTP/1.1 {status}",
        f"Content-Type: {content_type}",
        f"Content-Length: {len(body)}",
        *headers,
    ]

    def behave(connection: socket.socket) -> None:
        connection.sendall("\r\n".join([*head, "Connection: close", "", body]).encode())

    return behave


def hang(connection: socket.socket) -> None:
    """Send nothing until the client closes the connection."""
    connection.recv(1)


# An endless header, a byte now and then.
drip = dripping(b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x")
# An endless body.
drip_body = dripping(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b" ")


def greet_as_smtp(connection: socket.socket) -> None:
    """Speak another protocol than HTTP."""
    connection.sendall(b"220 mail.example ESMTP\r\n")


# Runs the command; returns its exit status, stdout and stderr.
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run `mockbatch contract` in this process."""

    def run(*arguments: object) -> tuple[int, str, str]:
        status = cli.main(["contract", *map(str, arguments)])
        return status, *capsys.readouterr()

    return run


@pytest.mark.parametrize(
    ("behave", "expected"),
    [
        (hang, "no response within 0.3 seconds"),
        (drip, "no response within 0.3 seconds"),
        (drip_body, "no response within 0.3 seconds"),
        (greet_as_smtp, "the response is not HTTP"),
        (respond("200 OK", HTML, "text/html"), "with a web page instead of JSON"),
        (respond("404 Not Found", HTML, "text/html"), "with a web page instead of JSON"),
        (respond("200 OK", "fine", "text/plain"), "with something instead of JSON"),
        (respond("401 Unauthorized", '{"error": {}}'), "rejects this key; use --key KEY"),
        (respond("404 Not Found", '{"error": {}}'), "the server has no Batch API"),
        (respond("302 Found", "", "text/html", "Location: http://there/v1"), "http://there/v1"),
        (respond("503 Service Unavailable", '{"error": {}}'), "returned 503"),
        (lambda _: None, "the response is not HTTP"),
    ],
)
def test_a_server_that_cannot_be_checked_is_reported_in_one_line(
    run: Run, behave: Behaviour, expected: str
) -> None:
    """The exit status is 2, and there is no traceback."""
    seconds = 0.3 if "within" in expected else 30
    with serve(behave) as url:
        status, stdout, stderr = run(f"{url}/v1", "--timeout", seconds)
    assert (status, stdout) == (2, "")
    assert stderr.startswith("mockbatch: ")
    assert stderr.count("\n") == 1
    assert expected in stderr


def test_nothing_listens_on_the_port(run: Run) -> None:
    """The reason is that of the operating system."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    status, _, stderr = run(f"http://127.0.0.1:{port}/v1")
    assert (status, "Connection refused" in stderr) == (2, True)


def test_https_url_of_a_server_without_tls(run: Run) -> None:
    """The message asks whether the server uses https."""
    with serve(greet_as_smtp) as url:
        status, _, stderr = run(f"{url.replace('http:', 'https:')}/v1")
    assert (status, "TLS failed" in stderr) == (2, True)


def test_unknown_host(run: Run) -> None:
    """The message names the host."""
    status, _, stderr = run("http://no-such-host.invalid/v1")
    assert status == 2
    assert "unknown host no-such-host.invalid" in stderr


def test_url_without_v1(run: Run, mockbatch: WorldClient) -> None:
    """The message gives the right URL."""
    url = mockbatch.base_url.removesuffix("/v1")
    status, _, stderr = run(url, "--key", mockbatch.api_key)
    assert status == 2
    assert f"{url}/v1/batches exists: use the URL with /v1" in stderr


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8787/v1",
        "ftp://127.0.0.1/v1",
        "http://",
        "http://a b/v1",
        "http://h/v1?a=1",
        "http://user@h/v1",
        "http://h:0/v1",
        "http://h:99999/v1",
        "http://[::1/v1",
        "http://ü/v1",
    ],
)
def test_an_invalid_base_url_is_rejected_in_one_line(run: Run, url: str) -> None:
    """Nothing is sent."""
    status, _, stderr = run(url)
    assert (status, stderr.count("\n")) == (2, 1)
    assert "invalid base URL" in stderr


def test_missing_url(run: Run) -> None:
    """The message is click's own."""
    assert run() == (2, "", "mockbatch contract: Missing argument 'URL'.\n")


def test_unknown_group(run: Run) -> None:
    """The message suggests the nearest group."""
    status, _, stderr = run("http://127.0.0.1:1/v1", "--only", "file")
    assert status == 2
    assert "no group 'file'. Did you mean: files." in stderr


def test_a_key_that_no_header_can_contain_is_not_printed(run: Run) -> None:
    """A key with a newline is rejected without being shown."""
    status, _, stderr = run("http://127.0.0.1:1/v1", "--key", "sk-secret\n")
    assert (status, "secret" in stderr) == (2, False)


def test_table(run: Run, mockbatch: WorldClient) -> None:
    """Each case is a row with its outcome and source, and the last row counts the outcomes."""
    status, stdout, stderr = run(
        mockbatch.base_url, "--key", mockbatch.api_key, "--only", "files", "--only", "errors"
    )
    rows = stdout.splitlines()
    assert (status, stderr) == (0, "")
    assert "passed      files/upload                        recorded" in rows
    assert rows[-1] == f"{len(rows) - 1} cases: {len(rows) - 1} passed"


def test_a_breach_is_explained_and_exits_with_1(run: Run, mockbatch: WorldClient) -> None:
    """The row says what must be so, and what the server returned instead."""
    mockbatch.scenario("metadata_empty", times=None)
    status, stdout, _ = run(mockbatch.base_url, "--key", mockbatch.api_key, "--only", "batches")
    [row] = [row for row in stdout.splitlines() if row.startswith("BREACH")]
    assert status == 1
    assert "batches/no_metadata" in row
    assert row.endswith(
        "If the request has no metadata, the batch's metadata is null. "
        "POST /batches: metadata is an object with 0 members, not null"
    )


def test_a_case_that_waits_is_skipped_with_the_reason(run: Run, mockbatch: WorldClient) -> None:
    """The summary says which option would decide it."""
    _, stdout, _ = run(mockbatch.base_url, "--key", mockbatch.api_key, "--only", "cancel")
    [row] = [row for row in stdout.splitlines() if "cancel/half_done" in row]
    assert (row.split()[0], row.endswith("needs --wait")) == ("skipped", True)
    assert "6 skipped: use --wait SECONDS to wait for batches" in stdout


def test_a_batch_that_does_not_move_is_skipped(run: Run, mockbatch: WorldClient) -> None:
    """The wait ends after --wait seconds; nothing moves the clock here."""
    options = ("--key", mockbatch.api_key, "--only", "validation", "--wait", 0.05)
    status, stdout, _ = run(mockbatch.base_url, *options)
    [row] = [row for row in stdout.splitlines() if "validation/failed" in row]
    assert status == 0
    assert "the batch was still validating after 0.05 seconds" in row


def test_junit(run: Run, mockbatch: WorldClient, tmp_path: Path) -> None:
    """A breach is a failure, and skipped cases are skipped."""
    mockbatch.scenario("metadata_empty", times=None)
    file = tmp_path / "contract.xml"
    options = ("--key", mockbatch.api_key, "--only", "batches", "--only", "portkey")
    run(mockbatch.base_url, *options, "--junit", file)
    suite = ElementTree.parse(file).getroot()
    assert suite.get("failures") == "1"
    [failed] = suite.findall("testcase[failure]")
    assert (failed.get("classname"), failed.get("name")) == ("contract.batches", "no_metadata")
    assert "metadata is an object with 0 members" in str(failed[0].get("message"))
    assert len(suite.findall("testcase[skipped]")) == 15


def test_junit_file_that_cannot_be_written(run: Run, tmp_path: Path) -> None:
    """One line names it, before any request is sent."""
    file = tmp_path / "nowhere" / "contract.xml"
    status, _, stderr = run("http://127.0.0.1:1/v1", "--junit", file)
    assert status == 2
    assert str(file) in stderr


def test_junit_of_a_server_that_cannot_be_checked(run: Run, tmp_path: Path) -> None:
    """It has an error with the reason; otherwise the file of an earlier run would stay."""
    file = tmp_path / "contract.xml"
    run("http://127.0.0.1:1/v1", "--junit", file)
    suite = ElementTree.parse(file).getroot()
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    assert "Connection refused" in str(suite[0][0].get("message"))


def test_ctrl_c_deletes_what_was_created(
    run: Run, mockbatch: WorldClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit status is 130."""
    run_steps = steps.CaseRunner.run_steps

    def interrupt(*arguments: Any, **options: Any) -> None:
        run_steps(*arguments, **options)
        raise KeyboardInterrupt

    monkeypatch.setattr(steps.CaseRunner, "run_steps", interrupt)
    status, _, stderr = run(mockbatch.base_url, "--key", mockbatch.api_key, "--only", "cancel")
    assert (status, stderr) == (130, "mockbatch: stopped; deleting what was created\n")
    assert list(mockbatch.client.files.list()) == []


def test_a_run_that_decided_nothing_exits_with_2(run: Run, mockbatch: WorldClient) -> None:
    """A pipeline must not take it for a pass."""
    status, stdout, _ = run(mockbatch.base_url, "--key", mockbatch.api_key, "--only", "portkey")
    assert status == 2
    assert "15 skipped: use --provider openai" in stdout


def test_a_second_ctrl_c_stops_the_cleanup_and_lists_what_remains(
    run: Run, mockbatch: WorldClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a user need not wait for a server that does not respond."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cleanup.CreatedObjects, "clear", interrupt)
    status, _, stderr = run(mockbatch.base_url, "--key", mockbatch.api_key, "--only", "cancel")
    paths = [line.rpartition(" ")[2] for line in stderr.splitlines() if "not deleted" in line]
    [file], [batch] = mockbatch.client.files.list(), mockbatch.client.batches.list()
    assert (status, paths) == (130, [f"/files/{file.id}", f"/batches/{batch.id}"])


def test_a_server_that_stops_responding_ends_the_run(run: Run) -> None:
    """After five requests without a response no more are sent: the run would take hours."""
    responses = iter([respond("200 OK", '{"object": "list", "data": []}')])
    with serve(lambda connection: next(responses, hang)(connection)) as url:
        status, stdout, _ = run(f"{url}/v1", "--timeout", 0.1)
    assert (status, stdout.count("\nBREACH")) == (1, 0)
    assert stdout.startswith("BREACH      preparations/input_file")
    assert "the server has not answered 5 requests" in stdout


def test_escape_sequences_of_a_server_do_not_reach_the_terminal(run: Run) -> None:
    """They are replaced, in the target of a redirect too."""
    redirect = respond("302 Found", "", "text/html", "Location: http://there/\x1b[2J")
    with serve(redirect) as url:
        _, _, stderr = run(f"{url}/v1")
    assert "http://there/\N{REPLACEMENT CHARACTER}[2J" in stderr


def test_a_key_that_a_server_repeats_is_not_printed(run: Run) -> None:
    """The table may be printed where others can read it."""
    key = "sk-of-somebody"
    responses = iter([respond("200 OK", '{"object": "list", "data": []}')])
    error = respond("400 Bad Request", json.dumps({"error": {"message": f"{key} sent that"}}))
    with serve(lambda connection: next(responses, error)(connection)) as url:
        _, stdout, _ = run(f"{url}/v1", "--key", key, "--only", "batches")
    assert "<the key> sent that" in stdout
    assert key not in stdout


def test_a_reader_that_closes_the_pipe_is_no_failure(mockbatch: WorldClient) -> None:
    """As `| head` does: there is no traceback, and what was created is deleted."""
    command = [sys.executable, "-m", "mockbatch", "contract", mockbatch.base_url]
    command += ["--key", mockbatch.api_key, "--only", "batches"]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        _, stderr = process.communicate()
    assert (process.returncode, stderr) == (141, b"")
    assert list(mockbatch.client.files.list()) == []


def test_sigterm_is_treated_like_ctrl_c(mockbatch: WorldClient) -> None:
    """A job that a pipeline stops leaves at most the object that it is creating."""
    command = [sys.executable, "-m", "mockbatch", "contract", mockbatch.base_url]
    command += ["--key", mockbatch.api_key]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.terminate()
        _, stderr = process.communicate()
    assert process.returncode == 130
    assert stderr == b"mockbatch: stopped; deleting what was created\n"
    assert len(list(mockbatch.client.files.list())) <= 1


def test_what_cannot_be_deleted_is_listed(run: Run, mockbatch: WorldClient) -> None:
    """By its path, so that a person can delete it."""
    mockbatch.fault({"method": "DELETE", "path": "/v1/files/*"}, {"status": 503}, times=None)
    options = ("--key", mockbatch.api_key, "--only", "batches")
    _, _, stderr = run(mockbatch.base_url, *options)
    remaining = {file.id for file in mockbatch.client.files.list()}
    assert remaining
    assert set(stderr.splitlines()) == {f"mockbatch: not deleted: /files/{id}" for id in remaining}


def test_rows_are_coloured_on_a_terminal(
    run: Run, mockbatch: WorldClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome is green, red, yellow or grey; elsewhere there are no escape sequences."""
    options = (mockbatch.base_url, "--key", mockbatch.api_key, "--only", "errors")
    _, uncoloured, _ = run(*options)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    _, coloured, _ = run(*options)
    assert "\x1b" not in uncoloured
    assert coloured.startswith("\x1b[32mpassed\x1b[0m ")


def test_cases_can_be_printed_as_a_page(run: Run) -> None:
    """--markdown needs no server."""
    status, stdout, stderr = run("--markdown")
    assert (status, stderr) == (0, "")
    assert stdout.startswith("# ")


def test_a_wait_shows_progress_on_a_terminal(mockbatch: WorldClient) -> None:
    """The status of the batch, in a line that the result replaces."""
    arguments = ("--key", mockbatch.api_key, "--only", "output", "--wait", "0.3")
    shown = run_on_terminal("contract", mockbatch.base_url, *arguments)
    assert "a batch is validating after 0 of at most 0.3 seconds" in shown


@pytest.mark.slow
def test_a_wait_for_a_webhook_shows_progress_on_a_terminal(mockbatch: WorldClient) -> None:
    """As a wait for a batch does."""
    mockbatch.scenario("webhook_lost", times=None)
    arguments = ("--key", mockbatch.api_key, "--only", "webhooks", "--control", "--wait", "0.3")
    shown = run_on_terminal("contract", mockbatch.base_url, *arguments)
    assert "no webhook after 0 of at most 0.3 seconds" in shown
