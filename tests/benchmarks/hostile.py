"""Connections that stay silent, a client that sends the worst bodies it can, and one that waits.

`python -m tests.benchmarks.hostile URL SECONDS` runs beside the clients of the soak, in a process
of its own. It prints how long an ordinary request had to wait meanwhile, as JSON.
"""

import http.client
import json
import socket
import sys
import time
from contextlib import suppress
from random import Random
from threading import Event, Thread, Timer
from urllib.parse import urlsplit

from tests.fuzz.attacks import large_bodies, schemas, states
from tests.fuzz.target import send

SILENT_CONNECTIONS = 600
#: How long an ordinary request may have to wait.
MAX_WAIT_SECONDS = 0.5
_PAUSE_SECONDS = 0.05
_BODIES = 30


def stay_silent(host: str, port: int, is_over: Event) -> None:
    """Keep connections open, and open others in place of those that the server closes."""
    connections: list[socket.socket] = []
    while not is_over.wait(1):
        for connection in connections:
            connection.setblocking(False)
        connections = [each for each in connections if not _is_closed(each)]
        while len(connections) < SILENT_CONNECTIONS:
            connections.append(socket.create_connection((host, port)))
    for connection in connections:
        connection.close()


def _is_closed(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def send_worst(host: str, port: int, is_over: Event) -> None:
    """Send costly requests, one after the other."""
    random = Random(0)
    attacks = (large_bodies, large_bodies, schemas, states)
    # Built before, as building them takes this process longer than sending them.
    requests = [random.choice(attacks)(random, f"{host}:{port}") for _ in range(_BODIES)]
    while not is_over.is_set():
        with suppress(OSError):
            send(host, port, random.choice(requests))


def measure_waits(host: str, port: int, is_over: Event) -> list[float]:
    """Send an ordinary request again and again, and return how long each took, in seconds."""
    waits = []
    connection = http.client.HTTPConnection(host, port, timeout=60)
    while not is_over.wait(_PAUSE_SECONDS):
        started = time.perf_counter()
        connection.request("GET", "/v1/models/gpt-4o", headers={"Authorization": "Bearer sk-waits"})
        connection.getresponse().read()
        waits.append(time.perf_counter() - started)
    connection.close()
    return waits


def main() -> None:
    """Run for a given time, and print what was measured."""
    address, seconds = urlsplit(sys.argv[1]), float(sys.argv[2])
    host, port, is_over = str(address.hostname), int(address.port or 0), Event()
    threads = [Thread(target=act, args=(host, port, is_over)) for act in (stay_silent, send_worst)]
    for thread in threads:
        thread.start()
    Timer(seconds, is_over.set).start()
    waits = sorted(measure_waits(host, port, is_over))
    for thread in threads:
        thread.join()
    late = sum(wait > MAX_WAIT_SECONDS for wait in waits)
    figures = {"requests": len(waits), "late": late, "longest": round(waits[-1], 3)}
    median, p99 = (round(waits[int(len(waits) * part)], 3) for part in (0.5, 0.99))
    print(json.dumps({**figures, "median": median, "p99": p99}))


if __name__ == "__main__":
    main()
