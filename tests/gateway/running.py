"""The real gateway: a program for Node, installed once and run on loopback."""

import os
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

HERE = Path(__file__).parent
OPENAI = "https://api.openai.com"
START_SECONDS = 60


@contextmanager
def running_gateway(
    modules: Path, upstream: str, scratch: Path, origins: Iterable[str] = (OPENAI,)
) -> Iterator[str]:
    """Run the gateway and yield its URL; it takes `upstream` for the servers at `origins`."""
    port_file = scratch / "port"
    settings = {"MOCKBATCH_URL": upstream, "MOCKBATCH_ORIGINS": ",".join(origins)}
    start = modules / "node_modules/@portkey-ai/gateway/build/start-server.js"
    command: list[str | Path] = [
        "node",
        "--require",
        HERE / "preload.js",
        start,
        "--port=0",
        "--headless",
    ]
    with (
        (scratch / "gateway.log").open("wb") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **settings, "MOCKBATCH_PORT_FILE": str(port_file)},
        ) as process,
    ):
        try:
            yield f"http://127.0.0.1:{_port(process, port_file)}"
        finally:
            process.kill()


def _port(process: "subprocess.Popen[bytes]", file: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while not file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            log = file.with_name("gateway.log").read_text(errors="replace")
            pytest.fail(f"the gateway did not start: {log}", pytrace=False)
        time.sleep(0.02)
    return int(file.read_text())
