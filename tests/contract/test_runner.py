"""How cases are run: what passes, what is no breach, and what stays behind."""

import json
from collections.abc import Callable, Iterator

import pytest

from mockbatch.client import WorldClient
from mockbatch.contract.cases import Case, load_cases, load_groups
from mockbatch.contract.client import Client
from mockbatch.contract.report import format_row
from mockbatch.contract.runner import BREACH, PASSED, SKIPPED, UNVERIFIED, Result, Runner
from mockbatch.contract.steps import RunOptions
from mockbatch.testing.servers import LocalServer
from mockbatch.typing import Json
from tests.contract.broken import Fault, always, plant


def run(mock: WorldClient, *only: str, **options: Json) -> list[Result]:
    """Check a world, whose clock may be moved."""
    settings = RunOptions(**{"control": True, "wait_seconds": 0.5, **options})
    client = Client(mock.base_url, mock.api_key, settings.provider)
    with Runner(client, settings) as runner:
        return list(runner.run(load_cases(only)))


def skipped(results: list[Result]) -> set[str]:
    """Return the groups of the cases that were skipped; nothing else may be but passed."""
    assert [one for one in results if one.outcome not in (PASSED, SKIPPED)] == []
    return {one.case.group for one in results if one.outcome == SKIPPED}


def test_mockbatch_keeps_the_contract(mockbatch: WorldClient) -> None:
    """All of it, what rests on memory too; but for what is about a gateway."""
    assert skipped(run(mockbatch, strict=True)) == {"portkey"}


def test_mockbatch_keeps_the_contract_as_a_gateway(mockbatch: WorldClient) -> None:
    """All of it, but for what a gateway answers itself and webhooks, which go round it."""
    results = run(mockbatch, strict=True, provider="openai")
    direct = {one.case.id for one in results if "direct" in one.case.needs}
    assert {one.case.id for one in results if one.outcome == SKIPPED} == direct
    assert skipped(results) == {"errors", "validation", "webhooks"}


def test_mockbatch_keeps_the_contract_on_its_own_time(
    make_mockbatch: Callable[..., WorldClient],
) -> None:
    """Without the control API, a client waits as for the real service."""
    mock = make_mockbatch(clock="x10000")
    results = run(mock, "validation", "output", control=False, wait_seconds=20)
    assert skipped(results) <= {"output"}
    # A stage may be over before anybody has asked.
    late = {"output/expired", "output/not_before_the_end"}
    assert {one.case.id for one in results if one.outcome == SKIPPED} <= late


def test_nothing_stays_behind(mockbatch: WorldClient) -> None:
    """No file, no endpoint, no batch that runs."""
    run(mockbatch)
    assert list(mockbatch.client.files.list()) == []
    assert mockbatch.client.get("/webhook_endpoints", cast_to=dict)["data"] == []
    ends = ("completed", "failed", "expired", "cancelled", "cancelling")
    assert {one.status for one in mockbatch.client.batches.list()} <= set(ends)


@pytest.fixture(params=[(200, {}), (200, []), (500, {"error": None}), (404, None)])
def mute(request: pytest.FixtureRequest) -> Iterator[WorldClient]:
    """Make a server that has one answer to all."""
    status, body = request.param
    fault = Fault("", always("*", status, json.dumps(body)))
    server = LocalServer()
    world = server.world()
    plant(server.app, fault)
    yield world
    server.close()


@pytest.mark.parametrize("provider", [None, "openai"])
def test_no_case_passes_on_a_server_that_does_nothing(
    mute: WorldClient, provider: str | None
) -> None:
    """Each can fail, whatever the one answer is."""
    client = Client(mute.base_url, mute.api_key, provider)
    with Runner(client, RunOptions(provider, control=False, wait_seconds=0.01)) as runner:
        outcomes = {one.case.id: one.outcome for one in runner.run(load_cases())}
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
    mockbatch: WorldClient, source: str, strict: bool, outcome: str
) -> None:
    """Unless somebody wants it so."""
    client = Client(mockbatch.base_url, mockbatch.api_key)
    with Runner(client, RunOptions(strict=strict)) as runner:
        [result] = runner.run([one_case(source)])
    assert (result.outcome, result.reason) == (outcome, "GET /batches: status 200, not 418")


