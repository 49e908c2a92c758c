"""Runs programs whose sleeps a shim skips, against a world of their own."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from time import monotonic
from typing import Any

from mockbatch.client.world_client import WorldClient
from mockbatch.survive.shims import ShimLog, read_shim_log, shim_environment
from mockbatch.testing.servers import LocalServer
from tests.support.commands import environment

TIMEOUT_SECONDS = 120  # for a program that is expected to take a second


@dataclass(frozen=True)
class Shimmed:
    """What became of a program."""

    status: int
    stdout: str
    stderr: str
    real_seconds: float
    world_seconds: float  # by which it moved the world's clock
    log: ShimLog

    @property
    def printed(self) -> Any:
        """What it printed, as JSON."""
        assert self.status == 0, self.stderr
        return json.loads(self.stdout)


class Runner:
    """Runs programs in one folder, each against a new world of one server."""

    def __init__(self, server: LocalServer, folder: Path, runtime: Sequence[str | Path]) -> None:
        self.server = server
        self.folder = folder
        self.runtime = runtime

    def world(self, **options: Any) -> WorldClient:
        """Return a new world, whose clock stands still unless a program moves it."""
        return self.server.world(**{"poll_limit": None, **options})

    def run(
        self,
        program: str,
        world: WorldClient | None = None,
        *,
        leap: bool = True,
        url: str = "",
        runtime: Sequence[str | Path] = (),
        **variables: str,
    ) -> Shimmed:
        """Run the text of a program to its end."""
        world = world or self.world()
        log = self.folder / "shim.log"
        log.unlink(missing_ok=True)
        before, began = world.clock.now, monotonic()
        settings = {"OPENAI_BASE_URL": world.base_url, "OPENAI_API_KEY": world.api_key}
        inherited = environment({**settings, "NO_PROXY": "127.0.0.1", **variables})
        done = subprocess.run(
            [*(runtime or self.runtime), dedent(program)],
            env=shim_environment(url or self.server.url, world.api_key, leap, log, inherited),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        return Shimmed(
            done.returncode,
            done.stdout,
            done.stderr,
            monotonic() - began,
            world.clock.now - before,
            read_shim_log(log),
        )
