"""`/_mock`: moving time and deciding fates, as any HTTP client does it."""

import logging
import time
from typing import Any

import pytest
from freezegun import freeze_time

import mockbatch
from tests.support.caller import (
    CANCELLING,
    DAY,
    FINALIZING,
    IN_PROGRESS,
    KEY,
    START,
    VALIDATING,
    Caller,
    app_of,
    lines,
    refusal,
    upload_form,
)

COMPLETED = VALIDATING + IN_PROGRESS + FINALIZING
OTHER = "sk-somebody-else-0001"
FROZEN = "2026-01-01 12:00:00"
FROZEN_AT = 1_767_268_800


def held_by(caller: Caller) -> tuple[int, int]:
    """Return how many batches and files a caller sees."""
    batches, files = caller.get("/v1/batches?limit=100").json, caller.get("/v1/files").json
    return len(batches["data"]), len(files["data"])


class TestHealth:
    """GET /_mock/health."""

    def test_needs_no_key(self, api: Caller) -> None:
        """A container's health check has none."""
        body = Caller(api.app, None).get("/_mock/health").json
        assert (body["status"], body["version"]) == ("ok", mockbatch.__version__)
        assert body["uptime_seconds"] >= 0

    def test_takes_any_key(self, api: Caller) -> None:
        """Not even a wrong one is in its way, and none becomes a world."""
        app = app_of(server={"api_keys": frozenset({KEY})})
        assert Caller(app, "wrong").get("/_mock/health").json["status"] == "ok"


class TestClock:
    """GET and POST /_mock/clock."""

    def test_tells_time_mode_and_what_comes_next(self, api: Caller) -> None:
        """Instants are epoch seconds, numbers."""
        id = api.create()["id"]
        assert api.clock() == {
            "now": START,
            "mode": "manual",
            "next_event": {"at": START + VALIDATING, "type": "batch.in_progress", "id": id},
        }

    def test_next_event_is_null_when_nothing_is_due(self, api: Caller) -> None:
        """In an empty world, and when every batch has ended."""
        assert api.clock()["next_event"] is None
        api.create()
        api.advance(DAY)
        assert api.clock()["next_event"] is None

    def test_next_event_is_the_earliest_of_all_batches(self, api: Caller) -> None:
        """Whichever batch it belongs to."""
        first = api.create()["id"]
        api.advance(10)
        api.create()
        assert api.clock()["next_event"]["id"] == first

    @pytest.mark.parametrize("mode", ["manual", "realtime", "on-poll", "x60", "x0.5", "x1000000"])
    def test_mode_can_be_set(self, api: Caller, mode: str) -> None:
        """The answer is the clock as it is then."""
        answer = api.good(api.post("/_mock/clock", {"mode": mode}))
        assert answer["mode"] == mode == api.clock()["mode"]
        assert answer["now"] == pytest.approx(START, abs=1e5)

    @pytest.mark.parametrize("mode", ["", "x", "x0", "x-1", "x1000001", "xinf", "fast", "MANUAL"])
    def test_unknown_mode_changes_nothing(self, api: Caller, mode: str) -> None:
        """The refusal names the field, the clock stays as it is."""
        assert refusal(api.post("/_mock/clock", {"mode": mode})) == (400, "invalid_value", "mode")
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
    def test_bad_body_is_refused(self, api: Caller, body: Any, code: str, param: str) -> None:
        """The refusal names the field."""
        assert refusal(api.post("/_mock/clock", body)) == (400, code, param)

    def test_xn_runs_n_times_as_fast(self) -> None:
        """Ten seconds at x60 are ten minutes."""
        with freeze_time(FROZEN) as frozen:
            api = Caller(app_of(clock="x60", start_time=None))
            assert api.good(api.post("/_mock/reset"))
            frozen.tick(10)
            assert api.clock()["now"] == FROZEN_AT + 600

    def test_realtime_is_the_time_of_the_process(self) -> None:
        """It follows every step, also one made without a request in between."""
        with freeze_time(FROZEN) as frozen:
            api = Caller(app_of(clock="realtime", start_time=None))
            api.post("/_mock/reset")
            frozen.tick(0.25)
            assert api.clock()["now"] == FROZEN_AT + 0.25
            frozen.move_to("2026-01-02 12:00:00")
            assert api.clock()["now"] == FROZEN_AT + DAY

    def test_other_mode_goes_on_from_the_same_instant(self) -> None:
        """No time is lost or won when the mode changes."""
        with freeze_time(FROZEN) as frozen:
            api = Caller(app_of(clock="x60", start_time=0))
            api.post("/_mock/reset")
            frozen.tick(10)
            assert api.post("/_mock/clock", {"mode": "manual"}).json["now"] == 600
            frozen.tick(10)
            assert api.post("/_mock/clock", {"mode": "realtime"}).json["now"] == 600
            frozen.tick(10)
            assert api.clock()["now"] == 610

    def test_advance_of_a_running_clock_adds_up(self) -> None:
        """A running clock runs on from where it was moved to."""
        with freeze_time(FROZEN) as frozen:
            api = Caller(app_of(clock="realtime", start_time=None))
            assert api.advance(3600)["now"] == FROZEN_AT + 3600
            frozen.tick(5)
            assert api.clock()["now"] == FROZEN_AT + 3605


