"""A test that sleeps for real beside a batch that waits for its clock fails within seconds."""

import time

import pytest

from mockbatch.client import sleep_watch
from tests.support.plugin_runs import INPUT, Run, assert_passed, in_this_process, run_alone

pytest_plugins = ["pytester"]

TOLD = "E *The test sleeps for real*skip_sleep=True*advance()*on-poll*real_sleep=True*"
LOOP = """
    import asyncio, time

    def job(client):
        batch = submit(client)
        while client.batches.retrieve(batch.id).status != "completed":
            time.sleep(60)
"""


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run tests that may sleep for half a second; `submit` and `pytest` are there for them."""
    monkeypatch.setattr(sleep_watch, "PATIENCE_SECONDS", 0.5)
    return in_this_process(pytester)


class TestTold:
    """Tests that would hang."""

    @pytest.mark.parametrize("fixture", ["mockbatch", "make_mockbatch", "mockbatch_app", "own"])
    def test_long_sleep_fails_at_once(self, run: Run, fixture: str) -> None:
        """Whichever fixture the world comes from, one of a longer life too."""
        before = time.monotonic()
        result = run(f"""{LOOP}
    @pytest.fixture(scope="module")
    def own(mockbatch_server):
        return mockbatch_server.world()

    def test_hangs({fixture}):
        world = {{"make_mockbatch": lambda: make_mockbatch(),
                 "mockbatch_app": lambda: mockbatch_app.mock}}.get({fixture!r}, lambda: {fixture})()
        job(world.client)
    """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(["> *time.sleep(60)", TOLD])
        assert time.monotonic() - before < 30

    def test_many_short_sleeps_add_up(self, run: Run) -> None:
        """A loop with a short pause is as endless."""
        result = run(f"""{LOOP}
    def test_hangs(mockbatch):
        submit(mockbatch.client)
        while True:
            time.sleep(0.1)
    """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines([TOLD])

    def test_name_bound_by_a_module(self, run: Run) -> None:
        """`from time import sleep` is the same sleep."""
        result = run("""
    from time import sleep

    def test_hangs(mockbatch):
        submit(mockbatch.client)
        sleep(60)
    """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines([TOLD])

    @pytest.mark.parametrize("seconds", [60, 0.1])
    def test_asyncio_sleep(self, run: Run, seconds: float) -> None:
        """As soon as it has taken that long."""
        result = run(f"""{LOOP}
    async def poll():
        while True:
            await asyncio.sleep({seconds})

    def test_hangs(mockbatch):
        submit(mockbatch.client)
        asyncio.run(poll())
    """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines([TOLD])

    def test_fixture_that_hangs(self, run: Run) -> None:
        """It is an error of the test's setup."""
        result = run(f"""{LOOP}
    @pytest.fixture
    def done(mockbatch):
        job(mockbatch.client)

    def test_hangs(done): pass
    """)
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([TOLD])

    def test_failure_that_the_code_swallows_fails_the_test_all_the_same(self, run: Run) -> None:
        """Not even a bare `except` hides it."""
        result = run(f"""{LOOP}
    def test_hangs(mockbatch):
        try:
            job(mockbatch.client)
        except BaseException:
            pass
    """)
        result.assert_outcomes(passed=1, errors=1)
        result.stdout.fnmatch_lines(["The test sleeps for real*"])


class TestNotTold:
    """Sleeps that end, or that are meant."""

    @pytest.mark.parametrize(
        "body",
        [
            "time.sleep(0.6)",  # no batch
            "mockbatch.clock.run_until(submit(mockbatch.client)); time.sleep(0.6)",
            "submit(mockbatch.client); mockbatch.clock.mode = 'realtime'; time.sleep(0.6)",
            "submit(mockbatch.client); mockbatch.clock.mode = 'on-poll'; time.sleep(0.6)",
            "submit(mockbatch.client); time.sleep(0.3); mockbatch.clock.advance(9); time.sleep(.3)",
            "submit(mockbatch.client); monkeypatch.setattr(time, 'sleep', list); time.sleep('60')",
            "submit(mockbatch.client); exec('with mockbatch.skip_sleep(): time.sleep(60)')",
        ],
    )
    def test_sleep_beside_nothing_that_waits(self, run: Run, body: str) -> None:
        """No batch, an ended one, a clock that moves, a fake sleep, a skipped one."""
        assert_passed(
            run(f"""{LOOP}
    def test_sleeps(mockbatch, monkeypatch):
        {body}
        mockbatch.client.files.list()
    """)
        )

    def test_task_in_the_background(self, run: Run) -> None:
        """A heartbeat may want to sleep for long while the test goes on and ends."""
        assert_passed(
            run(f"""{LOOP}
    async def main(world):
        task = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0.1)
        batch = submit(world.client)
        await asyncio.sleep(0.1)
        world.clock.run_until(batch)
        task.cancel()

    def test_goes_on(mockbatch):
        asyncio.run(main(mockbatch))
    """)
        )

    def test_sdk_that_waits_before_it_repeats_a_request(self, run: Run) -> None:
        """Its pause has nothing to do with a batch."""
        assert_passed(
            run(f"""{LOOP}
    def test_repeats(mockbatch):
        submit(mockbatch.client)
        mockbatch.fault({{}}, {{"status": 503, "retry_after_ms": 600}})
        mockbatch.client.files.list()
    """)
        )

    @pytest.mark.parametrize(
        ("marker", "ini"),
        [("@pytest.mark.mockbatch(real_sleep=True)", ""), ("", "mockbatch_real_sleep = true\n")],
    )
    def test_real_sleep_is_meant(self, run: Run, marker: str, ini: str) -> None:
        """By marker or ini file."""
        assert_passed(
            run(
                f"""{LOOP}
    {marker}
    def test_sleeps(mockbatch):
        submit(mockbatch.client)
        time.sleep(0.6)
    """,
                ini=ini,
            )
        )

    def test_sleeps_are_put_back(self, run: Run) -> None:
        """After the test everything is as before, also a name that a module has bound."""
        real = time.sleep
        assert_passed(
            run("""
    import time
    from time import sleep

    def test_one(mockbatch):
        submit(mockbatch.client)
        assert sleep is time.sleep

    def test_two():
        assert sleep is time.sleep
        assert sleep.__module__ == "time"
    """),
            2,
        )
        assert time.sleep is real


class TestInterrupted:
    """Ctrl-C."""

    @pytest.mark.slow
    def test_shows_the_worlds_of_the_test(self, pytester: pytest.Pytester) -> None:
        """The requests and batches say what the test was waiting for."""
        pytester.makepyfile(f"""{INPUT}
    def test_waits(mockbatch):
        submit(mockbatch.client)
        raise KeyboardInterrupt
    """)
        result = run_alone(pytester)
        assert result.ret == pytest.ExitCode.INTERRUPTED
        result.stdout.fnmatch_lines(
            [
                "*- mockbatch -*",
                "the world at http*",
                "* POST /v1/batches -> 200",
                "batch_* is validating*",
            ]
        )
