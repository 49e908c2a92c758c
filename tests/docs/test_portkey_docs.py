"""docs/portkey.md tells the truth: its code runs, and it names what there is."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mockbatch.world.settings import WorldSettings
from mockbatch.world.snapshot.load import load_from_file
from tests.support.serving import ROOT, Serving, serving

TEXT = (ROOT / "docs/portkey.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
GATEWAY = ROOT / "tests/gateway"
WORLD = "fixtures/worlds/portkey-page.json"
CURL = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")


def block(language: str, text: str) -> str:
    """Return the one block of a language that has this text in it."""
    [found] = [code for kind, code in BLOCKS if kind == language and text in code]
    return found


def here(server: Serving, code: str) -> str:
    """Return code with a server's address for that of the document."""
    return re.sub(r"http://(localhost|127\.0\.0\.1):8787", server.url, code)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Serve as `make serve` does, on a free port."""
    with serving(tmp_path_factory.mktemp("docs"), "--load", WORLD) as server:
        yield server


@CURL
def test_page_s_curl_answers_with_its_batch(server: Serving) -> None:
    """The first curl is typed as it stands."""
    code = here(server, block("sh", "export OPENAI_API_KEY=sk-anything"))
    assert len(json.loads(server.shell(code))) == 14


def test_python_prints_the_output(server: Serving) -> None:
    """The example runs, and prints the two lines of the page."""
    done = subprocess.run(
        [sys.executable, "-c", here(server, block("python", "openai.OpenAI"))],
        env=server.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [json.loads(line)["custom_id"] for line in done.stdout.splitlines()] == [
        "request-1",
        "request-2",
    ]


@CURL
def test_world_is_taken_out_and_put_in(server: Serving, tmp_path: Path) -> None:
    """Both commands work, and the file that they leave can be loaded."""
    code = here(server, block("sh", "/_mock/state"))
    documented = server.shell(f"cd {tmp_path}\n{code}")
    assert json.loads(documented) == {"files": 2, "batches": 1}
    assert len(load_from_file(str(tmp_path / "world.json"), WorldSettings()).batches) == 1


def test_world_by_hand_is_whole(tmp_path: Path) -> None:
    """The example can be loaded once its file is there."""
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads/output.jsonl").write_text("{}\n")
    (tmp_path / "world.json").write_text(block("json", "mockbatch state 1"))
    state = load_from_file(str(tmp_path / "world.json"), WorldSettings())
    assert state.files[0].content.read(0, 9) == b"{}\n"


def test_printed_lines_are_those_of_tls(tmp_path: Path) -> None:
    """But for the port and the name of the folder."""
    with serving(tmp_path, "--tls") as tls:
        lines = [
            f"mockbatch is listening on {tls.url}",
            *(f"export {name}={value}" for name, value in tls.exports.items()),
        ]
    printed = "\n".join(lines).replace(str(tls.port), "8787")
    printed = re.sub(r"=\S+/mockbatch-\w+/", "=/tmp/mockbatch-x1y2z3/", printed)
    assert printed == block("", "CURL_CA_BUNDLE").rstrip("\n")


def test_options_are_those_of_serve() -> None:
    """Each option of `mockbatch serve` in the text is one that it has."""
    known = subprocess.run(
        [sys.executable, "-m", "mockbatch", "serve", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    lines = [line for kind, code in BLOCKS for line in code.splitlines() if "serve " in line]
    named = {
        word
        for line in lines
        if "start-server" not in line
        for word in re.findall(r"--[a-z-]+", line)
    }
    assert named == {name for name in named if f"{name} " in known or f"{name}\n" in known}


def test_pinned_versions_are_those_of_the_tests() -> None:
    """The packages that the page installs are those that the tests install."""
    documented = json.loads(block("json", "@portkey-ai/gateway"))
    tested = json.loads((GATEWAY / "package.json").read_bytes())
    assert documented["overrides"] == tested["overrides"]
    assert documented["dependencies"].items() <= tested["dependencies"].items()


@pytest.mark.parametrize(
    "name", ["@portkey-ai/gateway", "@hono/node-server", "@hono/node-ws", "hono"]
)
def test_pinned_version_is_the_installed_one(name: str) -> None:
    """The lock file has each in the version that is named, once."""
    documented = json.loads(block("json", "@portkey-ai/gateway"))
    version = {**documented["dependencies"], **documented["overrides"]}[name]
    packages = json.loads((GATEWAY / "package-lock.json").read_bytes())["packages"]
    found = [
        one["version"] for path, one in packages.items() if path.endswith(f"node_modules/{name}")
    ]
    assert found == [version]


def test_lock_file_names_no_registry() -> None:
    """Packages come from whichever registry npm is configured to use."""
    packages = json.loads((GATEWAY / "package-lock.json").read_bytes())["packages"]
    assert [path for path, one in packages.items() if "resolved" in one] == []


def test_variable_of_the_preload_is_one_that_it_reads() -> None:
    """The document sets no other, and that one is enough."""
    read = re.findall(r"process\.env\.(\w+)", (GATEWAY / "preload.js").read_text())
    documented = re.findall(r"(MOCKBATCH_\w+)=", block("sh", "preload.js"))
    assert documented
    assert set(documented) <= set(read)


def test_number_of_requests_is_about_right() -> None:
    """The tests have as many requests as the document says, within a tenth."""
    count = len(json.loads((GATEWAY / "requests.json").read_bytes())["requests"])
    [documented] = re.findall(r"some (\d+) requests", TEXT)
    assert abs(count - int(documented)) <= count / 10


def test_files_are_where_it_says() -> None:
    """Each path of the project in the text exists."""
    paths = re.findall(r"`((?:tests|fixtures|docs)/[\w./-]+)`", TEXT)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []
