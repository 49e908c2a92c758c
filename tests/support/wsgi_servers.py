"""Other HTTP servers with `mockbatch.wsgi:app`, each as a process on a free port."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import openai

from mockbatch.client import WorldClient, http_transport
from tests.support.commands import environment

STOP_SECONDS = 60
APP = "mockbatch.wsgi:app"
GUNICORN = ("gunicorn", "--bind", "127.0.0.1:0", "--no-control-socket", APP)


@dataclass
class WsgiServer:
    """A server that listens, with what it has logged so far."""

    process: "subprocess.Popen[str]"
    log: list[str] = field(default_factory=list)
    url: str = ""

    def client(self, key: str = "sk-mockbatch") -> openai.OpenAI:
        """Return an SDK client for it that retries nothing."""
        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key, max_retries=0)

    def world(self, key: str = "sk-mockbatch") -> WorldClient:
        """Return a handle of the world of a key."""
        return WorldClient(self.url, key, http_transport(self.url))

    def keep_log(self) -> None:
        """Read what it logs until it ends."""
        assert self.process.stderr is not None
        self.log.extend(self.process.stderr)


@contextmanager
def wsgi_server(command: Sequence[str], *options: str, **variables: str) -> Iterator[WsgiServer]:
    """Run a server until the end of the block, once it has logged the URL it listens on."""
    program = Path(sys.executable).with_name(command[0])
    with subprocess.Popen(
        [str(program), *command[1:-1], *options, command[-1]],
        env=environment(variables),
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        server = WsgiServer(process)
        try:
            server.url = _read_url(server)
            reader = threading.Thread(target=server.keep_log)
            reader.start()
            yield server
        finally:
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            finally:
                process.kill()
        reader.join()


def _read_url(server: WsgiServer) -> str:
    assert server.process.stderr is not None
    for line in server.process.stderr:
        server.log.append(line)
        if found := re.search(r"(?:Listening at:|Serving on) (http://[0-9.:]+)", line):
            return found[1]
    raise AssertionError(f"it ended without listening: {''.join(server.log)}")
