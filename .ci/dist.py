"""Builds sdist and wheel, the same bytes each time, and checks what is in them.

Run it with a Python that has setuptools, in a git checkout. The files are those that git tracks
or would track; their times are SOURCE_DATE_EPOCH, by default the time of the last commit. The
wheel is built from the sdist, so it also has the file modes of the sdist.
"""

import argparse
import gzip
import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BUILD = "import sys; from setuptools import build_meta; build_meta.build_{}(sys.argv[1])"


def main() -> int:
    """Build into a folder, check, and print the hashes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    output = parser.parse_args().output.resolve()
    if not (ROOT / ".git").exists():
        print("dist.py needs a git checkout", file=sys.stderr)
        return 1
    os.umask(0o022)
    epoch = int(os.environ.get("SOURCE_DATE_EPOCH") or _git("log", "-1", "--format=%ct"))
    os.environ["SOURCE_DATE_EPOCH"] = str(epoch)
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    files = [name for name in _git("ls-files", "-co", "--exclude-standard").split("\n") if name]
    with tempfile.TemporaryDirectory() as folder:
        sdist = build_sdist(files, Path(folder) / "source", output, epoch)
        wheel = build_wheel(sdist, Path(folder) / "sdist", output)
    problems = [*missing_in_sdist(sdist, files), *wrong_in_wheel(wheel, files)]
    for path in (sdist, wheel):
        print(hashlib.sha256(path.read_bytes()).hexdigest(), path.name)
    print("\n".join(problems), file=sys.stderr, end="\n" if problems else "")
    return 1 if problems else 0


def build_sdist(files: list[str], source: Path, output: Path, epoch: int) -> Path:
    """Build an sdist from a copy of the files, without what earlier builds have left behind."""
    for name in files:
        if (ROOT / name).is_file():  # not deleted since the last commit
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    _build("sdist", source, output)
    [sdist] = output.glob("*.tar.gz")
    _normalize(sdist, epoch)
    return sdist


def build_wheel(sdist: Path, folder: Path, output: Path) -> Path:
    """Build a wheel from an sdist."""
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    [source] = folder.iterdir()
    _build("wheel", source, output)
    [wheel] = output.glob("*.whl")
    return wheel


def missing_in_sdist(sdist: Path, files: list[str]) -> list[str]:
    """Return a sentence for each file of the checkout that an sdist lacks."""
    with tarfile.open(sdist) as archive:
        present = {name.partition("/")[2] for name in archive.getnames()}
    missing = sorted(name for name in files if name not in present and (ROOT / name).is_file())
    return [f"the sdist lacks {name}" for name in missing]


def wrong_in_wheel(wheel: Path, files: list[str]) -> list[str]:
    """Return a sentence for each file of the package that a wheel lacks, or has beside them."""
    with zipfile.ZipFile(wheel) as archive:
        present = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = {name for name in files if name.startswith("mockbatch/") and (ROOT / name).is_file()}
    return [
        *(f"the wheel lacks {name}" for name in sorted(package - present)),
        *(f"the wheel should not have {name}" for name in sorted(present - package)),
    ]


def _normalize(sdist: Path, epoch: int) -> None:
    """Write an sdist again: sorted, with one time, one owner and two modes."""
    with tarfile.open(sdist) as archive:
        members = [
            (member, archive.extractfile(member).read() if member.isfile() else b"")
            for member in sorted(archive.getmembers(), key=lambda member: member.name)
        ]
    with (
        sdist.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=epoch) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive,
    ):
        for member, data in members:
            is_executable = member.isdir() or member.mode & 0o100
            member.mode = 0o755 if is_executable else 0o644
            member.mtime, member.pax_headers = epoch, {}
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            archive.addfile(member, io.BytesIO(data) if member.isfile() else None)


def _build(kind: str, source: Path, output: Path) -> None:
    command = [sys.executable, "-c", BUILD.format(kind), str(output)]
    done = subprocess.run(command, cwd=source, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    raise SystemExit(main())
