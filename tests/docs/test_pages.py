"""The tables and lists of the pages name what there is, and their links lead somewhere."""

import inspect
import re

import pytest

from mockbatch import cli
from mockbatch.client import Clock, WorldClient
from mockbatch.faults import presets
from mockbatch.scenarios import catalogue
from mockbatch.testing import pytest_plugin
from mockbatch.testing.plugin_options import INI_FLAGS, INI_OPTIONS, MARKER_OPTIONS
from mockbatch.web.app import create_app
from tests.support.documents import (
    COMMAND_LINE,
    CONTROL_API,
    PAGES,
    PYTEST,
    README,
    ROOT,
    Page,
    quoted_names,
)


def test_readme_is_short() -> None:
    """It is read in two minutes."""
    assert len(README.text.split()) < 900


def test_scenarios_and_faults_of_the_readme_exist() -> None:
    """None is made up."""
    [scenarios, faults, _, webhooks] = README.rows("kind")
    assert set(quoted_names(scenarios[1])) | set(quoted_names(webhooks[1])) <= set(catalogue())
    assert set(quoted_names(faults[1])) <= set(presets())


def test_readme_counts_scenarios_and_faults() -> None:
    """And those of them that link to a public report."""
    sources = [one.get("sources", ()) for one in (*catalogue().values(), *presets().values())]
    linked = sum(any("https://" in source for source in each) for each in sources)
    text = " ".join(README.text.split())
    assert f"{len(catalogue())} scenarios and {len(presets())} faults" in text
    assert f"{linked} link to the public reports" in text


def test_fixtures_are_those_of_the_plugin() -> None:
    """None is missing, none is made up."""
    kind = type(pytest_plugin.mockbatch)
    known = {name for name, one in inspect.getmembers(pytest_plugin) if isinstance(one, kind)}
    assert {quoted_names(cells[0])[0] for cells in PYTEST.rows("fixture")} == known


def test_calls_of_the_handle_exist() -> None:
    """Each name in the tables of calls is one of the handle or of its clock."""
    named = " ".join(cells[0] for cells in PYTEST.rows("call"))
    clock = set(re.findall(r"mockbatch\.clock\.(\w+)", named))
    handle = set(re.findall(r"mockbatch\.(?!clock\.)(\w+)", named))
    assert {"advance", "run_until", "now"} <= clock
    assert {"hold", "timeline"} <= handle
    assert all(hasattr(Clock, name) for name in clock)
    assert all(hasattr(WorldClient, name) for name in handle)


def test_calls_of_the_control_api_exist() -> None:
    """Each path in the table is a route."""
    rules = {rule.rule for rule in create_app().url_map.iter_rules()}
    patterns = [re.sub("<any[^>]*>", "<id>", rule) for rule in rules]
    named = " ".join(cells[0] for cells in CONTROL_API.rows("call"))
    for path in re.findall(r"/_mock(?:[\w/{}]|\.json)*", named):
        assert any(
            re.fullmatch(re.sub(r"<\w+>", "[^/]+", pattern), path) for pattern in patterns
        ), path


def test_options_of_the_marker_are_shown() -> None:
    """All that a world takes, and the plugin's own."""
    [sentence] = re.findall(r"The marker takes ([^.]*)\.", PYTEST.text)
    assert set(quoted_names(sentence)) == MARKER_OPTIONS


def test_ini_options_are_shown() -> None:
    """Those of the marker in one sentence, the others by name."""
    others = {f"mockbatch_{name}" for name in {*INI_OPTIONS, *INI_FLAGS} - MARKER_OPTIONS}
    assert others <= {name for text in quoted_names(PYTEST.text) for name in text.split(" = ")}
    assert "the same names after `mockbatch_`" in PYTEST.text


def test_options_of_commands_exist(capsys: pytest.CaptureFixture[str]) -> None:
    """Those that the pages name; the rest is in `--help`."""
    for command in ("serve", "contract", "validate", "scenarios", "faults", "survive"):
        assert cli.main([command, "--help"]) == 0
    known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
    for page in (README, COMMAND_LINE, CONTROL_API):
        named = set(re.findall(r"`(?:mockbatch \w+ )?(--[a-z-]+)", page.text))
        assert named - known <= {"--help"}, page.path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_links_lead_somewhere(page: Page) -> None:
    """To a heading of the page, or to a file."""
    folder = (ROOT / page.path).parent
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", page.text):
        path, _, anchor = target.partition("#")
        if path:
            assert (folder / path).exists(), target
            if anchor:
                anchors_there = _anchors((folder / path).read_text(encoding="utf-8"))
                assert anchor in anchors_there, target
        else:
            assert anchor in _anchors(page.text), target
    for path in re.findall(r"`(mockbatch/[a-z_/.]+)`", page.text):
        assert (ROOT / path).exists(), path


def _anchors(text: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_the_index_lists_every_page() -> None:
    """None is left out."""
    listed = set(re.findall(r"\]\(([\w/]+\.md)\)", Page("docs/index.md").text))
    present = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert present <= listed
