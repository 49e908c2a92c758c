"""The real gateway: a program for Node, installed once and run on loopback."""

import getpass
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
OPENAI = "https://api.openai.com"
# In a place of its own: it needs older packages than the tests do.
CLIENT = "portkey-ai==2.3.4"
START_SECONDS = 60


class MissingError(Exception):
    """Something that is not on this machine and cannot be brought here."""


def needed(install: Callable[[], Path]) -> Path:
    """Return what `install` does; what is missing is an error in CI and a skip elsewhere."""
    try:
        return install()
    except MissingError as error:
        if os.environ.get("CI"):
            pytest.fail(f"the real gateway is not tested: {error}", pytrace=False)
        pytest.skip(f"the real gateway is not tested: {error}")


def node_modules() -> Path:
    """Return the folder with the packages of package-lock.json, installed at the first call."""
    for command in ("node", "npm"):
        if shutil.which(command) is None:
            raise MissingError(f"there is no {command} on this machine")

    def install(folder: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder)
        _run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder)

    return _installed("gateway", (HERE / "package-lock.json").read_bytes(), install)


def client_python() -> Path:
    """Return a Python that has the package `portkey-ai`, installed at the first call."""

    def install(folder: Path) -> None:
        _run([sys.executable, "-m", "venv", "."], folder)
        pip = [str(folder / python), "-m", "pip", "--disable-pip-version-check"]
        _run([*pip, "install", "--quiet", CLIENT], folder)

    python = Path("Scripts/python.exe" if os.name == "nt" else "bin/python")
    return _installed("clients/portkey", f"{CLIENT} {sys.version}".encode(), install) / python


@contextmanager
def running_gateway(
    modules: Path, upstream: str, scratch: Path, origins: Iterable[str] = (OPENAI,)
) -> Iterator[str]:
    """Run the gateway and yield its URL; it takes `upstream` for the servers at `origins`."""
    port_file = scratch / "port"
    settings = {"MOCKBATCH_URL": upstream, "MOCKBATCH_ORIGINS": ",".join(origins)}
    start = modules / "node_modules/@portkey-ai/gateway/build/start-server.js"
    command = ["node", "--require", HERE / "preload.js", start, "--port=0", "--headless"]
    with (
        (scratch / "gateway.log").open("wb") as log,
        subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **settings, "MOCKBATCH_PORT_FILE": str(port_file)},
        ) as process,
    ):
        try:
            yield f"http://127.0.0.1:{_port(process, port_file)}"
        finally:
            process.kill()


def _port(process: "subprocess.Popen[bytes]", file: Path) -> int:
    deadline = time.monotonic() + START_SECONDS
    while not file.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            log = file.with_name("gateway.log").read_text(errors="replace")
            pytest.fail(f"the gateway did not start: {log}", pytrace=False)
        time.sleep(0.02)
    return int(file.read_text())


def _installed(name: str, what: bytes, install: Callable[[Path], None]) -> Path:
    """Return a folder in which `install` has run to its end, for just this `what`."""
    kept, temporary = ROOT / ".venv", Path(tempfile.gettempdir())
    places = kept if kept.is_dir() else temporary / f"mockbatch-tests-{getpass.getuser()}"
    folder = places / name / hashlib.sha256(what).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    done = folder / "installed"
    with _alone(folder.with_suffix(".lock")):
        if not done.exists():
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


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        why = said[0] if said else f"exit status {done.returncode}"
        raise MissingError(f"{command[0]} cannot install: {why}")
