"""`mockbatch validate`."""

import json
from pathlib import Path

import pytest

from tests.support.commands import Run, read_error, run_process

ROOT = Path(__file__).parents[2]
REQUESTS = ROOT / "fixtures" / "requests"
INVALID = ROOT / "fixtures" / "invalid"
CHAT = "/v1/chat/completions"


@pytest.mark.parametrize("path", sorted(REQUESTS.glob("*.jsonl")), ids=lambda path: path.stem)
def test_good_file_would_run(run: Run, path: Path) -> None:
    """The status is 0, and the line counts the requests."""
    lines = path.read_text().strip().split("\n")
    endpoint = json.loads(lines[0])["url"]
    done = run("validate", path, "--endpoint", endpoint)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"The batch would run: {len(lines)} requests to ")


def test_bad_file_would_fail(run: Run) -> None:
    """The status is 1, and each error has its file and line, as a compiler's has."""
    path = INVALID / "many_faults.jsonl"
    expected = json.loads((INVALID / "many_faults.errors.json").read_text())["errors"]
    done = run("validate", path, "--endpoint", CHAT)
    assert (done.returncode, done.stderr) == (1, "")
    *errors, last = done.stdout.splitlines()
    assert [error.partition(": ")[0] for error in errors] == [
        f"{path}:{error['line']}" for error in expected
    ]
    assert [error.split(": ")[1] for error in errors] == [error["code"] for error in expected]
    assert last == f"The batch would fail: {len(expected)} errors in {path}."


def test_upload_that_would_be_rejected(run: Run) -> None:
    """The status is 1, with the API's message."""
    path = INVALID / "upload_not_json.jsonl"
    done = run("validate", path, "--endpoint", CHAT)
    assert (done.returncode, done.stderr) == (1, "")
    assert "upload would be rejected: Invalid file format for Batch API" in done.stdout


def test_line_that_its_endpoint_would_reject(run: Run, tmp_path: Path) -> None:
    """The batch would run and only the line fail: it is reported, but the status is 0."""
    line = json.loads((REQUESTS / "chat_completions.jsonl").read_text().splitlines()[0])
    line["body"]["temperature"] = 5
    (tmp_path / "in.jsonl").write_text(json.dumps(line))
    done = run("validate", tmp_path / "in.jsonl", "--endpoint", CHAT)
    assert done.returncode == 0
    assert f"{tmp_path / 'in.jsonl'}:1: this request would fail: " in done.stdout
    assert "temperature" in done.stdout


def test_characters_that_the_console_lacks_are_escaped(tmp_path: Path) -> None:
    """A console need not know Unicode."""
    lines = (REQUESTS / "chat_completions.jsonl").read_text().splitlines()
    line = json.dumps({**json.loads(lines[0]), "custom_id": "日本"}, ensure_ascii=False)
    (tmp_path / "in.jsonl").write_text(f"{line}\n{line}\n", encoding="utf-8")
    arguments = ("validate", tmp_path / "in.jsonl", "--endpoint", CHAT)
    done = run_process(*arguments, PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (1, "")
    assert r"\u65e5\u672c" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["missing.jsonl", "--endpoint", CHAT], "missing.jsonl"),
        ([".", "--endpoint", CHAT], "directory"),
        ([__file__, "--endpoint", "/chat/completions"], "/v1/embeddings"),
        ([__file__], "--endpoint"),
        (["--endpoint", CHAT], "FILE"),
    ],
)
def test_wrong_call(run: Run, arguments: list[str], expected: str) -> None:
    """One line says what is wrong, and the status is 2."""
    assert expected in read_error(run("validate", *arguments))
