"""The documentation builds as a site, and has what only a site has."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build it as `make docs` does."""
    if find_spec("sphinx") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("CI needs the extra [docs]")
        pytest.skip("needs the extra [docs]")
    folder = tmp_path_factory.mktemp("site")
    makefile = (ROOT / "Makefile").read_text()
    [options] = re.findall(r"\.venv/bin/sphinx-build (.*) build/docs$", makefile, re.MULTILINE)
    subprocess.run(
        [sys.executable, "-m", "sphinx", *options.split(), str(folder)],
        cwd=ROOT,
        check=True,
        timeout=280,
    )
    return folder


def test_navigation_leads_to_every_page(site: Path) -> None:
    """To those of the repository's root, too."""
    index = (site / "docs/index.html").read_text()
    navigation = index[index.index("sidebar-tree") : index.index("<article")]
    links = set(re.findall(r'href="([^"#]+)\.html', navigation))
    pages = {path.stem for path in (ROOT / "docs").glob("*.md")} - {"index"}
    root_pages = {"CONTRIBUTING", "SECURITY", "CHANGELOG"}
    assert pages | {f"../{name}" for name in root_pages} <= links


def test_front_page_leads_to_the_index(site: Path) -> None:
    """The documentation is below the root."""
    assert 'url=docs/index.html"' in (site / "index.html").read_text()


def test_reference_comes_from_docstrings(site: Path) -> None:
    """Each member of a world with what it does."""
    text = (site / "docs/python_api.html").read_text()
    for name in ("MockBatch", "WorldClient.submit", "WorldClient.fault", "Clock.advance"):
        assert re.search(rf'id="mockbatch\.(\w+\.)*{re.escape(name)}"', text), name


def test_reference_of_commands_comes_from_click(site: Path) -> None:
    """With every option."""
    text = (site / "docs/command_line.html").read_text()
    assert "--webhook-allow-host" in text
    assert "--write-expected" in text


def test_openapi_document_is_beside_its_page(site: Path) -> None:
    """And linked."""
    document = json.loads((site / "docs/openapi.json").read_text())
    assert "/_mock/clock" in document["paths"]
    assert 'href="openapi.json"' in (site / "docs/control_api.html").read_text()
