"""Every code block of the pages runs."""

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
from tests.support.documents import (
    CI,
    COMMAND_LINE,
    GETTING_STARTED,
    PREAMBLE,
    README,
    ROOT,
    RUN_PAGES,
)
from tests.support.plugin_runs import QUICK
from tests.support.slow_tests import mark_slow_except_each

pytest_plugins = ["pytester"]

PYTHON = [(page.path, code) for page in RUN_PAGES for code in page.code("python")]
TESTS = [(path, code) for path, code in PYTHON if "def test_" in code]
SCRIPTS = [(path, code) for path, code in PYTHON if "def test_" not in code]
COMMANDS = [(page.path, line) for page in RUN_PAGES for line in page.commands("mockbatch")]
CURL = [(page.path, line) for page in RUN_PAGES for line in page.commands("curl")]
# Commands that do not end by themselves, and have a test of their own.
SERVE = "mockbatch serve"


@pytest.mark.parametrize(("path", "code"), mark_slow_except_each(4, TESTS))
def test_example_for_pytest_passes(pytester: pytest.Pytester, path: str, code: str) -> None:
    """It needs nothing but an input file and code that submits it."""
    pytester.makeini("[pytest]\nfilterwarnings = error\n")
    pytester.path.joinpath("test_block.py").write_text(f"{PREAMBLE}\n\n{code}")
    result = pytester.runpytest_inprocess(*QUICK)
    result.assert_outcomes(passed=code.count("def test_"))


def test_first_example_runs_when_pasted(pytester: pytest.Pytester) -> None:
    """It needs nothing at all."""
    pytester.makepyfile(README.code("python")[0])
    result = pytester.runpytest_inprocess(*QUICK)
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(("path", "code"), SCRIPTS)
def test_other_example_runs(capsys: pytest.CaptureFixture[str], path: str, code: str) -> None:
    """`client` is a client; what stands for the rest of a call is filled in."""
    with MockBatch() as mock:
        scope: dict[str, Any] = {}
        exec(PREAMBLE, scope)
        file = scope["submit"](mock.client).input_file_id
        rest = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
        create: Any = mock.client.batches.create
        batches = SimpleNamespace(
            create=lambda _, **options: create(input_file_id=file, **rest, **options)
        )
        exec(code, {**scope, "client": SimpleNamespace(batches=batches)})
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("page", RUN_PAGES, ids=lambda page: page.path)
def test_all_blocks_are_known(page: Any) -> None:
    """A block of another language, or with another command, would not be run."""
    known = {"python", "sh", ""}
    if page in (README, GETTING_STARTED, CI):  # test_first_steps.py runs these
        known |= {"bash", "js", "yaml"}
    assert {language for language, _ in page.blocks} <= known
    words = {line.split()[0] for text in page.code("sh") for line in text.splitlines()}
    assert words <= {"make", "pip", "mockbatch", "curl"}


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, list[str]]]:
    """Run the documented command on a free port; its address and what it prints."""
    [line] = COMMAND_LINE.commands("mockbatch")[:1]
    arguments = shlex.split(line.replace("8787", "0"))[1:]
    process = subprocess.Popen(
        [sys.executable, "-m", "mockbatch", *arguments], stdout=subprocess.PIPE, text=True
    )
    with process:
        printed = [process.stdout.readline().rstrip("\n") for _ in range(4)]
        yield printed[0].split()[-1], printed
        process.terminate()


@pytest.mark.parametrize("page", [README, COMMAND_LINE], ids=lambda page: page.path)
def test_serve_prints_what_the_page_shows(page: Any, served: tuple[str, list[str]]) -> None:
    """The ready line, the two exports and the dashboard, to the letter."""
    url, printed = served
    [block] = [text for text in page.code("") if "is listening on" in text]
    assert block.replace("http://127.0.0.1:8787", url).splitlines()[:4] == printed


@pytest.mark.parametrize(("path", "line"), CURL)
def test_curl_command_works(served: tuple[str, list[str]], path: str, line: str) -> None:
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


@pytest.mark.parametrize(
    ("path", "line"), [each for each in COMMANDS if not each[1].startswith(SERVE)]
)
def test_other_command_works(
    served: tuple[str, list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
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


@pytest.mark.parametrize("line", README.commands("make"))
def test_target_is_in_the_makefile(line: str) -> None:
    """`make` knows it."""
    assert f"\n{line.split()[1]}:" in (ROOT / "Makefile").read_text()
