"""The README tells the truth: its code runs, its tables list what there is."""

import inspect
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mockbatch import MockBatch, cli
from mockbatch.client import Clock, WorldClient
from mockbatch.scenarios import catalogue
from mockbatch.testing import pytest_plugin
from mockbatch.testing.plugin_options import INI_FLAGS, INI_OPTIONS, MARKER_OPTIONS
from mockbatch.testing.servers import LocalServer

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
# What the examples take for granted: an input file of two lines, and code that sends it.
PREAMBLE = """
import pytest

INPUT = b"".join(
    b'{"custom_id": "%d", "method": "POST", "url": "/v1/chat/completions", "body": '
    b'{"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}}\\n' % number
    for number in range(2)
)


def submit(client):
    file = client.files.create(file=("in.jsonl", INPUT), purpose="batch")
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
    )
"""


def blocks(language: str) -> list[str]:
    """Return the blocks of a language, in order."""
    return [text for found, text in BLOCKS if found == language]


def commands(word: str) -> list[str]:
    """Return the lines of the shell blocks that begin with a word."""
    lines = [line for text in blocks("sh") for line in text.splitlines()]
    return [line for line in lines if line.split()[0] == word]


def tables(column: str) -> list[list[str]]:
    """Return the rows of the tables whose first column has a heading, as cells."""
    parts = README.split(f"\n| {column} |")[1:]
    rows = [line for part in parts for line in part.split("\n\n")[0].splitlines()[2:]]
    return [[cell.strip() for cell in row.strip("|").split(" | ")] for row in rows]


def names(text: str) -> list[str]:
    """Return what stands in back quotes."""
    return re.findall(r"(?<!`)`([^`\n]+)`", text)


class TestPython:
    """The blocks of Python."""

    @pytest.mark.parametrize("code", [code for code in blocks("python") if "def test_" in code])
    def test_example_for_pytest_passes(self, pytester: pytest.Pytester, code: str) -> None:
        """With nothing but an input file and code that submits it."""
        pytester.makeini("[pytest]\nfilterwarnings = error\n")
        pytester.path.joinpath("test_readme_block.py").write_text(f"{PREAMBLE}\n\n{code}")
        result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
        result.assert_outcomes(passed=code.count("def test_"))

    def test_first_example_runs_when_pasted(self, pytester: pytest.Pytester) -> None:
        """With nothing beside it."""
        pytester.makepyfile(blocks("python")[0])
        result = pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
        result.assert_outcomes(passed=1)

    @pytest.mark.parametrize("code", [code for code in blocks("python") if "def test_" not in code])
    def test_other_example_runs(self, capsys: pytest.CaptureFixture[str], code: str) -> None:
        """`client` is a client; what stands for the rest of a call is filled in."""
        with MockBatch() as mock:
            scope: dict[str, Any] = {}
            exec(PREAMBLE, scope)
            file = scope["submit"](mock.client).input_file_id
            rest = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
            create = mock.client.batches.create
            batches = SimpleNamespace(
                create=lambda _, **given: create(input_file_id=file, **rest, **given)
            )
            exec(code, {**scope, "client": SimpleNamespace(batches=batches)})
        assert capsys.readouterr().err == ""

    def test_all_blocks_are_known(self) -> None:
        """A block of another language would not be run."""
        assert {language for language, _ in BLOCKS} == {"python", "sh", ""}
        assert len(blocks("python")) >= 4


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, list[str]]]:
    """Serve the README's own command on a free port; its address and what it prints."""
    [line] = commands("mockbatch")[:1]
    arguments = shlex.split(line.replace("8787", "0"))[1:]
    process = subprocess.Popen(
        [sys.executable, "-m", "mockbatch", *arguments], stdout=subprocess.PIPE, text=True
    )
    with process:
        printed = [process.stdout.readline().rstrip("\n") for _ in range(3)]
        yield printed[0].split()[-1], printed
        process.terminate()


