"""Several processes with one store keep the promises of one process."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.stores.conftest import KINDS
from tests.support.processes import (
    LINE,
    PATIENCE_SECONDS,
    Process,
    process_serving,
    processes_serving,
)

THREADS = 8


@pytest.fixture(scope="module", params=KINDS)
def servers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sequence[Process]]:
    """Yield four servers with the same store; each test has a key of its own."""
    if request.param == "redis":
        state = request.getfixturevalue("shared_redis").url
    else:
        state = f"sqlite:///{tmp_path_factory.mktemp('shared')}/state.db"
    with processes_serving(4, state, "--log-format", "json") as started:
        yield started


@pytest.fixture
def key(request: pytest.FixtureRequest) -> str:
    """Return the key of this test."""
    return f"sk-{request.node.name}"


def at_once(servers: Sequence[Process], count: int, act: Callable[[Process], Any]) -> list[Any]:
    """Return what `act` returns for each of so many calls, several at once, server by server."""
    chosen = [servers[number % len(servers)] for number in range(count)]
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(act, chosen))


def list_all(server: Process, key: str) -> list[str]:
    """Return the ids of all batches, page by page, the newest first."""
    ids: list[str] = []
    page = server.get(key, "/v1/batches?limit=100")
    while True:
        ids += [batch["id"] for batch in page["data"]]
        if not page["has_more"]:
            return ids
        page = server.get(key, f"/v1/batches?limit=100&after={ids[-1]}")


@pytest.mark.parametrize("count", [24, pytest.param(400, marks=pytest.mark.slow)])
def test_all_batches_are_there_once(servers: Sequence[Process], key: str, count: int) -> None:
    """Batches that are created at once have ids of their own, and are listed by all."""
    file_id = servers[0].upload(key)
    answers = at_once(servers, count, lambda server: server.create(key, file_id))
    ids = {answer.json["id"] for answer in answers}
    assert len(ids) == count
    lists = [list_all(server, key) for server in servers]
    assert set(lists[0]) == ids
    assert lists == [lists[0]] * 4
    state = servers[1].get(key, "/_mock/state")
    assert state["numbers"]["batch"] == count
    # In the order in which they were created.
    assert [batch["id"] for batch in state["batches"]] == lists[0][::-1]


@pytest.mark.parametrize("most", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_a_quota_lets_exactly_as_many_pass(servers: Sequence[Process], key: str, most: int) -> None:
    """With a quota of batches an hour, exactly as many are accepted."""
    file_id = servers[0].upload(key)
    servers[1].call(key, "PUT", "/_mock/quotas", {"batches_per_hour": most})
    answers = at_once(servers, most + 20, lambda server: server.create(key, file_id))
    assert sorted(answer.status for answer in answers) == [200] * most + [429] * 20


def test_a_fault_hits_as_often_as_it_says(servers: Sequence[Process], key: str) -> None:
    """A fault for three requests hits three of forty."""
    match = {"method": "GET", "path": "/v1/batches"}
    fault = {"match": match, "fault": {"status": 500}, "times": 3}
    servers[0].post(key, "/_mock/faults", fault)
    answers = at_once(servers, 40, lambda server: server.call(key, "GET", "/v1/batches"))
    assert sorted(answer.status for answer in answers) == [200] * 37 + [500] * 3
    [counted] = servers[2].get(key, "/_mock/faults")["faults"]
    assert (counted["matched"], counted["fired"]) == (40, 3)


def test_a_queued_scenario_is_for_as_many_batches(servers: Sequence[Process], key: str) -> None:
    """A scenario for five batches is that of five."""
    file_id = servers[0].upload(key)
    servers[0].post(key, "/_mock/scenarios/active", {"name": "all_failed", "times": 5})
    at_once(servers, 12, lambda server: server.create(key, file_id))
    batches = servers[1].get(key, "/_mock/state")["batches"]
    assert (
        sorted(batch["scenario"]["name"] for batch in batches) == ["all_failed"] * 5 + ["happy"] * 7
    )


def test_an_advance_is_seen_by_all(servers: Sequence[Process], key: str) -> None:
    """Once an advance has returned, every server has the new time and status."""
    file_id = servers[0].upload(key)
    batch = servers[0].create(key, file_id).json
    now = servers[0].post(key, "/_mock/clock/advance", {"seconds": 90_000})["now"]
    for server in servers:
        assert server.get(key, "/_mock/clock")["now"] == now
        assert server.get(key, f"/v1/batches/{batch['id']}")["status"] == "completed"


def test_advances_add_up(servers: Sequence[Process], key: str) -> None:
    """Advances at the same time move the clock by their sum."""
    servers[0].upload(key)
    before = servers[0].get(key, "/_mock/clock")["now"]
    step = {"seconds": 3600}
    at_once(servers, 6, lambda server: server.post(key, "/_mock/clock/advance", step))
    assert {server.get(key, "/_mock/clock")["now"] for server in servers} == {before + 6 * 3600}


def test_every_request_is_in_the_journal(servers: Sequence[Process], key: str) -> None:
    """The journal has every request, with numbers in order, whichever server got it."""
    servers[0].upload(key)
    at_once(servers, 20, lambda server: server.get(key, "/v1/models"))
    journal = servers[1].get(key, "/_mock/requests")
    assert journal["count"] == 21
    assert [entry["id"] for entry in journal["requests"]] == list(range(1, 22))


class Receiver:
    """Receives webhooks, and keeps the id of each; `hold` stops the first one until it is set."""

    def __init__(self) -> None:
        self.ids: list[str] = []
        self.lock = threading.Lock()
        self.hold: threading.Event | None = None
        self.has_called = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.lock:
                    receiver.ids.append(self.headers["webhook-id"])
                    held, receiver.hold = receiver.hold, None
                receiver.has_called.set()
                if held is not None:
                    held.wait(PATIENCE_SECONDS)
                with suppress(OSError):
                    self.send_response(200)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Yield a receiver of webhooks."""
    started = Receiver()
    thread = threading.Thread(target=started.server.serve_forever)
    thread.start()
    yield started
    started.server.shutdown()
    started.server.server_close()
    thread.join()


