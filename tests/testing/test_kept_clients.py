"""Code that keeps its client works in every test, and meets nothing of an earlier one."""

import os
import sys

import openai
import pytest

from mockbatch import MockBatch
from mockbatch.testing.servers import LocalServer
from tests.support.plugin_runs import INPUT, Run, assert_passed, run_alone

pytest_plugins = ["pytester"]

# Each of two tests asks for the other outcome, so the world of the first one shows in the second.
OUTCOMES = """
    def outcome(world, client):
        batch = submit(client)
        world.clock.run_until(batch)
        return client.batches.retrieve(batch.id).output_file_id is None

    scenarios = pytest.mark.parametrize("scenario", ["happy", "all_failed"])
"""


KEPT = {
    "the client of the openai module": ("lambda: openai", "openai._client"),
    "a cached function": ("functools.lru_cache(openai.OpenAI)", "get()"),
    "a global": ("lambda: kept.get(1) or kept.setdefault(1, openai.OpenAI())", "get()"),
}


class TestKept:
    """Clients that are built in one test and used in the next."""

    @pytest.mark.parametrize(("get", "client"), [*KEPT.values()], ids=[*KEPT])
    def test_meets_the_world_of_the_running_test(
        self, run: Run, monkeypatch: pytest.MonkeyPatch, get: str, client: str
    ) -> None:
        """The scenario that the second test chose applies to its batch."""
        monkeypatch.setattr(openai, "_client", None, raising=False)
        monkeypatch.delitem(sys.modules, "openai._module_client", raising=False)
        assert_passed(
            run(f"""
    import functools, openai
{OUTCOMES}
    kept = {{}}
    get = {get}

    @pytest.fixture(scope="module", autouse=True)
    def closing():
        yield
        {client}.close()

    @scenarios
    def test_each(mockbatch, scenario):
        mockbatch.scenario(scenario)
        assert outcome(mockbatch, get()) == (scenario == "all_failed")
    """),
            2,
        )

    def test_works_in_a_test_case_of_unittest(self, run: Run) -> None:
        """An autouse fixture hands the world to the methods."""
        assert_passed(
            run(f"""
    import functools, openai, unittest
{OUTCOMES}
    get = functools.lru_cache(openai.OpenAI)

    class TestCase(unittest.TestCase):
        @pytest.fixture(autouse=True)
        def world(self, mockbatch):
            self.mockbatch = mockbatch

        def setUp(self):
            self.client = get()

        def test_happy(self):
            self.assertFalse(outcome(self.mockbatch, self.client))

        def test_failed(self):
            self.mockbatch.scenario("all_failed")
            self.assertTrue(outcome(self.mockbatch, self.client))
    """),
            2,
        )

    def test_works_for_an_async_client_in_another_event_loop(self, run: Run) -> None:
        """As under anyio and pytest-asyncio, which give each test a loop."""
        assert_passed(
            run("""
    import functools, openai

    get = functools.lru_cache(lambda: openai.AsyncOpenAI(max_retries=0))
    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.mark.parametrize("number", [1, 2])
    async def test_each(mockbatch, number):
        assert (await get().files.list()).data == []
        submit(mockbatch.client)
        assert len((await get().files.list()).data) == 1
        await get().close()
        get.cache_clear()
    """),
            2,
        )

    def test_client_of_a_module_fixture(self, run: Run) -> None:
        """`mockbatch_server` has the address before any test has a world."""
        assert_passed(
            run(f"""
    import openai
{OUTCOMES}
    @pytest.fixture(scope="module")
    def client(mockbatch_server):
        address = {{"base_url": mockbatch_server.base_url, "api_key": mockbatch_server.api_key}}
        with openai.OpenAI(**address) as client:
            yield client

    @scenarios
    def test_each(client, mockbatch, scenario):
        mockbatch.scenario(scenario)
        assert outcome(mockbatch, client) == (scenario == "all_failed")
    """),
            2,
        )

    def test_order_of_the_tests_makes_no_difference(
        self, run: Run, pytester: pytest.Pytester
    ) -> None:
        """A test's batch has the same outcome and id, whichever test built the client."""
        source = """
    import functools, openai
    get = functools.lru_cache(openai.OpenAI)

    @pytest.fixture(scope="module", autouse=True)
    def closing():
        yield
        get().close()

    @pytest.mark.mockbatch(start_time=1_800_000_000)
    @pytest.mark.parametrize("scenario", ["happy", "all_failed", "expired_partial"])
    def test_each(mockbatch, scenario):
        mockbatch.scenario(scenario)
        batch = submit(get())
        mockbatch.clock.advance(hours=24)
        print("status", scenario, batch.id, get().batches.retrieve(batch.id).status)
"""

        def printed_lines() -> set[str]:
            result = run(source, "-s")
            assert_passed(result, 3)
            words = result.stdout.str().split()
            return {
                " ".join(words[at : at + 4]) for at, word in enumerate(words) if "status" in word
            }

        forwards = printed_lines()
        pytester.makeconftest("def pytest_collection_modifyitems(items): items.reverse()")
        assert len(forwards) == 3
        assert {line.lstrip(".") for line in printed_lines()} == {
            line.lstrip(".") for line in forwards
        }

    @pytest.mark.slow
    def test_each_xdist_worker_has_its_own(self, pytester: pytest.Pytester) -> None:
        """Workers on one running server do not share a key."""
        pytester.makepyfile(f"""    import functools, openai, pytest
{INPUT}
    get = functools.lru_cache(openai.OpenAI)

    @pytest.mark.parametrize("number", range(8))
    def test_each(mockbatch, number):
        submit(get())
        assert len(mockbatch.client.batches.list().data) == 1
    """)
        with MockBatch() as mock:
            result = run_alone(pytester, "-n", "2", "--mockbatch-url", mock.base_url)
        result.assert_outcomes(passed=8)


