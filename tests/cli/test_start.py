"""What `mockbatch serve` loads by the time it has answered its first request."""

import re
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

import mockbatch
from tests.support.commands import TIMEOUT_SECONDS, environment

# What needs one of these imports it where it needs it.
LATER = (
    "asyncio",
    "httpx",
    "httpx2",
    "jsonschema",
    "mockbatch.cli.contract",
    "mockbatch.cli.survive",
    "mockbatch.cli.validate",
    "mockbatch.client",
    "mockbatch.contract",
    "mockbatch.providers.anthropic",
    "mockbatch.providers.azure",
    "mockbatch.stores",
    "mockbatch.survive",
    "mockbatch.testing",
    "mockbatch.web.portkey.gateway",
    "mockbatch.web.providers.anthropic",
    "mockbatch.web.providers.azure",
    "mockbatch.world.shared",
    "openai",
    "pytest",
    "python_multipart",
    "redis",
    "sqlite3",
    "trustme",
)
# Exceptions, which cannot be a `msgspec.Struct`.
DATACLASSES = {"mockbatch.errors"}
PACKAGE = Path(mockbatch.__file__).parent


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Return the modules that a server has loaded when its first response has come."""
    log = tmp_path_factory.mktemp("start") / "imports"
    # With -v, Python logs each import.
    command = [sys.executable, "-v", "-m", "mockbatch", "serve", "--port", "0"]
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment({})
        ) as process,
    ):
        assert process.stdout
        url = process.stdout.readline().split()[-1]
        with urllib.request.urlopen(f"{url}/_mock/health", timeout=TIMEOUT_SECONDS) as response:
            assert response.status == 200
        process.kill()
    return set(re.findall(r"^import '(\S+)' #", log.read_text(), re.MULTILINE))


def path(module: str) -> Path:
    """Return the file of a module of the package."""
    whole = PACKAGE.parent.joinpath(*module.split("."))
    return whole / "__init__.py" if whole.is_dir() else whole.with_suffix(".py")


def test_the_log_of_imports_is_whole(loaded: set[str]) -> None:
    """It has the first and the last modules that a start loads."""
    assert {"mockbatch.cli.serve", "mockbatch.web.v1.batches"} <= loaded


@pytest.mark.parametrize("name", LATER)
def test_a_start_loads_nothing_that_only_few_need(loaded: set[str], name: str) -> None:
    """Each module costs the start of every server about half a millisecond."""
    assert [one for one in loaded if one == name or one.startswith(f"{name}.")] == []


def test_a_start_makes_no_dataclasses(loaded: set[str]) -> None:
    """Making one takes 0.8 ms, fifty times as long as a `msgspec.Struct`."""
    ours = [module for module in loaded if module.split(".")[0] == "mockbatch"]
    makers = {module for module in ours if "\n@dataclass" in path(module).read_text()}
    assert makers <= DATACLASSES
