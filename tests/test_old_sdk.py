"""The same program with the SDK of today and with the one of yesterday."""

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from mockbatch.handle import Handle

ROOT = Path(__file__).parents[1]
PROGRAM = ROOT / "tests" / "clients" / "lifecycle.py"
OLD = "openai>=1.50,<2"


@pytest.fixture(scope="session")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment with openai 1.x, which is made once."""
    kept = ROOT / ".venv"
    folder = kept / "clients" if kept.is_dir() else tmp_path_factory.mktemp("clients")
    home = folder / "openai-1"
    if not home.exists():
        # Made aside and moved: a run that is broken off, or one beside it, leaves no half.
        made = folder / f"openai-1.{os.getpid()}"
        install(made)
        if not home.exists():
            made.rename(home)
    return home / "bin" / "python"


def install(home: Path) -> None:
    """Make an environment; when it cannot be filled, that is an error only where CI says so."""
    venv.create(home, clear=True, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
    done = subprocess.run(
        [*pip, "install", "--quiet", "--disable-pip-version-check", OLD],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        reason = f"pip cannot install {OLD}: {last}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def run(python: Path | str, mock: Handle) -> subprocess.CompletedProcess[str]:
    """Run the program against a world, with nothing of this environment but its variables."""
    proxies = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    mine = {"OPENAI_BASE_URL": mock.base_url, "OPENAI_API_KEY": mock.api_key, **proxies}
    return subprocess.run(
        [python, "-I", PROGRAM],
        env={**os.environ, **mine},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def polled(make_mockbatch: Callable[..., Handle]) -> Handle:
    """Make a world whose clock moves when it is polled."""
    return make_mockbatch(clock="on-poll")


def test_program_runs_with_the_installed_sdk(polled: Handle) -> None:
    """From the upload to the deletion, nothing is off."""
    done = run(sys.executable, polled)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ok with openai ")


def test_program_runs_with_openai_1(old_python: Path, polled: Handle) -> None:
    """Programs written years ago still work."""
    done = run(old_python, polled)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ok with openai 1.")


def test_program_says_what_is_off(make_mockbatch: Callable[..., Handle]) -> None:
    """A clock that stands still is found out, so the program does check something."""
    done = run(sys.executable, make_mockbatch(poll_limit=3))
    assert done.returncode == 1
    assert "nobody moved the simulated clock" in done.stderr
