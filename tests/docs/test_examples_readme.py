"""docs/examples/README.md lists what there is."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs/examples"
README = (EXAMPLES / "README.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| \[(\w+)\]\((\w+)\) \| .* \| (.*) \|$", README, re.MULTILINE)


def test_each_example_is_listed() -> None:
    """By the name of its folder."""
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir()}
    assert {(name, link) for name, link, _ in ROWS} == {(name, name) for name in folders}


def test_each_command_names_what_is_there() -> None:
    """Each word with a slash is a path from the root."""
    for _, _, commands in ROWS:
        paths = re.findall(r"docs/[\w./]+", commands)
        assert paths
        assert all((ROOT / path).exists() for path in paths)


def test_project_leads_there() -> None:
    """From its own README."""
    assert "(docs/examples/README.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
