"""Pythons with other packages than the tests have, each made once."""

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from mockbatch.handle import Handle

ROOT = Path(__file__).parents[1]


def python_with(name: str, requirement: str, scratch: Path) -> Path:
    """Return the interpreter of the environment of that name, in which a requirement is met.

    It is kept beside the tests' own, or in `scratch` where they have none.
    """
    kept = ROOT / ".venv"
    folder = kept / "clients" if kept.is_dir() else scratch
    home = folder / name
    if not home.exists():
        # Made aside and moved: a run that is broken off, or one beside it, leaves no half.
        made = folder / f"{name}.{os.getpid()}"
        _install(made, requirement)
        if not home.exists():
            made.rename(home)
    return home / "bin" / "python"


def _install(home: Path, requirement: str) -> None:
    """Make an environment; when it cannot be filled, that is an error only where CI says so."""
    venv.create(home, clear=True, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python")]
    done = subprocess.run(
        [*pip, "install", "--quiet", "--disable-pip-version-check", requirement],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        reason = f"pip cannot install {requirement}: {last}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)


def run(python: Path | str, program: str, mock: Handle) -> "subprocess.CompletedProcess[str]":
    """Run a program of `clients` on a world, with nothing of this environment but its variables."""
    proxies = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    mine = {"OPENAI_BASE_URL": mock.base_url, "OPENAI_API_KEY": mock.api_key, **proxies}
    return subprocess.run(
        [python, "-I", ROOT / "tests" / "clients" / program],
        env={**os.environ, **mine},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