class TestAdvance:
    """POST /_mock/clock/advance."""

    def test_by_seconds(self, api: Caller) -> None:
        """The answer tells what has happened on the way, in order."""
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
    def test_by_less_than_what_comes_next(self, api: Caller, seconds: float) -> None:
        """Nothing happens early."""
        id = api.create()["id"]
        assert api.advance(seconds)["events"] == []
        assert api.batch(id)["status"] == "validating"

    def test_to_an_instant(self, api: Caller) -> None:
        """An absolute target."""
        answer = api.post("/_mock/clock/advance", {"to": START + 5.5})
        assert api.good(answer)["now"] == START + 5.5

    def test_to_now_is_no_change(self, api: Caller) -> None:
        """An instant already reached is allowed."""
        answer = api.good(api.post("/_mock/clock/advance", {"to": START}))
        assert answer == {"now": START, "events": [], "event_count": 0}

    def test_to_the_past_is_refused(self, api: Caller) -> None:
        """Time moves forward only, and stays where it is."""
        answer = api.post("/_mock/clock/advance", {"to": START - 1})
        assert refusal(answer) == (409, "clock_is_past", "to")
        assert api.clock()["now"] == START

    def test_to_the_next_event(self, api: Caller) -> None:
        """One status change, and the clock stands on its second."""
        api.create()
        answer = api.good(api.post("/_mock/clock/advance", {"next_event": True}))
        assert answer["now"] == START + VALIDATING
        assert [event["type"] for event in answer["events"]] == ["batch.in_progress"]

    def test_to_the_next_event_when_nothing_is_due(self, api: Caller) -> None:
        """There is nowhere to go."""
        answer = api.post("/_mock/clock/advance", {"next_event": True})
        assert refusal(answer) == (409, "nothing_due", "next_event")
        assert api.clock()["now"] == START

    def test_until_a_batch_has_a_status(self, api: Caller) -> None:
        """The clock stands on the second at which it takes on the status."""
        body = {"batch": api.create()["id"], "status": "finalizing"}
        answer = api.good(api.post("/_mock/clock/advance", body))
        assert answer["now"] == START + VALIDATING + IN_PROGRESS

    def test_until_a_status_that_it_has_had(self, api: Caller) -> None:
        """What has happened already needs no time."""
        body = {"batch": api.create()["id"], "status": "in_progress"}
        api.advance(3600)
        assert api.good(api.post("/_mock/clock/advance", body))["now"] == START + 3600

    def test_until_a_status_that_never_comes(self, api: Caller) -> None:
        """A 409 that says why, and the clock stands where the batch ended."""
        body = {"batch": api.create(input_file_id="file-no")["id"], "status": "completed"}
        answer = api.post("/_mock/clock/advance", body)
        assert refusal(answer) == (409, "unreachable_status", "status")
        assert "failed" in answer.json["error"]["message"]
        assert api.clock()["now"] == START + VALIDATING

    def test_until_a_status_that_a_held_batch_waits_for(self, api: Caller) -> None:
        """A held batch expires: the clock stands at the end of its window."""
        id = api.create()["id"]
        api.good(api.post(f"/_mock/batches/{id}/hold"))
        answer = api.post("/_mock/clock/advance", {"batch": id, "status": "completed"})
        assert refusal(answer) == (409, "unreachable_status", "status")
        assert api.clock()["now"] == START + DAY
        assert api.batch(id)["status"] == "expired"

    def test_first_hundred_events_are_told(self, api: Caller) -> None:
        """All are counted."""
        file = api.upload()["id"]
        for _ in range(40):
            api.create(input_file_id=file)
        answer = api.advance(DAY)
        assert (len(answer["events"]), answer["event_count"]) == (100, 120)

    def test_expiry_of_files_is_told_if_asked(self, api: Caller) -> None:
        """Otherwise events are status changes alone."""
        file = api.upload()
        body = {"seconds": 40 * DAY, "include": ["expiry"]}
        answer = api.good(api.post("/_mock/clock/advance", body))
        assert answer["events"] == [
            {"at": file["expires_at"], "type": "file.expired", "id": file["id"]}
        ]

    def test_expiry_can_be_the_next_event(self, api: Caller) -> None:
        """`next_event` goes to what is included too."""
        expires_at = api.upload()["expires_at"]
        body = {"next_event": True, "include": ["expiry"]}
        assert api.good(api.post("/_mock/clock/advance", body))["now"] == expires_at

    def test_progress_of_lines_is_told_if_asked(self, api: Caller) -> None:
        """Each second at which more lines are done."""
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
    def test_bad_body_changes_nothing(self, api: Caller, body: Any, code: str, param: str) -> None:
        """The refusal names the field, and time stands where it stood."""
        assert refusal(api.post("/_mock/clock/advance", body)) == (400, code, param)
        assert api.clock()["now"] == START

    def test_reaches_the_last_second_of_four_bytes(self, api: Caller) -> None:
        """2**32 - 1 is a good instant; one more is none."""
        assert api.advance(2**32 - 1 - START)["now"] == 2**32 - 1
        answer = api.post("/_mock/clock/advance", {"seconds": 1})
        assert refusal(answer) == (400, "invalid_value", "seconds")

    def test_empty_body_is_refused(self, api: Caller) -> None:
        """`curl -X POST` alone says nothing."""
        assert refusal(api.post("/_mock/clock/advance"))[0] == 400

    @pytest.mark.parametrize(
        ("id", "expected"),
        [
            ("batch_unknown", (404, None, None)),
            ("unknown", (400, "invalid_value", "batch_id")),
        ],
    )
    def test_unknown_batch_is_refused(self, api: Caller, id: str, expected: Any) -> None:
        """As retrieve would refuse it."""
        body = {"batch": id, "status": "completed"}
        assert refusal(api.post("/_mock/clock/advance", body)) == expected
        assert api.clock()["now"] == START

    def test_large_jump_is_quick(self, api: Caller) -> None:
        """Twenty years of 50 batches take no longer than a day."""
        file = api.upload()["id"]
        for _ in range(50):
            api.create(input_file_id=file)
        began = time.monotonic()
        api.advance(20 * 365 * DAY)
        assert time.monotonic() - began < 2


