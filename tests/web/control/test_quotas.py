"""`/_mock/quotas`, and what clients see of quotas."""

from typing import TYPE_CHECKING, Any

import pytest

from mockbatch.limits import Quotas
from mockbatch.typing import Json
from tests.support.caller import error_of

if TYPE_CHECKING:
    from tests.support.caller import Caller


QUOTAS = "/_mock/quotas"
OFF: dict[str, Any] = {"enqueued_tokens": {}, "batches_per_hour": None}
SOME = {"enqueued_tokens": {"gpt-4o-mini": 18, "*": 100}, "batches_per_hour": 3}
VALIDATING = 62


def put(api: "Caller", **quotas: Json) -> dict[str, Json]:
    """Set quotas."""
    return api.good(api.call("PUT", QUOTAS, json=quotas))


def test_they_are_off_by_default(api: "Caller") -> None:
    """A fresh world has no quotas."""
    assert api.good(api.get(QUOTAS)) == OFF


def test_put_returns_them(api: "Caller") -> None:
    """PUT returns the quotas that apply from now on."""
    assert put(api, **SOME) == SOME


def test_get_returns_what_was_set(api: "Caller") -> None:
    """GET returns what was set."""
    put(api, **SOME)
    assert api.good(api.get(QUOTAS)) == SOME


def test_an_omitted_quota_is_off(api: "Caller") -> None:
    """PUT replaces the whole."""
    put(api, **SOME)
    assert put(api, batches_per_hour=1) == {**OFF, "batches_per_hour": 1}


def test_an_empty_object_turns_them_off(api: "Caller") -> None:
    """PUT of an empty object lets everything pass."""
    put(api, **SOME)
    assert put(api) == OFF


def test_null_is_no_limit(api: "Caller") -> None:
    """The response of GET is valid for PUT."""
    assert put(api, **OFF) == OFF


def test_a_decimal_integer_is_an_integer(api: "Caller") -> None:
    """JSON Schema accepts 7.0; messages show 7."""
    api.good(
        api.call(
            "PUT",
            QUOTAS,
            data='{"enqueued_tokens": {"*": 7.0}, "batches_per_hour": 2.0}',
            content_type="application/json",
        )
    )
    assert '"*": 7\n' in api.get(QUOTAS).text
    assert '"batches_per_hour": 2\n' in api.get(QUOTAS).text


def test_another_world_has_its_own(api: "Caller") -> None:
    """Each key has its own quotas."""
    other = type(api)(api.app, "sk-another-of-the-tests")
    put(api, **SOME)
    assert other.good(other.get(QUOTAS)) == OFF


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({"enqueued_tokens": {"*": -1}}, "integer_below_min_value", "enqueued_tokens.*"),
        ({"enqueued_tokens": {"*": 1.5}}, "invalid_type", "enqueued_tokens.*"),
        ({"enqueued_tokens": {"*": "9"}}, "invalid_type", "enqueued_tokens.*"),
        ({"enqueued_tokens": {"*": None}}, "invalid_type", "enqueued_tokens.*"),
        ({"enqueued_tokens": []}, "invalid_type", "enqueued_tokens"),
        ({"enqueued_tokens": 5}, "invalid_type", "enqueued_tokens"),
        ({"enqueued_tokens": None}, "invalid_type", "enqueued_tokens"),
        ({"batches_per_hour": -1}, "integer_below_min_value", "batches_per_hour"),
        ({"batches_per_hour": "3"}, "invalid_type", "batches_per_hour"),
        ({"batches_per_hour": True}, "invalid_type", "batches_per_hour"),
        ({"batches_per_hour": 0.5}, "invalid_type", "batches_per_hour"),
        ({"batches": 1}, "unknown_parameter", "batches"),
        ([], "invalid_type", "body"),
        (3, "invalid_type", "body"),
    ],
)
def test_an_invalid_one_is_named(api: "Caller", body: Json, code: str, param: str) -> None:
    """An invalid quota is a 400 that names it."""
    assert error_of(api.call("PUT", QUOTAS, json=body)) == (400, code, param)


@pytest.mark.parametrize("data", [b"", b"{", b"\xff"])
def test_invalid_json_is_refused(api: "Caller", data: bytes) -> None:
    """A body that cannot be read is a 400."""
    assert api.call("PUT", QUOTAS, data=data).status_code == 400


