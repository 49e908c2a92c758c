"""https with a throw-away CA: which clients trust it, and what happens to its files."""

import json
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.request import urlopen

import pytest

from mockbatch.http_server.server import CLIENT_SECONDS
from tests.support.serving import SECONDS, Serving, serving

HEALTH = "/_mock/health"
SDK = """
import openai
client = openai.OpenAI(max_retries=0)
print(client.batches.list().object)
"""
FETCH = """
fetch(process.env.OPENAI_BASE_URL + "/batches", {
  headers: { Authorization: "Bearer " + process.env.OPENAI_API_KEY },
}).then((answer) => answer.json()).then((page) => console.log(page.object));
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Serve https."""
    with serving(tmp_path_factory.mktemp("tls"), "--tls") as server:
        yield server


def run(server: Serving, *command: str) -> str:
    """Run a program in a shell with the printed lines, and return its output."""
    done = subprocess.run(
        command, env=server.environment, capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def connect(server: Serving, stack: ExitStack) -> socket.socket:
    """Open a connection that sends nothing yet."""
    return stack.enter_context(socket.create_connection(("127.0.0.1", server.port), SECONDS))


def status(server: Serving, host: str = "localhost") -> str:
    """Return the status of a health check over https, trusting the CA."""
    trusting = ssl.create_default_context(cafile=server.exports["SSL_CERT_FILE"])
    with urlopen(f"https://{host}:{server.port}{HEALTH}", context=trusting, timeout=10) as answer:
        return str(json.load(answer)["status"])


def read_log(server: Serving, text: str) -> str:
    """Wait until a later request was logged, and return the log up to it."""
    with ssl.create_default_context(cafile=server.exports["SSL_CERT_FILE"]).wrap_socket(
        socket.create_connection(("127.0.0.1", server.port), SECONDS), server_hostname="localhost"
    ) as connection:
        connection.sendall(f"GET /{text} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n".encode())
        connection.recv(1)
    until = time.monotonic() + SECONDS
    while text not in server.logged() and time.monotonic() < until:
        time.sleep(0.01)
    return server.logged()


def test_url_is_https(server: Serving) -> None:
    """So are the ready line and the base URL."""
    assert (server.url[:8], server.exports["OPENAI_BASE_URL"]) == ("https://", f"{server.url}/v1")


def test_three_variables_name_the_ca(server: Serving) -> None:
    """One is for curl, one for Python and one for Node, all with the same file."""
    names = ("CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
    files = {server.exports[name] for name in names}
    assert [Path(file).name for file in files] == ["ca.pem"]


def test_no_key_is_left_in_a_file(server: Serving) -> None:
    """Neither the CA's nor the server's, which a server that is killed could leave behind."""
    folder = Path(server.exports["SSL_CERT_FILE"]).parent
    assert sorted(file.name for file in folder.iterdir()) == ["ca.pem", "server.pem"]


def test_only_the_owner_can_read_the_files(server: Serving) -> None:
    """No other user of the machine can read or change them."""
    folder = Path(server.exports["SSL_CERT_FILE"]).parent
    assert folder.stat().st_mode & 0o077 == 0


def test_sdk_trusts_it(server: Serving) -> None:
    """The SDK needs the printed lines and nothing else."""
    assert run(server, sys.executable, "-c", SDK) == "list"


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_curl_trusts_it(server: Serving) -> None:
    """Curl needs the printed lines and nothing else."""
    assert '"ok"' in run(server, "curl", "--silent", "--show-error", f"{server.url}{HEALTH}")


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_node_trusts_it(server: Serving) -> None:
    """Node's fetch needs the printed lines and nothing else."""
    assert run(server, "node", "-e", FETCH) == "list"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_certificate_covers_the_local_names(server: Serving, host: str) -> None:
    """For any name that a client uses for this machine."""
    assert status(server, host) == "ok"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127/8 by itself")
def test_certificate_covers_the_host_of_the_server(tmp_path: Path) -> None:
    """It includes the address of --host."""
    with serving(tmp_path, "--tls", "--host", "127.0.0.2") as server:
        trusting = ssl.create_default_context(cafile=server.exports["SSL_CERT_FILE"])
        with urlopen(f"{server.url}{HEALTH}", context=trusting, timeout=10) as answer:
            assert answer.status == 200


def test_client_without_the_ca_refuses(server: Serving) -> None:
    """Without the CA file, the certificate is not trusted."""
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        urlopen(f"{server.url}{HEALTH}", context=ssl.create_default_context(), timeout=10)


def test_two_servers_have_different_cas(server: Serving, tmp_path: Path) -> None:
    """Trusting one does not mean trusting another."""
    trusting = ssl.create_default_context(cafile=server.exports["SSL_CERT_FILE"])
    with serving(tmp_path, "--tls") as other, pytest.raises(OSError, match="VERIFY_FAILED"):
        urlopen(f"{other.url}{HEALTH}", context=trusting, timeout=10)


def test_connection_is_kept(server: Serving) -> None:
    """One handshake suffices for several requests."""
    trusting = ssl.create_default_context(cafile=server.exports["SSL_CERT_FILE"])
    with (
        socket.create_connection(("127.0.0.1", server.port), SECONDS) as plain,
        trusting.wrap_socket(plain, server_hostname="localhost") as connection,
        connection.makefile("rb") as answers,
    ):
        for _ in range(3):
            connection.sendall(f"HEAD {HEALTH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            lines = list(iter(answers.readline, b"\r\n"))
            assert lines[0].startswith(b"HTTP/1.1 200 ")


def test_plain_http_is_refused(server: Serving) -> None:
    """An http request to the port gets no response and does not wait."""
    with ExitStack() as stack:
        connection = connect(server, stack)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b" 200 " not in connection.recv(1 << 16)


def test_silent_clients_do_not_block_others(server: Serving) -> None:
    """Others are served while some clients send nothing."""
    with ExitStack() as stack:
        for _ in range(20):
            connect(server, stack)
        assert status(server) == "ok"


def test_half_a_handshake_does_not_block_others(server: Serving) -> None:
    """Others are served while a handshake is incomplete."""
    with ExitStack() as stack:
        connect(server, stack).sendall(b"\x16\x03\x01\x02")
        assert status(server) == "ok"


def test_failed_handshakes_leave_no_traceback(server: Serving) -> None:
    """Clients that use http, do not trust the CA or disconnect leave nothing in the log."""
    with ExitStack() as stack:
        connect(server, stack).sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        connect(server, stack).sendall(b"\x16\x03\x01\x00\x05hello")
        connect(server, stack)
        with pytest.raises(OSError, match="VERIFY"):
            urlopen(f"{server.url}{HEALTH}", context=ssl.create_default_context(), timeout=10)
    assert "Traceback" not in read_log(server, "after-the-handshakes")


def test_files_are_deleted_at_the_end(tmp_path: Path) -> None:
    """A stopped server leaves no files, and its exit status is 0."""
    with serving(tmp_path, "--tls") as server:
        folder = Path(server.exports["SSL_CERT_FILE"]).parent
        assert folder.is_dir()
        assert (server.stop(), folder.exists()) == (0, False)


def test_silent_client_does_not_delay_the_end(tmp_path: Path) -> None:
    """A stop does not wait for its handshake."""
    with serving(tmp_path, "--tls") as server, ExitStack() as stack:
        connect(server, stack)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < SECONDS < CLIENT_SECONDS


def run_failing_server(folder: Path, *options: str) -> "subprocess.CompletedProcess[str]":
    """Run a server that cannot start, with `folder` first on Python's path and for its files."""
    command = [sys.executable, "-m", "mockbatch", "serve", "--tls", *options]
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("PYTHONPATH", str(folder), prepend=":")
        patch.setenv("TMPDIR", str(folder))
        return subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)


def test_missing_extra_is_one_line(tmp_path: Path) -> None:
    """Without trustme, the line says what to install."""
    (tmp_path / "trustme.py").write_text("raise ImportError('No module named trustme')")
    done = run_failing_server(tmp_path, "--port", "0")
    line = "mockbatch: --tls needs an extra: pip install 'mockbatch[tls]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)


def test_taken_port_is_one_line(server: Serving, tmp_path: Path) -> None:
    """The same as without --tls."""
    done = run_failing_server(tmp_path, "--port", str(server.port))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)


def test_taken_port_leaves_no_files(server: Serving, tmp_path: Path) -> None:
    """The files of a server that never listened are deleted."""
    run_failing_server(tmp_path, "--port", str(server.port))
    assert list(tmp_path.iterdir()) == []