class TestOnPoll:
    """The mode in which polling moves time."""

    @pytest.fixture
    def polling(self, api: Caller) -> Caller:
        """Make a client of a world in the mode."""
        api.good(api.post("/_mock/clock", {"mode": "on-poll"}))
        return api

    def test_each_retrieve_moves_to_the_next_status(self, polling: Caller) -> None:
        """A polling loop sees every status once."""
        id = polling.create()["id"]
        seen = [polling.batch(id)["status"] for _ in range(4)]
        assert seen == ["in_progress", "finalizing", "completed", "completed"]

    def test_finished_batch_moves_nothing(self, polling: Caller) -> None:
        """Time stands still when nothing is waited for."""
        id = polling.create()["id"]
        polling.advance(DAY)
        polling.batch(id)
        assert polling.clock()["now"] == START + DAY

    def test_repeated_request_moves_nothing(self, polling: Caller) -> None:
        """When an SDK asks again for a lost answer, that is no second poll."""
        path = f"/v1/batches/{polling.create()['id']}"
        polling.get(path)
        again = polling.get(path, headers={"x-stainless-retry-count": "1"})
        assert again.json["status"] == "in_progress"

    def test_head_moves_nothing(self, polling: Caller) -> None:
        """Who asks for headers does not wait for a batch."""
        polling.call("HEAD", f"/v1/batches/{polling.create()['id']}")
        assert polling.clock()["now"] == START

    def test_list_moves_nothing(self, polling: Caller) -> None:
        """Only a retrieve is a poll."""
        polling.create()
        polling.get("/v1/batches")
        assert polling.clock()["now"] == START

    def test_other_batches_move_along(self, polling: Caller) -> None:
        """There is one clock for a world."""
        first, second = polling.create()["id"], polling.create()["id"]
        polling.batch(first)
        assert polling.get("/v1/batches").json["data"][0]["id"] == second
        assert polling.get("/v1/batches").json["data"][0]["status"] == "in_progress"


class TestPollLimit:
    """A client that polls while nobody moves the clock is told so."""

    @pytest.fixture
    def limited(self) -> Caller:
        """Make a client of a world with a limit of three."""
        return Caller(app_of(poll_limit=3))

    def test_the_nth_retrieve_is_refused(self, limited: Caller) -> None:
        """And no SDK repeats it."""
        path = f"/v1/batches/{limited.create()['id']}"
        assert [limited.get(path).status_code for _ in range(2)] == [200, 200]
        answer = limited.get(path)
        assert refusal(answer) == (400, "nobody_moves_the_clock", None)
        assert answer.headers["x-should-retry"] == "false"

    def test_message_says_what_to_do(self, limited: Caller) -> None:
        """All three ways out are named."""
        path = f"/v1/batches/{limited.create()['id']}"
        message = [limited.get(path) for _ in range(3)][-1].json["error"]["message"]
        assert all(word in message for word in ("advance", "run_until", "on-poll"))

    def test_moved_clock_begins_anew(self, limited: Caller) -> None:
        """Who moves time may poll as often as before."""
        path = f"/v1/batches/{limited.create()['id']}"
        for _ in range(4):
            assert [limited.get(path).status_code for _ in range(2)] == [200, 200]
            limited.advance(1)

    def test_batches_are_counted_apart(self, limited: Caller) -> None:
        """Ten batches may be looked at once each."""
        ids = [limited.create()["id"] for _ in range(10)]
        assert {limited.get(f"/v1/batches/{id}").status_code for id in ids} == {200}


