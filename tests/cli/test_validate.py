"""`mockbatch validate`."""

import json
from pathlib import Path

import pytest

from mockbatch.cli import validation_report
from mockbatch.typing import Json
from tests.support.commands import Run, read_error, run_on_terminal, run_process

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
    assert f"The batch would run: {len(lines)} requests to " in done.stdout
    assert run("validate", path).stdout == done.stdout


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
    codes = ", ".join(f"1 {error['code']}" for error in expected)
    assert last == f"The batch would fail: {len(expected)} errors in {path} ({codes})."


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
        ([str(REQUESTS / "embeddings.jsonl"), "--format", "xml"], "'text', 'json', 'github'"),
        (["--endpoint", CHAT], "FILE"),
    ],
)
def test_wrong_call(run: Run, arguments: list[str], expected: str) -> None:
    """One line says what is wrong, and the status is 2."""
    assert expected in read_error(run("validate", *arguments))


def test_no_request_names_an_endpoint(run: Run, tmp_path: Path) -> None:
    """Without an endpoint nothing can be checked: the status is 2."""
    path = tmp_path / "in.jsonl"
    path.write_text('{"url": "/chat/completions"}\n[]\n')
    error = read_error(run("validate", path))
    assert "no request has the url of an endpoint: use --endpoint" in error


def request(number: int, **body: Json) -> str:
    """Return a line of an input file."""
    messages = [{"role": "user", "content": "Hello"}]
    body = {"model": "gpt-4o-mini", "messages": messages, **body}
    line = {"custom_id": f"line-{number}", "method": "POST", "url": CHAT, "body": body}
    return json.dumps(line) + "\n"


@pytest.fixture
def failing(tmp_path: Path) -> Path:
    """Write a file with 3 lines that are not JSON between two without a model, and a good one."""
    path = tmp_path / "failing.jsonl"
    lines = [request(0, model=None), "{\n", request(1, model=None), "{\n", "{\n", request(2)]
    path.write_text("".join(lines))
    return path


def test_errors_are_grouped_by_code(run: Run, failing: Path) -> None:
    """In the order in which the codes first occur, and counted in the summary."""
    *errors, last = run("validate", failing).stdout.splitlines()
    lines = [int(error.split(":")[1]) for error in errors]
    assert lines == [1, 3, 2, 4, 5]
    assert last.endswith("(2 invalid_request, 3 invalid_json_line).")


def test_max_errors_bounds_what_is_shown(run: Run, failing: Path) -> None:
    """The rest is counted."""
    done = run("validate", failing, "--max-errors", 2)
    assert done.returncode == 1
    first, second, omitted, summary = done.stdout.splitlines()
    assert (first.split(":")[1], second.split(":")[1]) == ("1", "3")
    assert omitted == "... and 3 more errors: use --max-errors to see them"
    assert summary.startswith("The batch would fail: 5 errors ")


def test_several_files(run: Run, failing: Path) -> None:
    """Each file has its own result; the status is 1 if one of them would fail."""
    good = REQUESTS / "embeddings.jsonl"
    done = run("validate", good, failing, good)
    assert done.returncode == 1
    assert done.stdout.count("The batch would run: 4 requests to text-embedding-3-small.") == 2
    assert f"5 errors in {failing}" in done.stdout


def test_standard_input() -> None:
    """`-` is the name that shells know for it."""
    done = run_process("validate", "-", stdin=(REQUESTS / "responses.jsonl").read_text())
    assert (done.returncode, done.stderr) == (0, "")
    assert "The batch would run: " in done.stdout


def test_json(run: Run, failing: Path) -> None:
    """A document with an object for each file; counts include errors that are not shown."""
    done = run(
        "validate", failing, REQUESTS / "embeddings.jsonl", "--format", "json", "--max-errors", 1
    )
    assert done.returncode == 1
    bad, good = json.loads(done.stdout)["files"]
    assert (bad["would_run"], good["would_run"]) == (False, True)
    assert bad["error_counts"] == {"invalid_request": 2, "invalid_json_line": 3}
    [error] = bad["errors"]
    assert (error["line"], error["code"]) == (1, "invalid_request")
    assert (good["endpoint"], good["requests"], good["errors"]) == ("/v1/embeddings", 4, [])


def test_github_annotations(run: Run, tmp_path: Path) -> None:
    """An error annotates its line, and a request that only fails itself is a warning."""
    path = tmp_path / "a,b.jsonl"
    path.write_text(request(0) + request(1, temperature=5) + "{\n")
    done = run("validate", path, "--format", "github")
    error, warning, _ = done.stdout.splitlines()
    file = str(path).replace(",", "%2C")
    assert error.startswith(f"::error file={file},line=3,title=invalid_json_line::This line is not")
    assert warning.startswith(f"::warning file={file},line=2,title=decimal_above_max_value::")


def test_line_ends_in_a_message_are_escaped_for_github() -> None:
    """Otherwise a message would end the annotation, or begin another."""
    assert validation_report._escape("100%\r\n::error::") == "100%25%0D%0A::error::"


def test_prompt_tokens_are_compared_with_known_limits(run: Run, tmp_path: Path) -> None:
    """A batch above one of the limits that were seen is reported; the count is an estimate."""
    path = tmp_path / "in.jsonl"
    content = "word " * 1000
    lines = (
        request(number, messages=[{"role": "user", "content": content}]) for number in range(100)
    )
    path.write_text("".join(lines))
    assert json.loads(run("validate", path, "--format", "json").stdout)["files"][0][
        "prompt_tokens"
    ] == pytest.approx(100_000, rel=0.5)
    shown = run("validate", path).stdout.splitlines()[-1]
    assert shown.endswith("enqueued tokens is 90,000; other organizations have more.")


def test_a_big_file_shows_progress_on_a_terminal(tmp_path: Path) -> None:
    """On stderr, so that the report can be piped; a file of 5 MB or more."""
    path = tmp_path / "in.jsonl"
    path.write_text("".join(request(number, user="u" * 5000) for number in range(1100)))
    shown = run_on_terminal("validate", path)
    assert f"Checking {path}" in shown
    assert "100%" in shown
