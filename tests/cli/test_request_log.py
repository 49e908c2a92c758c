"""The log of `mockbatch serve`: one line for each request, on stderr."""

import json
import logging
import re
import urllib.error
import urllib.request

import click
import openai
import pytest

from mockbatch.cli import request_log
from tests.cli.conftest import Serve, submit


def test_line_has_simulated_time(serve: Serve) -> None:
    """Then method, path and status."""
    server = serve("--start-time=1713894800", "--clock=manual")
    with server.client() as client:
        client.files.list()
    server.wait_for_log(r"2024-04-23 17:53:20Z GET /v1/files 200 [0-9.]+ ms \(.*\)")


def test_line_without_a_world_has_no_time(serve: Serve) -> None:
    """There is no clock without a world."""
    server = serve()
    with urllib.request.urlopen(f"{server.url}/_mock/health"):
        server.wait_for_log("- GET /_mock/health 200 [0-9.]+ ms")


def test_json_line_has_the_same_fields(serve: Serve) -> None:
    """By name, for programs."""
    server = serve("--log-format=json", "--start-time=1713894800", "--clock=manual")
    with server.client() as client, pytest.raises(openai.NotFoundError):
        client.files.retrieve("file-1")
    line = json.loads(server.wait_for_log(r"\{.*\}")[0])
    assert (line["method"], line["path"], line["status"]) == ("GET", "/v1/files/file-1", 404)
    assert line["now"] == 1_713_894_800
    assert line["duration_ms"] > 0
    assert "file-1" in line["error"]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_path_with_line_ends_is_one_line(serve: Serve, log_format: str) -> None:
    """A client cannot write lines of its own into the log."""
    server = serve("--log-format", log_format)
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(f"{server.url}/v1/%0D%0AGET%20forged")
    raised.value.close()
    server.wait_for_log(".*forged.*404.*")
    server.stop()
    assert len(server.stderr) == 1


def test_an_error_has_its_reason(serve: Serve) -> None:
    """The message of the response, on the line of the request."""
    server = serve()
    with server.client() as client, pytest.raises(openai.NotFoundError):
        client.files.retrieve("file-1")
    server.wait_for_log(
        r".* GET /v1/files/file-1 404 [0-9.]+ ms \(.*\): No such File object: file-1"
    )


def test_a_line_names_its_world_by_a_masked_key(serve: Serve) -> None:
    """Enough to tell worlds apart."""
    server = serve()
    with server.client("sk-secret-of-a-team") as client:
        client.files.list()
    server.wait_for_log(r".* GET /v1/files 200 [0-9.]+ ms \(sk-...am\)")
    assert "secret" not in "".join(server.stderr)


def test_status_changes_come_before_the_request_that_meets_them(serve: Serve) -> None:
    """With their own times, so that the time never goes back."""
    server = serve("--clock=on-poll")
    with server.client() as client:
        batch = submit(client)
        for _ in range(3):
            client.batches.retrieve(batch.id)
    server.wait_for_log(f".* batch.completed {batch.id} .*")
    server.stop()
    shown = [line.split(" ", 3) for line in server.stderr]
    kinds = [words[2] for words in shown]
    assert kinds == [
        *("POST", "batch.validating", "POST"),
        *("batch.in_progress", "GET"),
        *("batch.finalizing", "batch.completed", "GET"),
        "GET",
    ]
    times = [words[:2] for words in shown]
    assert times == sorted(times)


@pytest.mark.slow
def test_a_webhook_attempt_says_why_it_failed(serve: Serve) -> None:
    """With the event and the URL."""
    server = serve("--clock=on-poll", "--webhook-url=http://127.0.0.1:9/hook")
    with server.client() as client:
        batch = submit(client)
        for _ in range(4):
            client.batches.retrieve(batch.id)
    server.wait_for_log(
        r".*Z webhook.failed wh_\w+ batch.completed to http://127.0.0.1:9/hook \(.*\): .*refused.*"
    )


def test_an_advance_with_webhooks_is_logged_in_order_of_time(serve: Serve) -> None:
    """An attempt is logged after the end that it announces, not before the whole advance."""
    server = serve("--clock=manual", "--webhook-url=http://127.0.0.1:9/hook")
    with server.client() as client:
        submit(client)
    advance = urllib.request.Request(
        f"{server.url}/_mock/clock/advance",
        data=b'{"seconds": 3600}',
        headers={"Authorization": f"Bearer {client.api_key}"},
    )
    urllib.request.urlopen(advance).close()
    server.wait_for_log(".*POST /_mock/clock/advance.*")
    server.stop()
    shown = [line.split() for line in server.stderr if re.match(r"\d{4}-", line)]
    kinds = [words[2] for words in shown]
    assert kinds.index("batch.completed") < kinds.index("webhook.failed")
    times = [words[:2] for words in shown]
    assert times == sorted(times)


@pytest.mark.slow
def test_a_secret_in_the_url_of_a_receiver_is_masked(serve: Serve) -> None:
    """The log may be read by others than the receiver's owner."""
    server = serve("--clock=on-poll", "--webhook-url=http://127.0.0.1:9/hook?token=hush&a=1")
    with server.client() as client:
        batch = submit(client)
        for _ in range(4):
            client.batches.retrieve(batch.id)
    line = server.wait_for_log(".*webhook.failed.*")[0]
    assert "http://127.0.0.1:9/hook?token=***&a=1" in line
    assert "hush" not in "".join(server.stderr)


@pytest.mark.slow
def test_json_has_status_changes_and_webhooks(serve: Serve) -> None:
    """As the text has."""
    url = "http://127.0.0.1:9/hook"
    server = serve("--clock=on-poll", "--webhook-url", url, "--log-format=json")
    with server.client() as client:
        batch = submit(client)
        for _ in range(4):
            client.batches.retrieve(batch.id)
    server.wait_for_log(".*webhook.failed.*")
    server.stop()
    lines = [json.loads(line) for line in server.stderr]
    completed = [line for line in lines if line.get("type") == "batch.completed"]
    assert [line["id"] for line in completed] == [batch.id]
    attempts = [line for line in lines if line.get("type") == "webhook.failed"]
    assert {(line["url"], line["event"]) for line in attempts} == {(url, "batch.completed")}
    assert {line["world"] for line in lines} == {completed[0]["world"]}


@pytest.mark.parametrize(
    ("status", "colour"), [(200, None), (404, "yellow"), (500, "red"), (0, "red")]
)
def test_a_terminal_shows_colours(status: int, colour: str | None) -> None:
    """Errors stand out."""
    fields = {"method": "GET", "path": "/v1/files", "status": status, "now": 0, "world": None}
    fields |= {"duration_ms": 1, "fault": None, "error": None}
    record = logging.makeLogRecord({"fields": fields})
    line = f"1970-01-01 00:00:00Z GET /v1/files {status} 1 ms"
    expected = line if colour is None else click.style(line, fg=colour)
    assert request_log._LogFormatter("text", in_colour=True).format(record).removesuffix(
        "\x1b[0m"
    ) == expected.removesuffix("\x1b[0m")
    assert request_log._LogFormatter("text", in_colour=False).format(record) == line