class TestBetweenTests:
    """Calls while no test has a world."""

    def test_are_refused_and_name_the_test_that_is_over(self, run: Run) -> None:
        """A thread that outlives its test, or a test without the fixture, learns so at once."""
        assert_passed(
            run("""
    import functools, openai

    get = functools.lru_cache(openai.OpenAI)

    def test_first(mockbatch):
        submit(get())

    def test_second():
        with pytest.raises(openai.AuthenticationError, match="::test_first, which is over") as info:
            submit(get())
        assert info.value.response.headers["x-should-retry"] == "false"
    """),
            2,
        )

    def test_handle_of_a_test_that_is_over_is_refused(self, run: Run) -> None:
        """It must not reach the next test's world, which has the same key."""
        assert_passed(
            run("""
    from mockbatch import ControlError

    worlds = []

    def test_first(mockbatch, make_mockbatch):
        submit(mockbatch.client)
        worlds.extend([mockbatch, make_mockbatch()])

    def test_second(mockbatch):
        assert mockbatch.client.files.list().data == []
        for world in worlds:
            for call in (world.reset, lambda: world.clock.now, lambda: world.client):
                with pytest.raises(ControlError, match="test_first.*, which is over"):
                    call()
        worlds[0].close()
        mockbatch.client.files.list()
    """),
            2,
        )

    def test_client_of_a_handle_is_refused_with_it(self, run: Run) -> None:
        """Sync and async: the message names the test, and nothing is sent again."""
        assert_passed(
            run("""
    import asyncio, openai

    kept = []

    def test_first(mockbatch):
        submit(mockbatch.client)
        kept.extend([mockbatch.client, mockbatch.async_client])

    def test_second(mockbatch):
        client, async_client = kept
        with pytest.raises(openai.AuthenticationError, match="test_first, which is over") as info:
            client.files.list()
        assert info.value.response.headers["x-should-retry"] == "false"

        async def list_files():
            return await async_client.files.list()

        with pytest.raises(openai.AuthenticationError, match="test_first, which is over"):
            asyncio.run(list_files())
        assert mockbatch.requests == []
        mockbatch.client.files.list()
    """),
            2,
        )

    def test_world_beside_the_shared_one_does_not_come_back(self, run: Run) -> None:
        """Its key is refused too, by the name of what it was made for."""
        assert_passed(
            run("""
    import openai

    clients = []

    @pytest.fixture(scope="class")
    def shared(mockbatch_server):
        with mockbatch_server.world() as world:
            yield world

    class TestShared:
        def test_first(self, shared, make_mockbatch):
            for world in (shared, make_mockbatch()):
                client = openai.OpenAI(base_url=world.base_url, api_key=world.api_key)
                clients.append(client)
                submit(client)

    @pytest.mark.parametrize("number, owner", [(0, "fixture 'shared'"), (1, "::test_first")])
    def test_later(number, owner):
        with clients[number] as client:
            with pytest.raises(openai.AuthenticationError, match=f"{owner}.*, which is over"):
                submit(client)
    """),
            3,
        )

    def test_app_of_a_test_that_is_over_is_refused(self, run: Run) -> None:
        """`mockbatch_app` too leaves no world behind."""
        assert_passed(
            run("""
    apps = []

    def test_first(mockbatch_app):
        apps.append(mockbatch_app)

    def test_second():
        headers = {"Authorization": f"Bearer {apps[0].mock.api_key}"}
        response = apps[0].test_client().get("/v1/files", headers=headers)
        assert response.status_code == 401
        assert "::test_first, which is over" in response.json["error"]["message"]
    """),
            2,
        )


