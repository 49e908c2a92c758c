"""What pytest's report of a failed test shows of the worlds that the test used."""

import pytest

from mockbatch import MockBatch
from mockbatch.client import WorldClient
from mockbatch.testing import failure_report
from mockbatch.testing.failure_report import render
from mockbatch.testing.servers import LocalServer, RemoteServer
from mockbatch.typing import Json
from mockbatch.world.world import World
from tests.support.plugin_runs import QUICK, Run

pytest_plugins = ["pytester"]

SENT = """
    @pytest.fixture
    def sent(mockbatch):
        mockbatch.client.files.list()
        yield
"""
TITLE = "*- mockbatch -*"


@pytest.fixture
def run(run: Run) -> Run:
    """Run tests in this process; `submit`, `sent` and `pytest` are there for them."""
    return lambda source, *arguments: run(SENT + source, *arguments)


def sections(result: pytest.RunResult) -> list[list[str]]:
    """Return the lines of the sections that a run printed."""
    found: list[list[str]] = []
    inside = False
    for line in result.outlines:
        if line.startswith(("----", "====", "____")):
            inside = line.strip("-") == " mockbatch "
            if inside:
                found.append([])
        elif inside:
            found[-1].append(line)
    return found


def world_of(server: LocalServer, handle: WorldClient) -> World:
    """Return the world behind a handle."""
    world: World = server.app.extensions["mockbatch"].worlds.all()[handle.api_key]
    return world


