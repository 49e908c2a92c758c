"""A soak: mixed traffic of many clients with faults on, for a given time.

`python -m tests.benchmarks.soak --minutes 10`. It fails when memory, threads or open files
grow, when a request is left unanswered, when the server prints a traceback, or when a
temporary file is left behind. With `--hostile`, silent connections and a client that sends the
worst bodies it can stand beside them, and no ordinary request may wait long.
"""

import argparse
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from threading import Event, Thread
from typing import Any

import httpx2
import openai

from mockbatch.http_server.server import IDLE_SECONDS
from tests.benchmarks.requests import file

CLIENTS = 16
CHAT: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}
FAULTS: list[dict[str, Any]] = [
    {"status": 500},
    {"status": 429},
    {"delay_ms": 20},
    {"disconnect": "before_headers"},
    {"disconnect": "mid_body"},
    {"disconnect": "reset"},
    {"truncate_bytes": 50},
    {"truncate_bytes": 50, "silent": True},
    {"lose_response": True},
    {"html": 502},
]


class Client:
    """One client with a world of its own, which does one thing after the other."""

    def __init__(self, url: str, number: int) -> None:
        self.random = random.Random(number)
        self.key = f"sk-soak-{number}"
        self.url = url
        self.sdk = openai.OpenAI(
            base_url=f"{url}/v1",
            api_key=self.key,
            max_retries=1,
            http_client=httpx2.Client(verify=False, timeout=30),
        )
        self.batches: list[str] = []
        self.files: list[str] = []
        self.done: Counter[str] = Counter()
        self.unanswered: list[str] = []

    def run(self, is_over: Event) -> None:
        """Go on until it is over."""
        acts = [self.submit, self.submit, self.poll, self.poll, self.poll, self.read, self.read,
                self.advance, self.cancel, self.delete, self.lists, self.live, self.stream,
                self.fault, self.vanish, self.reset]  # fmt: skip
        while not is_over.is_set():
            act = self.random.choice(acts)
            try:
                act()
                self.done[act.__name__] += 1
            except openai.APITimeoutError as error:
                self.unanswered.append(f"{act.__name__}: {error!r}")
            except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
                self.done[type(error).__name__] += 1

    def control(self, path: str, body: Any = None) -> None:
        """Call the control API."""
        headers = {"Authorization": f"Bearer {self.key}"}
        httpx2.post(f"{self.url}/_mock/{path}", json=body or {}, headers=headers, timeout=30)

    def submit(self) -> None:
        """Upload a file, mostly small, and create a batch of it."""
        count = self.random.choice((1, 10, 100, 1000))
        made = self.sdk.files.create(file=("in.jsonl", file(count, 800)), purpose="batch")
        self.files.append(made.id)
        batch = self.sdk.batches.create(
            input_file_id=made.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        self.batches.append(batch.id)

    def poll(self) -> None:
        """Retrieve a batch."""
        if self.batches:
            self.sdk.batches.retrieve(self.random.choice(self.batches))

    def read(self) -> None:
        """Download an output, whole or in part, or give up in its middle."""
        if not self.batches:
            return
        batch = self.sdk.batches.retrieve(self.random.choice(self.batches))
        if batch.output_file_id:
            with self.sdk.files.with_streaming_response.content(batch.output_file_id) as content:
                for number, _ in enumerate(content.iter_bytes(1 << 14)):
                    if number > self.random.choice((0, 3, 1000)):
                        break

    def advance(self) -> None:
        """Let an hour pass."""
        self.control("clock/advance", {"seconds": 3600})

    def cancel(self) -> None:
        """Cancel a batch."""
        if self.batches:
            self.sdk.batches.cancel(self.random.choice(self.batches))

    def delete(self) -> None:
        """Delete a file."""
        if self.files:
            self.sdk.files.delete(self.files.pop())

    def lists(self) -> None:
        """List what there is."""
        self.sdk.batches.list(limit=5)
        self.sdk.files.list(limit=5)

    def live(self) -> None:
        """Ask for a completion."""
        self.sdk.chat.completions.create(**CHAT)

    def stream(self) -> None:
        """Ask for one in pieces, and perhaps not for all of them."""
        with self.sdk.chat.completions.create(**CHAT, stream=True) as pieces:
            for _ in pieces:
                if self.random.random() < 0.05:
                    break

    def fault(self) -> None:
        """Let the next requests meet something."""
        fault = {"match": {"path": "/v1/*"}, "fault": self.random.choice(FAULTS), "times": 2}
        self.control("faults", fault)

    def vanish(self) -> None:
        """Begin an upload and go away in its middle."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        head = f"POST /v1/files HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {self.key}\r\n"
        form = "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 3000000\r\n\r\n"
        part = '--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall((head + form + part).encode() + b"x" * 2_000_000)

    def reset(self) -> None:
        """Begin anew."""
        self.control("reset")
        self.batches, self.files = [], []


def state(pid: int) -> dict[str, int]:
    """Return megabytes, threads and open files of a process."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    links = [
        str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()
    ]
    return {
        "MB": int(status["VmRSS"].split()[0]) // 1024,
        "threads": int(status["Threads"]),
        "files": len(links),
        "temporary": sum("(deleted)" in link for link in links),
    }


