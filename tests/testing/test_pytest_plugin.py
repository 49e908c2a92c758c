"""The pytest plugin, as users have it: installed, and without a conftest."""

import os

import pytest

from mockbatch import MockBatch
from mockbatch.client import WorldClient
from mockbatch.world import journal
from tests.support.plugin_runs import INPUT, Run, assert_passed, run_alone

pytest_plugins = ["pytester"]


class TestMockbatch:
    """The fixture `mockbatch`."""

    def test_needs_no_conftest(self, run: Run) -> None:
        """The first example of the README, as short as it can be."""
        assert_passed(
            run("""
    def test_first(mockbatch):
        batch = submit(mockbatch.client)
        mockbatch.clock.run_until(batch)
        assert mockbatch.client.batches.retrieve(batch.id).status == "completed"
    """)
        )

    def test_sets_what_clients_read(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Code under test that builds its own client needs no change."""
        monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-user")
        monkeypatch.setenv("OPENAI_PROJECT_ID", "proj-of-the-user")
        monkeypatch.setenv("NO_PROXY", "example.com")
        assert_passed(
            run("""
    import openai, os

    def test_environment(mockbatch):
        with openai.OpenAI() as client:
            assert client.organization is client.project is None
            submit(client)
        assert os.environ["OPENAI_BASE_URL"] == mockbatch.base_url
        assert os.environ["OPENAI_API_KEY"] == mockbatch.api_key
        assert set(os.environ["NO_PROXY"].split(",")) == {"127.0.0.1", "localhost", "example.com"}
        mockbatch.assert_requested("POST", "/v1/batches", count=1)
    """)
        )

    @pytest.mark.parametrize("before", [None, "as-it-was"])
    def test_puts_the_environment_back(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, before: str | None
    ) -> None:
        """After the test everything is as it was before."""
        names = "OPENAI_BASE_URL OPENAI_API_KEY OPENAI_ORG_ID OPENAI_PROJECT_ID NO_PROXY no_proxy"
        for name in names.split():
            if before is None:
                monkeypatch.delenv(name, raising=False)
            else:
                monkeypatch.setenv(name, before)
        assert_passed(run("    def test_one(mockbatch): mockbatch.client.files.list()"))
        assert {os.environ.get(name) for name in names.split()} == {before}

    def test_is_a_fresh_world_for_each_test(self, run: Run) -> None:
        """Nothing is left of the test before, under the same URL and key."""
        assert_passed(
            run("""
    keys = set()

    @pytest.mark.parametrize("time", [1, 2, 3])
    def test_each(mockbatch, time):
        assert mockbatch.client.files.list().data == []
        submit(mockbatch.client)
        keys.add((mockbatch.base_url, mockbatch.api_key))
        assert len(keys) == 1
    """),
            3,
        )

    def test_clock_stands_still(self, run: Run) -> None:
        """Time moves when the test says so, and not before; the pace is the recorded one."""
        assert_passed(
            run("""
    def test_clock(mockbatch):
        assert mockbatch.clock.mode == "manual"
        batch = submit(mockbatch.client)
        assert mockbatch.clock.now == batch.created_at
        assert mockbatch.clock.next_event.at == batch.created_at + 62
    """)
        )

    def test_prints_nothing_when_tests_pass(self, run: Run) -> None:
        """Not a line, not a warning, not a section."""
        result = run("    def test_one(mockbatch): submit(mockbatch.client)", "-rA", "-q")
        text = result.stdout.str() + result.stderr.str()
        assert "Captured" not in text
        assert "warning" not in text.lower()

    def test_warns_when_no_request_arrived(self, run: Run) -> None:
        """A test that meets another service without knowing it learns so."""
        result = run("    def test_silent(mockbatch): pass", ini="    default\n")
        result.assert_outcomes(passed=1, warnings=1)
        result.stdout.fnmatch_lines(
            ["*MockBatchWarning: *::test_silent took the mockbatch fixture*"]
        )

    def test_does_not_warn_when_the_test_ends_with_a_reset(self, run: Run) -> None:
        """A reset empties the journal; requests have arrived all the same."""
        assert_passed(
            run("""
    def test_reset(mockbatch):
        submit(mockbatch.client)
        mockbatch.reset()
    """)
        )

    def test_async_client_leaves_no_warning(self, run: Run) -> None:
        """Nobody has to close it, and it works in one event loop after the other."""
        assert_passed(
            run("""
    import asyncio, gc

    def test_async(mockbatch):
        async def count():
            return len((await mockbatch.async_client.files.list()).data)

        submit(mockbatch.client)
        assert asyncio.run(count()) == asyncio.run(count()) == 1

    def test_garbage():
        gc.collect()
    """),
            2,
        )


class TestOptions:
    """The marker and the ini file."""

    def test_marker_takes_them(self, run: Run) -> None:
        """All six at once."""
        assert_passed(
            run("""
    @pytest.mark.mockbatch(
        scenario="expired_empty", clock="on-poll", pace=62, seed=3, start_time=1000, poll_limit=5
    )
    def test_marked(mockbatch):
        batch = submit(mockbatch.client)
        assert batch.created_at == 1000
        assert mockbatch.client.batches.retrieve(batch.id).in_progress_at == 1001
        assert mockbatch.client.batches.retrieve(batch.id).status == "expired"
    """)
        )

    def test_nearest_marker_wins(self, run: Run) -> None:
        """A class may say one thing, a test of it another; the rest adds up."""
        assert_passed(
            run("""
    @pytest.mark.mockbatch(scenario="instant", start_time=1000)
    class TestMarked:
        @pytest.mark.mockbatch(start_time=2000)
        def test_near(self, mockbatch):
            batch = submit(mockbatch.client)
            assert batch.created_at == 2000
            assert mockbatch.client.batches.retrieve(batch.id).status == "completed"
    """)
        )

    def test_marker_is_registered(self, run: Run) -> None:
        """`--strict-markers` lets it through, `--markers` shows it."""
        source = """
    @pytest.mark.mockbatch(seed=1)
    def test_marked(mockbatch): submit(mockbatch.client)
    """
        assert_passed(run(source, "--strict-markers"))
        run(source, "--markers").stdout.fnmatch_lines(["@pytest.mark.mockbatch(scenario, clock, *"])

    def test_ini_file_has_the_defaults(self, run: Run) -> None:
        """For the tests, and for worlds of other scopes."""
        ini = "mockbatch_clock = on-poll\nmockbatch_pace = 62\nmockbatch_seed = s\n"
        assert_passed(
            run(
                """
    def test_defaults(mockbatch, mockbatch_server):
        for world in (mockbatch, mockbatch_server.world()):
            assert world.clock.mode == "on-poll"
            batch = submit(world.client)
            assert world.client.batches.retrieve(batch.id).in_progress_at == batch.created_at + 1

    @pytest.mark.mockbatch(clock="manual")
    def test_marker_wins(mockbatch):
        submit(mockbatch.client)
        assert mockbatch.clock.mode == "manual"
    """,
                ini=ini,
            ),
            2,
        )

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("mockbatch_pace = fast", "*mockbatch_pace: 'fast' is not a number*"),
            ("mockbatch_poll_limit = 1.5", "*mockbatch_poll_limit: '1.5' is not a number*"),
            ("mockbatch_clock = fast", "*invalid clock mode 'fast': use manual, *"),
        ],
    )
    def test_bad_ini_file_is_a_clear_error(self, run: Run, line: str, message: str) -> None:
        """The error names the line, or what there is."""
        result = run("    def test_one(mockbatch): pass", ini=f"{line}\n")
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines([f"E {message}"])

    def test_seed_decides_the_ids(self, run: Run) -> None:
        """Same seed, same ids; another seed, others."""
        source = "    def test_id(mockbatch): print(submit(mockbatch.client).input_file_id)"
        seeds = ("1", "1", "2")
        results = [run(source, "-s", ini=f"mockbatch_seed = {seed}\n") for seed in seeds]
        first, again, other = (
            next(line for line in result.outlines if "file-" in line) for result in results
        )
        assert first == again != other


class TestPolling:
    """No silent hangs."""

    def test_hundredth_retrieve_is_refused(self, run: Run) -> None:
        """A loop that polls while the clock stands ends, with a message."""
        result = run("""
    def test_loop(mockbatch):
        batch = submit(mockbatch.client)
        while batch.status != "completed":
            batch = mockbatch.client.batches.retrieve(batch.id)
    """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            ["E *BadRequestError*was retrieved 100 times while the simulated clock*"]
        )

    def test_refusal_is_not_repeated_by_the_sdk(self, run: Run) -> None:
        """Ninety-nine good answers, one error."""
        assert_passed(
            run("""
    def test_loop(mockbatch):
        batch = submit(mockbatch.client)
        with pytest.raises(Exception, match="run_until") as raised:
            while True:
                mockbatch.client.batches.retrieve(batch.id)
        assert raised.value.response.headers["x-should-retry"] == "false"
        mockbatch.assert_requested("GET", "/v1/batches/*", count=100)
    """)
        )

    def test_on_poll_ends_the_same_loop(self, run: Run) -> None:
        """With the mode that the message proposes, the loop needs no change."""
        assert_passed(
            run("""
    @pytest.mark.mockbatch(clock="on-poll")
    def test_loop(mockbatch):
        batch = submit(mockbatch.client)
        while batch.status != "completed":
            batch = mockbatch.client.batches.retrieve(batch.id)
        mockbatch.assert_requested("GET", "/v1/batches/*", count=3)
    """)
        )


class TestOtherFixtures:
    """`make_mockbatch`, `mockbatch_server` and `mockbatch_app`."""

    def test_make_mockbatch_makes_further_worlds(self, run: Run) -> None:
        """Each with its own files, batches and clock."""
        assert_passed(
            run("""
    def test_two(mockbatch, make_mockbatch):
        other = make_mockbatch(scenario="all_failed", start_time=0)
        batch = submit(other.client)
        other.clock.run_until(batch)
        assert other.client.batches.retrieve(batch.id).output_file_id is None
        assert mockbatch.client.batches.list().data == []
    """)
        )

    def test_worlds_go_with_the_test(self, run: Run) -> None:
        """The server keeps none of a test that is over."""
        assert_passed(
            run("""
    from mockbatch.web.context import EXTENSION

    def test_two(mockbatch, make_mockbatch):
        submit(mockbatch.client)
        submit(make_mockbatch().client)

    def test_gone(mockbatch_server):
        assert not mockbatch_server.app.extensions[EXTENSION].worlds.all()
    """),
            2,
        )

    @pytest.mark.parametrize("scope", ["class", "module", "session"])
    def test_server_makes_worlds_for_any_scope(self, run: Run, scope: str) -> None:
        """A fixture of one's own keeps a world for several tests."""
        assert_passed(
            run(f"""
    @pytest.fixture(scope="{scope}")
    def shared(mockbatch_server):
        with mockbatch_server.world(scenario="instant") as world:
            yield world

    class TestShared:
        def test_first(self, shared):
            submit(shared.client)

        def test_second(self, shared):
            assert shared.client.batches.list().data[0].status == "completed"
    """),
            2,
        )

    def test_world_that_nobody_closes_leaves_no_warning(self, run: Run) -> None:
        """`return mockbatch_server.world()` is a fixture too."""
        assert_passed(
            run("""
    import gc

    @pytest.fixture(scope="module")
    def shared(mockbatch_server):
        return mockbatch_server.world()

    def test_one(shared):
        submit(shared.client)

    def test_garbage():
        gc.collect()
    """),
            2,
        )

    def test_app_serves_a_test_client(self, run: Run) -> None:
        """Flask's own, without a socket."""
        assert_passed(
            run("""
    def test_app(mockbatch_app):
        headers = {"Authorization": f"Bearer {mockbatch_app.mock.api_key}"}
        client = mockbatch_app.test_client()
        assert client.get("/v1/batches", headers=headers).json["data"] == []
        mockbatch_app.mock.assert_requested("GET", "/v1/batches", count=1)
    """)
        )

    def test_app_serves_the_sdk(self, run: Run) -> None:
        """`.mock.client` calls the app directly, and `.mock.clock` moves its time."""
        assert_passed(
            run("""
    import socket

    def refuse(*arguments):  # an error that threads of other tests expect, too
        raise ConnectionRefusedError

    @pytest.mark.mockbatch(scenario="some_failed", start_time=1000)
    def test_app(mockbatch_app, monkeypatch):
        monkeypatch.setattr(socket.socket, "connect", refuse)
        batch = submit(mockbatch_app.mock.client)
        assert batch.created_at == 1000
        mockbatch_app.mock.clock.run_until(batch)
        assert mockbatch_app.mock.client.batches.retrieve(batch.id).status == "completed"
    """)
        )

    def test_app_has_no_async_client(self, run: Run) -> None:
        """The error says what to use instead."""
        assert_passed(
            run("""
    def test_app(mockbatch_app):
        with pytest.raises(RuntimeError, match="use the `mockbatch` fixture"):
            mockbatch_app.mock.async_client
    """)
        )


class TestControl:
    """What a test can say and ask through the fixture."""

    def test_run_until_says_how_a_batch_ended_instead(self, run: Run) -> None:
        """`EndedAs` is a failed assertion that explains."""
        result = run("""
    @pytest.mark.mockbatch(scenario="expired_empty")
    def test_wait(mockbatch):
        mockbatch.clock.run_until(submit(mockbatch.client))
    """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            ["E *EndedAs: *will not become 'completed': *is expired (since*"]
        )

    def test_each_verb_works(self, run: Run) -> None:
        """Clock, commands and questions, by object and by id."""
        assert_passed(
            run("""
    from datetime import datetime, timezone

    @pytest.mark.mockbatch(start_time=1000)
    def test_verbs(mockbatch):
        clock, batches = mockbatch.clock, mockbatch.client.batches
        held = submit(mockbatch.client)
        mockbatch.hold(held)
        assert clock.advance(minutes=2, hours=1).now == 1000 + 3720
        mockbatch.resume(held.id)
        assert clock.advance_to_next().events[0].type == "batch.in_progress"
        assert clock.advance_to(datetime.fromtimestamp(9000, timezone.utc)).now == 9000 == clock.now
        assert batches.retrieve(held.id).status == "completed"
        mockbatch.complete(submit(mockbatch.client))
        mockbatch.expire(submit(mockbatch.client))
        failed = submit(mockbatch.client)
        mockbatch.fail(failed, code="quota", message="No more.")
        assert batches.retrieve(failed.id).errors.data[0].code == "quota"
        assert mockbatch.timeline(failed)["status"] == "failed"
        assert clock.next_event is None
        clock.mode = "x60"
        assert clock.mode == "x60"
    """)
        )

    def test_refusal_is_a_control_error(self, run: Run) -> None:
        """With status, code and param."""
        assert_passed(
            run("""
    from mockbatch import ControlError

    def test_refusal(mockbatch):
        submit(mockbatch.client)
        with pytest.raises(ControlError, match="only moves forward") as raised:
            mockbatch.clock.advance_to(0)
        error = raised.value
        assert (error.status, error.code, error.param) == (409, "clock_is_past", "to")
    """)
        )

    def test_assert_requested_lists_what_was_requested(self, run: Run) -> None:
        """When it fails, everything that arrived is there to read."""
        result = run("""
    def test_requests(mockbatch):
        mockbatch.client.files.list()
        mockbatch.assert_requested("GET", "/v1/files")
        mockbatch.assert_requested("POST", "/v1/batches", count=0)
        mockbatch.assert_requested("POST", "/v1/batches")
    """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                "E *POST /v1/batches was requested 0 times, not at least once. Of 1 requests, *:",
                "E *  GET /v1/files -> 200",
            ]
        )

    def test_assert_requested_says_what_is_no_longer_known(
        self, mockbatch: WorldClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A request that the journal has dropped may have been the one."""
        monkeypatch.setattr(journal, "MAX_ENTRIES", 2)
        mockbatch.reset()  # a journal begins with the world
        for _ in range(3):
            mockbatch.client.files.list()
        with pytest.raises(AssertionError, match="journal has dropped the 1 requests"):
            mockbatch.assert_requested("GET", "/v1/batches")


class TestRuns:
    """Whole runs of pytest, in processes of their own."""

    @pytest.mark.slow
    def test_failure_of_the_mock_itself_fails_the_test(self, pytester: pytest.Pytester) -> None:
        """A 500 that no fault caused is a bug of mockbatch, which no test may hide."""
        pytester.makepyfile("""
            import openai, pytest
            from mockbatch.world.world import World

            def test_it(mockbatch, monkeypatch):
                monkeypatch.setattr(World, "batches", None)
                with pytest.raises(openai.InternalServerError):
                    mockbatch.client.with_options(max_retries=0).batches.list()
        """)
        result = run_alone(pytester)
        result.assert_outcomes(passed=1, errors=1)
        result.stdout.fnmatch_lines(["*mockbatch itself failed: GET /v1/batches*"])

    def test_failure_behind_a_fault_fails_the_test(self, run: Run) -> None:
        """A fault on the answer does not hide that there was none."""
        result = run("""
    def test_it(mockbatch, monkeypatch):
        import openai
        from mockbatch.world.world import World
        monkeypatch.setattr(World, "batches", None)
        mockbatch.fault({"path": "/v1/batches"}, {"delay_ms": 1})
        with pytest.raises(openai.InternalServerError):
            mockbatch.client.with_options(max_retries=0).batches.list()
    """)
        result.assert_outcomes(passed=1, errors=1)

    def test_failure_in_a_script_fails_no_test(self, run: Run) -> None:
        """A test may ask for a live call that ends in a 500."""
        result = run("""
    def test_it(mockbatch):
        import openai
        error = {"message": "-", "type": "server_error", "param": None, "code": None}
        mockbatch.reply({}, {"status_code": 500, "body": {"error": error}})
        with pytest.raises(openai.InternalServerError):
            mockbatch.client.with_options(max_retries=0).embeddings.create(model="-", input="-")
    """)
        result.assert_outcomes(passed=1)

    TWELVE = """
    @pytest.mark.parametrize("number", range(12))
    def test_ids(mockbatch, number, worker_id):
        with open(f"ids-{worker_id}", "a") as file:
            print(number, submit(mockbatch.client).input_file_id, file=file)
    """

    @pytest.mark.slow
    def test_xdist_mints_the_same_ids_in_each_run(self, pytester: pytest.Pytester) -> None:
        """With workers and without: an id depends on its test alone."""
        found = []
        pytester.makepyfile(f"    import pytest\n{INPUT}\n{self.TWELVE}")
        for workers in ((), ("-n", "2")):
            run_alone(pytester, *workers).assert_outcomes(passed=12)
            files = list(pytester.path.glob("ids-*"))
            found.append({line for file in files for line in file.read_text().splitlines()})
            for file in files:
                file.unlink()
        assert found[0] == found[1]
        assert len({line.split()[1] for line in found[0]}) == 12

    @pytest.mark.slow
    def test_running_server_can_be_used(self, pytester: pytest.Pytester) -> None:
        """`--mockbatch-url`, with two workers on it at once."""
        pytester.makepyfile(f"""    import os, pytest
{INPUT}
    @pytest.fixture(scope="module")
    def shared(mockbatch_server):
        with mockbatch_server.world() as world:
            yield world

    @pytest.mark.parametrize("number", range(6))
    def test_there(mockbatch, shared, number):
        assert mockbatch.base_url == shared.base_url == os.environ["WANTED"]
        submit(shared.client)
        mockbatch.clock.run_until(submit(mockbatch.client))
        assert len(mockbatch.client.batches.list().data) == 1
    """)
        with MockBatch() as mock:
            pytester._monkeypatch.setenv("WANTED", mock.base_url)
            result = run_alone(pytester, "-n", "2", "--mockbatch-url", mock.base_url)
        result.assert_outcomes(passed=6)

    def test_plugin_costs_a_run_without_it_nothing(self, pytester: pytest.Pytester) -> None:
        """Importing it imports neither Flask, jsonschema nor openai."""
        pytester.makepyfile("""
    import sys

    def test_modules(request):
        assert request.config.pluginmanager.hasplugin("mockbatch")
        heavy = {"flask", "werkzeug", "jsonschema", "openai", "cheroot"}
        heavy |= {"mockbatch.testing.servers"}
        assert not heavy & set(sys.modules)
    """)
        run_alone(pytester).assert_outcomes(passed=1)

    @pytest.mark.slow
    def test_usual_life_loads_no_jsonschema(self, pytester: pytest.Pytester) -> None:
        """It takes longer than all of mockbatch, and what plainly fits needs no judge."""
        pytester.makepyfile(f"""    import sys

    import pytest
{INPUT}
    @pytest.mark.mockbatch(scenario="finish_length")
    def test_life(mockbatch):
        mockbatch.reply("b", "Hello")
        given = submit(mockbatch.client).input_file_id
        batch = mockbatch.client.batches.create(
            input_file_id=given,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={{"project": "x"}},
        )
        mockbatch.clock.run_until(batch)
        batch = mockbatch.client.batches.retrieve(batch.id)
        assert mockbatch.client.files.content(batch.output_file_id).text
        mockbatch.client.batches.list()
        assert "jsonschema" not in sys.modules
    """)
        run_alone(pytester).assert_outcomes(passed=1)

    @pytest.mark.slow
    def test_no_warning_at_the_end_of_a_run(self, pytester: pytest.Pytester) -> None:
        """`-W error` finds nothing, also in what Python does after pytest."""
        pytester.makepyfile(f"""    import asyncio, openai, pytest
{INPUT}
    @pytest.fixture(scope="session")
    def unclosed(mockbatch_server):
        return mockbatch_server.world()

    def test_many(mockbatch, make_mockbatch, mockbatch_app, unclosed):
        for world in (mockbatch, make_mockbatch(), mockbatch_app.mock, unclosed):
            submit(world.client)
        asyncio.run(list_files(mockbatch.async_client))

    async def list_files(client):
        await client.files.list()
    """)
        result = run_alone(pytester, "-W", "error")
        result.assert_outcomes(passed=1)
        assert result.stderr.str() == ""

    @pytest.mark.slow
    def test_without_openai_a_client_of_another_kind_is_enough(
        self, pytester: pytest.Pytester
    ) -> None:
        """The package `openai` is needed for `.client` only."""
        pytester.makepyfile("""
    import sys, urllib.request
    sys.modules["openai"] = None

    def test_plain(mockbatch):
        headers = {"Authorization": f"Bearer {mockbatch.api_key}"}
        request = urllib.request.Request(f"{mockbatch.base_url}/files", headers=headers)
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200
    """)
        run_alone(pytester).assert_outcomes(passed=1)
