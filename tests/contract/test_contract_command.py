"""`mockbatch contract` as a person calls it: tables, exit statuses, and what it cannot ask."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import PIPE
from xml.etree import ElementTree

import pytest

from mockbatch import cli
from mockbatch.client import WorldClient
from mockbatch.contract import cleanup, steps
from tests.support.dripping import dripping

# What a server does with a connection on which a request has come.
Does = Callable[[socket.socket], None]
HTML = "<!doctype html><title>Welcome</title>"


@contextmanager
def server(does: Does) -> Iterator[str]:
    """Listen on a free port, do one thing with each connection, and yield the URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, suppress(OSError):
                        connection.recv(4096)
                        does(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def answer(status: str, body: str, kind: str = "application/json", *headers: str) -> Does:
    """Answer with this."""
    head = [f"HTTP/1.1 {status}", f"Content-Type: {kind}", f"Content-Length: {len(body)}", *headers]

    def does(connection: socket.socket) -> None:
        connection.sendall("\r\n".join([*head, "Connection: close", "", body]).encode())

    return does


def hang(connection: socket.socket) -> None:
    """Say nothing until the client has gone."""
    connection.recv(1)


# A header without end, a byte now and then.
drip = dripping(b"HTTP/1.1 200 OK\r\nX-Drip: ", b"x")
# A body that ends with the connection.
drip_body = dripping(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b" ")


def mumble(connection: socket.socket) -> None:
    """Speak another protocol."""
    connection.sendall(b"220 mail.example ESMTP\r\n")


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command, and return its exit status, what it printed, and what it complained of."""

    def run(*arguments: object) -> tuple[int, str, str]:
        try:
            status = cli.main(["contract", *map(str, arguments)])
        except SystemExit as end:
            status = int(end.code or 0)
        return status, *capsys.readouterr()

    return run


Said = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize(
    ("does", "words"),
    [
        (hang, "no answer within 0.3 seconds"),
        (drip, "no answer within 0.3 seconds"),
        (drip_body, "no answer within 0.3 seconds"),
        (mumble, "what comes back is not HTTP"),
        (answer("200 OK", HTML, "text/html"), "with a page for people that is not JSON"),
        (answer("404 Not Found", HTML, "text/html"), "with a page for people that is not JSON"),
        (answer("200 OK", "fine", "text/plain"), "with something that is not JSON"),
        (answer("401 Unauthorized", '{"error": {}}'), "refuses this key; give --key KEY"),
        (answer("404 Not Found", '{"error": {}}'), "the server has no batches"),
        (answer("302 Found", "", "text/html", "Location: http://there/v1"), "http://there/v1"),
        (answer("503 Service Unavailable", '{"error": {}}'), "answers 503"),
        (lambda _: None, "what comes back is not HTTP"),
    ],
)
def test_server_that_cannot_be_asked_is_told_in_a_line(said: Said, does: Does, words: str) -> None:
    """With exit status 2, and never a traceback."""
    seconds = 0.3 if "within" in words else 30
    with server(does) as url:
        status, printed, complaint = said(f"{url}/v1", "--timeout", seconds)
    assert (status, printed) == (2, "")
    assert complaint.startswith("mockbatch: ")
    assert complaint.count("\n") == 1
    assert words in complaint


def test_port_where_nobody_listens(said: Said) -> None:
    """A server that has not been started."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    status, _, complaint = said(f"http://127.0.0.1:{port}/v1")
    assert (status, "Connection refused" in complaint) == (2, True)


def test_https_where_there_is_none(said: Said) -> None:
    """A letter too many."""
    with server(mumble) as url:
        status, _, complaint = said(f"{url.replace('http:', 'https:')}/v1")
    assert (status, "TLS fails" in complaint) == (2, True)


def test_host_that_there_is_not(said: Said) -> None:
    """A name that nobody has."""
    status, _, complaint = said("http://no-such-host.invalid/v1")
    assert status == 2
    assert "no host is called no-such-host.invalid" in complaint


def test_url_without_v1(said: Said, mockbatch: WorldClient) -> None:
    """The URL that would be right is told."""
    url = mockbatch.base_url.removesuffix("/v1")
    status, _, complaint = said(url, "--key", mockbatch.api_key)
    assert status == 2
    assert f"{url}/v1/batches is there: give the URL with /v1" in complaint


@pytest.mark.parametrize(
    "url",
    [
        *("127.0.0.1:8787/v1", "ftp://127.0.0.1/v1", "http://", "http://a b/v1", "http://h/v1?a=1"),
        *(
            "http://user@h/v1",
            "http://h:0/v1",
            "http://h:99999/v1",
            "http://[::1/v1",
            "http://ü/v1",
        ),
    ],
)
def test_what_is_no_base_url_is_told(said: Said, url: str) -> None:
    """In a line, before anything is sent."""
    status, _, complaint = said(url)
    assert (status, complaint.count("\n")) == (2, 1)


def test_no_url(said: Said) -> None:
    """The command needs one."""
    assert said() == (2, "", "mockbatch: contract needs the base URL of a server\n")


def test_unknown_group(said: Said) -> None:
    """The group that was meant is told."""
    status, _, complaint = said("http://127.0.0.1:1/v1", "--only", "file")
    assert status == 2
    assert "there is no group 'file'. Near it: files." in complaint


def test_key_that_no_header_can_hold_is_not_shown(said: Said) -> None:
    """A key with a newline is refused without being printed."""
    status, _, complaint = said("http://127.0.0.1:1/v1", "--key", "sk-secret\n")
    assert (status, "secret" in complaint) == (2, False)


def test_table(said: Said, mockbatch: WorldClient) -> None:
    """A row for each case, with its outcome and its source, and how many came out how."""
    status, printed, complaint = said(
        mockbatch.base_url, "--key", mockbatch.api_key, "--only", "files", "--only", "errors"
    )
    rows = printed.splitlines()
    assert (status, complaint) == (0, "")
    assert "passed      files/upload                        recorded" in rows
    assert rows[-1] == f"{len(rows) - 1} cases: {len(rows) - 1} passed"


def test_breach_is_told_and_is_1(said: Said, mockbatch: WorldClient) -> None:
    """What must be so, and what is."""
    mockbatch.scenario("metadata_empty", times=None)
    status, printed, _ = said(mockbatch.base_url, "--key", mockbatch.api_key, "--only", "batches")
    [row] = [row for row in printed.splitlines() if row.startswith("BREACH")]
    assert status == 1
    assert "batches/no_metadata" in row
    assert row.endswith(
        "Without metadata, a batch has null. POST /batches: metadata is {}, not None"
    )


def test_what_needs_time_is_skipped_with_the_reason(said: Said, mockbatch: WorldClient) -> None:
    """And the end says what would decide it."""
    _, printed, _ = said(mockbatch.base_url, "--key", mockbatch.api_key, "--only", "cancel")
    [row] = [row for row in printed.splitlines() if "cancel/half_done" in row]
    assert (row.split()[0], row.endswith("needs --wait")) == ("skipped", True)
    assert "6 skipped: give --wait SECONDS, how long a batch may take" in printed


def test_batch_that_gets_nowhere_is_skipped(said: Said, mockbatch: WorldClient) -> None:
    """After the time that was given; here nobody moves the clock."""
    options = ("--key", mockbatch.api_key, "--only", "validation", "--wait", 0.05)
    status, printed, _ = said(mockbatch.base_url, *options)
    [row] = [row for row in printed.splitlines() if "validation/failed" in row]
    assert status == 0
    assert "the batch was still validating after 0.05 seconds" in row


def test_junit(said: Said, mockbatch: WorldClient, tmp_path: Path) -> None:
    """What a continuous integration reads."""
    mockbatch.scenario("metadata_empty", times=None)
    file = tmp_path / "contract.xml"
    options = ("--key", mockbatch.api_key, "--only", "batches", "--only", "portkey")
    said(mockbatch.base_url, *options, "--junit", file)
    suite = ElementTree.parse(file).getroot()
    assert suite.get("failures") == "1"
    [failed] = suite.findall("testcase[failure]")
    assert (failed.get("classname"), failed.get("name")) == ("contract.batches", "no_metadata")
    assert "metadata is {}" in str(failed[0].get("message"))
    assert len(suite.findall("testcase[skipped]")) == 15


def test_junit_file_that_cannot_be_written(said: Said, tmp_path: Path) -> None:
    """A line that names it, before anything is asked."""
    file = tmp_path / "nowhere" / "contract.xml"
    status, _, complaint = said("http://127.0.0.1:1/v1", "--junit", file)
    assert status == 2
    assert str(file) in complaint


def test_junit_of_a_server_that_cannot_be_asked(said: Said, tmp_path: Path) -> None:
    """An error with the reason: the file of an earlier run would say that all is well."""
    file = tmp_path / "contract.xml"
    said("http://127.0.0.1:1/v1", "--junit", file)
    suite = ElementTree.parse(file).getroot()
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    assert "Connection refused" in str(suite[0][0].get("message"))


def test_ctrl_c_cleans_up(
    said: Said, mockbatch: WorldClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit status 130, and what the case had made is gone."""
    create = steps.CaseRunner.run_steps

    def interrupted(*arguments: object, **options: object) -> None:
        create(*arguments, **options)  # type: ignore[arg-type]
        raise KeyboardInterrupt

    monkeypatch.setattr(steps.CaseRunner, "run_steps", interrupted)
    status, _, complaint = said(mockbatch.base_url, "--key", mockbatch.api_key, "--only", "cancel")
    assert (status, complaint) == (130, "mockbatch: stopped; taking away what was made\n")
    assert list(mockbatch.client.files.list()) == []


def test_nothing_decided_is_2(said: Said, mockbatch: WorldClient) -> None:
    """A pipeline must not take it for a pass."""
    status, printed, _ = said(mockbatch.base_url, "--key", mockbatch.api_key, "--only", "portkey")
    assert status == 2
    assert "15 skipped: give --provider openai" in printed


def test_second_ctrl_c_leaves_things_and_tells_which(
    said: Said, mockbatch: WorldClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to wait for a server that does not answer."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cleanup.CreatedObjects, "clear", interrupted)
    status, _, complaint = said(mockbatch.base_url, "--key", mockbatch.api_key, "--only", "cancel")
    paths = [line.rpartition(" ")[2] for line in complaint.splitlines() if "left behind" in line]
    [file], [batch] = mockbatch.client.files.list(), mockbatch.client.batches.list()
    assert (status, paths) == (130, [f"/files/{file.id}", f"/batches/{batch.id}"])


def test_server_that_dies_ends_the_run(said: Said) -> None:
    """After a few requests without an answer nothing is asked any more: hours would pass."""
    answers = iter([answer("200 OK", '{"object": "list", "data": []}')])
    with server(lambda connection: next(answers, hang)(connection)) as url:
        status, printed, _ = said(f"{url}/v1", "--timeout", 0.1)
    assert (status, printed.count("\nBREACH")) == (1, 4)
    assert printed.startswith("BREACH")
    assert "the server has left 5 requests unanswered" in printed


def test_what_a_server_says_moves_no_cursor(said: Said) -> None:
    """Its escapes do not reach the terminal."""
    redirect = answer("302 Found", "", "text/html", "Location: http://there/\x1b[2J")
    with server(redirect) as url:
        _, _, complaint = said(f"{url}/v1")
    assert "http://there/\N{REPLACEMENT CHARACTER}[2J" in complaint


def test_key_that_a_server_repeats_is_not_shown(said: Said) -> None:
    """The table is printed where others can read it."""
    key = "sk-of-somebody"
    answers = iter([answer("200 OK", '{"object": "list", "data": []}')])
    refusal = answer("400 Bad Request", json.dumps({"error": {"message": f"{key} sent that"}}))
    with server(lambda connection: next(answers, refusal)(connection)) as url:
        _, printed, _ = said(f"{url}/v1", "--key", key, "--only", "batches")
    assert "<the key> sent that" in printed
    assert key not in printed


def test_reader_that_has_enough_is_no_failure(mockbatch: WorldClient) -> None:
    """As `| head` has after some rows: no traceback, and what was made is gone."""
    command = [sys.executable, "-m", "mockbatch", "contract", mockbatch.base_url]
    command += ["--key", mockbatch.api_key, "--only", "batches"]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        _, complaint = process.communicate()
    assert (process.returncode, complaint) == (141, b"")
    assert list(mockbatch.client.files.list()) == []


def test_sigterm_is_ctrl_c(mockbatch: WorldClient) -> None:
    """A job that a pipeline ends leaves no more behind than what it is just asking for."""
    command = [sys.executable, "-m", "mockbatch", "contract", mockbatch.base_url]
    command += ["--key", mockbatch.api_key]
    with subprocess.Popen(command, stdout=PIPE, stderr=PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.terminate()
        _, complaint = process.communicate()
    assert process.returncode == 130
    assert complaint == b"mockbatch: stopped; taking away what was made\n"
    assert len(list(mockbatch.client.files.list())) <= 1


def test_what_cannot_be_deleted_is_told(said: Said, mockbatch: WorldClient) -> None:
    """By its path, so that somebody can do it by hand."""
    mockbatch.fault({"method": "DELETE", "path": "/v1/files/*"}, {"status": 503}, times=None)
    options = ("--key", mockbatch.api_key, "--only", "batches")
    _, _, complaint = said(mockbatch.base_url, *options)
    left = {file.id for file in mockbatch.client.files.list()}
    assert left
    assert complaint.splitlines() == [f"mockbatch: left behind: /files/{id}" for id in left] or (
        {line.rpartition("/")[2] for line in complaint.splitlines()} == left
    )
