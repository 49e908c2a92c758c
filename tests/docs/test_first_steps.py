"""The scripts of docs/getting_started.md and docs/ci.md run: in a shell, in Node, on GitHub."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.client_environments import MAY_INSTALL, node_with, require
from tests.support.documents import CI, GETTING_STARTED, README, ROOT
from tests.support.serving import Serving, serving

CURL, DOCKER = GETTING_STARTED.code("bash")
START, SURVIVE = CI.code("bash")
# Survives everything: it prints what it has got, and why it has not got more.
PROGRAM = (ROOT / "docs/examples/survive/answer.py").read_text(encoding="utf-8")


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Serving]:
    """Serve as the page does, on a free port."""
    [line] = GETTING_STARTED.commands("mockbatch")
    options = line.replace("8787", "0").split()[2:]
    with serving(tmp_path, *options) as server:
        yield server


def run_script(script: str, folder: Path, **variables: str) -> str:
    """Run a script in a folder, with `mockbatch` on the path, and return what it prints."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_PROXY": "127.0.0.1", **variables},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_curl_reads_the_error_file(served: Serving, tmp_path: Path) -> None:
    """The batch has expired, and its only line with it."""
    printed = run_script(CURL.replace("http://127.0.0.1:8787", served.url), tmp_path)
    assert printed.startswith("expired\n")
    assert json.loads(printed.splitlines()[-1])["error"]["code"] == "batch_expired"


@pytest.mark.slow
@MAY_INSTALL
def test_node_reads_the_output(served: Serving, tmp_path: Path) -> None:
    """The batch is completed, and its line answered."""
    modules = require(lambda: node_with(ROOT / "docs/examples/node"))
    (tmp_path / "node_modules").symlink_to(modules / "node_modules")
    [program] = GETTING_STARTED.code("js")
    (tmp_path / "batch.mjs").write_text(program, encoding="utf-8")
    status, _, line = run_script("node batch.mjs", tmp_path, **served.exports).partition(" ")
    assert status == "completed"
    assert json.loads(line)["custom_id"] == "a"


@pytest.mark.slow
@MAY_INSTALL
def test_node_moves_time(served: Serving, tmp_path: Path) -> None:
    """As the README has it, without a package."""
    require(lambda: node_with(ROOT / "docs/examples/node"))
    [code] = README.code("js")
    program = code.replace("await", "const response = await", 1) + "console.log(response.status)"
    (tmp_path / "move.mjs").write_text(program.replace("http://127.0.0.1:8787", served.url))
    assert run_script("node move.mjs", tmp_path).strip() == "200"


def test_image_is_built_from_the_root() -> None:
    """Where the Dockerfile is, and with a port for this machine only."""
    build, run = DOCKER.splitlines()
    assert build.split()[-1] == "."
    assert (ROOT / "Dockerfile").exists()
    assert "127.0.0.1:8787:8787" in run.split()


def test_background_server_is_found(tmp_path: Path) -> None:
    """By the variables that it has printed."""
    printed = run_script(f'{START}kill "$!"\n', tmp_path)
    assert printed.startswith("http://127.0.0.1:")


@pytest.mark.slow
def test_verdicts_are_written_and_compared(tmp_path: Path) -> None:
    """Both commands pass for a program that survives; one misfortune stands for all."""
    (tmp_path / "run.py").write_text(PROGRAM, encoding="utf-8")
    script = SURVIVE.replace("survive --", "survive --only all_failed --")
    run_script(script.replace("python ", f"{sys.executable} "), tmp_path)
    assert (tmp_path / "survive.json").exists()
    assert "<testsuite" in (tmp_path / "survive.xml").read_text()


def test_action_and_hook_are_those_of_the_project() -> None:
    """With inputs that the action has, and the id of the hook."""
    workflow, hooks = map(yaml.safe_load, CI.code("yaml"))
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    [step] = [step for step in workflow["steps"] if "/mockbatch@" in step.get("uses", "")]
    assert set(step["with"]) <= set(action["inputs"])
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert [one["id"] for one in hooks["repos"][0]["hooks"]] == [hook["id"]]