def test_folded_row_fits_a_terminal() -> None:
    """Its reason goes on below the row."""
    result = Result(one_case("observed"), BREACH, "GET /batches: status 200, not 418 " * 3)
    rows = format_row(result, 80).splitlines()
    assert max(map(len, rows)) <= 80
    assert {row[:12].strip() for row in rows[1:]} == {""}
    assert "\n" not in format_row(result)


def test_server_that_fails_now_and_then_is_asked_again(mockbatch: WorldClient) -> None:
    """While a batch is on its way."""
    rule = {"method": "GET", "path": "/v1/batches/*"}
    mockbatch.fault(rule, {"status": 503}, times=1)
    results = {one.case.id: one.outcome for one in run(mockbatch, "output")}
    assert results["output/completed"] == PASSED


def test_server_that_hangs_up_now_and_then_is_asked_on(mockbatch: WorldClient) -> None:
    """A run of hours over the internet meets such, and is not over."""
    rule = {"method": "GET", "path": "/v1/batches/*"}
    mockbatch.fault(rule, {"disconnect": "reset"}, times=7)
    outcomes = {one.outcome for one in run(mockbatch, "batches", "files")}
    assert SKIPPED not in outcomes


def test_limited_rate_is_waited_for(mockbatch: WorldClient) -> None:
    """As the server asks for, and asked again."""
    mockbatch.fault({"method": "GET", "path": "/v1/files/*"}, {"status": 429}, times=1)
    outcomes = {one.case.id: one.outcome for one in run(mockbatch, "files")}
    assert outcomes["files/retrieve"] == PASSED


def test_limited_rate_is_no_breach(mockbatch: WorldClient) -> None:
    """A case is skipped that is refused again and again."""
    rule = {"method": "POST", "path": "/v1/batches/*/cancel"}
    headers = {"Retry-After": "0"}
    mockbatch.fault(rule, {"status": 429, "headers": headers}, times=None)
    results = {one.case.id: one for one in run(mockbatch, "cancel")}
    assert results["cancel/cancel"].outcome == SKIPPED
    assert "rate limited: " in results["cancel/cancel"].reason


def test_batch_that_ended_before_its_cancel_is_no_breach(mockbatch: WorldClient) -> None:
    """A server may be quick."""
    mockbatch.scenario("cancel_too_late", times=None)
    results = {one.case.id: one for one in run(mockbatch, "cancel")}
    assert results["cancel/cancel"].outcome == SKIPPED
    assert "completed before it could be cancelled" in results["cancel/cancel"].reason


def test_what_a_server_need_not_have_is_skipped(mockbatch: WorldClient) -> None:
    """A server without webhook endpoints breaks no contract."""
    mockbatch.fault({"path": "/v1/webhook_endpoints*"}, {"status": 404}, times=None)
    results = run(mockbatch, "webhooks")
    assert {one.outcome for one in results} == {SKIPPED}
    assert "the server does not implement POST /webhook_endpoints" in results[0].reason


def test_every_group_is_there() -> None:
    """As the command's help promises them."""
    assert set(load_groups()) == {
        *("files", "batches", "validation", "pagination", "errors", "output", "cancel"),
        *("portkey", "webhooks"),
    }


@pytest.mark.parametrize(("length", "is_hidden"), [(7, False), (8, True), (20, True)])
def test_a_key_is_hidden_in_what_a_server_repeats(length: int, is_hidden: bool) -> None:
    """A key of eight characters or more never stands in a report; a shorter one is no secret."""
    key = "k" * length
    runner = Runner(Client("http://127.0.0.1:9/v1", key, None), RunOptions())
    assert runner._mask_key(f"Wrong key {key}.") == (
        "Wrong key <the key>." if is_hidden else f"Wrong key {key}."
    )