class TestCommands:
    """POST /_mock/batches/{id}, and a command."""

    @staticmethod
    def do(api: Caller, batch: dict[str, Any], name: str, body: Any = None) -> Any:
        """Send a command."""
        return api.post(f"/_mock/batches/{batch['id']}/{name}", body)

    @pytest.mark.parametrize("after", [0, VALIDATING, VALIDATING + IN_PROGRESS])
    def test_held_batch_keeps_its_status(self, api: Caller, after: int) -> None:
        """Its counts stand still too."""
        batch = api.create(lines(10))
        api.advance(after)
        held = api.good(self.do(api, batch, "hold"))
        api.advance(1000)
        assert api.batch(batch["id"]) == held

    def test_resumed_batch_goes_on(self, api: Caller) -> None:
        """What was left before the hold is left after it."""
        batch = api.create()
        api.advance(10)
        self.do(api, batch, "hold")
        api.advance(1000)
        api.good(self.do(api, batch, "resume"))
        assert api.clock()["next_event"]["at"] == START + 1000 + VALIDATING

    @pytest.mark.parametrize("after", [0, VALIDATING, VALIDATING + 30])
    def test_expired_batch_keeps_what_is_done(self, api: Caller, after: int) -> None:
        """It ends now, with the lines done so far."""
        batch = api.create(lines(10))
        api.advance(after)
        ended = api.good(self.do(api, batch, "expire"))
        assert (ended["status"], ended["expired_at"]) == ("expired", START + after)
        assert (ended["output_file_id"] is not None) == (after > VALIDATING)

    def test_failed_batch_has_the_error_that_was_told(self, api: Caller) -> None:
        """Code and message are free."""
        batch = api.create()
        told = {"code": "token_limit_exceeded", "message": "Enqueued token limit reached."}
        ended = api.good(self.do(api, batch, "fail", told))
        assert ended["status"] == "failed"
        assert ended["errors"]["data"] == [{**told, "param": None, "line": None}]

    def test_failed_batch_has_an_error_in_any_case(self, api: Caller) -> None:
        """Without a body there is an error of the mock's own."""
        ended = api.good(self.do(api, api.create(), "fail"))
        assert ended["errors"]["data"][0]["code"] == "invalid_request"

    @pytest.mark.parametrize("after", [0, VALIDATING, VALIDATING + IN_PROGRESS])
    def test_completed_batch_has_all_its_lines(self, api: Caller, after: int) -> None:
        """The rest is done at once."""
        batch = api.create(lines(10))
        api.advance(after)
        ended = api.good(self.do(api, batch, "complete"))
        assert (ended["status"], ended["completed_at"]) == ("completed", START + after)
        assert ended["request_counts"]["completed"] == 10
        assert ended["usage"]["total_tokens"] > 0

    @pytest.mark.parametrize(
        ("name", "after", "first"),
        [
            ("hold", DAY, None),
            ("hold", 0, "hold"),
            ("resume", 0, None),
            ("resume", DAY, None),
            ("expire", VALIDATING + IN_PROGRESS, None),
            ("expire", DAY, None),
            ("fail", VALIDATING, None),
            ("fail", DAY, None),
            ("complete", DAY, None),
        ],
    )
    def test_what_the_status_does_not_allow_is_a_409(
        self, api: Caller, name: str, after: int, first: str | None
    ) -> None:
        """The batch stays as it is, and the message says its status."""
        batch = api.create()
        if first:
            self.do(api, batch, first)
        api.advance(after)
        before = api.batch(batch["id"])
        answer = self.do(api, batch, name)
        assert refusal(answer) == (409, "illegal_command", None)
        assert before["status"] in answer.json["error"]["message"]
        assert api.batch(batch["id"]) == before

    @pytest.mark.parametrize("name", ["hold", "resume", "expire", "fail", "complete"])
    def test_unknown_batch_is_a_404(self, api: Caller, name: str) -> None:
        """As retrieve would refuse it."""
        assert refusal(self.do(api, {"id": "batch_no"}, name)) == (404, None, None)

    @pytest.mark.parametrize("name", ["hold", "resume", "expire", "fail", "complete"])
    @pytest.mark.parametrize(
        ("body", "code", "param"),
        [({"x": 1}, "unknown_parameter", "x"), ([], "invalid_type", "body")],
    )
    def test_bad_body_changes_nothing(
        self, api: Caller, name: str, body: Any, code: str, param: str
    ) -> None:
        """The refusal names the field."""
        batch = api.create()
        assert refusal(self.do(api, batch, name, body)) == (400, code, param)
        assert api.batch(batch["id"]) == batch

    @pytest.mark.parametrize("body", [{"code": ""}, {"message": 1}, {"message": None}])
    def test_bad_error_is_refused(self, api: Caller, body: Any) -> None:
        """A batch's error is made of texts."""
        answer = self.do(api, api.create(), "fail", body)
        assert refusal(answer)[0] == 400
        assert refusal(answer)[2] == next(iter(body))

    def test_cancelling_batch_can_be_held(self, api: Caller) -> None:
        """It then stays in `cancelling`."""
        batch = api.create()
        api.post(f"/v1/batches/{batch['id']}/cancel")
        api.good(self.do(api, batch, "hold"))
        api.advance(10 * CANCELLING)
        assert api.batch(batch["id"])["status"] == "cancelling"

    def test_unknown_command_is_an_unknown_url(self, api: Caller) -> None:
        """There are five."""
        assert refusal(self.do(api, api.create(), "explode")) == (404, None, None)


