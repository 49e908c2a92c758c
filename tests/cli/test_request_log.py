"""The log of `mockbatch serve`: one line for each request, on stderr."""

import json
import urllib.error
import urllib.request

import openai
import pytest

from tests.cli.conftest import Serve


def test_line_has_simulated_time(serve: Serve) -> None:
    """Then method, path and status."""
    server = serve("--start-time=1713894800", "--clock=manual")
    with server.client() as client:
        client.files.list()
    server.wait_for_log("2024-04-23 17:53:20Z GET /v1/files 200")


def test_line_without_a_world_has_no_time(serve: Serve) -> None:
    """There is no clock without a world."""
    server = serve()
    with urllib.request.urlopen(f"{server.url}/_mock/health"):
        server.wait_for_log("- GET /_mock/health 200")


def test_json_line_has_the_same_fields(serve: Serve) -> None:
    """By name, for programs."""
    server = serve("--log-format=json", "--start-time=1713894800", "--clock=manual")
    with server.client() as client, pytest.raises(openai.NotFoundError):
        client.files.retrieve("file-1")
    line = json.loads(server.wait_for_log(r"\{.*\}")[0])
    assert (line["method"], line["path"], line["status"]) == ("GET", "/v1/files/file-1", 404)
    assert line["now"] == 1_713_894_800


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
