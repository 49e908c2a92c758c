"""The command `mockbatch serve` as a process, and what it prints for a shell to take."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECONDS = 30  # nothing takes as long as this, unless it hangs


@dataclass
class Serving:
    """A server that listens: its process, its URL, and the variables it printed to export."""

    process: "subprocess.Popen[str]"
    url: str
    exports: dict[str, str]
    log: Path

    @property
    def port(self) -> int:
        """The port of its URL."""
        return int(self.url.rpartition(":")[2])

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a shell that took the lines."""
        return {**os.environ, **self.exports, "NO_PROXY": "localhost,127.0.0.1"}

    def shell(self, script: str) -> str:
        """Run a script in such a shell and return what it prints."""
        done = subprocess.run(
            ["sh", "-c", script],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stop(self) -> int:
        """Stop it and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(SECONDS)

    def logged(self) -> str:
        """Return what it has written to stderr."""
        return self.log.read_text()


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[Serving]:
    """Serve on a free port, from the folder of the project; `folder` is for the log."""
    log = folder / "stderr"
    command = [sys.executable, "-m", "mockbatch", "serve", "--port", "0", *options]
    kept = {name: text for name, text in os.environ.items() if not name.startswith("MOCKBATCH_")}
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            command, cwd=ROOT, env=kept, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        try:
            lines = [
                process.stdout.readline().strip() for _ in range(6 if "--tls" in options else 3)
            ]
            assert lines[0], log.read_text()
            exports = [line.removeprefix("export ").partition("=") for line in lines[1:]]
            url = lines[0].rpartition(" ")[2]
            yield Serving(process, url, {name: value for name, _, value in exports}, log)
        finally:
            process.terminate()  # killed, it would leave its certificates behind
            try:
                process.wait(SECONDS)
            finally:
                process.kill()
