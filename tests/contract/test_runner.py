"""How cases are run: what passes, what is no breach, and what stays behind."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mockbatch.client import Handle
from mockbatch.contract.cases import Case, cases, groups
from mockbatch.contract.client import Client
from mockbatch.contract.report import line
from mockbatch.contract.runner import BREACH, PASSED, SKIPPED, UNVERIFIED, Result, Runner
from mockbatch.contract.steps import Options
from mockbatch.testing.servers import Server
from mockbatch.typing import Json
from tests.contract.broken import Fault, always, plant


def run(mock: Handle, *only: str, **options: Json) -> list[Result]:
    """Check a world, whose clock may be moved."""
    settings = Options(**{"control": True, "wait": 0.5, **options})
    client = Client(mock.base_url, mock.api_key, settings.provider)
    with Runner(client, settings) as runner:
        return list(runner.run(cases(only)))


def skipped(results: list[Result]) -> set[str]:
    """Return the groups of the cases that were skipped; nothing else may be but passed."""
    assert [one for one in results if one.outcome not in (PASSED, SKIPPED)] == []
    return {one.case.group for one in results if one.outcome == SKIPPED}


def test_mockbatch_keeps_the_contract(mockbatch: Handle) -> None:
    """All of it, what rests on memory too; but for what is about a gateway."""
    assert skipped(run(mockbatch, strict=True)) == {"portkey"}


def test_mockbatch_keeps_the_contract_as_a_gateway(mockbatch: Handle) -> None:
    """All of it, but for what a gateway answers itself and webhooks, which go round it."""
    results = run(mockbatch, strict=True, provider="openai")
    direct = {one.case.id for one in results if "direct" in one.case.needs}
    assert {one.case.id for one in results if one.outcome == SKIPPED} == direct
    assert skipped(results) == {"errors", "validation", "webhooks"}


def test_mockbatch_keeps_the_contract_on_its_own_time(
    make_mockbatch: Callable[..., Handle],
) -> None:
    """Without the control API, a client waits as for the real service."""
    mock = make_mockbatch(clock="x10000")
    results = run(mock, "validation", "output", control=False, wait=20)
    assert skipped(results) <= {"output"}
    # A stage may be over before anybody has asked.
    late = {"output/expired", "output/not_before_the_end"}
    assert {one.case.id for one in results if one.outcome == SKIPPED} <= late


def test_nothing_stays_behind(mockbatch: Handle) -> None:
    """No file, no endpoint, no batch that runs."""
    run(mockbatch)
    assert list(mockbatch.client.files.list()) == []
    assert mockbatch.client.get("/webhook_endpoints", cast_to=object)["data"] == []
    ends = ("completed", "failed", "expired", "cancelled", "cancelling")
    assert {one.status for one in mockbatch.client.batches.list()} <= set(ends)


@pytest.fixture(params=[(200, {}), (200, []), (500, {"error": None}), (404, None)])
def mute(request: pytest.FixtureRequest) -> Iterator[Handle]:
    """Make a server that has one answer to all."""
    status, body = request.param
    fault = Fault("", always("*", status, json.dumps(body)))
    server = Server()
    world = server.world()
    plant(server.app, fault)
    yield world
    server.close()


@pytest.mark.parametrize("provider", [None, "openai"])
def test_no_case_passes_on_a_server_that_does_nothing(mute: Handle, provider: str | None) -> None:
    """Each can fail, whatever the one answer is."""
    client = Client(mute.base_url, mute.api_key, provider)
    with Runner(client, Options(provider, control=False, wait=0.01)) as runner:
        outcomes = {one.case.id: one.outcome for one in runner.run(cases())}
    passed = [id for id, outcome in outcomes.items() if outcome == PASSED]
    assert passed == []


def one_case(source: str) -> Case:
    """Make a case that no server passes."""
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
def test_what_only_memory_says_is_no_breach(
    mockbatch: Handle, source: str, strict: bool, outcome: str
) -> None:
    """Unless somebody wants it so."""
    client = Client(mockbatch.base_url, mockbatch.api_key)
    with Runner(client, Options(strict=strict)) as runner:
        [result] = runner.run([one_case(source)])
    assert (result.outcome, result.reason) == (outcome, "GET /batches: status 200, not 418")


@pytest.mark.parametrize(
    ("key", "shown"), [("sk-12345", "<the key>"), ("sk-1234", "sk-1234"), ("s", "s")]
)
def test_key_of_eight_characters_is_not_shown(key: str, shown: str) -> None:
    """A shorter one is no secret, and its letters stand in many a word."""
    server = Server()
    body = json.dumps({"error": {"message": f"Who is {key}?"}})
    plant(server.app, Fault("", always("*", 400, body)))
    with Runner(Client(f"{server.url}/v1", key), Options()) as runner:
        [result] = runner.run([one_case("observed")])
    server.close()
    assert result.reason == f"GET /batches: status 400, not 418 (Who is {shown}?)"


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        ({"disconnect": "before_headers"}, BREACH, "what comes back is not HTTP"),
        ({"status": 429, "headers": {"Retry-After": "0"}}, SKIPPED, "the server limits the rate"),
        ({"status": 400}, BREACH, "to begin with, a batch that has failed"),
    ],
)
def test_what_cases_share_is_asked_for_once(
    mockbatch: Handle, fault: Json, outcome: str, reason: str
) -> None:
    """Those that begin with it come out as the first did, however it went wrong."""
    mockbatch.fault({"method": "POST", "path": "/v1/batches"}, fault, times=None)
    case = replace(one_case("observed"), given=("failed_batch",))
    client = Client(mockbatch.base_url, mockbatch.api_key)
    with Runner(client, Options(control=True)) as runner:
        [first] = runner.run([case])
        asked = len(mockbatch.requests)
        results = list(runner.run([case, case]))
        assert len(mockbatch.requests) == asked > 0
    assert {one.outcome for one in (first, *results)} == {outcome}
    assert {one.reason for one in results} == {first.reason}
    assert first.reason.startswith(reason)


def test_what_cases_share_is_made_once_and_taken_away_at_the_end(mockbatch: Handle) -> None:
    """Each case that begins with the batch gets the same one."""
    read = {"request": {"method": "GET", "path": "/batches/${batch}"}}
    case = replace(one_case("observed"), given=("failed_batch",), steps=(read,))
    client = Client(mockbatch.base_url, mockbatch.api_key)
    with Runner(client, Options(control=True)) as runner:
        assert {one.outcome for one in runner.run([case, case])} == {PASSED}
        assert len(runner.left) == 1
    mockbatch.assert_requested("POST", "/v1/batches", count=1)
    assert runner.left == []


def test_folded_row_fits_a_terminal() -> None:
    """Its reason goes on below the row."""
    result = Result(one_case("observed"), BREACH, "GET /batches: status 200, not 418 " * 3)
    rows = line(result, 80).splitlines()
    assert max(map(len, rows)) <= 80
    assert {row[:12].strip() for row in rows[1:]} == {""}
    assert "\n" not in line(result)


def test_server_that_fails_now_and_then_is_asked_again(mockbatch: Handle) -> None:
    """While a batch is on its way."""
    rule = {"method": "GET", "path": "/v1/batches/*"}
    mockbatch.fault(rule, {"status": 503}, times=1)
    results = {one.case.id: one.outcome for one in run(mockbatch, "output")}
    assert results["output/completed"] == PASSED


def test_server_that_hangs_up_now_and_then_is_asked_on(mockbatch: Handle) -> None:
    """A run of hours over the internet meets such, and is not over."""
    rule = {"method": "GET", "path": "/v1/batches/*"}
    mockbatch.fault(rule, {"disconnect": "reset"}, times=7)
    outcomes = {one.outcome for one in run(mockbatch, "batches", "files")}
    assert SKIPPED not in outcomes


def test_limited_rate_is_waited_for(mockbatch: Handle) -> None:
    """As the server asks for, and asked again."""
    mockbatch.fault({"method": "GET", "path": "/v1/files/*"}, {"status": 429}, times=1)
    outcomes = {one.case.id: one.outcome for one in run(mockbatch, "files")}
    assert outcomes["files/retrieve"] == PASSED


def test_limited_rate_is_no_breach(mockbatch: Handle) -> None:
    """A case is skipped that is refused again and again."""
    rule = {"method": "POST", "path": "/v1/batches/*/cancel"}
    headers = {"Retry-After": "0"}
    mockbatch.fault(rule, {"status": 429, "headers": headers}, times=None)
    results = {one.case.id: one for one in run(mockbatch, "cancel")}
    assert results["cancel/cancel"].outcome == SKIPPED
    assert "the server limits the rate" in results["cancel/cancel"].reason


def test_batch_that_ended_before_its_cancel_is_no_breach(mockbatch: Handle) -> None:
    """A server may be quick."""
    mockbatch.scenario("cancel_too_late", times=None)
    results = {one.case.id: one for one in run(mockbatch, "cancel")}
    assert results["cancel/cancel"].outcome == SKIPPED
    assert "completed before it could be cancelled" in results["cancel/cancel"].reason


def test_what_a_server_need_not_have_is_skipped(mockbatch: Handle) -> None:
    """A server without webhook endpoints breaks no contract."""
    mockbatch.fault({"path": "/v1/webhook_endpoints*"}, {"status": 404}, times=None)
    results = run(mockbatch, "webhooks")
    assert {one.outcome for one in results} == {SKIPPED}
    assert "the server has no POST /webhook_endpoints" in results[0].reason


def test_every_group_is_there() -> None:
    """As the command's help promises them."""
    assert set(groups()) == {
        *("files", "batches", "validation", "pagination", "errors", "output", "cancel"),
        *("portkey", "webhooks"),
    }
