"""docs/examples/testcontainers runs, with a process in place of the container.

Neither Docker nor the package `testcontainers` is needed: what stands in for it here has just the
calls that the example makes. Whether the package has them too is seen where there is Docker, in
the job `containers` of continuous integration.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.plugin_runs import QUICK

ROOT = Path(__file__).parents[2]
SUITE = (ROOT / "docs/examples/testcontainers/test_in_container.py").read_text(encoding="utf-8")
STAND_IN = """
import os, subprocess, sys, time, urllib.request


class DockerContainer:
    def __init__(self, image):
        assert image == "mockbatch"
        self.variables = {}

    def with_exposed_ports(self, port):
        assert port == 8787
        return self

    def with_env(self, name, text):
        self.variables[name] = text
        return self

    def waiting_for(self, strategy):
        self.strategy = strategy
        return self

    def __enter__(self):
        command = [sys.executable, "-m", "mockbatch", "serve", "--port", "0"]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.port = int(self.process.stdout.readline().rpartition(":")[2])
        with urllib.request.urlopen(f"http://localhost:{self.port}{self.strategy.path}") as answer:
            assert answer.status == 200
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def get_container_host_ip(self):
        return "localhost"  # as the package has it

    def get_exposed_port(self, port):
        return self.port


class HttpWaitStrategy:
    def __init__(self, port, path):
        self.path = path
"""
CHANGES = {
    "test_a_batch_is_completed": ('status="completed"', 'status="in_progress"'),
    "test_a_batch_expires_half_done": ('"0.4"', '"0.6"'),
}


def run(folder: Path, suite: str) -> "subprocess.CompletedProcess[str]":
    """Run a suite beside the stand-in."""
    core = folder / "testcontainers" / "core"
    core.mkdir(parents=True)
    for name in ("container", "wait_strategies"):
        (core / f"{name}.py").write_text(STAND_IN, encoding="utf-8")
    (folder / "test_in_container.py").write_text(suite, encoding="utf-8")
    proxies = {"NO_PROXY": "localhost", "no_proxy": "localhost"}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *QUICK, "-rf", "-W", "error"],
        cwd=folder,
        env={**os.environ, **proxies, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.mark.slow
def test_suite_passes(tmp_path: Path) -> None:
    """All that it has."""
    done = run(tmp_path, SUITE)
    assert done.returncode == 0, done.stdout
    assert f"{len(CHANGES)} passed in" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_each_test_can_fail(tmp_path: Path, name: str) -> None:
    """That one, and no other."""
    old, new = CHANGES[name]
    assert SUITE.count(old) == 1
    done = run(tmp_path, SUITE.replace(old, new))
    assert re.findall(r"^FAILED \S+::(\w+)", done.stdout, re.MULTILINE) == [name]
