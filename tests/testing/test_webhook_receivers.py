"""An exception in a webhook receiver fails the test."""

import pytest

from tests.support.plugin_runs import Run, assert_passed

pytest_plugins = ["pytester"]


def test_an_exception_in_a_receiver_fails_the_test_once(run: Run) -> None:
    """With the line that raised it, though the delivery was tried again."""
    result = run(
        """
    def receive(received):
        labels = {}
        labels["no such label"]

    def test_it(mockbatch):
        mockbatch.webhook(receive)
        mockbatch.completed_batch()
        mockbatch.clock.advance(hours=1)
        assert len(mockbatch.deliveries[0].attempts) > 1
    """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(['>*labels[[]"no such label"[]]', "E * KeyError: *"])
    result.stdout.no_fnmatch_line("*During handling*")
    assert result.stdout.str().count("E ") == 1


@pytest.mark.parametrize("raised", ['pytest.fail("no label")', 'assert received is "no label"'])
def test_a_receiver_can_assert(run: Run, raised: str) -> None:
    """Its failure is that of the test, in worlds of every fixture."""
    source = f"""
    def test_it(make_mockbatch):
        def receive(received):
            {raised}
        world = make_mockbatch()
        world.webhook(receive)
        world.completed_batch()
    """
    result = run(source)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *no label*"])


def test_a_test_that_fails_anyway_shows_both(run: Run) -> None:
    """The receiver's exception is probably why."""
    result = run(
        """
    def test_it(mockbatch):
        seen = []
        mockbatch.webhook(lambda received: seen.append(received.no_such_name))
        mockbatch.completed_batch()
        assert seen
    """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *no_such_name*", "*During handling*", "E *assert*"])


def test_the_next_test_is_not_failed(run: Run) -> None:
    """Each exception belongs to one test."""
    result = run(
        """
    def test_one(mockbatch):
        mockbatch.webhook(lambda received: 1 / 0)
        mockbatch.completed_batch()

    def test_two(mockbatch):
        mockbatch.completed_batch()
    """
    )
    result.assert_outcomes(failed=1, passed=1)


def test_exceptions_that_are_taken_out_fail_nothing(run: Run) -> None:
    """A test may be about them."""
    assert_passed(
        run(
            """
    def test_it(mockbatch):
        mockbatch.webhook(lambda received: 1 / 0)
        mockbatch.completed_batch()
        assert isinstance(mockbatch.webhook_errors.pop(), ZeroDivisionError)
        mockbatch.webhook_errors.clear()
    """
        )
    )
