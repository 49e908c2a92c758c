"""How cases run: outcomes, cleanup, and servers that fail now and then."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mockbatch.client import WorldClient
from mockbatch.contract.cases import Case, load_cases, load_groups
from mockbatch.contract.client import Client
from mockbatch.contract.report import exit_status, format_row, format_summary
from mockbatch.contract.runner import BREACH, PASSED, SKIPPED, UNVERIFIED, Result, Runner
from mockbatch.contract.steps import RunOptions
from mockbatch.testing.servers import LocalServer
from mockbatch.typing import Json
from tests.contract.planting import PlantedFault, always_respond, plant_fault


def run(mock: WorldClient, *only: str, **options: Json) -> list[Result]:
    """Run the contract, or some groups of it, against a world."""
    settings = RunOptions(**{"control": True, "wait_seconds": 0.5, **options})
    client = Client(mock.base_url, mock.api_key, settings.provider)
    with Runner(client, settings) as runner:
        return list(runner.run(load_cases(only)))


def skipped_groups(results: list[Result]) -> set[str]:
    """Return the groups of the skipped cases; check that all others passed."""
    assert [result for result in results if result.outcome not in (PASSED, SKIPPED)] == []
    return {result.case.group for result in results if result.outcome == SKIPPED}


def test_mockbatch_keeps_the_contract(mockbatch: WorldClient) -> None:
    """Also what rests on memory alone; what is about a gateway is skipped."""
    assert skipped_groups(run(mockbatch, strict=True)) == {"portkey"}


@pytest.mark.slow
def test_mockbatch_keeps_the_contract_as_a_gateway(mockbatch: WorldClient) -> None:
    """Except for what a gateway answers itself, and webhooks, which bypass it."""
    results = run(mockbatch, strict=True, provider="openai")
    direct = {result.case.id for result in results if "direct" in result.case.needs}
    assert {result.case.id for result in results if result.outcome == SKIPPED} == direct
    assert skipped_groups(results) == {"errors", "validation", "webhooks"}


def test_mockbatch_keeps_the_contract_on_its_own_time(
    make_mockbatch: Callable[..., WorldClient],
) -> None:
    """Without the control API, the run polls as it does with the real service."""
    mock = make_mockbatch(clock="x10000")
    results = run(mock, "validation", "output", control=False, wait_seconds=20)
    assert skipped_groups(results) <= {"output"}
    # A stage may have ended before the first poll.
    may_be_missed = {"output/expired", "output/not_before_the_end"}
    assert {result.case.id for result in results if result.outcome == SKIPPED} <= may_be_missed


@pytest.mark.slow
def test_a_run_deletes_what_it_created(mockbatch: WorldClient) -> None:
    """No file and no webhook endpoint remains, and no batch runs on."""
    run(mockbatch)
    assert list(mockbatch.client.files.list()) == []
    assert mockbatch.client.get("/webhook_endpoints", cast_to=dict)["data"] == []
    statuses = ("completed", "failed", "expired", "cancelled", "cancelling")
    assert {batch.status for batch in mockbatch.client.batches.list()} <= set(statuses)


@pytest.fixture(params=[(200, {}), (200, []), (500, {"error": None}), (404, None)])
def constant_server(request: pytest.FixtureRequest) -> Iterator[WorldClient]:
    """Return a world on a server that gives every request the same response."""
    status, body = request.param
    fault = PlantedFault("", always_respond("*", status, json.dumps(body)))
    server = LocalServer()
    world = server.world()
    plant_fault(server.app, fault)
    yield world
    server.close()


@pytest.mark.parametrize("provider", [None, "openai"])
def test_no_case_passes_on_a_server_with_one_response(
    constant_server: WorldClient, provider: str | None
) -> None:
    """So each case can fail."""
    client = Client(constant_server.base_url, constant_server.api_key, provider)
    with Runner(client, RunOptions(provider, control=False, wait_seconds=0.01)) as runner:
        outcomes = {result.case.id: result.outcome for result in runner.run(load_cases())}
    passed = [id for id, outcome in outcomes.items() if outcome == PASSED]
    assert passed == []


def one_case(source: str) -> Case:
    """Return a case that no server passes."""
    step = {"request": {"method": "GET", "path": "/batches"}, "expect": {"status": 418}}
    return Case("errors", "teapot", "It is a teapot.", source, "", frozenset(), False, (), (step,))


@pytest.mark.parametrize(
    ("source", "strict", "outcome"),
    [
        ("memory", False, UNVERIFIED),
        ("memory", True, BREACH),
        ("observed", False, BREACH),
        ("recorded", False, BREACH),
    ],
)
def test_a_failed_case_from_memory_is_no_breach(
    mockbatch: WorldClient, source: str, strict: bool, outcome: str
) -> None:
    """Unless the option strict is given."""
    client = Client(mockbatch.base_url, mockbatch.api_key)
    with Runner(client, RunOptions(strict=strict)) as runner:
        [result] = runner.run([one_case(source)])
    assert (result.outcome, result.reason) == (outcome, "GET /batches: status 200, not 418")


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"disconnect": "before_headers"}, "the response is not HTTP"),
        ({"status": 400}, "POST /batches: status 400, not 2XX"),
    ],
)
@pytest.mark.parametrize("name", ["failed_batch", "batch"])
def test_a_preparation_that_fails_is_reported_once(
    mockbatch: WorldClient, fault: dict[str, Json], reason: str, name: str
) -> None:
    """In a row of its own; the cases that need it are skipped, as they say nothing then."""
    mockbatch.fault({"method": "POST", "path": "/v1/batches"}, fault, times=None)
    case = replace(one_case("observed"), preparations=(name,))
    client = Client(mockbatch.base_url, mockbatch.api_key)
    with Runner(client, RunOptions(control=True)) as runner:
        failed, *skipped = runner.run([case, case])
    assert (failed.case.id, failed.outcome) == (f"preparations/{name}", BREACH)
    assert failed.reason.startswith(reason)
    outcomes = [(result.outcome, result.reason) for result in skipped]
    assert outcomes == [(SKIPPED, f"needs preparations/{name}, which has failed")] * 2


@pytest.mark.parametrize("fault", [{"status": 400}, {"status": 429}])
def test_a_shared_preparation_that_fails_is_not_repeated(
    mockbatch: WorldClient, fault: dict[str, Json]
) -> None:
    """Each case that needs it has the result of the first one, whatever went wrong."""
    fault = {**fault, "headers": {"Retry-After": "0"}}
    mockbatch.fault({"method": "POST", "path": "/v1/batches"}, fault, times=None)
    case = replace(one_case("observed"), preparations=("failed_batch",))
    client = Client(mockbatch.base_url, mockbatch.api_key)
    with Runner(client, RunOptions(control=True)) as runner:
        *_, first = runner.run([case])
        sent = len(mockbatch.requests)
        results = list(runner.run([case, case]))
        assert len(mockbatch.requests) == sent > 0
    outcomes = {(result.outcome, result.reason) for result in (first, *results)}
    assert outcomes == {(SKIPPED, first.reason)}


def test_a_preparation_of_a_preparation_is_what_failed(mockbatch: WorldClient) -> None:
    """Not the one that needs it, which never began."""
    mockbatch.fault({"method": "POST", "path": "/v1/files"}, {"status": 400}, times=None)
    results = run(mockbatch, "cancel")
    failed = [result.case.id for result in results if result.outcome == BREACH]
    assert failed[:1] == ["preparations/input_file"]
    assert "preparations/batch" not in failed


def test_a_shared_preparation_runs_once_and_is_deleted_at_the_end(mockbatch: WorldClient) -> None:
    """Each case that needs the batch gets the same one."""
    read = {"request": {"method": "GET", "path": "/batches/${batch}"}}
    case = replace(one_case("observed"), preparations=("failed_batch",), steps=(read,))
    client = Client(mockbatch.base_url, mockbatch.api_key)
    with Runner(client, RunOptions(control=True)) as runner:
        assert {result.outcome for result in runner.run([case, case])} == {PASSED}
        assert len(runner.remaining) == 1
    mockbatch.assert_requested("POST", "/v1/batches", count=1)
    assert runner.remaining == []


def test_a_wrapped_row_fits_the_terminal() -> None:
    """Its reason continues below, indented."""
    result = Result(one_case("observed"), BREACH, "GET /batches: status 200, not 418 " * 3)
    rows = format_row(result, 80).splitlines()
    assert max(map(len, rows)) <= 80
    assert {row[:12].strip() for row in rows[1:]} == {""}
    assert "\n" not in format_row(result)


def test_a_poll_that_fails_is_repeated(mockbatch: WorldClient) -> None:
    """A 503 while a batch is in progress is temporary."""
    rule = {"method": "GET", "path": "/v1/batches/*"}
    mockbatch.fault(rule, {"status": 503}, times=1)
    results = {result.case.id: result.outcome for result in run(mockbatch, "output")}
    assert results["output/completed"] == PASSED


def test_lost_connections_do_not_end_the_run(mockbatch: WorldClient) -> None:
    """They happen in a run of hours over the internet; only five in a row end it."""
    rule = {"method": "GET", "path": "/v1/batches/*"}
    mockbatch.fault(rule, {"disconnect": "reset"}, times=7)
    outcomes = {result.outcome for result in run(mockbatch, "batches", "files")}
    assert SKIPPED not in outcomes


def test_a_rate_limit_is_waited_for(mockbatch: WorldClient) -> None:
    """The request is repeated after the time that the 429 asks for."""
    mockbatch.fault({"method": "GET", "path": "/v1/files/*"}, {"status": 429}, times=1)
    outcomes = {result.case.id: result.outcome for result in run(mockbatch, "files")}
    assert outcomes["files/retrieve"] == PASSED


def test_a_rate_limit_is_no_breach(mockbatch: WorldClient) -> None:
    """A case whose request is a 429 again and again is skipped."""
    rule = {"method": "POST", "path": "/v1/batches/*/cancel"}
    headers = {"Retry-After": "0"}
    mockbatch.fault(rule, {"status": 429, "headers": headers}, times=None)
    results = {result.case.id: result for result in run(mockbatch, "cancel")}
    assert results["cancel/cancel"].outcome == SKIPPED
    assert "rate limited: " in results["cancel/cancel"].reason


def test_a_batch_that_ended_before_its_cancel_is_no_breach(mockbatch: WorldClient) -> None:
    """A server may be fast."""
    mockbatch.scenario("cancel_too_late", times=None)
    results = {result.case.id: result for result in run(mockbatch, "cancel")}
    assert results["cancel/cancel"].outcome == SKIPPED
    assert "completed before it could be cancelled" in results["cancel/cancel"].reason


def test_a_run_with_nothing_but_rate_limits_exits_with_2(mockbatch: WorldClient) -> None:
    """Although the cases that send no key, or a wrong one, pass: they have no answer of it."""
    limited = {"status": 429, "headers": {"Retry-After": "0"}}
    mockbatch.fault({"path": "*"}, limited, times=None)
    results = run(mockbatch)
    assert "errors/no_key" in {result.case.id for result in results if result.outcome == PASSED}
    assert exit_status(results) == 2
    assert "skipped: the server answers 429; try later" in format_summary(results)


def test_an_optional_case_that_is_not_implemented_is_skipped(mockbatch: WorldClient) -> None:
    """A server without webhook endpoints breaks no contract."""
    mockbatch.fault({"path": "/v1/webhook_endpoints*"}, {"status": 404}, times=None)
    results = run(mockbatch, "webhooks")
    assert {result.outcome for result in results} == {SKIPPED}
    assert "the server does not implement POST /webhook_endpoints" in results[0].reason


def test_the_groups_exist() -> None:
    """There are ten."""
    assert set(load_groups()) == {
        *("files", "batches", "validation", "pagination", "errors", "output", "cancel"),
        *("portkey", "webhooks", "bodies"),
    }


@pytest.mark.parametrize(("length", "is_masked"), [(7, False), (8, True), (20, True)])
def test_a_key_that_a_server_repeats_is_masked(length: int, is_masked: bool) -> None:
    """A key of eight characters or more is never in a report; a shorter one is no secret."""
    key = "k" * length
    runner = Runner(Client("http://127.0.0.1:9/v1", key, None), RunOptions())
    assert runner._mask_key(f"Wrong key {key}.") == (
        "Wrong key <the key>." if is_masked else f"Wrong key {key}."
    )


@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        (["passed", "skipped"], 0),
        (["passed", "unverified"], 0),
        (["passed", "BREACH"], 1),
        (["BREACH"], 1),
        (["skipped"], 2),
        (["unverified", "skipped"], 2),
        ([], 2),
    ],
)
def test_a_run_in_which_no_case_passed_exits_with_2(outcomes: list[str], status: int) -> None:
    """It says nothing about the server; a breach does."""
    case = load_cases()[0]
    assert exit_status([Result(case, outcome, "", 0) for outcome in outcomes]) == status
