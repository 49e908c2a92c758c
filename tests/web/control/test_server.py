"""`/_mock/health` and `/_mock/reset`."""

from typing import Any

import pytest

import mockbatch
from mockbatch import clock
from tests.support.caller import (
    DAY,
    KEY,
    START,
    VALIDATING,
    Caller,
    app_of,
    count_batches_and_files,
    error_of,
    lines,
)

OTHER = "sk-somebody-else-0001"


class TestHealth:
    """GET /_mock/health."""

    def test_needs_no_key(self, api: Caller) -> None:
        """A container's health check sends none."""
        body = Caller(api.app, None).get("/_mock/health").json
        assert (body["status"], body["version"]) == ("ok", mockbatch.__version__)
        assert body["uptime_seconds"] >= 0

    def test_uptime_is_counted_from_the_creation_of_the_app(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In seconds, to the millisecond."""
        monkeypatch.setattr(clock, "monotonic", lambda: 5.0)
        api = Caller(app_of())
        monkeypatch.setattr(clock, "monotonic", lambda: 1005.12345)
        assert api.get("/_mock/health").json["uptime_seconds"] == 1000.123

    def test_accepts_any_key(self, api: Caller) -> None:
        """Even a wrong key is accepted, and it creates no world."""
        app = app_of(server={"api_keys": frozenset({KEY})})
        assert Caller(app, "wrong").get("/_mock/health").json["status"] == "ok"


class TestReset:
    """POST /_mock/reset."""

    def test_empties_the_world_and_resets_the_clock(self, api: Caller) -> None:
        """Files, batches, journal and time."""
        api.create()
        api.advance(DAY)
        assert api.good(api.post("/_mock/reset")) == {"reset": 1}
        assert count_batches_and_files(api) == (0, 0)
        assert api.clock()["now"] == START

    def test_does_not_change_other_worlds(self, api: Caller) -> None:
        """Only the caller's world is emptied."""
        other = Caller(api.app, OTHER)
        other.create()
        api.post("/_mock/reset")
        assert count_batches_and_files(other) == (1, 1)

    def test_ids_are_the_same_afterwards(self, api: Caller) -> None:
        """A world that starts over creates the same ids."""
        first = api.create()["id"]
        api.post("/_mock/reset")
        assert api.create()["id"] == first

    def test_applies_the_settings_in_the_body(self, api: Caller) -> None:
        """Every setting that a test can choose."""
        settings = {
            "clock": "on-poll",
            "pace": 2,
            "start_time": 1000,
            "seed": "other",
            "scenario": "expired_empty",
            "poll_limit": 5,
        }
        api.good(api.post("/_mock/reset", settings))
        id = api.create()["id"]
        assert api.clock()["mode"] == "on-poll"
        assert [api.batch(id)["status"] for _ in range(2)] == ["in_progress", "expired"]
        assert api.batch(id)["in_progress_at"] == 1000 + VALIDATING // 2

    def test_other_seed_makes_other_ids(self, api: Caller) -> None:
        """The seed determines the ids."""
        first = api.create()["id"]
        api.post("/_mock/reset", {"seed": 7})
        assert api.create()["id"] != first

    def test_whole_number_may_be_written_as_a_decimal(self, api: Caller) -> None:
        """The seed 7.0 is the integer 7, as in JSON Schema."""
        api.post("/_mock/reset", {"seed": 7})
        id = api.create()["id"]
        api.good(api.post("/_mock/reset", {"seed": 7.0}))
        assert api.create()["id"] == id

    @pytest.mark.parametrize(
        "settings",
        [{"pace": 1e-6}, {"pace": 1e9}, {"start_time": 0}, {"start_time": 2**32 - 1}],
    )
    def test_bounds_of_settings_are_accepted(self, api: Caller, settings: dict[str, float]) -> None:
        """A bound is part of its range."""
        assert api.good(api.post("/_mock/reset", settings)) == {"reset": 1}

    def test_scenario_takes_parameters(self, api: Caller) -> None:
        """They are in `params`, as for a scenario that is queued."""
        body = {"scenario": "expired_partial", "params": {"fraction": 0.3}}
        api.good(api.post("/_mock/reset", body))
        id = api.create(lines(10))["id"]
        api.advance(24 * 3600)
        assert api.get(f"/v1/batches/{id}").json["request_counts"]["completed"] == 3

    def test_settings_stay_until_they_are_changed(self, api: Caller) -> None:
        """A reset without settings keeps those of the last one."""
        api.post("/_mock/reset", {"start_time": 1000})
        api.post("/_mock/reset")
        assert api.clock()["now"] == 1000

    @pytest.mark.parametrize(
        ("body", "code", "param"),
        [
            ({"clock": "fast"}, "invalid_value", "clock"),
            ({"clock": 1}, "invalid_type", "clock"),
            ({"pace": 0}, None, "pace"),
            ({"pace": 1e-9}, None, "pace"),
            ({"pace": 1e10}, None, "pace"),
            ({"pace": "1"}, "invalid_type", "pace"),
            ({"start_time": -1}, None, "start_time"),
            ({"start_time": -0.5}, None, "start_time"),
            ({"start_time": 2**32}, None, "start_time"),
            ({"start_time": "2026-01-01"}, "invalid_type", "start_time"),
            ({"seed": 1.5}, "invalid_type", "seed"),
            ({"scenario": "hapy"}, "unknown_scenario", "scenario"),
            ({"scenario": None}, "invalid_type", "scenario"),
            ({"params": {"fraction": 1}}, "missing_required_parameter", "scenario"),
            ({"scenario": "happy", "params": {"odd": 1}}, "unknown_parameter", "odd"),
            ({"poll_limit": 0}, "integer_below_min_value", "poll_limit"),
            ({"all": 1}, "invalid_type", "all"),
            ({"everything": True}, "unknown_parameter", "everything"),
            ([], "invalid_type", "body"),
        ],
    )
    def test_invalid_setting_changes_nothing(
        self, api: Caller, body: Any, code: str | None, param: str
    ) -> None:
        """The error names the parameter, and the world keeps its contents."""
        api.create()
        status, actual_code, actual_param = error_of(api.post("/_mock/reset", body))
        assert (status, actual_param) == (400, param)
        assert code in (actual_code, None)
        assert count_batches_and_files(api) == (1, 1)

    def test_error_of_an_unknown_scenario_suggests_similar_names(self, api: Caller) -> None:
        """So a typing error in a marker is easy to find."""
        message = api.post("/_mock/reset", {"scenario": "some_faild"}).json["error"]["message"]
        assert "some_failed" in message

    def test_owner_resets_every_world(self) -> None:
        """The key that `serve` prints is allowed to."""
        app = app_of()
        owner, other = Caller(app, "sk-mockbatch"), Caller(app, OTHER)
        owner.create()
        other.create()
        assert owner.good(owner.post("/_mock/reset", {"all": True})) == {"reset": 2}
        assert count_batches_and_files(owner) == count_batches_and_files(other) == (0, 0)

    def test_reset_of_all_worlds_keeps_the_settings_of_each(self) -> None:
        """A world that was reset with settings of its own starts over with these."""
        app = app_of()
        owner, other = Caller(app, "sk-mockbatch"), Caller(app, OTHER)
        owner.create()
        other.good(other.post("/_mock/reset", {"start_time": 1000, "pace": VALIDATING}))
        other.advance(50)
        owner.good(owner.post("/_mock/reset", {"all": True}))
        other.create()
        assert (other.clock()["now"], other.clock()["next_event"]["at"]) == (1000, 1001)
        assert owner.clock()["now"] == START

    @pytest.mark.parametrize("key", [OTHER, None])
    def test_other_keys_cannot_reset_every_world(self, api: Caller, key: str | None) -> None:
        """Another key, or no key, resets nothing."""
        api.create()
        caller = Caller(api.app, key)
        assert error_of(caller.post("/_mock/reset", {"all": True})) == (403, "not_the_owner", "all")
        assert count_batches_and_files(api) == (1, 1)

    def test_all_cannot_be_combined_with_settings(self) -> None:
        """Each world keeps its own settings, so those beside `all` would be ignored silently."""
        owner = Caller(app_of(), "sk-mockbatch")
        answer = owner.post("/_mock/reset", {"all": True, "pace": 2})
        assert error_of(answer) == (400, "invalid_value", "all")
