"""Servers in processes of their own that share one store, and their clients."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

PATIENCE_SECONDS = 120
LINE = (
    b'{"custom_id": "a", "method": "POST", "url": "/v1/chat/completions",'
    b' "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}}\n'
)
BATCH = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
# A server; what comes before is run first, in the same process.
SERVE = """
import sys
from mockbatch.cli import main
main(sys.argv[1:])
"""


class Answer(NamedTuple):
    """A response: its status, its headers and its body."""

    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Process(NamedTuple):
    """A server in a process of its own."""

    process: "subprocess.Popen[str]"
    port: int

    def call(
        self, key: str, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> Answer:
        """Send a request with a key over a connection of its own."""
        data = body if isinstance(body, bytes | None) else json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)
        try:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": kind}
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def get(self, key: str, path: str) -> Any:
        """Return what is there."""
        answer = self.call(key, "GET", path)
        assert answer.status == 200, answer.body
        return answer.json

    def post(self, key: str, path: str, body: Any = None) -> Any:
        """Return the response to a body."""
        answer = self.call(key, "POST", path, {} if body is None else body)
        assert answer.status == 200, answer.body
        return answer.json

    def upload(self, key: str, data: bytes = LINE) -> str:
        """Return the id of a new file."""
        disposition = b"--x\r\nContent-Disposition: form-data; name="
        purpose = disposition + b'"purpose"\r\n\r\nbatch\r\n'
        file = disposition + b'"file"; filename="in.jsonl"\r\n\r\n' + data
        form = "multipart/form-data; boundary=x"
        answer = self.call(key, "POST", "/v1/files", purpose + file + b"\r\n--x--\r\n", form)
        assert answer.status == 200, answer.body
        return str(answer.json["id"])

    def create(self, key: str, file_id: str) -> Answer:
        """Return the response to a request for a new batch."""
        return self.call(key, "POST", "/v1/batches", {**BATCH, "input_file_id": file_id})

    def kill(self) -> None:
        """End it as a crash does, and wait until it is gone."""
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)


@contextmanager
def process_serving(state_url: str, *options: str, before: str = "") -> Iterator[Process]:
    """Start a server on a store, with the code `before` run first in its process."""
    command = [sys.executable, "-c", before + SERVE, "serve", "--port", "0", "--state", state_url]
    with subprocess.Popen(
        [*command, "--clock", "manual", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            # mockbatch is listening on http://127.0.0.1:PORT
            url = process.stdout.readline().split()[-1]
            yield Process(process, int(urlsplit(url).port or 0))
        finally:
            process.kill()


@contextmanager
def processes_serving(count: int, state_url: str, *options: str) -> Iterator[Sequence[Process]]:
    """Start several servers on one store."""
    with ExitStack() as stack:
        yield [stack.enter_context(process_serving(state_url, *options)) for _ in range(count)]
