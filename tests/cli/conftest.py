"""Fixtures that run `mockbatch`, in this process or in processes of their own."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import openai
import pytest

from mockbatch import cli
from tests.support.commands import TIMEOUT_SECONDS, Completed, Run, environment

CHAT = "/v1/chat/completions"
REQUESTS = Path(__file__).parents[2] / "fixtures" / "requests"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs `mockbatch` in this process, which is faster."""

    def run(*arguments: object, **variables: str) -> Completed:
        monkeypatch.setattr(os, "environ", environment(variables))
        argv = list(map(str, arguments))
        return subprocess.CompletedProcess(argv, cli.main(argv), *capsys.readouterr())

    return run


@dataclass
class Server:
    """A `mockbatch serve` that runs in a process of its own, with what it has printed so far."""

    process: "subprocess.Popen[str]"
    stdout: list[str] = field(default_factory=list)
    stderr: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The URL that it has printed."""
        return self.stdout[0].split()[-1]

    @property
    def address(self) -> tuple[str, int]:
        """The host and port of the URL."""
        return "127.0.0.1", int(self.url.rpartition(":")[2])

    def read_lines(self, count: int) -> None:
        """Read further lines of stdout."""
        assert self.process.stdout is not None
        self.stdout += [self.process.stdout.readline().rstrip("\n") for _ in range(count)]

    def client(self, key: str = "sk-mockbatch") -> openai.OpenAI:
        """Return an SDK client for it."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0)

    def clock(self) -> Any:
        """Return the answer of GET /_mock/clock, called with the key that it has printed."""
        key = self.stdout[2].rpartition("=")[2]
        headers = {"Authorization": f"Bearer {key}"}
        request = urllib.request.Request(f"{self.url}/_mock/clock", headers=headers)
        with urllib.request.urlopen(request) as response:
            return json.load(response)

    def wait_for_log(self, pattern: str) -> re.Match[str]:
        """Wait until a line on stderr matches."""
        end = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < end:
            for line in [*self.stderr]:
                if match := re.fullmatch(pattern, line):
                    return match
            time.sleep(0.01)
        raise AssertionError(f"no line matches {pattern!r}: {self.stderr}")

    def stop(self, by: int = signal.SIGTERM) -> tuple[int, float]:
        """Stop it by a signal; return its exit status, and the seconds that it took."""
        began = time.monotonic()
        self.process.send_signal(by)
        return self.process.wait(TIMEOUT_SECONDS), time.monotonic() - began


Serve = Callable[..., Server]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Return a function that starts a server on a free port; it is stopped with the test."""
    with contextlib.ExitStack() as stack:

        def start(*arguments: object, **variables: str) -> Server:
            process = stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-m", "mockbatch", "serve", *map(str, arguments)],
                    env=environment({"MOCKBATCH_PORT": "0", **variables}),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.kill)
            server = Server(process)
            assert process.stderr is not None
            reader = threading.Thread(target=_read_all, args=(process.stderr, server.stderr))
            reader.start()
            stack.callback(reader.join)
            stack.callback(process.kill)
            server.read_lines(3)
            assert server.stdout[0], server.stderr
            return server

        yield start


def _read_all(stream: IO[str], lines: list[str]) -> None:
    lines.extend(line.rstrip("\n") for line in stream)


def submit(client: openai.OpenAI, count: int | None = None) -> Any:
    """Upload an input file, or its first lines, and create a batch."""
    lines = (REQUESTS / "chat_completions.jsonl").read_bytes().splitlines(keepends=True)
    file = client.files.create(file=("in.jsonl", b"".join(lines[:count])), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=CHAT, completion_window="24h")  # type: ignore[arg-type]