class TestShell:
    """The blocks of shell."""

    def test_commands_are_all_tried(self) -> None:
        """Nothing stands there that no test below knows."""
        words = {line.split()[0] for text in blocks("sh") for line in text.splitlines()}
        assert words == {"make", "pip", "mockbatch", "curl"}

    def test_served_command_prints_what_it_says(self, served: tuple[str, list[str]]) -> None:
        """The ready line and the two exports, to the letter."""
        url, printed = served
        [block] = [text for text in blocks("") if "is listening on" in text]
        assert printed == block.replace("http://127.0.0.1:8787", url).splitlines()

    @pytest.mark.parametrize("line", commands("curl"))
    def test_curl_command_works(self, served: tuple[str, list[str]], line: str) -> None:
        """As it stands there, but for the port."""
        if not shutil.which("curl"):
            pytest.skip("there is no curl")
        line = line.replace("http://127.0.0.1:8787", served[0])
        done = subprocess.run(
            ["sh", "-c", f"{line} --silent --fail-with-body --noproxy '*'"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("{")

    @pytest.mark.parametrize("line", commands("mockbatch")[1:])
    def test_other_command_works(
        self,
        served: tuple[str, list[str]],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        line: str,
    ) -> None:
        """In a folder with an input file, and with a server."""
        scope: dict[str, Any] = {}
        exec(PREAMBLE, scope)
        (tmp_path / "in.jsonl").write_bytes(scope["INPUT"])
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        line = line.replace("http://127.0.0.1:8787", served[0])
        assert cli.main(shlex.split(line)[1:]) == 0

    @pytest.mark.parametrize("line", commands("make"))
    def test_target_is_in_the_makefile(self, line: str) -> None:
        """`make` knows it."""
        target = line.split()[1]
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


class TestTables:
    """The tables, beside the code."""

    def test_scenarios_are_of_the_catalogue(self) -> None:
        """None is made up."""
        told = {names(cells[0])[0] for cells in tables("scenario")}
        assert "all_failed" in told
        assert told <= set(catalogue())

    def test_fixtures_are_those_of_the_plugin(self) -> None:
        """None is missing, none is made up."""
        kind = type(pytest_plugin.mockbatch)
        known = {name for name, one in inspect.getmembers(pytest_plugin) if isinstance(one, kind)}
        assert {names(cells[0])[0] for cells in tables("fixture")} == known

    def test_calls_of_the_handle_exist(self) -> None:
        """Each name in the table of calls is one of the handle or of its clock."""
        said = " ".join(cells[0] for cells in tables("call") if "mockbatch." in cells[0])
        clock = set(re.findall(r"mockbatch\.clock\.(\w+)", said))
        handle = set(re.findall(r"mockbatch\.(?!clock\.)(\w+)", said))
        assert {"advance", "run_until", "now"} <= clock
        assert {"hold", "timeline"} <= handle
        assert all(hasattr(Clock, name) for name in clock)
        assert all(hasattr(WorldClient, name) for name in handle)

    def test_calls_of_the_control_api_exist(self) -> None:
        """Each path in the table is a route."""
        rules = {
            rule.rule
            for rule in LocalServer.__init__.__globals__["create_app"]().url_map.iter_rules()
        }
        patterns = [re.sub("<any[^>]*>", "<id>", rule) for rule in rules]
        said = " ".join(cells[0] for cells in tables("call") if "/_mock" in cells[0])
        for path in re.findall(r"/_mock[\w/{}]*", said):
            assert any(
                re.fullmatch(re.sub(r"<\w+>", "[^/]+", pattern), path) for pattern in patterns
            ), path

    def test_options_of_the_marker_are_shown(self) -> None:
        """All that a world takes, and the plugin's own."""
        [sentence] = re.findall(r"The marker takes ([^.]*)\.", README)
        assert set(names(sentence)) == MARKER_OPTIONS

    def test_ini_options_are_shown(self) -> None:
        """Those of the marker in one sentence, the others by name."""
        others = {f"mockbatch_{name}" for name in {*INI_OPTIONS, *INI_FLAGS} - MARKER_OPTIONS}
        assert others <= {name for text in names(README) for name in text.split(" = ")}
        assert "the same names after `mockbatch_`" in README

    def test_options_are_shown(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Those that the README names exist; the rest is in `--help`."""
        for command in ("serve", "contract"):
            assert cli.main([command, "--help"]) == 0
        known = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
        told = set(re.findall(r"`(--[a-z-]+)", README)) - {"--mockbatch-url"}
        assert told - known <= {"--help"}

    def test_links_lead_somewhere(self) -> None:
        """To a heading of the README, or to a file."""
        headings = re.findall(r"^#+ (.*)$", README, re.MULTILINE)
        anchors = {
            re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings
        }
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", README):
            assert target[1:] in anchors if target[0] == "#" else (ROOT / target).exists(), target
        for path in re.findall(r"`(mockbatch/[\w/.]+)`", README):
            assert (ROOT / path).exists(), path
