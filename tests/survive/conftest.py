"""Runners of programs in environments that have nothing but their runtime."""

import os
import shutil
import sys
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockbatch.testing.servers import LocalServer
from tests.support.shimmed import Runner


@pytest.fixture(scope="session")
def server() -> Iterator[LocalServer]:
    """Serve worlds from this process."""
    server = LocalServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python without any package."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, symlinks=sys.platform != "win32")
    return folder / "bin" / "python"


@pytest.fixture
def python(server: LocalServer, bare_python: Path, tmp_path: Path) -> Runner:
    """Return a runner of programs for a Python without any package."""
    return Runner(server, tmp_path, [bare_python, "-c"])


@pytest.fixture
def node(server: LocalServer, tmp_path: Path) -> Runner:
    """Return a runner of modules for Node; on a machine without it the test is skipped."""
    if shutil.which("node") is None and not os.environ.get("CI"):
        pytest.skip("needs node")
    return Runner(server, tmp_path, ["node", "--input-type=module", "-e"])
