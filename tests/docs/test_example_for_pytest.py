"""docs/examples/pytest runs as a reader runs it, and each of its tests can fail."""

import re
import subprocess
import sys
from pathlib import Path

import openai  # noqa: F401 - once for all runs in this process
import pytest

from tests.support.plugin_runs import QUICK

pytest_plugins = ["pytester"]

EXAMPLE = Path(__file__).parents[2] / "docs/examples/pytest"
CLIENT = (EXAMPLE / "batch_client.py").read_text(encoding="utf-8")
SUITE = (EXAMPLE / "test_batch_client.py").read_text(encoding="utf-8")
NAMES = re.findall(r"^def (test_\w+)", SUITE, re.MULTILINE)

BOTH_FILES = "(batch.output_file_id, batch.error_file_id)"
# What each test is there to catch: a change of the client, and the words it changes.
HABITS = {
    "test_results_come_in_the_order_of_the_prompts": (
        "return {id: results[id] for id in prompts}",
        "return results",
    ),
    "test_what_expired_is_sent_again": ('"failed", "expired", ', '"failed", '),
    "test_what_expires_each_time_is_given_up": ("range(batches)", "range(batches + 1)"),
    "test_a_batch_completes_without_an_output_file": (BOTH_FILES, "(batch.output_file_id,)"),
    "test_a_batch_fails_an_hour_after_it_was_accepted": ('batch.status == "failed"', "False"),
    "test_a_batch_never_ends": ("25 * 3600", "40 * 3600"),
    "test_a_batch_was_cancelled_by_somebody_else": ('code != "batch_cancelled"', "True"),
    "test_a_line_that_met_a_passing_error_is_sent_again": (
        "may_pass=status == 429 or status >= 500",
        "may_pass=False",
    ),
    "test_a_line_that_was_refused_is_not_sent_again": ("status == 429", "status >= 400"),
    "test_answers_hold_what_python_takes_for_line_ends": (r'text.split("\n")', "text.splitlines()"),
    "test_a_poll_fails": ("PASSING = (", "PASSING = () and ("),
    "test_a_download_is_cut_short": ("DOWNLOADS = 3", "DOWNLOADS = 1"),
    "test_lines_are_missing_however_often_they_are_downloaded": (
        "len(results) == batch.request_counts.total",
        "results",
    ),
    "test_a_webhook_tells_the_end": ('startswith("batch.")', 'startswith("response.")'),
    "test_a_forged_webhook_is_refused": (
        "client.webhooks.unwrap(body, headers)",
        "openai.types.webhooks.BatchCompletedWebhookEvent.model_validate_json(body)",
    ),
}


@pytest.mark.slow
def test_suite_passes(tmp_path: Path) -> None:
    """In a folder with nothing but its two files, with no warning."""
    for name, text in [("batch_client.py", CLIENT), ("test_batch_client.py", SUITE)]:
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *QUICK, "-W", "error"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert re.search(r"\d\d passed in", done.stdout)


def test_each_test_has_its_habit() -> None:
    """So that none is there that could not fail."""
    assert list(HABITS) == NAMES


@pytest.mark.slow
@pytest.mark.parametrize("name", HABITS)
def test_habit_fails_the_test_that_is_about_it(pytester: pytest.Pytester, name: str) -> None:
    """And it is the habit that does: all else in the client is as it was."""
    old, new = HABITS[name]
    assert CLIENT.count(old) == 1
    pytester.path.joinpath("batch_client.py").write_text(CLIENT.replace(old, new), "utf-8")
    pytester.path.joinpath("test_batch_client.py").write_text(SUITE, "utf-8")
    result = pytester.runpytest_inprocess(*QUICK, "-k", name)
    outcomes = result.parseoutcomes()
    assert outcomes.get("failed", 0) >= 1
    assert "error" not in outcomes
