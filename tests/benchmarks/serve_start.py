"""How long `mockbatch serve` takes to its first 200, beside a Flask of one line.

Both compiled, as pip installs them: the round that is not counted compiles what is not.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from urllib.error import URLError

from tests.benchmarks.measuring import Row, by_turns, wall

ROUNDS = 11
HELLO = """
import sys
from cheroot.wsgi import Server
from flask import Flask

app = Flask(__name__)
app.add_url_rule("/_mock/health", view_func=lambda: "hello")
Server(("127.0.0.1", int(sys.argv[1])), app).safe_start()
"""


def free_port() -> int:
    """Return a port without a listener."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def answers(url: str) -> bool:
    """Return whether a server is there."""
    try:
        with urllib.request.urlopen(url):
            return True
    except URLError:
        return False


def first_200(command: list[str], compiled: str) -> None:
    """Start a server that gets its port as the last argument, wait for an answer, stop it.

    `compiled` is a folder for compiled modules.
    """
    port = free_port()
    process = subprocess.Popen(
        [*command, str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": compiled},
    )
    try:
        while not answers(f"http://127.0.0.1:{port}/_mock/health"):
            time.sleep(0.002)
    finally:
        process.kill()
        process.wait()


def measure() -> list[Row]:
    """Return the row of one start."""
    with tempfile.TemporaryDirectory() as compiled:
        floor, measured = by_turns(
            ROUNDS,
            lambda: first_200([sys.executable, "-c", HELLO], compiled),
            lambda: first_200([sys.executable, "-m", "mockbatch", "serve", "--port"], compiled),
            timer=wall,
        )
    what = "mockbatch serve to its first 200 (wall)"
    return [Row(what, "ms", measured * 1000, floor * 1000, 1.6, 1.3)]