class TestTimeline:
    """GET /_mock/batches/{id}/timeline."""

    def test_tells_past_and_future(self, api: Caller) -> None:
        """Every status change, in order."""
        id = api.create()["id"]
        api.advance(VALIDATING)
        told = api.get(f"/_mock/batches/{id}/timeline").json
        assert (told["id"], told["status"], told["scenario"]) == (id, "in_progress", "happy")
        assert told["past"] == [
            {"at": START, "type": "batch.validating"},
            {"at": START + VALIDATING, "type": "batch.in_progress"},
        ]
        assert [event["type"] for event in told["coming"]] == [
            "batch.finalizing",
            "batch.completed",
        ]

    def test_says_what_comes_next(self, api: Caller) -> None:
        """In one sentence for a person."""
        id = api.create()["id"]
        told = api.get(f"/_mock/batches/{id}/timeline").json["explanation"]
        assert f"{id} is validating (since " in told
        assert f"in_progress in {VALIDATING} s" in told

    def test_is_no_poll(self) -> None:
        """Looking at it has no limit and moves nothing."""
        api = Caller(app_of(poll_limit=2, clock="on-poll"))
        path = f"/_mock/batches/{api.create()['id']}/timeline"
        assert {api.get(path).status_code for _ in range(5)} == {200}
        assert api.clock()["now"] == START

    def test_unknown_batch_is_a_404(self, api: Caller) -> None:
        """As retrieve would refuse it."""
        assert refusal(api.get("/_mock/batches/batch_no/timeline")) == (404, None, None)


class TestJournal:
    """GET /_mock/requests."""

    def test_tells_each_request_to_v1(self, api: Caller) -> None:
        """Oldest first; calls of the control API are not in it."""
        id = api.create()["id"]
        api.advance(5)
        api.get(f"/v1/batches/{id}?x=1", headers={"x-stainless-retry-count": "2"})
        journal = api.get("/_mock/requests").json
        assert [(one["method"], one["path"]) for one in journal["requests"]] == [
            ("POST", "/v1/files"),
            ("POST", "/v1/batches"),
            ("GET", f"/v1/batches/{id}?x=1"),
        ]
        last = journal["requests"][-1]
        assert (last["status"], last["retry_count"], last["now"]) == (200, 2, START + 5)
        assert (journal["count"], journal["dropped"]) == (3, 0)

    def test_tells_unknown_urls_and_refusals_too(self, api: Caller) -> None:
        """What went wrong is what one looks for."""
        api.upload()
        api.get("/v1/foo")
        api.post("/v1/batches", {})
        statuses = [one["status"] for one in api.get("/_mock/requests").json["requests"]]
        assert statuses == [200, 404, 400]

    def test_tells_the_last_few_if_asked(self, api: Caller) -> None:
        """`limit` may be 0, for the count alone."""
        for _ in range(3):
            api.upload()
        assert len(api.get("/_mock/requests?limit=2").json["requests"]) == 2
        assert api.get("/_mock/requests?limit=0").json == {
            "requests": [],
            "count": 3,
            "dropped": 0,
        }

    @pytest.mark.parametrize(
        ("query", "shown"),
        [
            ("", [200, 404, 200]),
            ("method=get", [404, 200]),
            ("method=DELETE", []),
            ("path=/v1/files", [200, 200]),
            ("path=/v1/f*", [200, 404, 200]),
            ("status=404", [404]),
            (f"since={START + 1}", [404, 200]),
            (f"since={START + 1.5}", []),
            ("method=GET&status=200", [200]),
            ("method=GET&limit=1", [200]),
        ],
    )
    def test_filters_choose(self, api: Caller, query: str, shown: list[int]) -> None:
        """All filters have to hold; a path is a glob, and looks at no query."""
        api.upload()
        api.advance(1)
        api.get("/v1/foo")
        api.get("/v1/files?limit=1")
        found = api.good(api.get(f"/_mock/requests?{query}"))
        assert [one["status"] for one in found["requests"]] == shown

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("status=x", "status"),
            ("status=-1", "status"),
            ("method=GET&status=1000", "status"),
            ("since=x", "since"),
            ("since=nan", "since"),
            ("method=GET&since=", "since"),
            ("methd=GET", "methd"),
        ],
    )
    def test_bad_filter_is_refused(self, api: Caller, query: str, name: str) -> None:
        """Whatever the journal holds: no entry has to come near the filter for that."""
        status, _, param = refusal(api.get(f"/_mock/requests?{query}"))
        assert (status, param) == (400, name)

    @pytest.mark.parametrize("limit", ["-1", "10001", "x"])
    def test_bad_limit_is_refused(self, api: Caller, limit: str) -> None:
        """The refusal names it."""
        status, _, param = refusal(api.get(f"/_mock/requests?limit={limit}"))
        assert (status, param) == (400, "limit")

    def test_is_each_keys_own(self, api: Caller) -> None:
        """Nobody sees the requests of another."""
        api.upload()
        assert Caller(api.app, OTHER).get("/_mock/requests").json["count"] == 0


