"""`/_mock/faults`: adding, listing and removing faults."""

import pytest

from mockbatch import faults
from mockbatch.typing import Json
from tests.support.caller import KEY, Caller, app_of, error_of

RULE = {"match": {"method": "GET", "path": "/v1/files"}, "fault": {"status": 503}}
SHOWN = {
    "name": "status 503",
    "match": {"method": "GET", "path": "/v1/files"},
    "fault": {"status": 503, "retry_after_ms": 10},
    "times": 1,
    "skip": 0,
    "matched": 0,
    "fired": 0,
}
OTHER = "sk-somebody-else-0001"


def list_faults(caller: Caller) -> list[dict[str, Json]]:
    """Return the faults of a caller's world."""
    found: list[dict[str, Json]] = caller.good(caller.get("/_mock/faults"))["faults"]
    return found


def test_a_fresh_world_has_none(api: Caller) -> None:
    """The presets are listed even so."""
    assert api.get("/_mock/faults").json == {"faults": [], "presets": list(faults.presets())}


def test_a_rule_is_shown_in_full(api: Caller) -> None:
    """POST returns what GET returns afterwards."""
    entered = api.good(api.post("/_mock/faults", RULE))
    assert entered["faults"] == [SHOWN]
    assert entered == api.get("/_mock/faults").json


def test_a_preset_is_shown_as_the_rule_that_it_makes(api: Caller) -> None:
    """It has the name of the preset, where other rules have that of their fault."""
    api.post("/_mock/faults", {"preset": "poll_429", "times": 2})
    [rule] = list_faults(api)
    assert (rule["name"], rule["times"], rule["fault"]["status"]) == ("poll_429", 2, 429)


def test_rules_are_shown_in_the_order_in_which_they_were_added(api: Caller) -> None:
    """The first one applies first."""
    for name in ("poll_429", "content_5xx"):
        api.post("/_mock/faults", {"preset": name})
    assert [rule["name"] for rule in list_faults(api)] == ["poll_429", "content_5xx"]


def test_each_rule_shows_how_often_it_fired(api: Caller) -> None:
    """`matched` continues to count when `fired` has reached `times`."""
    api.post("/_mock/faults", RULE)
    statuses = [api.get("/v1/files").status_code for _ in range(3)]
    [rule] = list_faults(api)
    assert (statuses, rule["matched"], rule["fired"]) == ([503, 200, 200], 3, 1)


def test_deleted_rules_do_not_apply_any_more(api: Caller) -> None:
    """The response shows an empty list."""
    api.post("/_mock/faults", RULE)
    assert api.good(api.delete("/_mock/faults"))["faults"] == []
    assert api.get("/v1/files").status_code == 200


def test_a_reset_removes_the_rules(api: Caller) -> None:
    """They belong to the world's contents."""
    api.post("/_mock/faults", RULE)
    api.post("/_mock/reset")
    assert list_faults(api) == []


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "match"),
        ({"match": {}}, "fault"),
        ({**RULE, "times": 0}, "times"),
        ({**RULE, "fault": {"status": 1}}, "fault.status"),
        ({**RULE, "fault": {"delay_ms": 1e9}}, "fault.delay_ms"),
        ({**RULE, "match": {"path": "/batches"}}, "match.path"),
        ({"preset": "poll_492"}, "preset"),
        ({"preset": "poll_429", "skip": -1}, "skip"),
        ([], "body"),
    ],
)
def test_bad_input_changes_nothing(api: Caller, body: Json, param: str) -> None:
    """The error is a 400 that names the parameter, and the rules do not change."""
    api.post("/_mock/faults", RULE)
    status, _, named = error_of(api.post("/_mock/faults", body))
    assert (status, named) == (400, param)
    assert list_faults(api) == [SHOWN]


def test_invalid_json_is_refused(api: Caller) -> None:
    """As in any call of the control API."""
    assert error_of(api.call("POST", "/_mock/faults", data=b"{"))[0] == 400


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_a_foreign_web_page_is_refused(api: Caller, method: str) -> None:
    """It can reach loopback, and its Origin gives it away."""
    answer = api.call(method, "/_mock/faults", headers={"Origin": "https://example.com"})
    assert error_of(answer)[:2] == (403, "foreign_caller")


def test_a_caller_without_a_key_gets_the_only_world(api: Caller) -> None:
    """As everywhere in the control API."""
    api.post("/_mock/faults", RULE)
    assert list_faults(Caller(api.app, None)) == [SHOWN]


def test_faults_of_one_world_are_not_those_of_another(api: Caller) -> None:
    """They are not shown, applied or deleted there."""
    other = Caller(api.app, OTHER)
    other.post("/_mock/reset")
    api.post("/_mock/faults", RULE)
    assert list_faults(other) == []
    assert other.get("/v1/files").status_code == 200
    other.delete("/_mock/faults")
    assert api.get("/v1/files").status_code == 503


def test_the_first_request_of_a_key_can_add_a_fault() -> None:
    """It applies to the world that is created."""
    api = Caller(app_of(), OTHER)
    api.post("/_mock/faults", RULE)
    assert api.get("/v1/files").status_code == 503


def test_one_world_for_all_keys_has_one_set_of_faults() -> None:
    """With `--worlds one`, a fault of one key applies to another."""
    app = app_of(server={"is_single_world": True})
    Caller(app, KEY).post("/_mock/faults", RULE)
    assert Caller(app, OTHER).get("/v1/files").status_code == 503
