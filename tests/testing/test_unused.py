"""A fault, reply or scenario that a test sets up and never uses causes a warning."""

import pytest

from mockbatch import MockBatch
from mockbatch.testing import MockBatchUnusedWarning
from tests.support.plugin_runs import Run, assert_passed
from tests.support.slow_tests import mark_slow_except

pytest_plugins = ["pytester"]


LIST = "mockbatch.client.batches.list()"
LIST_FIVE = "mockbatch.client.batches.list(limit=5)"
SUBMIT = 'mockbatch.submit(["Hello"])'


@pytest.mark.parametrize(
    ("body", "warning"),
    [
        (
            f'mockbatch.fault({{"path": "/v1/batch"}}, {{"status": 500}}); {LIST_FIVE}',
            "*the fault status 500 hit no request: none matched * /v1/batch; *: GET /v1/batches",
        ),
        (
            f'mockbatch.fault({{"path": "/v1/batches"}}, {{"status": 500}}, skip=2); {LIST}',
            "*the fault status 500 hit no request: 1 matched it, and it skips the first 2",
        ),
        (
            f'mockbatch.reply("custom-1", "x"); {SUBMIT}',
            "*the reply for custom_id 'custom-1' was never used: no line matched; the nearest: 0",
        ),
        (
            f'mockbatch.reply({{"contains": "Bye"}}, "x"); {SUBMIT}',
            "*the reply for contains 'Bye' was never used: no line and no live call matched",
        ),
        (
            f'mockbatch.scenario("all_failed"); {LIST}',
            "*the scenario all_failed was chosen, but no batch was created",
        ),
        (
            f'{SUBMIT}; mockbatch.scenario("all_failed", times=None)',
            "*the scenario all_failed was chosen, but none of the 1 batches was created while *",
        ),
    ],
)
@pytest.mark.parametrize("choice", mark_slow_except(["warn"], ["warn", "error", "ignore"]))
def test_what_never_applied_is_reported(run: Run, body: str, warning: str, choice: str) -> None:
    """As a warning, as a failure, or not at all."""
    source = f"""
    def test_it(mockbatch):
        {body}
    """
    ini = f"mockbatch_unused = {choice}\n"
    if choice == "ignore":
        assert_passed(run(source, ini=ini))
        return
    result = run(source, ini=ini)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([warning.replace("[", "[[]")])
    name = MockBatchUnusedWarning.__name__
    assert (name in result.stdout.str()) == (choice == "warn")


@pytest.mark.parametrize("fixture", ["mockbatch", "mockbatch_app"])
def test_a_marker_of_the_test_counts(run: Run, fixture: str) -> None:
    """One of its class or module does not: other tests may use it."""
    world = "mockbatch_app.mock" if fixture == "mockbatch_app" else fixture
    source = f"""
    @pytest.mark.mockbatch(scenario="all_failed")
    def test_own({fixture}):
        {world}.client.batches.list()

    @pytest.mark.mockbatch(scenario="all_failed")
    class TestClass:
        def test_of_class(self, {fixture}):
            {world}.client.batches.list()
    """
    result = run(source)
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines(["*the scenario all_failed was chosen, but no batch was created"])


def test_what_applied_is_not_reported(run: Run) -> None:
    """Once is enough, and defaults of the ini file do not count."""
    source = """
    def test_it(mockbatch):
        mockbatch.fault({"path": "/v1/batches"}, {"delay_ms": 1}, times=5)
        mockbatch.scenario("some_failed", times=3)
        mockbatch.reply("0", ["one", "two"])
        mockbatch.reply({"contains": "live"}, "three")
        mockbatch.submit(["Hello"])
        mockbatch.client.chat.completions.create(
            model="gpt-4o-mini", messages=[{"role": "user", "content": "live"}]
        )
        mockbatch.client.batches.list()

    def test_that_needs_no_batch(mockbatch):
        mockbatch.client.batches.list()
    """
    assert_passed(run(source, ini="mockbatch_scenario = all_failed\n"), 2)


@pytest.mark.parametrize("url", [False, True])
def test_the_report_of_a_test_that_fails_names_them(run: Run, *, url: bool) -> None:
    """They may be why it fails; there is no warning as well."""
    source = """
    def test_it(mockbatch):
        mockbatch.scenario("all_failed")
        mockbatch.client.batches.list()
        assert not "so"
    """
    with MockBatch() as mock:
        result = run(source, *([f"--mockbatch-url={mock.base_url}"] if url else []))
    result.assert_outcomes(failed=1)
    reported = "not used: the scenario all_failed was chosen, but no batch was created"
    assert result.stdout.str().count(reported) == 1
    result.stdout.no_fnmatch_line(f"*{MockBatchUnusedWarning.__name__}*")


def test_an_unknown_choice_is_an_error_of_usage(run: Run) -> None:
    """It names the three that there are."""
    result = run("", ini="mockbatch_unused = never\n")
    assert "is not one of warn, error, ignore" in result.stdout.str() + result.stderr.str()
