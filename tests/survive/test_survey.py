"""A whole survey, of known programs."""

import json
import os
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from mockbatch.cli import main

PROGRAMS = Path(__file__).parent / "programs"
NAIVE = [sys.executable, str(PROGRAMS / "naive.py")]

IGNORES_ERRORS = str(PROGRAMS / "ignores_errors.py")


def survive(*words: str) -> int:
    """Run the command."""
    return main(["survive", *words])


def test_a_table_and_a_status(capfd: pytest.CaptureFixture[str]) -> None:
    """One bad row makes the status 1, and says how to repeat it."""
    status = survive("--only", "some_failed", "--only", "finalizing_long", "--", *NAIVE)
    out = capfd.readouterr().out.splitlines()
    assert status == 1
    assert out[0].split()[:3] == ["baseline", "happy", "handled"]
    assert out[1].split()[:4] == ["DIES", "some_failed", "never", "noticed"]
    assert any("mockbatch survive --only some_failed -- " in line for line in out)
    assert out[-1] == "2 met: 1 handled, 1 never noticed"


@pytest.mark.slow
def test_survival_is_status_0(capfd: pytest.CaptureFixture[str]) -> None:
    """A program that gets through everything is good."""
    assert survive("--only", "finalizing_long", "--", *NAIVE) == 0
    assert "survives" in capfd.readouterr().out


def test_nothing_met_is_status_2(capfd: pytest.CaptureFixture[str]) -> None:
    """A program without webhooks meets no misfortune of webhooks."""
    assert survive("--only", "webhook_lost", "--", *NAIVE) == 2
    assert "not met" in capfd.readouterr().out


def test_a_bad_baseline_is_status_2(capfd: pytest.CaptureFixture[str]) -> None:
    """What fails with nothing going wrong is not judged."""
    command = [sys.executable, "-c", "raise SystemExit('no file')"]
    assert survive("--only", "some_failed", "--", *command) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert "OPENAI_BASE_URL" in err
    assert "no file" in err


def test_an_unknown_name_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    """A name that is none is refused before anything runs."""
    assert survive("--only", "some_faild", "--", *NAIVE) == 2
    assert "some_failed" in capfd.readouterr().err


@pytest.mark.slow
def test_reported_can_be_required_to_be_handled(capfd: pytest.CaptureFixture[str]) -> None:
    """With --require handled, an error that ends the program is bad."""
    assert survive("--only", "poll_429", "--", *NAIVE) == 0
    assert survive("--only", "poll_429", "--require", "handled", "--", *NAIVE) == 1
    assert "DIES      poll_429" in capfd.readouterr().out


def test_json_has_the_evidence(capfd: pytest.CaptureFixture[str]) -> None:
    """A line for each misfortune says what the verdict rests on."""
    survive("--only", "content_5xx", "--json", "--", *NAIVE)
    [line] = capfd.readouterr().out.splitlines()
    row = json.loads(line)
    assert (row["misfortune"], row["verdict"], row["outcome"]) == (
        "content_5xx",
        "reported",
        "survives",
    )
    assert row["evidence"]["process"]["exit_code"] == 1
    assert len(row["evidence"]["server"]["unread_files"]) == 1


def test_junit_has_a_case_for_each(tmp_path: Path) -> None:
    """What is bad fails, and what was not met is skipped."""
    path = tmp_path / "junit.xml"
    names = ("some_failed", "poll_429", "webhook_lost")
    survive(*(f"--only={name}" for name in names), "--junit", str(path), "--", *NAIVE)
    suite = ElementTree.parse(path).getroot()
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("3", "1", "1")
    assert [case.get("name") for case in suite.iter("testcase")] == list(names)