class TestReset:
    """POST /_mock/reset."""

    def test_empties_the_world_and_puts_the_clock_back(self, api: Caller) -> None:
        """Files, batches, journal and time."""
        api.create()
        api.advance(DAY)
        assert api.good(api.post("/_mock/reset")) == {"reset": 1}
        assert held_by(api) == (0, 0)
        assert api.clock()["now"] == START

    def test_leaves_other_worlds_as_they_are(self, api: Caller) -> None:
        """Only the caller's world is emptied."""
        other = Caller(api.app, OTHER)
        other.create()
        api.post("/_mock/reset")
        assert held_by(other) == (1, 1)

    def test_same_ids_after_it(self, api: Caller) -> None:
        """A world that begins anew mints the same ids."""
        first = api.create()["id"]
        api.post("/_mock/reset")
        assert api.create()["id"] == first

    def test_takes_the_settings_of_the_new_beginning(self, api: Caller) -> None:
        """All that a test can choose."""
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
        """The seed decides them."""
        first = api.create()["id"]
        api.post("/_mock/reset", {"seed": 7})
        assert api.create()["id"] != first

    def test_settings_stay_until_others_come(self, api: Caller) -> None:
        """A reset without settings begins as the last one did."""
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
            ({"start_time": 2**32}, None, "start_time"),
            ({"start_time": "2026-01-01"}, "invalid_type", "start_time"),
            ({"seed": 1.5}, "invalid_type", "seed"),
            ({"scenario": "hapy"}, "unknown_scenario", "scenario"),
            ({"scenario": None}, "invalid_type", "scenario"),
            ({"poll_limit": 0}, "integer_below_min_value", "poll_limit"),
            ({"all": 1}, "invalid_type", "all"),
            ({"everything": True}, "unknown_parameter", "everything"),
            ([], "invalid_type", "body"),
        ],
    )
    def test_bad_setting_changes_nothing(
        self, api: Caller, body: Any, code: str | None, param: str
    ) -> None:
        """The refusal names the field, and the world is still there."""
        api.create()
        status, told, named = refusal(api.post("/_mock/reset", body))
        assert (status, named) == (400, param)
        assert code in (told, None)
        assert held_by(api) == (1, 1)

    def test_unknown_scenario_is_told_with_the_names_near_it(self, api: Caller) -> None:
        """A typing error in a marker is found at once."""
        message = api.post("/_mock/reset", {"scenario": "some_faild"}).json["error"]["message"]
        assert "some_failed" in message

    def test_owner_resets_every_world(self) -> None:
        """The key that `serve` prints may do it."""
        app = app_of()
        owner, other = Caller(app, "sk-mockbatch"), Caller(app, OTHER)
        owner.create()
        other.create()
        assert owner.good(owner.post("/_mock/reset", {"all": True})) == {"reset": 2}
        assert held_by(owner) == held_by(other) == (0, 0)

    def test_reset_of_all_leaves_each_world_its_own_settings(self) -> None:
        """A world that was made anew with other settings begins with these once more."""
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
    def test_nobody_else_does(self, api: Caller, key: str | None) -> None:
        """Another key, or none, resets nothing."""
        api.create()
        caller = Caller(api.app, key)
        assert refusal(caller.post("/_mock/reset", {"all": True})) == (403, "not_the_owner", "all")
        assert held_by(api) == (1, 1)

    def test_all_worlds_take_no_settings(self) -> None:
        """Each keeps its own: settings beside `all` would be dropped in silence."""
        owner = Caller(app_of(), "sk-mockbatch")
        answer = owner.post("/_mock/reset", {"all": True, "pace": 2})
        assert refusal(answer) == (400, "invalid_value", "all")


class TestState:
    """GET and PUT /_mock/state: a whole world as JSON."""

    @staticmethod
    def moved(api: Caller) -> Caller:
        """Put the state of a caller's world into another app, for the same key."""
        there = Caller(app_of(start_time=0))
        there.good(there.call("PUT", "/_mock/state", json=api.good(api.get("/_mock/state"))))
        return there

    @pytest.mark.parametrize("after", [0, VALIDATING + 30, COMPLETED, 31 * DAY])
    def test_world_goes_on_elsewhere_as_it_would_have_here(self, api: Caller, after: int) -> None:
        """Files, batches, clock and future."""
        api.create(lines(10), metadata={"mockbatch_scenario": "some_failed"})
        api.advance(after)
        there = self.moved(api)
        for _ in range(2):
            for path in ("/v1/batches", "/v1/files", "/_mock/clock"):
                assert there.get(path).data == api.get(path).data
            api.advance(1000)
            there.advance(1000)

    def test_downloads_are_the_same(self, api: Caller) -> None:
        """To the byte: what was written here, and what is yet to be written."""
        ids = [api.create(lines(10))["id"] for _ in range(2)]
        api.post(f"/_mock/batches/{ids[0]}/complete")
        there = self.moved(api)
        for one in (api, there):
            one.advance(DAY)
        for id in ids:
            path = f"/v1/files/{api.batch(id)['output_file_id']}/content"
            assert there.get(path).data == api.get(path).data

    def test_new_ids_go_on_where_they_were(self, api: Caller) -> None:
        """Nothing is minted twice."""
        first = api.create()["id"]
        there = self.moved(api)
        second = there.create()["id"]
        assert second != first
        assert second == api.create()["id"]

    def test_held_batch_can_be_resumed_elsewhere(self, api: Caller) -> None:
        """What was put aside is moved too."""
        id = api.create()["id"]
        api.post(f"/_mock/batches/{id}/hold")
        there = self.moved(api)
        there.good(there.post(f"/_mock/batches/{id}/resume"))
        there.advance(DAY - 1)
        assert there.batch(id)["status"] == "completed"

    def test_state_is_the_same_when_it_comes_back(self, api: Caller) -> None:
        """Writing, reading and writing again loses nothing."""
        api.create(lines(3))
        api.advance(80)
        assert self.moved(api).get("/_mock/state").json == api.get("/_mock/state").json

    @pytest.mark.parametrize(
        ("change", "param"),
        [
            ({"format": "mockbatch state 0"}, "state.format"),
            ({"clock": {"mode": "fast", "now": 1}}, "state.clock.mode"),
            ({"clock": {"mode": "manual", "now": -1}}, "state.clock.now"),
            ({"files": [{}]}, "state.files[0].id"),
            ({"nonsense": 1}, "state.nonsense"),
            ({"contents": {}}, "state.batches[0].content"),
        ],
    )
    def test_bad_state_changes_nothing(self, api: Caller, change: Any, param: str) -> None:
        """The refusal names the place, and the world is still there."""
        api.create()
        state = {**api.get("/_mock/state").json, **change}
        status, _, named = refusal(api.call("PUT", "/_mock/state", json=state))
        assert (status, named) == (400, param)
        assert held_by(api) == (1, 1)

    def test_of_nobody_yet_is_empty(self, api: Caller) -> None:
        """A world can be looked at before there is one."""
        state = api.good(api.get("/_mock/state"))
        assert state["files"] == state["batches"] == []


