"""What is built for users: the wheel and the sdist hold the package, all of it, and no more."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOP = {"mockbatch", "mockbatch-0.1.0.dist-info"}


def tracked(folder: str) -> set[str]:
    """Return the files of the package that a checkout has."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both with the setuptools of the tests, from a copy of what is in the checkout."""
    folder = tmp_path_factory.mktemp("dist")
    program = "from setuptools import build_meta; build_meta.build_{}({!r})"
    copy = tmp_path_factory.mktemp("source") / "mockbatch"
    ignored = "--exclude=.venv --exclude=.git --exclude=node_modules --exclude=*.egg-info"
    subprocess.run(
        f"mkdir {copy} && tar -C {ROOT} {ignored} -cf - . | tar -C {copy} -xf -",
        shell=True,
        check=True,
    )
    for kind in ("wheel", "sdist"):
        command = [sys.executable, "-c", program.format(kind, str(folder))]
        subprocess.run(command, cwd=copy, check=True, timeout=300)
    return folder


def test_the_wheel_holds_the_package(built: Path) -> None:
    """Every module and every data file, and the metadata beside them."""
    [wheel] = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if name.startswith("mockbatch/")} == tracked("mockbatch")
    assert {name.split("/")[0] for name in names} == TOP


def test_the_sdist_holds_the_tests(built: Path) -> None:
    """Package, tests, fixtures and docs, so that the tests run from it."""
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for folder in ("mockbatch", "tests", "fixtures", "docs"):
        assert tracked(folder) <= names
    assert {"README.md", "LICENSE", "CHANGELOG.md", "Makefile", "setup.cfg"} <= names


def test_the_tests_of_the_sdist_run(built: Path, tmp_path: Path) -> None:
    """From nothing but its own files: all of them are collected, and some of each kind pass."""
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    [root] = tmp_path.iterdir()
    pytest_command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    subprocess.run([*pytest_command, "--collect-only"], cwd=root, check=True, timeout=300)
    paths = ["tests/test_fixtures.py", "tests/integration/test_wire.py", "tests/batch/test_plan.py"]
    done = subprocess.run(
        [*pytest_command, *paths], cwd=root, check=False, capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stdout.decode()