def delivery_ids(server: Process, key: str) -> list[str]:
    """Return the ids of the deliveries that have arrived."""
    deliveries = server.get(key, "/_mock/webhooks/deliveries")["deliveries"]
    return [one["id"] for one in deliveries if one["status"] == "delivered"]


@pytest.mark.parametrize(
    ("mode", "count"),
    [
        ("manual", 15),
        ("x3600", 15),
        pytest.param("manual", 100, marks=pytest.mark.slow),
        pytest.param("x3600", 100, marks=pytest.mark.slow),
    ],
)
def test_each_webhook_is_sent_once(
    servers: Sequence[Process], key: str, receiver: Receiver, mode: str, count: int
) -> None:
    """Of batches that end at the same time each is announced once, by whichever server."""
    file_id = servers[0].upload(key)
    servers[0].post(key, "/_mock/webhooks/endpoints", {"url": receiver.url})
    at_once(servers, count, lambda server: server.create(key, file_id))
    servers[1].post(key, "/_mock/clock", {"mode": mode})
    if mode == "manual":
        step = {"seconds": 30_000}
        at_once(servers, 3, lambda server: server.post(key, "/_mock/clock/advance", step))
    waited = 0
    while len(delivery_ids(servers[waited % 4], key)) < count:
        waited += 1
        assert waited < 1000
        time.sleep(0.1)
    assert len(receiver.ids) == count
    assert sorted(receiver.ids) == sorted(delivery_ids(servers[0], key))


@pytest.mark.slow
def test_a_webhook_that_a_killed_process_was_sending_is_sent_again(
    state_url: str, receiver: Receiver
) -> None:
    """Another server sends it once more, with the same id, and no other one."""
    state, key = state_url, "sk-webhook"
    with process_serving(state) as doomed, process_serving(state), ThreadPoolExecutor(1) as pool:
        file_id = doomed.upload(key)
        doomed.post(key, "/_mock/webhooks/endpoints", {"url": receiver.url})
        doomed.create(key, file_id)
        go_on = receiver.hold = threading.Event()
        lost = pool.submit(doomed.post, key, "/_mock/clock/advance", {"seconds": 90_000})
        assert receiver.has_called.wait(PATIENCE_SECONDS)
        doomed.kill()
        receiver.has_called.clear()
        go_on.set()
        # No client has asked the other server for anything.
        assert receiver.has_called.wait(PATIENCE_SECONDS)
        with pytest.raises(ConnectionError):
            lost.result()
    assert len(receiver.ids) == 2
    assert len(set(receiver.ids)) == 1


@pytest.mark.slow
def test_a_restart_loses_nothing(state_url: str, tmp_path: Path, receiver: Receiver) -> None:
    """After all servers were killed, a new one has the same world, and the same contents."""
    state, key = state_url, "sk-restart"
    big = b"".join(LINE_OF % (number, b"x" * 2000) for number in range(1000))
    files = ("--files", str(tmp_path / "files"))
    with processes_serving(2, state, *files) as servers:
        file_id = servers[0].upload(key, big)
        servers[0].post(key, "/_mock/webhooks/endpoints", {"url": receiver.url})
        fault = {"match": {"path": "/v1/models"}, "fault": {"status": 500}, "times": 3}
        servers[0].post(key, "/_mock/faults", fault)
        assert servers[1].call(key, "GET", "/v1/models").status == 500
        batch = servers[1].create(key, file_id).json
        servers[0].post(key, "/_mock/clock/advance", {"seconds": 90_000})
        assert len(delivery_ids(servers[1], key)) == 1
        output = servers[0].get(key, f"/v1/batches/{batch['id']}")["output_file_id"]
        paths = [f"/v1/files/{id}/content" for id in (file_id, output)]
        contents = [servers[1].call(key, "GET", path).body for path in paths]
        paths_of_rest = ("/_mock/state", "/_mock/faults", "/_mock/webhooks/deliveries")
        before = [servers[0].get(key, path) for path in paths_of_rest]
        for server in servers:
            server.kill()
    with process_serving(state, *files) as server:
        assert [server.get(key, path) for path in paths_of_rest] == before
        again = [
            server.call(key, "GET", f"/v1/files/{id}/content").body for id in (file_id, output)
        ]
        assert again == contents
        assert again[0] == big


@pytest.mark.slow
def test_a_restart_keeps_the_biggest_file(state_url: str, tmp_path: Path) -> None:
    """A file of 200 MB is downloaded as it was uploaded, after its server was killed."""
    data = LINE * (200_000_000 // len(LINE))
    files = ("--files", str(tmp_path / "files"))
    with process_serving(state_url, *files) as server:
        path = f"/v1/files/{server.upload('sk-big', data)}/content"
        server.kill()
    with process_serving(state_url, *files) as server:
        assert server.call("sk-big", "GET", path).body == data


LINE_OF = (
    b'{"custom_id": "%d", "method": "POST", "url": "/v1/chat/completions",'
    b' "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "%s"}]}}\n'
)
