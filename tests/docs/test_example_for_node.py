"""docs/examples/node runs as a reader runs it, and its tests can fail."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.client_environments import MAY_INSTALL, node_with, require

pytestmark = MAY_INSTALL

EXAMPLE = Path(__file__).parents[2] / "docs/examples/node"
SUITE = (EXAMPLE / "batch.test.mjs").read_text(encoding="utf-8")
# What each test is there to catch: other words in the suite, as if the mock did not keep its own.
CHANGES = {
    "a batch is completed after a day": ("seconds: 24 * 3600", "seconds: 1"),
    "a batch expires with two of five lines done": ('"0.4"', '"0.6"'),
    "the worlds of two keys never meet": ('"sk-yours"', '"sk-mine"'),
}


@pytest.fixture(scope="session")
def modules() -> Path:
    """Return the folder with the packages of the example."""
    return require(lambda: node_with(EXAMPLE))


@pytest.fixture
def folder(tmp_path: Path, modules: Path) -> Path:
    """Return a copy of the example after `npm install`."""
    for name in ("package.json", "mockbatch.mjs", "batch.test.mjs"):
        shutil.copy(EXAMPLE / name, tmp_path)
    (tmp_path / "node_modules").symlink_to(modules / "node_modules")
    return tmp_path


def run(folder: Path, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run the suite, with `mockbatch` on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["node", "--test", "--test-reporter=tap"],
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_PROXY": "127.0.0.1", **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def names(word: str, printed: str) -> set[str]:
    """Return the names of the example's tests that are `ok`, or `not ok`."""
    found = re.findall(rf"^\s*{word} \d+ - (.+)$", printed, re.MULTILINE)
    return set(found) & set(CHANGES)


@pytest.mark.slow
def test_suite_passes(folder: Path) -> None:
    """All that it has."""
    done = run(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert names("ok", done.stdout) == set(CHANGES)
    assert SUITE.count("\ntest(") == len(CHANGES)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGES)
def test_each_test_can_fail(folder: Path, name: str) -> None:
    """That one, and no other."""
    old, new = CHANGES[name]
    assert SUITE.count(old) == 1
    (folder / "batch.test.mjs").write_text(SUITE.replace(old, new), encoding="utf-8")
    done = run(folder)
    assert done.returncode != 0
    assert names("not ok", done.stdout) == {name}


@pytest.mark.slow
def test_missing_command_is_reported(folder: Path) -> None:
    """Whoever has not installed mockbatch waits for nothing, and reads what is missing."""
    done = run(folder, MOCKBATCH="no-such-command")
    assert names("not ok", done.stdout) == set(CHANGES)
    assert "no-such-command does not start: is it installed, and on the path?" in done.stdout
