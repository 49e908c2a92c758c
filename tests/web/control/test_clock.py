"""`/_mock/clock`: reading, setting and advancing the simulated clock."""

import time
from typing import Any

import pytest
from freezegun import freeze_time

from tests.support.caller import (
    DAY,
    FINALIZING,
    IN_PROGRESS,
    START,
    VALIDATING,
    Caller,
    app_of,
    error_of,
    lines,
)

COMPLETED = VALIDATING + IN_PROGRESS + FINALIZING
FROZEN = "2026-01-01 12:00:00"
FROZEN_AT = 1_767_268_800


class TestClock:
    """GET and POST /_mock/clock."""

    def test_has_time_mode_and_next_event(self, api: Caller) -> None:
        """Instants are numbers, in epoch seconds."""
        id = api.create()["id"]
        assert api.clock() == {
            "now": START,
            "mode": "manual",
            "next_event": {"at": START + VALIDATING, "type": "batch.in_progress", "id": id},
            "unfinished_batch": {"id": id, "status": "validating"},
        }

    def test_names_the_newest_batch_that_has_not_ended(self, api: Caller) -> None:
        """Without one it is null."""
        assert api.clock()["unfinished_batch"] is None
        older, newer = api.create()["id"], api.create()["id"]
        api.good(api.post(f"/_mock/batches/{newer}/complete"))
        assert api.clock()["unfinished_batch"]["id"] == older
        api.advance(DAY)
        assert api.clock()["unfinished_batch"] is None

    def test_next_event_is_null_when_nothing_is_due(self, api: Caller) -> None:
        """In an empty world, and after every batch has ended."""
        assert api.clock()["next_event"] is None
        api.create()
        api.advance(DAY)
        assert api.clock()["next_event"] is None

    @pytest.mark.parametrize("seconds", [VALIDATING - 0.5, VALIDATING - 1])
    def test_next_event_may_be_less_than_a_second_away(self, api: Caller, seconds: float) -> None:
        """An event is due until its exact instant has come."""
        api.create()
        api.advance(seconds)
        assert api.clock()["next_event"]["at"] == START + VALIDATING

    def test_next_event_is_the_earliest_of_all_batches(self, api: Caller) -> None:
        """It may belong to any batch."""
        first = api.create()["id"]
        api.advance(10)
        api.create()
        assert api.clock()["next_event"]["id"] == first

    @pytest.mark.parametrize("mode", ["manual", "realtime", "on-poll", "x60", "x0.5", "x1000000"])
    def test_mode_can_be_set(self, api: Caller, mode: str) -> None:
        """The response is the clock in its new mode."""
        answer = api.good(api.post("/_mock/clock", {"mode": mode}))
        assert answer["mode"] == mode == api.clock()["mode"]
        assert answer["now"] == pytest.approx(START, abs=1e5)

    @pytest.mark.parametrize("mode", ["", "x", "x0", "x-1", "x1000001", "xinf", "fast", "MANUAL"])
    def test_unknown_mode_changes_nothing(self, api: Caller, mode: str) -> None:
        """The error names the parameter, and the clock keeps its mode."""
        assert error_of(api.post("/_mock/clock", {"mode": mode})) == (400, "invalid_value", "mode")
        assert api.clock()["mode"] == "manual"

    @pytest.mark.parametrize(
        ("body", "code", "param"),
        [
            ({}, "missing_required_parameter", "mode"),
            ({"mode": 1}, "invalid_type", "mode"),
            ({"mode": "manual", "now": 1}, "unknown_parameter", "now"),
            ([], "invalid_type", "body"),
        ],
    )
    def test_invalid_body_is_refused(self, api: Caller, body: Any, code: str, param: str) -> None:
        """The error names the parameter."""
        assert error_of(api.post("/_mock/clock", body)) == (400, code, param)

    def test_xn_runs_n_times_as_fast(self) -> None:
        """Ten seconds at x60 are ten simulated minutes."""
        with freeze_time(FROZEN) as frozen:
            api = Caller(app_of(clock="x60", start_time=None))
            assert api.good(api.post("/_mock/reset"))
            frozen.tick(10)
            assert api.clock()["now"] == FROZEN_AT + 600

    def test_realtime_is_the_time_of_the_process(self) -> None:
        """It follows every change of the process's time, also between requests."""
        with freeze_time(FROZEN) as frozen:
            api = Caller(app_of(clock="realtime", start_time=None))
            api.post("/_mock/reset")
            frozen.tick(0.25)
            assert api.clock()["now"] == FROZEN_AT + 0.25
            frozen.move_to("2026-01-02 12:00:00")
            assert api.clock()["now"] == FROZEN_AT + DAY

    def test_a_new_mode_continues_from_the_same_instant(self) -> None:
        """A change of mode does not move the clock."""
        with freeze_time(FROZEN) as frozen:
            api = Caller(app_of(clock="x60", start_time=0))
            api.post("/_mock/reset")
            frozen.tick(10)
            assert api.post("/_mock/clock", {"mode": "manual"}).json["now"] == 600
            frozen.tick(10)
            assert api.post("/_mock/clock", {"mode": "realtime"}).json["now"] == 600
            frozen.tick(10)
            assert api.clock()["now"] == 610

    def test_a_running_clock_can_be_advanced(self) -> None:
        """It continues from the instant that it was moved to."""
        with freeze_time(FROZEN) as frozen:
            api = Caller(app_of(clock="realtime", start_time=None))
            assert api.advance(3600)["now"] == FROZEN_AT + 3600
            frozen.tick(5)
            assert api.clock()["now"] == FROZEN_AT + 3605


