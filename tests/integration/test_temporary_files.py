"""What a server keeps on disk: nameless files, of which nothing is left when it is not needed."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import openai
import pytest

from mockbatch.http_server.server import CLIENT_SECONDS
from tests.support.serving import SECONDS, Serving, serving

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

KEY = "sk-temporary"
MEGABYTE = 1 << 20
LINE = (
    '{"custom_id": "%d", "method": "POST", "url": "/v1/chat/completions", "body": '
    '{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "%s"}]}}\n'
)
# More than what is kept in memory, as a file and as its output.
INPUT = "".join(LINE % (number, "x" * 500) for number in range(4000)).encode()
HEAD = (
    f"POST /v1/files HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEY}\r\n"
    "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999999\r\n\r\n--b\r\n"
    'Content-Disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n'
)
# A client in a process of its own, which begins an upload and goes no further.
UPLOADER = f"""
import socket, sys, time
connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
connection.sendall({HEAD!r}.encode() + b"x" * {2 * MEGABYTE})
time.sleep({SECONDS})
"""


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """Return the folder for temporary files of the server."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def server(scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serving]:
    """Serve, with a clock that only commands move."""
    monkeypatch.setenv("TMPDIR", str(scratch))
    with serving(tmp_path, "--clock=manual") as server:
        yield server


@pytest.fixture
def files(server: Serving, scratch: Path) -> Callable[[], int]:
    """Return what counts the temporary files that the server has."""

    def count() -> int:
        folder = Path(f"/proc/{server.process.pid}/fd")
        links = [str(link.readlink()) for link in folder.iterdir() if link.is_symlink()]
        return sum(link.startswith(f"{scratch}/") for link in links)

    return count


@pytest.fixture
def client(server: Serving) -> Iterator[openai.OpenAI]:
    """Return a client of the server."""
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key=KEY, max_retries=0) as client:
        yield client


def control(server: Serving, path: str, **body: object) -> None:
    """Call the control API."""
    headers = {"Authorization": f"Bearer {KEY}"}
    httpx2.post(f"{server.url}/_mock/{path}", json=body, headers=headers).raise_for_status()


def run_and_download(server: Serving, client: openai.OpenAI) -> str:
    """Let a batch run, download its output, and return the id of its input."""
    file = client.files.create(file=("in.jsonl", INPUT), purpose="batch").id
    batch = client.batches.create(
        input_file_id=file, endpoint="/v1/chat/completions", completion_window="24h"
    )
    control(server, "clock/advance", seconds=86400)
    output = client.batches.retrieve(batch.id).output_file_id
    assert len(client.files.content(output).content) > MEGABYTE
    return file


def wait_for(count: int, files: Callable[[], int]) -> None:
    """Wait until the server has so many temporary files."""
    until = time.monotonic() + SECONDS
    while files() != count:
        assert time.monotonic() < until, f"{files()} files, not {count}"
        time.sleep(0.01)


def test_a_file_is_kept_for_what_refers_to_it(
    server: Serving, client: openai.OpenAI, files: Callable[[], int]
) -> None:
    """An upload that is deleted stays for its batch, and goes with the world's reset."""
    file = run_and_download(server, client)
    kept = files()
    assert kept >= 2
    client.files.delete(file)
    assert files() == kept
    control(server, "reset")
    wait_for(0, files)


def test_a_file_goes_with_its_deletion(
    server: Serving, client: openai.OpenAI, files: Callable[[], int]
) -> None:
    """An upload that no batch has read is gone when it is deleted."""
    file = client.files.create(file=("in.jsonl", INPUT), purpose="batch").id
    assert files() == 1
    client.files.delete(file)
    wait_for(0, files)


def test_half_an_upload_goes_with_its_client(server: Serving, files: Callable[[], int]) -> None:
    """A client that is killed in the middle of its upload leaves nothing behind."""
    with subprocess.Popen([sys.executable, "-c", UPLOADER, str(server.port)]) as uploader:
        wait_for(1, files)
        uploader.kill()
    wait_for(0, files)


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_outlives_the_server(
    server: Serving,
    client: openai.OpenAI,
    files: Callable[[], int],
    scratch: Path,
    by: signal.Signals,
) -> None:
    """However it ends, even in the middle of an upload: no file ever had a name."""
    run_and_download(server, client)
    before = files()
    with socket.create_connection(("127.0.0.1", server.port)) as upload:
        upload.sendall(HEAD.encode() + b"x" * 2 * MEGABYTE)
        wait_for(before + 1, files)
        assert list(scratch.iterdir()) == []
        server.process.send_signal(by)
        server.process.wait(SECONDS)
    assert list(scratch.iterdir()) == []


def test_a_download_that_is_not_read_takes_no_memory(
    server: Serving, client: openai.OpenAI
) -> None:
    """Clients that stop reading cost one piece each, delay no other, and end with a signal."""
    file = client.files.create(file=("in.jsonl", INPUT * 10), purpose="batch").id
    before = megabytes(server)
    ask = f"GET /v1/files/{file}/content HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEY}\r\n\r\n"
    stuck = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(8)]
    for connection in stuck:
        connection.sendall(ask.encode())
        assert connection.recv(9) == b"HTTP/1.1 "
    time.sleep(0.5)
    client.files.list()
    assert megabytes(server) - before < 20
    begun = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - begun < SECONDS < CLIENT_SECONDS
    for connection in stuck:
        connection.close()


def megabytes(server: Serving) -> float:
    """Return the memory of the server."""
    status = Path(f"/proc/{server.process.pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024