def soak(url: str, pid: int, seconds: float) -> tuple[list[dict[str, int]], list[Client]]:
    """Let all clients go on for so long, and look ten times; they are reset before each look."""
    clients = [Client(url, number) for number in range(CLIENTS)]
    looks = []
    for look in range(10):
        is_over = Event()
        threads = [Thread(target=client.run, args=(is_over,)) for client in clients]
        for thread in threads:
            thread.start()
        time.sleep(seconds / 10)
        is_over.set()
        for thread in threads:
            thread.join()
        for client in clients:
            client.reset()
        # For connections that were left; at last, until threads without work have ended.
        time.sleep(2 if look < 9 else 2 + IDLE_SECONDS)
        looks.append(state(pid))
        print(f"{look + 1}: {looks[-1]}", flush=True)
    return looks, clients


def start_hostile(url: str, seconds: float) -> "subprocess.Popen[str]":
    """Start the silent connections and the client that sends the worst bodies."""
    command = [sys.executable, "-m", "tests.benchmarks.hostile", url, str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def faults_of(looks: list[dict[str, int]], clients: list[Client], log: str) -> list[str]:
    """Return what is wrong with what was seen."""
    first, last = looks[2], looks[-1]
    found = [f"unanswered: {text}" for client in clients for text in client.unanswered[:3]]
    if last["MB"] > first["MB"] * 1.2 + 10:
        found.append(f"memory grew from {first['MB']} MB to {last['MB']} MB")
    found += [
        f"{name} grew from {first[name]} to {last[name]}"
        for name in ("threads", "files", "temporary")
        if last[name] > first[name] + CLIENTS
    ]
    if "Traceback" in log:
        found.append("a traceback: " + log[log.index("Traceback") :][:2000])
    return found


def main() -> int:
    """Soak a server of its own, and tell what is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--hostile", action="store_true")
    arguments = parser.parse_args()
    minutes = arguments.minutes
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory() as outside:
        log, ready = Path(outside) / "log", Path(outside) / "ready.json"
        command = [sys.executable, "-m", "mockbatch", "serve", "--port=0", "--clock=manual"]
        with log.open("wb") as written:
            process = subprocess.Popen(
                [*command, "--ready-file", str(ready)],
                stdout=subprocess.DEVNULL,
                stderr=written,
                env={**os.environ, "TMPDIR": scratch},
            )
            while not ready.exists():
                time.sleep(0.01)
            url = json.loads(ready.read_text())["url"]
            hostile = start_hostile(url, minutes * 60) if arguments.hostile else None
            looks, clients = soak(url, process.pid, minutes * 60)
            waits = json.loads(hostile.communicate(timeout=120)[0]) if hostile else {"late": 0}
            process.send_signal(signal.SIGTERM)
            status = process.wait(timeout=10)
        wrong = faults_of(looks, clients, log.read_text())
        if waits["late"]:
            wrong.append(f"ordinary requests waited too long: {waits}")
        if status:
            wrong.append(f"the server ended with status {status}")
        if left := list(Path(scratch).iterdir()):
            wrong.append(f"temporary files are left: {left[:5]}")
    print(waits)
    print(dict(sum((client.done for client in clients), Counter())))
    print("\n".join(wrong) or "nothing is wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
