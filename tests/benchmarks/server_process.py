"""`mockbatch serve` in a process of its own, for what has to be measured from outside."""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx2
import openai

KEY = "sk-benchmark"


class ServerProcess:
    """A server with a manual clock, until the end of the `with` block."""

    def __init__(self, *options: str) -> None:
        self._options = options

    def __enter__(self) -> "ServerProcess":
        self._folder = tempfile.TemporaryDirectory()
        ready = Path(self._folder.name) / "ready.json"
        command = [sys.executable, "-m", "mockbatch", "serve", "--port", "0", "--clock", "manual"]
        self.process = subprocess.Popen(
            [*command, "--ready-file", str(ready), *self._options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": self._folder.name},
        )
        while not ready.exists():
            time.sleep(0.01)
        self.url: str = json.loads(ready.read_text())["url"]
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait()
        self._folder.cleanup()

    def client(self, key: str = KEY) -> openai.OpenAI:
        """Return a client of the SDK, made as mockbatch makes its own."""
        return openai.OpenAI(
            base_url=f"{self.url}/v1",
            api_key=key,
            http_client=httpx2.Client(verify=False, timeout=120),
            max_retries=0,
        )

    def control(self, path: str, body: Any, key: str = KEY) -> Any:
        """Call the control API."""
        headers = {"Authorization": f"Bearer {key}"}
        answer = httpx2.post(f"{self.url}/_mock/{path}", json=body, headers=headers, timeout=120)
        return answer.raise_for_status().json()

    def peak_megabytes(self) -> float:
        """Return the most memory that the server has had."""
        return self._status("VmHWM")

    def megabytes(self) -> float:
        """Return the memory that the server has."""
        return self._status("VmRSS")

    def _status(self, name: str) -> float:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        [line] = [line for line in text.splitlines() if line.startswith(f"{name}:")]
        return int(line.split()[1]) / 1024