class TestWorlds:
    """Which world a request meets."""

    def test_each_key_has_its_own(self, api: Caller) -> None:
        """Files, batches and clock."""
        other = Caller(api.app, OTHER)
        api.create()
        api.advance(100)
        assert held_by(other) == (0, 0)
        assert other.clock()["now"] == START

    def test_reading_makes_none(self, api: Caller) -> None:
        """A caller without a key still meets the only world there is."""
        api.create()
        Caller(api.app, OTHER).get("/v1/batches")
        Caller(api.app, OTHER).get("/_mock/clock")
        Caller(api.app, OTHER).post("/v1/nowhere")
        assert created_in_the_only_world(api) == 1

    def test_writing_makes_one(self, api: Caller) -> None:
        """Then a caller without a key has to choose."""
        api.create()
        Caller(api.app, OTHER).upload()
        answer = Caller(api.app, None).get("/_mock/clock")
        assert refusal(answer) == (400, "which_world", None)

    def test_choice_is_told_in_masked_keys(self, api: Caller) -> None:
        """No key is printed whole."""
        api.create()
        Caller(api.app, OTHER).upload()
        message = Caller(api.app, None).get("/_mock/clock").json["error"]["message"]
        assert "sk-tests************0001" in message
        assert "sk-someb*********0001" in message
        assert KEY not in message
        assert OTHER not in message

    def test_short_key_is_masked_too(self, api: Caller) -> None:
        """Of a short key two characters are shown."""
        api.create()
        Caller(api.app, "secret").upload()
        assert "secret" not in Caller(api.app, None).get("/_mock/clock").text

    def test_without_a_key_where_there_is_none(self) -> None:
        """The caller meets the world of the key that `serve` prints."""
        app = app_of()
        nobody = Caller(app, None)
        nobody.good(nobody.post("/_mock/reset", {"start_time": 7}))
        assert Caller(app, "sk-mockbatch").clock()["now"] == 7

    def test_reading_without_a_key_makes_none(self) -> None:
        """A look at the clock does not stand in the way of the first real key."""
        app = app_of()
        nobody, first = Caller(app, None), Caller(app)
        nobody.good(nobody.get("/_mock/clock"))
        first.good(first.post("/_mock/reset", {"start_time": 7}))
        assert nobody.clock()["now"] == 7

    @pytest.mark.parametrize("key", ["", "undefined", "null"])
    def test_forgotten_key_is_refused_here_too(self, api: Caller, key: str) -> None:
        """It is no caller without a key, but one with a wrong one."""
        answer = Caller(api.app, key).get("/_mock/clock")
        assert refusal(answer) == (401, "invalid_api_key", None)

    def test_world_can_be_let_go(self, api: Caller) -> None:
        """DELETE /_mock/state: afterwards it is as if it had never been."""
        api.create()
        api.good(api.delete("/_mock/state"))
        Caller(api.app, OTHER).upload()
        assert held_by(Caller(api.app, OTHER)) == (0, 1)
        assert created_in_the_only_world(api) == 0
        assert held_by(api) == (0, 0)

    def test_oldest_idle_one_goes_with_a_log_line(self, caplog: pytest.LogCaptureFixture) -> None:
        """The number of worlds is bounded; the key in the log is masked."""
        app = app_of(server={"max_worlds": 2})
        first, second, third = (Caller(app, f"sk-number-{n}-0000") for n in range(3))
        first.upload()
        second.upload()
        first.get("/v1/files")  # used later than the second
        with caplog.at_level(logging.WARNING, "mockbatch"):
            third.upload()
        assert [held_by(one) for one in (first, second, third)] == [(0, 1), (0, 0), (0, 1)]
        assert "sk-numbe***0000" not in caplog.text
        assert "sk-numbe****0000" in caplog.text

    def test_one_world_for_all_keys(self) -> None:
        """`--worlds one`."""
        app = app_of(server={"is_single_world": True})
        Caller(app).create()
        assert held_by(Caller(app, OTHER)) == (1, 1)
        assert created_in_the_only_world(Caller(app)) == 1

    def test_allowed_keys_alone_open_worlds(self) -> None:
        """`--api-key`."""
        app = app_of(server={"api_keys": frozenset({KEY, OTHER})})
        assert Caller(app).get("/_mock/clock").status_code == 200
        assert Caller(app, OTHER).get("/v1/files").status_code == 200
        stranger = Caller(app, "sk-stranger-00001")
        assert refusal(stranger.get("/_mock/clock")) == (401, "invalid_api_key", None)
        assert refusal(stranger.call("POST", "/v1/files", **upload_form()))[0] == 401