class TestWhat:
    """What a section shows."""

    def test_shows_requests_and_batches(self, run: Run) -> None:
        """Requests stand with time, status and retry; batches with what comes for them."""
        result = run("""
    @pytest.mark.mockbatch(start_time=1713894800)
    def test_fails(mockbatch):
        batch = submit(mockbatch.client)
        mockbatch.clock.advance(62)
        mockbatch.client.batches.retrieve(batch.id)
        assert not batch
    """)
        result.assert_outcomes(failed=1)
        result.stdout.fnmatch_lines(
            [
                TITLE,
                "the world at http://127.0.0.1:*/v1, 2024-04-23 17:54:22Z on its manual clock",
                "requests, the last 3 of 3:",
                "  2024-04-23 17:53:20Z POST /v1/files -> 200",
                "  2024-04-23 17:53:20Z POST /v1/batches -> 200",
                "  2024-04-23 17:54:22Z GET /v1/batches/batch_* -> 200",
                "batch_* is in_progress (since 2024-04-23 17:54:22Z, scenario happy, *",
                "  2024-04-23 17:55:23Z batch.finalizing",
                "  2024-04-23 17:55:24Z batch.completed",
            ],
            consecutive=True,
        )

    def test_shows_retries(self, run: Run) -> None:
        """A request that the SDK repeats says the how manieth it is."""
        result = run("""
    def test_fails(mockbatch):
        mockbatch.client.files.list(extra_headers={"x-stainless-retry-count": "2"})
        assert False
    """)
        result.stdout.fnmatch_lines(["  * GET /v1/files -> 200, retry 2"])

    def test_shows_faults(self) -> None:
        """A request that met a fault names it, and one without an answer has the status 0."""
        entry = {"now": 0, "method": "GET", "path": "/", "retry_count": 0}
        met = {**entry, "status": 0, "fault": "reset"}
        assert failure_report._request(met) == "  1970-01-01 00:00:00Z GET / -> 0, fault reset"

    @pytest.mark.parametrize(
        ("attempts", "text"),
        [
            ([], "pending, 0 attempts"),
            ([{"error": "refused"}], "pending, 1 attempts, the last -> refused"),
            ([{"error": "refused"}, {"status_code": 500}], "pending, 2 attempts, the last -> 500"),
        ],
    )
    def test_shows_the_last_attempt_of_a_webhook(self, attempts: list[Json], text: str) -> None:
        """Its error, or the status of the response."""
        nothing = {"error": None, "status_code": None}
        delivery = {
            "event": {"created_at": 0, "type": "batch.completed"},
            "url": "http://localhost/",
            "status": "pending",
            "attempts": [{**nothing, **attempt} for attempt in attempts],
        }
        assert failure_report._delivery(delivery) == (
            f"  1970-01-01 00:00:00Z batch.completed to http://localhost/: {text}"
        )

    def test_shows_no_more_than_a_screen(
        self, mockbatch: WorldClient, mockbatch_server: LocalServer
    ) -> None:
        """Of many requests and batches the last are shown, and of a long line its beginning."""
        lines = b'{"custom_id": "a"}\n'
        client = mockbatch.client
        file = client.files.create(file=("in.jsonl", lines), purpose="batch")
        for _ in range(40):
            batch = client.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
            )
        client.files.list(after=file.id, extra_query={"long": "x" * 1000})
        shown = render(mockbatch, world_of(mockbatch_server, mockbatch)).splitlines()
        assert shown[1] == "requests, the last 30 of 42:"
        assert [len(line) for line in shown if "long=" in line] == [400]
        assert sum(line.startswith("  ") and "POST" in line for line in shown) == 29
        assert sum(line.startswith("batch_") for line in shown) == 10
        assert shown[-3].startswith(f"batch_...{batch.id[-6:]} is validating ")

    def test_shows_why_requests_were_rejected(self, run: Run) -> None:
        """With the message of the error."""
        result = run("""
    def test_fails(mockbatch):
        mockbatch.client.files.retrieve("file-1")
    """)
        result.stdout.fnmatch_lines(
            ["  * GET /v1/files/file-1 -> 404: No such File object: file-1"]
        )

    def test_shows_why_a_batch_failed(self, run: Run) -> None:
        """With the errors of its lines, the first five of them."""
        result = run("""
    def test_fails(mockbatch):
        lines = b"{\\n" * 7
        file = mockbatch.client.files.create(file=("in.jsonl", b"{}\\n" + lines), purpose="batch")
        mockbatch.client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        mockbatch.clock.advance(hours=24)
        assert False
    """)
        result.stdout.fnmatch_lines(
            [
                "  line 1: missing_required_parameter: *",
                "  line 2: invalid_json_line: This line is not parseable as valid JSON.",
                "  ... and * more errors",
            ]
        )

    def test_shows_no_secrets(self, run: Run) -> None:
        """Neither those of a request nor those of a receiver's URL."""
        result = run("""
    def test_fails(mockbatch):
        mockbatch.webhook("http://127.0.0.1:9/hook?token=hush")
        submit(mockbatch.client)
        mockbatch.client.files.list(extra_query={"api_key": "hush"})
        mockbatch.clock.advance(hours=24)
        assert False
    """)
        [shown] = sections(result)
        assert any("?api_key=***" in line for line in shown)
        assert any("/hook?token=***" in line for line in shown)
        assert not any("hush" in line for line in shown)

    def test_shows_repeated_polls_in_one_line(self, run: Run) -> None:
        """With how many they were; a change of the result begins another line."""
        result = run("""
    def test_fails(mockbatch):
        batch = submit(mockbatch.client)
        for _ in range(28):
            mockbatch.client.batches.retrieve(batch.id)
        assert False
    """)
        result.stdout.fnmatch_lines(["  * GET /v1/batches/batch_...* -> 200 (\u00d728)"])
        assert len(sections(result)[0]) == 2 + 3 + 4 + 1

    def test_says_that_time_has_not_moved(self, run: Run) -> None:
        """If a batch waits for it; a test that advances gets no such line."""
        still, moved = "time has not moved in this test: *", "mockbatch.clock.advance(1)"
        for line, is_shown in (("pass", True), (moved, False)):
            result = run(f"""
    def test_fails(mockbatch):
        submit(mockbatch.client)
        {line}
        assert False
    """)
            if is_shown:
                result.stdout.fnmatch_lines([still])
            else:
                result.stdout.no_fnmatch_line(still)

    def test_changes_nothing(self, mockbatch: WorldClient, mockbatch_server: LocalServer) -> None:
        """Neither the journal nor the count of polls nor the clock knows of a report."""
        client = mockbatch.client
        file = client.files.create(file=("in.jsonl", b"{}"), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        before = mockbatch.call("GET", "/_mock/state"), mockbatch.requests
        for _ in range(200):
            render(mockbatch, world_of(mockbatch_server, mockbatch))
        assert (mockbatch.call("GET", "/_mock/state"), mockbatch.requests) == before
        assert client.batches.retrieve(batch.id).status == "validating"


class TestWhen:
    """Which tests have sections."""

    def test_passing_test_shows_nothing(self, run: Run) -> None:
        """Not even with -rA, which prints all that is captured."""
        result = run("    def test_passes(mockbatch): submit(mockbatch.client)", "-rA")
        result.assert_outcomes(passed=1)
        result.stdout.no_fnmatch_line(TITLE)

    @pytest.mark.parametrize("mark", ["xfail", "skip"])
    def test_expected_failure_shows_nothing(self, run: Run, mark: str) -> None:
        """A test that may fail has not failed."""
        source = f"    @pytest.mark.{mark}\n    def test_may(mockbatch, sent): assert False"
        result = run(source, "-rA")
        result.stdout.no_fnmatch_line(TITLE)

    def test_failure_without_a_world_shows_nothing(self, run: Run) -> None:
        """Nor is anything of the server imported for it."""
        result = run("""
    def test_first(mockbatch): submit(mockbatch.client)
    def test_other(): assert False
    """)
        result.assert_outcomes(passed=1, failed=1)
        result.stdout.no_fnmatch_line(TITLE)

    def test_failure_in_setup_has_one(self, run: Run) -> None:
        """A fixture that fails after its first requests is explained."""
        result = run("""
    @pytest.fixture
    def broken(sent):
        raise LookupError

    def test_errs(broken): pass
    """)
        result.assert_outcomes(errors=1)
        assert sections(result)[0][1:3] == ["requests, the last 1 of 1:", *requests(result)]

    def test_failure_in_teardown_has_one(self, run: Run) -> None:
        """The world is gone by then, and still shown."""
        result = run("""
    @pytest.fixture
    def broken(sent):
        yield
        raise LookupError

    def test_errs(broken): pass
    """)
        result.assert_outcomes(passed=1, errors=1)
        assert sections(result)[0][1:3] == ["requests, the last 1 of 1:", *requests(result)]


def requests(result: pytest.RunResult) -> list[str]:
    """Return the lines of requests that a run printed."""
    return [line for line in result.outlines if "/v1/files -> " in line]


class TestWhose:
    """Which worlds have a section."""

    def test_each_world_has_its_own(self, run: Run) -> None:
        """Two worlds of a test are two sections, in order."""
        result = run("""
    def test_fails(mockbatch, make_mockbatch):
        mockbatch.client.files.list()
        other = make_mockbatch(clock="x60")
        assert False
    """)
        first, second = sections(result)
        assert first[0].endswith("manual clock")
        assert first[1] == "requests, the last 1 of 1:"
        assert second[0].endswith("x60 clock")
        assert second[1].startswith("no request reached it: ")

    def test_app_has_one(self, run: Run) -> None:
        """The fixture without a socket is shown too."""
        result = run("""
    def test_fails(mockbatch_app):
        submit(mockbatch_app.mock.client)
        assert False
    """)
        assert sections(result)[0][0].startswith("the world at http://localhost/v1, ")
        assert sections(result)[0][1] == "requests, the last 2 of 2:"

    @pytest.mark.parametrize("scope", ["class", "module", "package", "session"])
    def test_shared_world_is_of_those_who_share_it(self, run: Run, scope: str) -> None:
        """A world of a wider scope is shown for each failed test that takes its fixture."""
        result = run(f"""
    @pytest.fixture(scope="{scope}")
    def batch(mockbatch_server):
        with mockbatch_server.world() as world:
            yield submit(world.client)

    class TestAll:
        def test_first(self, batch): assert False
        def test_other(self): assert False
        def test_last(self, batch): assert False
    """)
        result.assert_outcomes(failed=3)
        assert [section[1] for section in sections(result)] == ["requests, the last 2 of 2:"] * 2

    def test_shared_world_is_shown_when_its_end_fails(self, run: Run) -> None:
        """A fixture of a wider scope ends with the last test that uses it."""
        result = run("""
    @pytest.fixture(scope="module")
    def batch(mockbatch_server):
        with mockbatch_server.world() as world:
            yield submit(world.client)
        raise LookupError

    def test_passes(batch): pass
    """)
        result.assert_outcomes(passed=1, errors=1)
        assert [section[1] for section in sections(result)] == ["requests, the last 2 of 2:"]

    def test_worlds_of_two_modules_never_meet(self, run: Run, pytester: pytest.Pytester) -> None:
        """A fixture of the same name elsewhere is another."""
        made = "import pytest\n@pytest.fixture(scope='module')\ndef world(mockbatch_server):\n"
        made += "    with mockbatch_server.world() as world:\n        yield world\n"
        pytester.makepyfile(
            test_a=f"{made}def test_a(world): world.client.files.list()",
            test_b=f"{made}def test_b(world): assert False",
        )
        result = pytester.runpytest_inprocess(*QUICK)
        result.assert_outcomes(passed=1, failed=1)
        [section] = sections(result)
        assert "mockbatch_env = true" in section[1]


class TestElsewhere:
    """Worlds of a server that runs in another process."""

    def test_is_read_over_http(self, run: Run) -> None:
        """Requests are shown, and the batches that they name."""
        source = """
    def test_fails(mockbatch):
        batch = submit(mockbatch.client)
        mockbatch.client.batches.retrieve(batch.id)
        mockbatch.client.batches.cancel(batch.id)
        mockbatch.client.batches.retrieve("batch_unknown")
    """
        with MockBatch() as mock:
            result = run(source, f"--mockbatch-url={mock.base_url}")
        (shown,) = sections(result)
        assert shown[1] == "requests, the last 5 of 5:"
        assert " is cancelling (since " in shown[7]
        assert shown[8].endswith(" batch.cancelled")
        assert shown[9].startswith("time has not moved in this test: ")
        assert len(shown) == 10

    def test_is_gone_at_the_end(self, run: Run) -> None:
        """A failure after the world is closed has one line."""
        source = """
    @pytest.fixture
    def broken(sent):
        yield
        raise LookupError

    def test_errs(broken): pass
    """
        with MockBatch() as mock:
            result = run(source, f"--mockbatch-url={mock.base_url}")
        (shown,) = sections(result)
        assert shown == [f"the world at {mock.base_url} is gone"]

    def test_that_is_dead_has_one_line(self) -> None:
        """A server that does not answer is no error of the report's own."""
        with MockBatch() as mock:
            world = RemoteServer(mock.base_url).world()
        assert render(world, None).startswith(f"the world at {world.base_url} cannot be read: ")
        assert "\n" not in render(world, None)
