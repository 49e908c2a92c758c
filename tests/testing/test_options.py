"""The options of a test's world: the marker, the ini file, and the errors about them."""

from datetime import datetime, timezone

import pytest

from mockbatch.client import WorldClient
from mockbatch.testing.options import WORLD_OPTIONS, reset_body
from mockbatch.testing.plugin_options import MARKER_OPTIONS
from tests.support.plugin_runs import Run, assert_passed

pytest_plugins = ["pytester"]

START = 1767225600
STARTS = (START, "2026-01-01T00:00:00Z", "2026-01-01", datetime(2026, 1, 1, tzinfo=timezone.utc))


class TestMarker:
    """`@pytest.mark.mockbatch(...)`."""

    @pytest.mark.mockbatch(scenario="expired_partial", fraction=0.3)
    def test_takes_the_parameters_of_its_scenario(self, mockbatch: WorldClient) -> None:
        """Three lines of ten are done when the window ends."""
        lines = (
            b'{"custom_id": "%d", "method": "POST", "url": "/v1/embeddings", '
            b'"body": {"model": "text-embedding-3-small", "input": "x"}}\n'
        )
        data = b"".join(lines % number for number in range(10))
        client = mockbatch.client
        file = client.files.create(file=("in.jsonl", data), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/embeddings", completion_window="24h"
        )
        mockbatch.clock.run_until(batch, "expired")
        counts = client.batches.retrieve(batch.id).request_counts
        assert counts is not None
        assert counts.completed == 3

    def test_later_call_in_the_test_wins(self, run: Run) -> None:
        """For the batches that it is meant for; then the marker's scenario is back."""
        assert_passed(
            run("""
    @pytest.mark.mockbatch(scenario="line_429")
    def test_scenario(mockbatch):
        mockbatch.scenario("all_failed")
        batches = [submit(mockbatch.client) for _ in range(2)]
        chosen = [mockbatch.timeline(batch)["scenario"] for batch in batches]
        assert chosen == ["all_failed", "line_429"]
    """)
        )

    def test_parameters_of_a_class_go_with_its_scenario(self, run: Run) -> None:
        """A nearer marker with a scenario of its own does not inherit them."""
        assert_passed(
            run("""
    @pytest.mark.mockbatch(scenario="expired_partial", fraction=0.3, start_time=1000)
    class TestMarked:
        @pytest.mark.mockbatch(scenario="instant")
        def test_near(self, mockbatch):
            assert submit(mockbatch.client).created_at == 1000
    """)
        )

    def test_skips_sleeps(self, run: Run) -> None:
        """A loop that sleeps for minutes ends at once."""
        assert_passed(
            run("""
    import time

    @pytest.mark.mockbatch(skip_sleep=True)
    def test_loop(mockbatch):
        batch = submit(mockbatch.client)
        while mockbatch.client.batches.retrieve(batch.id).status != "completed":
            time.sleep(60)
    """)
        )

    @pytest.mark.parametrize(
        ("marker", "message"),
        [
            (
                "scenaro='happy'",
                "*unknown option scenaro. Did you mean: scenario. Valid options: *",
            ),
            (
                "zzz=1",
                "*unknown option zzz. Valid options: scenario, clock, pace, *, skip_sleep, *",
            ),
            (
                "scenario='expired_partial', fractoin=1",
                "*unknown option fractoin. Did you mean: fraction*of expired_partial: fraction.",
            ),
            ("scenario='all_failed', fraction=1", "*unknown option fraction. Valid options: *"),
            ("scenario='hapy', fraction=1", "*There is no scenario 'hapy'. Did you mean: happy.*"),
            ("scenario='expired_partial', fraction=2", "*fraction*"),
            ("clock='fast'", "*invalid clock mode 'fast': use manual, *"),
            ("pace=0", "*pace*"),
            ("poll_limit='x'", "*Invalid type for 'poll_limit'*"),
            ("'happy'", "*@pytest.mark.mockbatch takes keyword arguments only*"),
            ("start_time=datetime.datetime(2026, 1, 1)", "*has no time zone*"),
            ("start_time='soon'", "*Invalid isoformat string: 'soon'*"),
        ],
    )
    def test_bad_one_is_a_clear_error(self, run: Run, marker: str, message: str) -> None:
        """The test does not begin; the line names the nearest option, and all there are."""
        result = run(f"""
    import datetime

    @pytest.mark.mockbatch({marker})
    def test_marked(mockbatch): pass
    """)
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([f"E {message}"])


class TestIni:
    """`mockbatch_*` in the ini file."""

    def test_has_an_option_for_each_of_the_marker(self, pytestconfig: pytest.Config) -> None:
        """Each can be requested by its name."""
        for name in MARKER_OPTIONS:
            pytestconfig.getini(f"mockbatch_{name}")
        assert set(WORLD_OPTIONS) < MARKER_OPTIONS

    def test_sets_the_defaults(self, run: Run) -> None:
        """The marker replaces them one by one."""
        ini = "mockbatch_scenario = all_failed\nmockbatch_start_time = 2026-01-01T00:00:00Z\n"
        assert_passed(
            run(
                """
    import time

    def test_defaults(mockbatch):
        batch = submit(mockbatch.client)
        assert batch.created_at == 1767225600
        time.sleep(3600)
        batch = mockbatch.client.batches.retrieve(batch.id)
        assert (batch.status, batch.output_file_id) == ("completed", None)

    @pytest.mark.mockbatch(scenario="happy", skip_sleep=False)
    def test_marker_wins(mockbatch):
        batch = submit(mockbatch.client)
        assert mockbatch.timeline(batch)["scenario"] == "happy"
        time.sleep(0.001)
        assert mockbatch.clock.now == 1767225600
    """,
                ini=ini + "mockbatch_skip_sleep = true\n",
            ),
            2,
        )

    def test_unknown_option_ends_the_run(self, run: Run) -> None:
        """It names the nearest one, and all there are."""
        result = run("    def test_one(): pass", ini="mockbatch_skip_sleeps = true\n")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines(
            ["ERROR: unknown ini option mockbatch_skip_sleeps. Did you mean: *: mockbatch_*"]
        )


class TestInstants:
    """The forms in which an instant is given."""

    @pytest.mark.parametrize("start_time", STARTS)
    def test_start_time_takes_each_form(self, start_time: float | str | datetime) -> None:
        """Epoch seconds, ISO 8601 text, and an aware datetime are the same."""
        assert reset_body({"start_time": start_time})["start_time"] == START

    @pytest.mark.parametrize("instant", STARTS)
    @pytest.mark.mockbatch(start_time=0)
    def test_advance_to_takes_each_form(
        self, mockbatch: WorldClient, instant: float | str | datetime
    ) -> None:
        """The same as `start_time`."""
        mockbatch.client.files.list()
        assert mockbatch.clock.advance_to(instant).now == START

    def test_advance_to_refuses_a_naive_datetime(self, mockbatch: WorldClient) -> None:
        """It would be another instant on each machine."""
        mockbatch.client.files.list()
        with pytest.raises(ValueError, match="has no time zone"):
            mockbatch.clock.advance_to(datetime(2100, 1, 1))  # noqa: DTZ001 - that is the point
