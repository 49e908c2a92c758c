"""Everything that changes in a world is in its document, so another world continues it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from openai import APIStatusError

from mockbatch.client import ControlError, Received, WorldClient
from mockbatch.faults import presets
from mockbatch.testing.mock_batch import MockBatch
from mockbatch.typing import Json
from tests.support.webhook_recorder import WebhookRecorder, submit

# What a test sets up here is moved to another world, and need not be used in the first one.
pytestmark = pytest.mark.filterwarnings("ignore::mockbatch.client.results.MockBatchUnusedWarning")

CHAT = "/v1/chat/completions"
BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}

# Here, what is set up is moved, and not used.
pytestmark = pytest.mark.filterwarnings("ignore::mockbatch.client.results.MockBatchUnusedWarning")


@pytest.fixture
def mock() -> Iterator[MockBatch]:
    """Start a server with one world."""
    with MockBatch() as started:
        yield started


def document(mock: WorldClient) -> dict[str, Json]:
    """Return a world's document after its way through JSON."""
    state: dict[str, Json] = json.loads(json.dumps(mock.call("GET", "/_mock/state")))
    return state


def move(mock: MockBatch, **changes: Json) -> WorldClient:
    """Return another world of the same server, which continues the first one."""
    other = mock.world("another", seed=99)
    other.call("PUT", "/_mock/state", {**document(mock), **changes})
    return other


def contents(mock: WorldClient, count: int = 1) -> list[str]:
    """Return the texts of so many live calls."""
    answers = [mock.client.chat.completions.create(**BODY) for _ in range(count)]  # type: ignore[call-overload]
    return [answer.choices[0].message.content for answer in answers]


def fill(mock: MockBatch) -> None:
    """Change everything in a world that a client can change."""
    mock.models("gpt-4o-mini", "my-model")
    mock.reply({"contains": "Hello"}, ["first", "second"])
    mock.reply({"model": "gpt-4o-mini"}, "third", times=2)
    mock.fault("poll_429", times=3)
    mock.scenario("all_failed", times=2)
    mock.webhook(lambda received: 500)
    contents(mock, 1)
    batch = submit(mock)
    _status(mock)
    mock.clock.run_until(batch)


def test_a_document_is_the_same_after_a_move(mock: MockBatch) -> None:
    """Nothing is lost on the way, and looking at a world changes nothing in it."""
    fill(mock)
    assert document(move(mock)) == document(mock)
    assert document(mock) == document(mock)


def test_a_document_without_the_new_members_keeps_them(mock: MockBatch) -> None:
    """So a document of format 1 replaces files and batches, and no reply, fault or request."""
    fill(mock)
    before = document(mock)
    mock.call("PUT", "/_mock/state", {"format": "mockbatch state 1"})
    after = document(mock)
    kept = ("models", "replies", "scenarios", "faults", "journal")
    assert {name: after[name] for name in kept} == {name: before[name] for name in kept}
    assert after["webhooks"]["endpoints"] == before["webhooks"]["endpoints"]
    assert (after["batches"], after["webhooks"]["deliveries"]) == ([], [])


def test_a_reset_removes_everything(mock: MockBatch) -> None:
    """It leaves nothing of a document that was put in place before."""
    fill(mock)
    mock.call("PUT", "/_mock/state", document(mock))
    mock.reset()
    after = document(mock)
    empty = {"replies": [], "scenarios": [], "faults": [], "journal": {"requests": [], "count": 0}}
    assert {name: after[name] for name in empty} == empty
    assert (after["models"], after["webhooks"]["endpoints"]) == (None, [])


@pytest.mark.parametrize("preset", presets())
def test_faults_go_on_counting(mock: MockBatch, preset: str) -> None:
    """Each kind of fault is moved with what it has matched and hit."""
    mock.fault(preset, times=2, skip=1)
    other = move(mock)
    assert other.call("GET", "/_mock/faults") == mock.call("GET", "/_mock/faults")


def test_a_fault_hits_as_often_as_is_left(mock: MockBatch) -> None:
    """Of three times, one is over before the move."""
    mock.fault({"path": "/v1/models"}, {"status": 418}, times=3)
    assert _status(mock) == 418
    other = move(mock)
    assert [_status(other) for _ in range(3)] == [418, 418, 200]