class TestEnvironment:
    """`mockbatch_env` in the ini file."""

    CONFTEST = "import openai\nclient = openai.OpenAI(max_retries=0)"

    @pytest.mark.slow
    def test_client_built_at_import_works(
        self, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In a conftest as in a test module, with workers and without."""
        for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
            monkeypatch.delenv(name, raising=False)
        pytester.makeini("[pytest]\nmockbatch_env = true\n")
        pytester.makeconftest(self.CONFTEST)
        pytester.makepyfile(f"""    import conftest, openai, pytest
{INPUT}
{OUTCOMES}
    client = openai.OpenAI()

    @pytest.mark.parametrize("kept", [client, conftest.client])
    @scenarios
    def test_each(mockbatch, scenario, kept):
        mockbatch.scenario(scenario)
        assert outcome(mockbatch, kept) == (scenario == "all_failed")
    """)
        for workers in ((), ("-n", "2")):
            run_alone(pytester, *workers).assert_outcomes(passed=4)

    def test_calls_before_the_first_test_are_refused(self, run: Run) -> None:
        """An import that calls the API gets an error, and reaches no world."""
        result = run(
            """
    import openai

    with openai.OpenAI() as client:
        client.files.list()
    """,
            ini="mockbatch_env = true\n",
        )
        result.assert_outcomes(errors=1)
        result.stdout.fnmatch_lines(["E *This API key has no world: no test has begun yet*"])

    def test_environment_is_put_back_after_the_run(
        self, run: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What comes after the run in the same process sees nothing of it."""
        monkeypatch.setenv("OPENAI_BASE_URL", "http://as.it.was")
        assert_passed(
            run("    def test_one(mockbatch): submit(mockbatch.client)", ini="mockbatch_env = 1\n")
        )
        assert os.environ["OPENAI_BASE_URL"] == "http://as.it.was"

    def test_environment_is_put_back_when_a_conftest_fails(
        self, run: Run, pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The run ends before it has begun, and its server with it."""
        monkeypatch.setenv("OPENAI_BASE_URL", "http://as.it.was")
        pytester.makeconftest("import a_module_that_does_not_exist")
        result = run("    def test_one(): pass", ini="mockbatch_env = true\n")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        assert os.environ["OPENAI_BASE_URL"] == "http://as.it.was"

    def test_is_off_by_default(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without it nothing changes before a test takes the fixture."""
        monkeypatch.setenv("OPENAI_BASE_URL", "http://as.it.was")
        assert_passed(
            run("""
    import os

    at_import = os.environ["OPENAI_BASE_URL"]

    def test_one():
        assert at_import == os.environ["OPENAI_BASE_URL"] == "http://as.it.was"
    """)
        )


class TestParallelThreads:
    """Tests that run at the same time in one process."""

    def test_second_holder_of_the_shared_world_is_refused(self) -> None:
        """Two tests under one key would see each other: the message says what to do."""
        server = LocalServer()
        try:
            first = server.shared_world("test_a")
            with pytest.raises(RuntimeError, match=r"^test_b takes.*while test_a.*own_key=True"):
                server.shared_world("test_b")
            first.close()
            server.shared_world("test_b")
        finally:
            server.close()

    @pytest.mark.parametrize(
        ("marker", "ini"),
        [("@pytest.mark.mockbatch(own_key=True)", ""), ("", "mockbatch_own_key = 1")],
    )
    def test_each_can_have_a_key_of_its_own(self, run: Run, marker: str, ini: str) -> None:
        """By marker or ini file."""
        assert_passed(
            run(
                f"""
    keys = set()

    {marker}
    @pytest.mark.parametrize("number", [1, 2])
    def test_each(mockbatch, mockbatch_server, number):
        mockbatch_server.shared_world("another test").close()
        submit(mockbatch.client)
        keys.add(mockbatch.api_key)
        assert len(keys) == number
    """,
                ini=ini,
            ),
            2,
        )