@pytest.mark.slow
def test_known_verdicts_are_a_ratchet(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """What is known is good enough; worse is bad, and better is reported."""
    path = tmp_path / "expected.json"
    only = ["--only", "some_failed", "--only", "poll_429"]
    assert survive(*only, "--write-expected", str(path), "--", *NAIVE) == 1
    known = json.loads(path.read_text())
    assert known == {"verdicts": {"poll_429": "reported", "some_failed": "never noticed"}}
    assert survive(*only, "--expect", str(path), "--", *NAIVE) == 0
    path.write_text(json.dumps({"verdicts": {"poll_429": "handled", "some_failed": "crashed"}}))
    capfd.readouterr()
    assert survive(*only, "--expect", str(path), "--", *NAIVE) == 1
    out = capfd.readouterr().out
    assert "better than expected: some_failed is never noticed" in out
    assert "WORSE: poll_429 is reported, was handled" in out


def test_a_file_of_no_verdicts_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is read before anything runs."""
    path = tmp_path / "expected.json"
    path.write_text('{"verdicts": {"some_failed": "fine"}}')
    assert survive("--expect", str(path), "--", *NAIVE) == 2
    assert "'fine'" in capfd.readouterr().err


@pytest.mark.slow
def test_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folders of the runs are gone, and the environment is as it was."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = dict(os.environ)
    survive("--only", "some_failed", "--", *NAIVE)
    assert (list(tmp_path.iterdir()), dict(os.environ)) == ([], before)


def test_runs_can_be_kept(tmp_path: Path) -> None:
    """With --keep, each has a folder with what it wrote, printed and requested."""
    code = f"import sys; sys.path[0] = {str(PROGRAMS)!r}; import runpy\n"
    code += f"print('hello'); print('oh', file=sys.stderr)\nrunpy.run_path({IGNORES_ERRORS!r})"
    survive("--only", "some_failed", "--keep", str(tmp_path), "--", sys.executable, "-c", code)
    kept = tmp_path / "some_failed"
    assert len((kept / "work/results.jsonl").read_text().splitlines()) == 8
    assert (kept / "stdout.txt").read_text().startswith("hello\n")
    assert (kept / "stderr.txt").read_text() == "oh\n"
    requests = [json.loads(line) for line in (kept / "requests.jsonl").read_text().splitlines()]
    assert [request["path"] for request in requests[:2]] == ["/v1/files", "/v1/batches"]


@pytest.mark.slow
def test_a_program_that_really_sleeps(capfd: pytest.CaptureFixture[str]) -> None:
    """With --sleep real its polls move the clock; that no sleep is skipped is said."""
    code = "import time; time.sleep = lambda _: None; import runpy, sys; "
    code += f"sys.path[0] = {str(PROGRAMS)!r}; runpy.run_path({NAIVE[1]!r})"
    words = ["--only", "all_failed", "--only", "expired_partial", "--wall", "6", "--sleep", "real"]
    assert survive(*words, "--", sys.executable, "-c", code) == 0
    out = capfd.readouterr().out
    assert "its sleeps are not skipped" in out
    assert "too slow" in out


def test_a_program_may_delete_its_files(capfd: pytest.CaptureFixture[str]) -> None:
    """Its requests and the results it could have had are known when its files are gone."""
    code = f"import sys; sys.path[0] = {str(PROGRAMS)!r}\nimport runpy, api\n"
    code += f"names = runpy.run_path({NAIVE[1]!r})['batch']\n"
    code += "for name in ('input_file_id', 'output_file_id', 'error_file_id'):\n"
    code += "    if names[name]: api.call('DELETE', '/files/' + names[name])\n"
    survive("--only", "some_failed", "--", sys.executable, "-c", code)
    out = capfd.readouterr().out.splitlines()
    assert out[0].split()[3:5] == ["10", "answers,"]
    assert "not a word about 2 of 10 lines" in out[1]


def _rows(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.slow
def test_one_long_run_confirms_rows_with_the_same_wait(capfd: pytest.CaptureFixture[str]) -> None:
    """A program that waits for an expired batch polls each minute of two days only once."""
    names = ("expired_partial", "expired_empty", "some_failed")
    survive(*(f"--only={name}" for name in names), "--json", "--", *NAIVE)
    rows = _rows(capfd.readouterr().out)
    assert [row["misfortune"] for row in rows] == list(names)
    assert [row["verdict"] for row in rows[:2]] == ["waits for ever"] * 2
    assert [row["confirmed_without_leaps"] for row in rows] == [True, True, False]
    assert [row["evidence"]["process"]["leaps"] > 0 for row in rows] == [False, True, False]


@pytest.mark.slow
def test_a_run_that_is_too_slow_confirms_nothing(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two days in steps of a second do not fit into the wall limit; the row says what leaps do."""
    monkeypatch.setattr("mockbatch.survive.survey._CONFIRMING", 0.2)
    code = f"import sys; sys.path[0] = {str(PROGRAMS)!r}\n"
    code += Path(NAIVE[1]).read_text().replace("sleep(60)", "sleep(1)")
    survive("--only=expired_empty", "--json", "--", sys.executable, "-c", code)
    [row] = _rows(capfd.readouterr().out)
    assert row["verdict"] == "too slow"
    assert "with leaps: waits for ever" in row["sentence"]
    assert not row["confirmed_without_leaps"]


@pytest.mark.slow
def test_a_program_that_counts_its_sleeps_is_wronged_in_no_row(
    capfd: pytest.CaptureFixture[str],
) -> None:
    """If the first long run does not confirm the wait, each row has one of its own."""
    command = [sys.executable, str(PROGRAMS / "counts_sleeps.py")]
    survive("--only=expired_partial", "--only=expired_empty", "--json", "--", *command)
    rows = _rows(capfd.readouterr().out)
    assert [row["verdict"] for row in rows] == ["reported", "reported"]
    assert [row["evidence"]["process"]["leaps"] for row in rows] == [0, 0]