def _status(mock: WorldClient) -> int:
    """Return the status of a list of the models."""
    try:
        mock.client.with_options(max_retries=0).models.list()
    except APIStatusError as error:
        return error.status_code
    return 200


def test_replies_go_on_with_their_turns(mock: MockBatch) -> None:
    """The next request gets the reply after the last one, and a limit stays."""
    mock.reply({"contains": "Hello"}, ["one", "two", "three"], times=4)
    assert contents(mock, 2) == ["one", "two"]
    assert contents(move(mock), 3) == ["three", "three", "Mock reply to: Hello"]


def test_a_line_keeps_its_turn(mock: MockBatch) -> None:
    """Another script, entered before the line runs, gives it no second turn."""
    mock.reply({}, ["one", "two"])
    batch = submit(mock)
    other = move(mock)
    other.reply({"custom_id": "another"}, "x")
    other.clock.run_until(batch)
    output = other.client.files.content(str(other.client.batches.retrieve(batch.id).output_file_id))
    assert json.loads(output.text)["response"]["body"]["choices"][0]["message"]["content"] == "one"
    assert contents(other) == ["two"]


def test_a_reset_starts_the_turns_of_a_loaded_world_again(mock: MockBatch) -> None:
    """The document that a server begins with is not used up by its first world."""
    mock.reply({}, ["one", "two"])
    state = document(mock)
    for world in (mock.world("a"), mock.world("b")):
        world.call("PUT", "/_mock/state", state)
        assert contents(world, 2) == ["one", "two"]


def test_a_python_function_is_left_out(mock: MockBatch) -> None:
    """No document can hold it, and the other replies are moved."""
    mock.reply({"model": "x"}, lambda line: "function")
    mock.reply({"model": "y"}, ["first", lambda line: "function"])
    mock.reply({"model": "z"}, "text")
    assert [reply["match"] for reply in document(mock)["replies"]] == [{"model": "z"}]


def test_queued_scenarios_are_moved(mock: MockBatch) -> None:
    """With how many batches are left for each."""
    mock.scenario("all_failed", times=2)
    submit(mock)
    other = move(mock)
    assert other.call("GET", "/_mock/scenarios/active") == mock.call(
        "GET", "/_mock/scenarios/active"
    )
    [queued] = document(other)["scenarios"]
    assert (queued["scenario"]["name"], queued["times"]) == ("all_failed", 1)


def test_models_are_moved(mock: MockBatch) -> None:
    """A world that serves every model says so, too."""
    assert document(move(mock))["models"] is None
    mock.models("my-model")
    other = move(mock)
    assert [model.id for model in other.client.models.list()] == ["my-model"]


def test_request_ids_do_not_repeat(mock: MockBatch) -> None:
    """The next request has the id that it would have had in the first world."""
    mock.client.models.list()
    other = move(mock)
    ids = [
        world.client.models.with_raw_response.list().headers["x-request-id"]
        for world in (mock, other, other)
    ]
    assert ids[0] == ids[1] != ids[2]


def test_the_poll_limit_goes_on(mock: MockBatch) -> None:
    """What was polled before the move counts."""
    mock = mock.world("polled", poll_limit=3)  # type: ignore[assignment]
    batch = submit(mock)
    mock.client.batches.retrieve(batch.id)
    assert document(mock)["clock"]["polls"] == {batch.id: 1}
    mock.call("PUT", "/_mock/state", document(mock))
    mock.client.batches.retrieve(batch.id)
    with pytest.raises(Exception, match="retrieved 3 times"):
        mock.client.batches.retrieve(batch.id)