def test_an_invalid_one_changes_nothing(api: "Caller") -> None:
    """After an error the quotas are unchanged."""
    put(api, **SOME)
    api.call("PUT", QUOTAS, json={"enqueued_tokens": {}, "batches_per_hour": -1})
    assert api.good(api.get(QUOTAS)) == SOME


def test_a_reset_can_set_them(api: "Caller") -> None:
    """Reset accepts quotas beside its other settings."""
    api.good(api.post("/_mock/reset", {"quotas": SOME}))
    assert api.good(api.get(QUOTAS)) == SOME


@pytest.mark.parametrize("quotas", [{"batches_per_hour": -1}, {"nope": 1}, [], 3])
def test_a_reset_refuses_invalid_ones(api: "Caller", quotas: Json) -> None:
    """Reset refuses what PUT refuses, and names it."""
    status, _, param = error_of(api.post("/_mock/reset", {"quotas": quotas}))
    assert (status, str(param).partition(".")[0]) == (400, "quotas")


def test_a_refused_reset_keeps_the_world(api: "Caller") -> None:
    """A reset with bad quotas has not emptied anything."""
    batch = api.create()
    api.post("/_mock/reset", {"quotas": 3})
    assert api.batch(batch["id"])["id"] == batch["id"]


def test_a_batch_over_the_limit_fails(api: "Caller") -> None:
    """A client sees a failed batch with the code of the limit."""
    put(api, enqueued_tokens={"*": 1})
    batch = api.create()
    api.advance(VALIDATING)
    [error] = api.batch(batch["id"])["errors"]["data"]
    assert (error["code"], error["line"], error["param"]) == ("token_limit_exceeded", None, None)


def test_the_third_batch_runs_after_the_first(api: "Caller") -> None:
    """A failed batch can be sent again once another has completed."""
    put(api, enqueued_tokens={"*": 18})
    ids = [api.create()["id"] for _ in range(2)]
    api.advance(200)
    ids.append(api.create()["id"])
    api.advance(200)
    statuses = [api.batch(id)["status"] for id in ids]
    assert statuses == ["completed", "failed", "completed"]


def test_cancelling_one_lets_the_other_run(api: "Caller") -> None:
    """Through the API too, a cancel makes room."""
    put(api, enqueued_tokens={"*": 18})
    first, second = (api.create()["id"] for _ in range(2))
    api.good(api.post(f"/v1/batches/{first}/cancel"))
    api.advance(VALIDATING)
    assert api.batch(second)["status"] == "in_progress"


def test_one_batch_more_is_a_429(api: "Caller") -> None:
    """It is in OpenAI's format, and the headers say when to retry."""
    put(api, batches_per_hour=1)
    api.create()
    response = api.post("/v1/batches", api.batch_request())
    assert (
        error_of(response),
        response.headers["Retry-After"],
        response.json["error"]["type"],
    ) == (
        (429, "rate_limit_exceeded", None),
        "3600",
        "requests",
    )


def test_an_hour_later_it_is_accepted(api: "Caller") -> None:
    """The window slides with the clock of the world."""
    put(api, batches_per_hour=1)
    api.create()
    api.advance(3600)
    assert api.create()["status"] == "validating"


def test_a_refused_request_does_not_count(api: "Caller") -> None:
    """A request that is refused for another reason does not use up the quota."""
    put(api, batches_per_hour=1)
    api.post("/v1/batches", api.batch_request(endpoint="/v1/nope"))
    assert api.create()["status"] == "validating"


def test_they_are_in_the_state(api: "Caller") -> None:
    """A copied world has the same quotas."""
    put(api, **SOME)
    state = api.good(api.get("/_mock/state"))
    other = type(api)(api.app, "sk-another-of-the-tests")
    other.good(other.call("PUT", "/_mock/state", json=state))
    assert other.good(other.get(QUOTAS)) == SOME


def test_a_quota_has_a_default_of_nothing() -> None:
    """Quotas without arguments limit nothing."""
    assert (Quotas().tokens("gpt-4o-mini"), Quotas().batches_per_hour) == (None, None)
