"""The memory of a served process."""

import gc
import json
import subprocess
import sys
import threading
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from mockbatch.cli.memory import postpone_collection
from tests.support.bodies import CHAT
from tests.support.serving import SECONDS, serving

CLIENTS, MAX_GROWTH_MEGABYTES = 16, 100


def send_long_messages(url: str, client: int) -> None:
    """Send a few requests of 1 to 9 MB, each of another length."""
    for number in range(4):
        length = 200_000 * (1 + (client * 7 + number * 3) % 16)
        message = {"role": "user", "content": "é" * length + "a" * length}
        body = {"model": "without-limits", "messages": [message]}
        data = json.dumps(body, ensure_ascii=False).encode()
        headers = {"Authorization": "Bearer sk-memory"}
        with urlopen(Request(url + CHAT, data, headers), timeout=10 * SECONDS) as response:
            response.read()


@pytest.mark.slow
@pytest.mark.skipif("sys.platform != 'linux'", reason="memory is read from /proc")
def test_memory_that_was_freed_is_returned(tmp_path: Path) -> None:
    """After many long bodies at once, a server has hardly more memory than before."""
    with serving(tmp_path) as server:
        send_long_messages(server.url, 0)
        before = read_megabytes(server.process.pid)
        clients = [
            threading.Thread(target=send_long_messages, args=(server.url, client))
            for client in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
        assert read_megabytes(server.process.pid) - before < MAX_GROWTH_MEGABYTES


# The last block is in use, and those below it are free.
FRAGMENTED = """
from mockbatch.cli import memory
from tests.cli.test_memory import read_megabytes
import os, threading
memory._TRIM_SECONDS = 0.05
blocks = [b"x" * 100_000 for _ in range(2000)]
last = blocks[-1]
del blocks
kept = read_megabytes(os.getpid())
memory.return_freed_memory()
for _ in range(200):
    threading.Event().wait(0.05)
    if (freed := kept - read_megabytes(os.getpid())) > 150:
        break
print(freed)
"""


@pytest.mark.skipif("platform.libc_ver()[0] != 'glibc'", reason="others return it by themselves")
def test_freed_blocks_below_one_in_use_are_returned() -> None:
    """A large body left 45 MB of them for good."""
    run = subprocess.run([sys.executable, "-c", FRAGMENTED], capture_output=True, check=True)
    assert float(run.stdout) > 150, run.stdout


def read_megabytes(process: int) -> float:
    """Return the memory that a process has."""
    status = Path(f"/proc/{process}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmRSS:")]
    return int(line.split()[1]) / 1024


def test_a_start_looks_for_no_garbage() -> None:
    """Nor does anything look later at what it has made; other garbage is collected again."""
    gc.unfreeze()  # tests/conftest.py has frozen what was there before
    with postpone_collection():
        assert not gc.isenabled()
    assert gc.isenabled()
    assert gc.get_freeze_count() > 10_000


def test_a_start_that_fails_leaves_the_collector_on() -> None:
    """A program that calls it goes on."""
    with pytest.raises(ValueError, match="no"), postpone_collection():
        raise ValueError("no")
    assert gc.isenabled()
