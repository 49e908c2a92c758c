"""What tests need beside their own environment, each made once: Pythons, and packages for Node."""

import getpass
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from mockbatch.client import WorldClient

ROOT = Path(__file__).parents[2]
CLIENTS = ROOT / "tests" / "integration" / "clients"
NODE = ("node", "npm")
PYTHON = Path("Scripts/python.exe" if os.name == "nt" else "bin/python")
INSTALL_SECONDS = 600
#: The mark of tests that may have to install packages first.
MAY_INSTALL = pytest.mark.timeout(INSTALL_SECONDS + 300)


class MissingError(Exception):
    """Something that is not on this machine and cannot be brought here."""


def require(install: Callable[[], Path]) -> Path:
    """Return what `install` does; what is missing is an error in CI and a skip elsewhere."""
    try:
        return install()
    except MissingError as error:
        if os.environ.get("CI"):
            pytest.fail(f"this has to be tested here: {error}", pytrace=False)
        pytest.skip(f"not tested: {error}")


def python_with(requirement: str) -> Path:
    """Return a Python that has a package, installed at the first call."""

    def install(folder: Path) -> None:
        venv.create(folder, symlinks=os.name != "nt")
        pip = [sys.executable, "-m", "pip", "--python", str(folder / PYTHON)]
        # A client imports few of the modules that pip would compile: litellm takes half the time.
        options = ("--quiet", "--no-compile", "--disable-pip-version-check")
        command = [*pip, "install", *options, requirement]
        _run(requirement, command, folder)

    name = re.split("[<>=]", requirement)[0]
    return install_once(name, f"{requirement} {sys.version}".encode(), install) / PYTHON


def node_with(source: Path) -> Path:
    """Return a folder with the packages of `source`'s lock file, installed at the first call."""
    for command in NODE:
        if shutil.which(command) is None:
            raise MissingError(f"there is no {command} on this machine")

    def install(folder: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder)
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        _run(f"what {source.name}/package-lock.json names", npm, folder)

    return install_once(f"node-{source.name}", (source / "package-lock.json").read_bytes(), install)


def run(command: list[Path | str], mock: WorldClient) -> "subprocess.CompletedProcess[str]":
    """Run a user's program on a world, which it finds as the SDKs do: in the environment."""
    proxies = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    mine = {"OPENAI_BASE_URL": mock.base_url, "OPENAI_API_KEY": mock.api_key, **proxies}
    return subprocess.run(
        command,
        env={**os.environ, **mine},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def run_python(
    python: Path | str, program: str, mock: WorldClient, *arguments: str
) -> "subprocess.CompletedProcess[str]":
    """Run a program of `clients` with nothing of this environment but its variables."""
    return run([python, "-I", CLIENTS / program, *arguments], mock)


def install_once(name: str, what: bytes, install: Callable[[Path], None]) -> Path:
    """Return a folder in which `install` has run to its end, for just this `what`.

    It is kept for the next run, beside the tests' own environment where there is one.
    """
    kept, temporary = ROOT / ".venv", Path(tempfile.gettempdir())
    places = kept if kept.is_dir() else temporary / f"mockbatch-tests-{getpass.getuser()}"
    folder = places / "clients" / name / hashlib.sha256(what).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = folder / "installed"
    with _alone(folder.with_suffix(".lock")):
        if not done.exists():  # it is new, or what a run has left that was broken off
            shutil.rmtree(folder)
            folder.mkdir(mode=0o700)
            install(folder)
            done.touch()
    return folder


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Keep out the other processes of a run; the lock ends with the process at the latest."""
    with lock.open("w") as file:
        with suppress(ImportError):
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(what: str, command: list[str], folder: Path) -> None:
    options: dict[str, Any] = {
        "cwd": folder,
        "text": True,
        "errors": "replace",
        "timeout": INSTALL_SECONDS,
    }
    try:
        done = subprocess.run(command, capture_output=True, **options)
    except subprocess.TimeoutExpired:
        why = f"not done after {INSTALL_SECONDS} s"
    else:
        if not done.returncode:
            return
        said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        why = said[0] if said else f"exit status {done.returncode}"
    raise MissingError(f"{what} cannot be installed: {why}")
