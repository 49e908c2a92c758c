"""How long 200 MB take from the client to where they stay."""

import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Process
from pathlib import Path
from statistics import median

from tests.benchmarks.measuring import Row
from tests.benchmarks.requests import file
from tests.benchmarks.server_process import KEY, ServerProcess

BYTES = 200 * 1000 * 1000
ROUNDS = 5
BOUNDARY = b"----a-boundary"


def form(path: Path) -> None:
    """Write the form that uploads an input file of this size."""
    part = b'--%b\r\nContent-Disposition: form-data; name="%b"'
    with path.open("wb") as written:
        written.write(part % (BOUNDARY, b"purpose") + b"\r\n\r\nbatch\r\n")
        written.write(part % (BOUNDARY, b"file") + b'; filename="in.jsonl"\r\n\r\n')
        block = file(1000)
        for _ in range(BYTES // len(block)):
            written.write(block)
        written.write(b"\r\n--%b--\r\n" % BOUNDARY)


def send(path: Path, address: tuple[str, int]) -> float:
    """Send a form, and return the seconds until the answer has begun."""
    size = path.stat().st_size
    head = (
        f"POST /v1/files HTTP/1.1\r\nHost: {address[0]}:{address[1]}\r\nConnection: close\r\n"
        f"Authorization: Bearer {KEY}\r\nContent-Length: {size}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}\r\n\r\n"
    )
    begun = time.perf_counter()
    with socket.create_connection(address) as connection, path.open("rb") as form:
        connection.sendall(head.encode())
        connection.sendfile(form)
        answer = connection.recv(100)
    assert answer.startswith(b"HTTP/1.1 200"), answer
    return time.perf_counter() - begun


def copy(listening: socket.socket) -> None:
    """Serve connections by writing what comes to a file, and nothing else."""
    while True:
        connection, _ = listening.accept()
        with connection, tempfile.TemporaryFile() as file:
            head, _, body = connection.recv(1 << 16).partition(b"\r\n\r\n")
            left = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
            while True:
                left -= file.write(body)
                if left <= 0:
                    break
                body = connection.recv(1 << 18)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")


@contextmanager
def copying() -> Iterator[tuple[str, int]]:
    """Run the floor in a process of its own, as the server does."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        process = Process(target=copy, args=(listening,), daemon=True)
        process.start()
        yield listening.getsockname()
        process.kill()
        process.join()


def measure() -> list[Row]:
    """Return the row of one upload."""
    with tempfile.TemporaryDirectory() as folder, ServerProcess() as server, copying() as floor:
        path = Path(folder) / "form"
        form(path)
        host, _, port = server.url.removeprefix("http://").partition(":")
        ours = (host, int(port))
        found = [(send(path, floor), send(path, ours)) for _ in range(ROUNDS)]
        least, measured = (median(seconds) for seconds in zip(*found, strict=True))
    what = "an upload of 200 MB (wall), floor: from the socket to a file"
    return [Row(what, "s", measured, least, 2, 1.3)]