class TestWebhooks:
    """Endpoints sign as before, and deliveries go on where they were."""

    def test_a_failed_delivery_is_attempted_again(self, mock: MockBatch) -> None:
        """At the second that was planned, under the same id."""
        answers = [500, 200]
        received: list[Received] = []

        def receive(delivery: Received) -> int:
            received.append(delivery)
            return answers[len(received) - 1]

        mock.webhook(receive)
        batch = submit(mock)
        mock.clock.run_until(batch)
        other = move(mock)
        other.clock.advance(hours=1)
        assert [delivery.headers["webhook-id"] for delivery in received] == [
            received[0].headers["webhook-id"]
        ] * 2
        [delivery] = other.deliveries
        assert (delivery.status, len(delivery.attempts)) == ("delivered", 2)

    def test_an_end_is_announced_once(self, mock: MockBatch) -> None:
        """A batch that was announced is not announced again, one that goes on is."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        ended = submit(mock)
        mock.clock.run_until(ended)
        running = submit(mock)
        other = move(mock)
        other.clock.advance(hours=1)
        assert recorder.ids == [ended.id, running.id]

    def test_the_secret_is_the_same(self, mock: MockBatch) -> None:
        """So a receiver accepts what the second world sends; a later secret is another."""
        recorder = WebhookRecorder(mock)
        mock.webhook(recorder)
        other = move(mock)
        submit(other)
        other.clock.advance(hours=1)
        assert len(recorder.events) == 1
        added = other.call("POST", "/v1/webhook_endpoints", _endpoint("http://127.0.0.1:9/"))
        known = document(mock)["webhooks"]["endpoints"][0]
        assert added["signing_secret"] != known["secret"]
        assert added["id"] != known["id"]

    def test_old_secrets_sign_until_their_end(self, mock: MockBatch) -> None:
        """A rotation is moved with the second at which it is over."""
        made = mock.call("POST", "/v1/webhook_endpoints", _endpoint("http://127.0.0.1:9/"))
        path = f"/v1/webhook_endpoints/{made['id']}/rotate_secret"
        mock.call("POST", path, {"keep_old_secret_active_for_24_hours": True})
        assert document(move(mock)) == document(mock)


def _endpoint(url: str) -> dict[str, Json]:
    return {"name": "n", "url": url, "event_types": ["batch.completed"]}


# A change to a document, and the param of the error.
MISTAKES: dict[str, tuple[list[Any], Json, str]] = {
    "a fault of no kind": (["faults", 0, "fault"], {"no": 1}, "state.faults[0]"),
    "a fault with an endless name": (["faults", 0, "name"], "x" * 201, "state.faults[0].name"),
    "a fault that hit more than it matched": (["faults", 0, "fired"], 9, "state.faults[0].fired"),
    "a reply of an unknown shape": (["replies", 0, "reply"], {"x": 1}, "state.replies[0]"),
    "a turn that was not taken": (
        ["replies", 0, "turns", "lines"],
        [{"batch_id": "b", "line": 1, "turn": 7}],
        "state.replies[0].turns",
    ),
    "turns of one reply": (["replies", 0, "reply"], {"content": "x"}, "state.replies[0].turns"),
    "a scenario without a name": (
        ["scenarios", 0, "scenario"],
        {},
        "state.scenarios[0].scenario.name",
    ),
    "a scenario for no batch": (["scenarios", 0, "times"], 0, "state.scenarios[0].times"),
    "a model without a name": (["models", 0], "", "state.models[0]"),
    "fewer requests than entries": (["journal", "count"], 0, "state.journal.count"),
    "an entry without a method": (
        ["journal", "requests", 0],
        {},
        "state.journal.requests[0].method",
    ),
    "a receiver elsewhere": (
        ["webhooks", "endpoints", 0, "url"],
        "http://192.0.2.1/",
        "state.webhooks.endpoints[0].url",
    ),
    "a secret that cannot sign": (
        ["webhooks", "endpoints", 0, "secret"],
        "whsec_?",
        "state.webhooks.endpoints[0]",
    ),
    "a delivery to no endpoint": (
        ["webhooks", "deliveries", 0, "endpoint_id"],
        "whe_x",
        "state.webhooks.deliveries[0].endpoint_id",
    ),
    "a distortion of no kind": (
        ["webhooks", "deliveries", 0, "distortion"],
        {"x": 1},
        "state.webhooks.deliveries[0].webhook.x",
    ),
    "a poll that did not happen": (["clock", "polls"], {"batch_1": 0}, "state.clock.polls.batch_1"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_reported_with_its_place(mock: MockBatch, name: str) -> None:
    """A document with it is rejected, and changes nothing."""
    fill(mock)
    before = document(mock)
    path, value, param = MISTAKES[name]
    changed = json.loads(json.dumps(before))
    *parents, last = path
    parent = changed
    for step in parents:
        parent = parent[step]
    parent[last] = value
    with pytest.raises(ControlError) as raised:
        mock.call("PUT", "/_mock/state", changed)
    assert raised.value.param == param
    assert document(mock) == before
