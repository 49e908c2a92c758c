"""Makes the processes of a program skip their sleeps, and reads what they report about it.

A shim is code that a runtime loads before the program: `shim/sitecustomize.py` for Python, by
PYTHONPATH, and `shim/shim.cjs` for Node, by NODE_OPTIONS. It moves a world's clock instead of
sleeping, and moves the clocks of its process along. Child processes inherit it.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SHIM_FOLDER = Path(__file__).parent / "shim"
# After so many sleeps during which nothing happens, each next one is doubled (a leap).
QUIET_SLEEPS = 30
LONGEST_LEAP_SECONDS = 3600


@dataclass(frozen=True)
class ShimLog:
    """What the shims of one run reported."""

    runtimes: frozenset[str] = frozenset()  # "python", "node": those that loaded their shim
    sleeps: int = 0
    skipped_seconds: float = 0  # of all processes, by which they moved the world's clock
    leaps: int = 0  # sleeps that took longer than the program asked for
    last_sleep_at: float | None = None  # epoch seconds, in real time
    errors: tuple[str, ...] = ()  # why a shim could not be loaded, or a sleep not be skipped

    @property
    def called(self) -> bool:
        """Whether any process has loaded a shim."""
        return bool(self.runtimes)


def shim_environment(
    url: str, key: str, leap: bool, log_path: str | Path, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return `environ` with what makes Python and Node programs skip their sleeps.

    `url` is that of the server, with or without `/v1`, and `key` names the world whose clock
    sleeps move. With `leap`, sleeps during which nothing happens grow. The shims append to the
    file `log_path`.
    """
    python_path = [str(SHIM_FOLDER), environ.get("PYTHONPATH", "")]
    node_options = [environ.get("NODE_OPTIONS", ""), f"--require {_quote_path(SHIM_FOLDER)}"]
    return {
        **environ,
        "PYTHONPATH": os.pathsep.join(filter(None, python_path)),
        "NODE_OPTIONS": " ".join(filter(None, node_options)),
        "MOCKBATCH_SHIM_URL": url.rstrip("/").removesuffix("/v1"),
        "MOCKBATCH_SHIM_KEY": key,
        "MOCKBATCH_SHIM_LOG": str(log_path),
        "MOCKBATCH_SHIM_QUIET_SLEEPS": str(QUIET_SLEEPS if leap else ""),
        "MOCKBATCH_SHIM_LONGEST_LEAP_SECONDS": str(LONGEST_LEAP_SECONDS),
    }


def read_shim_log(path: str | Path) -> ShimLog:
    """Return what the shims have reported so far; nothing if there is no such file."""
    try:
        lines = Path(path).read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return ShimLog()
    records = [record for line in lines if (record := _parse(line))]
    sleeps = [record for record in records if "skipped" in record]
    return ShimLog(
        runtimes=frozenset(str(record["runtime"]) for record in records if "runtime" in record),
        sleeps=len(sleeps),
        skipped_seconds=sum(record["skipped"] for record in sleeps),
        leaps=sum(record["skipped"] > record["asked"] for record in sleeps),
        last_sleep_at=max((record["at"] for record in sleeps), default=None),
        errors=tuple(str(record["error"]) for record in records if "error" in record),
    )


def _quote_path(folder: Path) -> str:
    # Node takes a backslash before a character as that character, within quotes.
    path = str(folder / "shim.cjs").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{path}"'


def _parse(line: str) -> dict[str, Any]:
    """Return the record of a line; nothing if the process died while it wrote the line."""
    try:
        record = json.loads(line)
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
