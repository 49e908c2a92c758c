"""Whether anybody waits for clients that are delayed, or stuck half-way through a body."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

from tests.benchmarks.measuring import Row
from tests.benchmarks.server_process import KEY, ServerProcess

DELAYED, STUCK = 64, 20


def measure() -> list[Row]:
    """Return the longest that another client's GET takes meanwhile."""
    with ServerProcess() as server:
        server.control(
            "faults",
            {"match": {"path": "/v1/batches"}, "fault": {"delay_ms": 1000}, "times": None},
        )
        host, _, port = server.url.removeprefix("http://").partition(":")
        head = (
            f"POST /v1/files HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {KEY}\r\n"
            "Content-Length: 1000000\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n--x"
        )
        stuck = [socket.create_connection((host, int(port))) for _ in range(STUCK)]
        for one in stuck:
            one.sendall(head.encode())
        clients = [server.client() for _ in range(DELAYED)]
        other = server.client("sk-other")
        other.files.list()
        with ThreadPoolExecutor(DELAYED) as threads:
            begun = time.perf_counter()
            delayed = [threads.submit(one.batches.list) for one in clients]
            longest = 0.0
            while time.perf_counter() - begun < 0.9:
                sent_at = time.perf_counter()
                other.files.list()
                longest = max(longest, time.perf_counter() - sent_at)
            for answer in delayed:
                answer.result()
            total = time.perf_counter() - begun
        for one in stuck:
            one.close()
    return [
        Row(f"{DELAYED} requests delayed by 1 s each, all (wall)", "s", total, goal=2),
        Row(f"the longest GET of another client beside them and {STUCK} stuck uploads (wall)",
            "ms", longest * 1000, goal=200),
    ]  # fmt: skip
