"""Any call to `/_mock` succeeds, or gets a 400 that names what is wrong and changes nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockbatch import faults, scenarios
from mockbatch.typing import Json
from tests.support.bodies import JSON, mutants_of
from tests.support.caller import KEY, START, Caller, app_of, lines
from tests.support.examples import examples
from tests.support.slow_tests import mark_slow_except_each

ERROR = {"message": "No.", "type": "invalid_request_error", "param": None, "code": None}
MATCH = {
    "custom_id": "line-*",
    "model": "gpt*",
    "endpoint": "/v1/chat/completions",
    "contains": "Hello",
    "line": 1,
    "batch_id": "batch_1",
}
RULE = ("match", "fault", "times", "skip")
QUOTAS = {"enqueued_tokens": {"*": 100_000, "gpt-4o": 5}, "batches_per_hour": 1000}
REPLIES: list[Json] = [
    {"content": "Mine.", "finish_reason": "length"},
    {"tool_calls": [{"name": "f", "arguments": {"a": 1}}]},
    {"tool_calls": "offered"},
    {"status_code": 400, "body": {"error": ERROR}},
    {"error": {"code": "c", "message": "m"}},
    {"raw": True, "body": [1], "status_code": 0},
]
# By call, what it takes; {id} is a batch that is there, and ... the state of the world.
GOOD: dict[tuple[str, str], list[Json]] = {
    ("POST", "/_mock/batches"): [
        {"input": "{}", "endpoint": "/v1/embeddings", "metadata": {"a": "b"}},
    ],
    ("POST", "/_mock/batches/{id}/hold"): [{}],
    ("POST", "/_mock/batches/{id}/fail"): [{"code": "c", "message": "m"}],
    ("POST", "/_mock/clock"): [{"mode": "manual"}, {"mode": "x60"}],
    ("POST", "/_mock/clock/advance"): [
        {"seconds": 100, "include": ["expiry", "progress"]},
        {"to": START + 100},
        {"next_event": True},
        {"batch": "{id}", "status": "completed"},
    ],
    ("POST", "/_mock/faults"): [
        *({"preset": name, "times": 2, "skip": 1} for name in faults.presets()),
        *({name: one.get(name, 1) for name in RULE} for one in faults.presets().values()),
    ],
    ("PUT", "/_mock/models"): [{"models": ["gpt-4o-mini"]}],
    ("PUT", "/_mock/quotas"): [QUOTAS],
    ("POST", "/_mock/replies"): [{"match": MATCH, "reply": reply} for reply in REPLIES],
    ("POST", "/_mock/reset"): [
        {"clock": "manual", "pace": 2, "seed": 3, "start_time": START, "poll_limit": 9},
        {"scenario": "happy", "params": {}, "quotas": QUOTAS, "all": False},
    ],
    ("POST", "/_mock/scenarios/active"): [
        *({"name": name, "times": 2, "params": {}} for name in scenarios.catalogue()),
        *({"document": one, "times": None} for one in scenarios.catalogue().values()),
    ],
    ("PUT", "/_mock/state"): [...],
}
# The commands are one route.
COMMAND = "<any(hold, resume, cancel, expire, complete):name>"
APP = app_of()


def world() -> Caller:
    """Return a client of a world with a bit of everything."""
    api = Caller(APP, f"{KEY}-of-bad-calls")
    api.delete("/_mock/state")
    api.create(lines(3))
    api.post("/_mock/replies", {"reply": {"content": "Mine."}})
    api.post("/_mock/faults", {"preset": "poll_429", "skip": 1000})
    api.post("/_mock/scenarios/active", {"name": "some_failed"})
    return api


def read_all(api: Caller) -> list[Json]:
    """Return everything that the control API shows of a world."""
    paths = ("state", "clock", "faults", "models", "quotas", "replies", "scenarios")
    return [api.good(api.get(f"/_mock/{path}")) for path in paths]


def fill_in(api: Caller, value: Json) -> Json:
    """Return a body or path with the world's batch and state filled in."""
    id = api.get("/v1/batches").json["data"][0]["id"]
    if value is ...:
        return api.good(api.get("/_mock/state"))
    return json.loads(json.dumps(value).replace("{id}", id))


def live(api: Caller) -> list[int]:
    """Run a batch in a world, and return the statuses of all responses."""
    sent = api.post("/v1/batches", api.batch_request(lines(3)))
    answers = [sent]
    for seconds in (100, 90_000):
        answers.append(api.post("/_mock/clock/advance", {"seconds": seconds}))
        answers += [api.get(f"/v1/batches/{(sent.json or {}).get('id', 'batch_1')}")]
    answers += [api.get("/_mock/state"), api.get("/v1/files"), api.get("/v1/batches")]
    files = [one["id"] for one in (answers[-2].json or {}).get("data", ())]
    answers += [api.get(f"/v1/files/{id}/content") for id in files]
    return [answer.status_code for answer in answers]


def test_the_table_has_every_route_with_a_body() -> None:
    """Webhooks are left out, because their routes resolve host names."""
    routes = {
        (method, rule.rule.replace("<id>", "{id}").replace(COMMAND, "hold"))
        for rule in APP.url_map.iter_rules()
        for method in {"POST", "PUT"} & (rule.methods or set())
        if rule.rule.startswith("/_mock") and not rule.rule.startswith("/_mock/webhooks")
    }
    assert routes == GOOD.keys()


@pytest.mark.parametrize(("method", "path"), mark_slow_except_each(5, GOOD))
def test_the_bodies_in_the_table_are_accepted(method: str, path: str) -> None:
    """The invalid bodies are derived from these."""
    for body in GOOD[method, path]:
        api = world()
        api.good(api.call(method, fill_in(api, path), json=fill_in(api, body)))


@pytest.mark.parametrize(("method", "path"), mark_slow_except_each(5, GOOD))
@examples(40)
@given(st.data())
def test_a_call_is_accepted_or_changes_nothing(method: str, path: str, data: st.DataObject) -> None:
    """An error names a parameter, and an accepted body breaks nothing later."""
    api = world()
    bodies = [fill_in(api, body) for body in GOOD[method, path]]
    body = data.draw(mutants_of(bodies) | JSON)
    sent, path = json.dumps(body).encode("utf-8", "surrogatepass"), fill_in(api, path)
    before = read_all(api)
    answer = api.call(method, path, data=sent)
    if answer.status_code == 200:
        # A fault of the test's own may be any status.
        api.delete("/_mock/faults")
        assert max(live(api)) < 500
    else:
        assert answer.status_code in (400, 403, 404, 409)
        assert answer.status_code != 400 or answer.json["error"]["param"] is not None
        # An advance to what a batch never becomes has moved the clock to its end.
        if answer.json["error"]["code"] != "unreachable_status":
            assert read_all(api) == before