class TestGuard:
    """Only callers on this machine are answered: a web page can reach loopback."""

    @pytest.mark.parametrize(
        "host",
        [
            "localhost",
            "127.0.0.1:8787",
            "[::1]:8787",
            "192.168.0.7:8787",
            "mock",
            "mock:8787",
            "mock.localhost",
            "host.docker.internal:8787",
        ],
    )
    def test_near_host_is_answered(self, api: Caller, host: str) -> None:
        """Addresses, and names that no public server can have."""
        assert api.get("/_mock/clock", headers={"Host": host}).status_code == 200

    @pytest.mark.parametrize(
        "host",
        [
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com:80",
            "a.local",
            "a.xlocalhost",
            "xhost.docker.internal",
            "host.docker.internal.example.com",
            "",
            "[::1",
        ],
    )
    @pytest.mark.parametrize("path", ["/_mock/clock", "/_mock/health"])
    def test_foreign_host_is_refused(self, api: Caller, host: str, path: str) -> None:
        """A name somebody else could point at this machine."""
        answer = api.get(path, headers={"Host": host})
        assert refusal(answer) == (403, "foreign_caller", None)

    @pytest.mark.parametrize("origin", ["http://localhost:8787", "http://localhost"])
    def test_own_origin_is_answered(self, api: Caller, origin: str) -> None:
        """A page that this server itself could have sent."""
        headers = {"Host": origin.partition("://")[2], "Origin": origin}
        assert api.get("/_mock/clock", headers=headers).status_code == 200

    @pytest.mark.parametrize(
        "origin",
        [
            "https://example.com",
            "http://localhost:9",
            "null",
            "",
            "http://[",
            "file://",
            "localhost",
        ],
    )
    def test_foreign_origin_is_refused(self, api: Caller, origin: str) -> None:
        """A page from elsewhere, or from nowhere."""
        headers = {"Host": "localhost", "Origin": origin}
        answer = api.post("/_mock/reset", headers=headers)
        assert refusal(answer) == (403, "foreign_caller", None)

    def test_refused_call_changes_nothing(self, api: Caller) -> None:
        """The world is as it was."""
        api.create()
        api.post("/_mock/reset", headers={"Origin": "https://example.com"})
        assert held_by(api) == (1, 1)

    def test_host_that_it_was_told_to_serve_is_near(self) -> None:
        """`--host batch.example.com` makes that name its own."""
        api = Caller(app_of(server={"host": "batch.example.com"}))
        assert api.get("/_mock/clock", headers={"Host": "batch.example.com:1"}).status_code == 200

    def test_host_that_was_allowed_is_near(self) -> None:
        """`--allow-host mock.team.svc` is for names that only a private net knows."""
        api = Caller(app_of(server={"allowed_hosts": frozenset({"mock.team.svc"})}))
        assert api.get("/_mock/clock", headers={"Host": "Mock.team.svc:8787"}).status_code == 200
        answer = api.get("/_mock/clock", headers={"Host": "team.svc:8787"})
        assert refusal(answer) == (403, "foreign_caller", None)
        assert "--allow-host" in answer.json["error"]["message"]

    def test_openai_side_has_no_such_rule(self, api: Caller) -> None:
        """A gateway in front passes on its own name."""
        assert api.get("/v1/batches", headers={"Host": "api.example.com"}).status_code == 200


def created_in_the_only_world(api: Caller) -> int:
    """Return how many batches were created in the only world of an app."""
    nobody = Caller(api.app, None)
    answer = nobody.good(nobody.get("/_mock/requests"))
    return sum(
        one["path"] == "/v1/batches" and one["method"] == "POST" for one in answer["requests"]
    )


def test_the_clock_can_be_moved_to_its_last_second(api: Caller) -> None:
    """A second before 2**32 is the last instant that there is."""
    api.good(api.post("/_mock/clock/advance", {"seconds": 2**32 - 1 - START}))
    assert api.clock()["now"] == 2**32 - 1


def test_a_reset_of_all_worlds_keeps_the_settings_of_each() -> None:
    """A world that was reset with a pace of its own still has it afterwards."""
    app = app_of(server={"owner_key": KEY})
    api = Caller(app)
    api.good(api.post("/_mock/reset", {"pace": 60}))
    api.good(api.post("/_mock/reset", {"all": True}))
    assert api.good(api.get("/_mock/state"))["settings"]["pace"] == 60
