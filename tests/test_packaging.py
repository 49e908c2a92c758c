"""What is built for users: the wheel and the sdist hold the package, all of it, and no more."""

import re
import runpy
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest
import yaml

import mockbatch

ROOT = Path(__file__).parents[1]
TOP = {"mockbatch", f"mockbatch-{mockbatch.__version__}.dist-info"}


def tracked_files(folder: str) -> set[str]:
    """Return the files of the package that a checkout has."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def build(output: Path, umask: int = 0o022) -> str:
    """Build both as `make dist` does, and return the hashes that it prints."""
    command = [sys.executable, str(ROOT / ".ci/dist.py"), "--output", str(output)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, umask=umask)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build both from what is in the checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs a git checkout")
    folder = tmp_path_factory.mktemp("dist")
    build(folder)
    return folder


@pytest.mark.slow
def test_the_wheel_holds_the_package(built: Path) -> None:
    """Every module and every data file, and the metadata beside them."""
    [wheel] = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {name for name in names if name.startswith("mockbatch/")} == tracked_files("mockbatch")
    assert {name.split("/")[0] for name in names} == TOP


@pytest.mark.slow
def test_the_sdist_holds_the_tests(built: Path) -> None:
    """Package, tests, fixtures and docs, so that the tests run from it."""
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for folder in ("mockbatch", "tests", "fixtures", "docs"):
        assert tracked_files(folder) <= names
    assert {"README.md", "LICENSE", "CHANGELOG.md", "Makefile", "setup.cfg", "setup.py"} <= names


def test_version_has_a_dated_section_in_the_changelog() -> None:
    """And a link, as has what is not released yet."""
    text = (ROOT / "CHANGELOG.md").read_text()
    headings = re.findall(
        r"^## \[(.*?)\]\(\.\./\.\./(\S+)\)(?: - \d{4}-\d\d-\d\d)?$", text, re.MULTILINE
    )
    version = mockbatch.__version__
    assert headings[:2] == [
        ("Unreleased", f"compare/v{version}...HEAD"),
        (version, f"releases/tag/v{version}"),
    ]
    assert len(headings) == text.count("\n## ")


@pytest.mark.slow
def test_a_commit_is_always_built_the_same(built: Path, tmp_path: Path) -> None:
    """At another time and with other file modes, too."""
    before = {path.name: path.read_bytes() for path in built.iterdir()}
    build(tmp_path, umask=0o077)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.slow
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


@pytest.mark.slow
def test_metadata_is_complete(built: Path) -> None:
    """The license as SPDX, the authors, and each Python that a release is tested with."""
    metadata = read_metadata(built)
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yml").read_text())
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Author"] == "mockbatch developers"
    assert metadata["Description-Content-Type"] == "text/markdown"
    pythons = re.findall(r"Python :: (3\.\d+)", "\n".join(metadata.get_all("Classifier", [])))
    assert pythons == workflow["jobs"]["test"]["strategy"]["matrix"]["python"]


@pytest.mark.slow
def test_description_has_no_relative_link(built: Path) -> None:
    """It would lead nowhere on a package index."""
    text = read_metadata(built).get_payload()
    assert isinstance(text, str)
    assert "# mockbatch" in text
    assert re.findall(r"\]\((?!https?:|#)", text) == []


def read_metadata(folder: Path) -> "Message[str, str]":
    """Return the metadata of the built wheel."""
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith("/METADATA")]
        return message_from_bytes(archive.read(name))


@pytest.mark.parametrize(
    ("url", "link", "picture"),
    [
        ("", "the guide", ""),
        (
            "https://host/owner/mockbatch",
            "[the guide](https://host/owner/mockbatch/blob/v{}/docs/a.md#b)",
            "![A view](https://host/owner/mockbatch/raw/v{}/docs/a.png)",
        ),
    ],
    ids=["without a URL", "with a URL"],
)
def test_links_of_the_readme_are_adapted(url: str, link: str, picture: str) -> None:
    """Relative links and pictures: absolute with the URL of the repository, plain text without."""
    describe = runpy.run_path(str(ROOT / "setup.py"))["describe"]
    kept = "[SDK](https://example.com) and [below](#below)"
    version = mockbatch.__version__
    expected = f"{link.format(version)} {picture.format(version)} {kept}"
    assert describe(f"[the guide](docs/a.md#b) ![A view](docs/a.png) {kept}", url) == expected