class TestAdvance:
    """POST /_mock/clock/advance."""

    def test_by_seconds(self, api: Caller) -> None:
        """The response lists the events on the way, in order."""
        id = api.create()["id"]
        assert api.advance(3600) == {
            "now": START + 3600,
            "events": [
                {"at": START + VALIDATING, "type": "batch.in_progress", "id": id},
                {"at": START + VALIDATING + IN_PROGRESS, "type": "batch.finalizing", "id": id},
                {"at": START + COMPLETED, "type": "batch.completed", "id": id},
            ],
            "event_count": 3,
        }

    @pytest.mark.parametrize("seconds", [0, 0.5, 61.999])
    def test_to_an_instant_before_the_next_event(self, api: Caller, seconds: float) -> None:
        """Nothing happens before it is due."""
        id = api.create()["id"]
        assert api.advance(seconds)["events"] == []
        assert api.batch(id)["status"] == "validating"

    def test_to_an_instant(self, api: Caller) -> None:
        """The target may be absolute."""
        answer = api.post("/_mock/clock/advance", {"to": START + 5.5})
        assert api.good(answer)["now"] == START + 5.5

    def test_to_now_is_no_change(self, api: Caller) -> None:
        """The current instant is allowed."""
        answer = api.good(api.post("/_mock/clock/advance", {"to": START}))
        assert answer == {"now": START, "events": [], "event_count": 0}

    def test_to_the_past_is_refused(self, api: Caller) -> None:
        """The clock only moves forward, and a refused advance does not move it."""
        answer = api.post("/_mock/clock/advance", {"to": START - 1})
        assert error_of(answer) == (409, "clock_is_past", "to")
        assert api.clock()["now"] == START

    def test_to_the_next_event(self, api: Caller) -> None:
        """One status change happens, and the clock is at its instant."""
        api.create()
        answer = api.good(api.post("/_mock/clock/advance", {"next_event": True}))
        assert answer["now"] == START + VALIDATING
        assert [event["type"] for event in answer["events"]] == ["batch.in_progress"]

    def test_to_the_next_event_when_nothing_is_due(self, api: Caller) -> None:
        """A 409, and the clock does not move."""
        answer = api.post("/_mock/clock/advance", {"next_event": True})
        assert error_of(answer) == (409, "nothing_due", "next_event")
        assert api.clock()["now"] == START

    def test_until_a_batch_has_a_status(self, api: Caller) -> None:
        """The clock stops at the instant at which the batch gets the status."""
        body = {"batch": api.create()["id"], "status": "finalizing"}
        answer = api.good(api.post("/_mock/clock/advance", body))
        assert answer["now"] == START + VALIDATING + IN_PROGRESS

    def test_until_a_status_that_it_has_had(self, api: Caller) -> None:
        """A status of the past does not move the clock."""
        body = {"batch": api.create()["id"], "status": "in_progress"}
        api.advance(3600)
        assert api.good(api.post("/_mock/clock/advance", body))["now"] == START + 3600

    def test_until_a_status_that_never_comes(self, api: Caller) -> None:
        """A 409 that says why, and the clock is where the batch ended."""
        body = {"batch": api.create(input_file_id="file-no")["id"], "status": "completed"}
        answer = api.post("/_mock/clock/advance", body)
        assert error_of(answer) == (409, "unreachable_status", "status")
        assert "failed" in answer.json["error"]["message"]
        assert api.clock()["now"] == START + VALIDATING

    def test_until_a_status_that_a_held_batch_waits_for(self, api: Caller) -> None:
        """A held batch expires, so the clock is at the end of its window."""
        id = api.create()["id"]
        api.good(api.post(f"/_mock/batches/{id}/hold"))
        answer = api.post("/_mock/clock/advance", {"batch": id, "status": "completed"})
        assert error_of(answer) == (409, "unreachable_status", "status")
        assert api.clock()["now"] == START + DAY
        assert api.batch(id)["status"] == "expired"

    def test_response_lists_the_first_hundred_events(self, api: Caller) -> None:
        """The count includes the others."""
        file = api.upload()["id"]
        for _ in range(40):
            api.create(input_file_id=file)
        answer = api.advance(DAY)
        assert (len(answer["events"]), answer["event_count"]) == (100, 120)
        types = [event["type"] for event in answer["events"]]
        assert types == (
            ["batch.in_progress"] * 40 + ["batch.finalizing"] * 40 + ["batch.completed"] * 20
        )

    def test_expiry_of_files_is_listed_on_request(self, api: Caller) -> None:
        """Without `include`, only status changes are events."""
        file = api.upload()
        body = {"seconds": 40 * DAY, "include": ["expiry"]}
        answer = api.good(api.post("/_mock/clock/advance", body))
        assert answer["events"] == [
            {"at": file["expires_at"], "type": "file.expired", "id": file["id"]}
        ]

    @pytest.mark.parametrize("target", ["to", "status"])
    def test_expiry_is_listed_whatever_the_target(self, api: Caller, target: str) -> None:
        """On the way to an instant, and until a batch has a status."""
        file, batch = api.upload(anchor="created_at", seconds="3600")["id"], api.create()["id"]
        api.good(api.post(f"/_mock/batches/{batch}/hold"))
        to: dict[str, Any] = {"to": START + DAY}
        chosen = to if target == "to" else {"batch": batch, "status": "expired"}
        answer = api.post("/_mock/clock/advance", {**chosen, "include": ["expiry"]})
        first, *_ = api.good(answer)["events"]
        assert first == {"at": START + 3600, "type": "file.expired", "id": file}

    def test_expiry_can_be_the_next_event(self, api: Caller) -> None:
        """`next_event` stops at included events, too."""
        expires_at = api.upload()["expires_at"]
        body = {"next_event": True, "include": ["expiry"]}
        assert api.good(api.post("/_mock/clock/advance", body))["now"] == expires_at

    def test_progress_of_lines_is_listed_on_request(self, api: Caller) -> None:
        """There is an event for each second at which more lines are done."""
        api.create(lines(3))
        body = {"seconds": VALIDATING + IN_PROGRESS, "include": ["progress"]}
        events = api.good(api.post("/_mock/clock/advance", body))["events"]
        assert [event["type"] for event in events].count("batch.progress") == 3

    @pytest.mark.parametrize(
        ("body", "code", "param"),
        [
            ({}, "invalid_value", "body"),
            ({"seconds": 1, "to": START}, "invalid_value", "body"),
            ({"seconds": 1, "status": "completed"}, "invalid_value", "body"),
            ({"next_event": True, "seconds": 1}, "invalid_value", "body"),
            ({"next_event": True, "to": START}, "invalid_value", "body"),
            (
                {"batch": "batch_1", "status": "completed", "next_event": True},
                "invalid_value",
                "body",
            ),
            ({"batch": "batch_1", "status": "completed", "to": START}, "invalid_value", "body"),
            ({"batch": "batch_1"}, "invalid_value", "body"),
            ({"status": "completed"}, "invalid_value", "body"),
            ({"include": ["expiry"]}, "invalid_value", "body"),
            ({"seconds": "1"}, "invalid_type", "seconds"),
            ({"seconds": None}, "invalid_type", "seconds"),
            ({"seconds": True}, "invalid_type", "seconds"),
            ({"seconds": -1}, "decimal_below_min_value", "seconds"),
            ({"seconds": 3_000_000_000}, "invalid_value", "seconds"),
            ({"seconds": 2**32 - START}, "invalid_value", "seconds"),
            ({"seconds": 10**12}, "decimal_above_max_value", "seconds"),
            ({"to": "2026-01-01"}, "invalid_type", "to"),
            ({"to": 2**32}, "decimal_above_max_value", "to"),
            ({"next_event": False}, "invalid_value", "next_event"),
            ({"batch": "batch_1", "status": "done"}, "invalid_value", "status"),
            ({"seconds": 1, "include": ["all"]}, "invalid_value", "include[0]"),
            ({"hours": 1}, "unknown_parameter", "hours"),
        ],
    )
    def test_invalid_body_changes_nothing(
        self, api: Caller, body: Any, code: str, param: str
    ) -> None:
        """The error names the parameter, and the clock does not move."""
        assert error_of(api.post("/_mock/clock/advance", body)) == (400, code, param)
        assert api.clock()["now"] == START

    def test_reaches_the_last_second_that_fits_four_bytes(self, api: Caller) -> None:
        """2**32 - 1 is accepted, and a second later is not."""
        assert api.advance(2**32 - 1 - START)["now"] == 2**32 - 1
        answer = api.post("/_mock/clock/advance", {"seconds": 1})
        assert error_of(answer) == (400, "invalid_value", "seconds")

    def test_empty_body_is_refused(self, api: Caller) -> None:
        """`curl -X POST` without data names no target."""
        assert error_of(api.post("/_mock/clock/advance"))[0] == 400

    @pytest.mark.parametrize(
        ("id", "expected"),
        [
            ("batch_unknown", (404, None, None)),
            ("unknown", (400, "invalid_value", "batch_id")),
        ],
    )
    def test_unknown_batch_is_refused(self, api: Caller, id: str, expected: Any) -> None:
        """The error is that of a retrieve."""
        body = {"batch": id, "status": "completed"}
        assert error_of(api.post("/_mock/clock/advance", body)) == expected
        assert api.clock()["now"] == START

    def test_large_jump_is_quick(self, api: Caller) -> None:
        """Twenty years with 50 batches take less than two seconds of a processor."""
        file = api.upload()["id"]
        for _ in range(50):
            api.create(input_file_id=file)
        began = time.process_time()
        api.advance(20 * 365 * DAY)
        assert time.process_time() - began < 2
