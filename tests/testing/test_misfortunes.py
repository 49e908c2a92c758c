"""The fixture `misfortune`, and `assert_survived`."""

import pytest

from tests.support.plugin_runs import Run

pytest_plugins = ["pytester"]

JOB = """
    import json, time

    def run_job(client, guard=True, seconds=60):
        batch = submit(client)
        started = time.time()
        while batch.status not in ("completed", "failed"):
            if guard and time.time() > started + 26 * 3600:
                raise RuntimeError("the batch does not end")
            time.sleep(seconds)
            batch = client.batches.retrieve(batch.id)
        if batch.status == "failed":
            raise RuntimeError(f"the batch has failed: {batch.errors}")
        lines = client.files.content(batch.output_file_id).text.splitlines()
        return {json.loads(line)["custom_id"]: line for line in lines}
"""
TEST = (
    JOB
    + """
    def test_job(mockbatch, misfortune):
        mockbatch.assert_survived(lambda: run_job(mockbatch.client))
"""
)


def meet(run: Run, source: str, *names: str) -> pytest.RunResult:
    """Run tests in these misfortunes."""
    return run(source, "--mockbatch-misfortunes", ",".join(names), "-rA")


def test_a_test_function_meets_each(run: Run) -> None:
    """Its ids have the names, and what it survives passes."""
    result = meet(run, TEST, "poll_429", "finalizing_long", "validation_failed")
    result.assert_outcomes(passed=3)
    result.stdout.fnmatch_lines(["PASSED *test_job[[]finalizing_long[]]"])


def test_the_default_list_has_twenty(run: Run) -> None:
    """Without the option, all that are reported most."""
    result = run(TEST, "--collect-only", "-q")
    assert sum("test_job[" in line for line in result.outlines) == 20


def test_an_error_of_programming_fails(run: Run) -> None:
    """The failure has the verdict, the sentence and the advice."""
    result = meet(run, TEST, "garbage_line")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["garbage_line: crashed: *JSONDecodeError*", "advice: *"])


def test_what_is_not_delivered_is_lost(run: Run) -> None:
    """A value without the answers fails, also if nothing went wrong by itself."""
    source = (
        JOB
        + """
    def test_job(mockbatch, misfortune):
        run_job(mockbatch.client)
        mockbatch.assert_survived(delivered=["nothing"])
    """
    )
    result = meet(run, source, "finalizing_long")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["finalizing_long: lost results: *"])


def test_a_wait_without_a_deadline_fails(run: Run) -> None:
    """Code that never stops polling is ended two days later."""
    source = (
        JOB
        + """
    def test_job(mockbatch, misfortune):
        mockbatch.assert_survived(lambda: run_job(mockbatch.client, False, 3600))
    """
    )
    result = meet(run, source, "stuck_in_progress")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["stuck_in_progress: waits for ever: *"])


def test_a_deadline_on_the_clock_is_reached(run: Run) -> None:
    """`time.time` moves with the sleeps."""
    meet(run, TEST.replace("60)", "3600)"), "stuck_in_progress").assert_outcomes(passed=1)


def test_what_is_not_met_is_skipped(run: Run) -> None:
    """It says nothing about the code."""
    meet(run, TEST, "webhook_lost").assert_outcomes(skipped=1)


def test_an_unknown_name_is_an_error_of_usage(run: Run) -> None:
    """Before any test runs."""
    result = meet(run, TEST, "poll_428")
    assert "poll_429" in "\n".join([*result.outlines, *result.errlines])


def test_without_the_fixture_there_is_nothing_to_judge(run: Run) -> None:
    """`assert_survived` says what it needs."""
    source = """
    def test_job(mockbatch):
        mockbatch.client.batches.list()
        with pytest.raises(TypeError, match="fixture `misfortune`"):
            mockbatch.assert_survived()
    """
    run(source).assert_outcomes(passed=1)
