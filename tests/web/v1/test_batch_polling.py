"""`GET /v1/batches/{id}` as a poll: what it does to the clock, and how often it may happen."""

import pytest

from tests.support.caller import DAY, START, Caller, app_of, error_of


class TestOnPoll:
    """The clock mode `on-poll`, in which a retrieve moves time."""

    @pytest.fixture
    def polling(self, api: Caller) -> Caller:
        """Return a client whose world has this clock mode."""
        api.good(api.post("/_mock/clock", {"mode": "on-poll"}))
        return api

    def test_each_retrieve_moves_to_the_next_status(self, polling: Caller) -> None:
        """A polling loop sees every status once."""
        id = polling.create()["id"]
        seen = [polling.batch(id)["status"] for _ in range(4)]
        assert seen == ["in_progress", "finalizing", "completed", "completed"]

    def test_finished_batch_moves_nothing(self, polling: Caller) -> None:
        """A retrieve of a finished batch does not move the clock."""
        id = polling.create()["id"]
        polling.advance(DAY)
        polling.batch(id)
        assert polling.clock()["now"] == START + DAY

    def test_retry_moves_nothing(self, polling: Caller) -> None:
        """An SDK that retries after a lost response does not poll twice."""
        path = f"/v1/batches/{polling.create()['id']}"
        polling.get(path)
        retry = polling.get(path, headers={"x-stainless-retry-count": "1"})
        assert retry.json["status"] == "in_progress"

    def test_head_moves_nothing(self, polling: Caller) -> None:
        """A HEAD is not a poll."""
        polling.call("HEAD", f"/v1/batches/{polling.create()['id']}")
        assert polling.clock()["now"] == START

    def test_request_that_meets_a_fault_moves_nothing(self, polling: Caller) -> None:
        """The client may not see the response, and then polls again."""
        id = polling.create()["id"]
        polling.good(polling.post("/_mock/faults", {"match": {}, "fault": {"delay_ms": 0}}))
        assert [polling.batch(id)["status"] for _ in range(2)] == ["validating", "in_progress"]

    def test_list_moves_nothing(self, polling: Caller) -> None:
        """Only a retrieve is a poll."""
        polling.create()
        polling.get("/v1/batches")
        assert polling.clock()["now"] == START

    def test_other_batches_advance_too(self, polling: Caller) -> None:
        """A world has one clock."""
        first, second = polling.create()["id"], polling.create()["id"]
        polling.batch(first)
        assert polling.get("/v1/batches").json["data"][0]["id"] == second
        assert polling.get("/v1/batches").json["data"][0]["status"] == "in_progress"


class TestPollLimit:
    """A client that polls while the clock stands still gets an error that says so."""

    @pytest.fixture
    def limited(self) -> Caller:
        """Return a client whose world has a limit of three."""
        return Caller(app_of(poll_limit=3))

    def test_the_nth_retrieve_is_refused(self, limited: Caller) -> None:
        """Its header keeps SDKs from retrying it."""
        path = f"/v1/batches/{limited.create()['id']}"
        assert [limited.get(path).status_code for _ in range(2)] == [200, 200]
        answer = limited.get(path)
        assert error_of(answer) == (400, "nobody_moves_the_clock", None)
        assert answer.headers["x-should-retry"] == "false"

    def test_message_names_the_remedies(self, limited: Caller) -> None:
        """It names the three ways to move the clock."""
        path = f"/v1/batches/{limited.create()['id']}"
        message = [limited.get(path) for _ in range(3)][-1].json["error"]["message"]
        assert all(word in message for word in ("skip_sleep", "advance", "run_until", "on-poll"))

    def test_count_starts_over_when_the_clock_moves(self, limited: Caller) -> None:
        """After an advance, a client may poll as often as before."""
        path = f"/v1/batches/{limited.create()['id']}"
        for _ in range(4):
            assert [limited.get(path).status_code for _ in range(2)] == [200, 200]
            limited.advance(1)

    def test_each_batch_has_its_own_count(self, limited: Caller) -> None:
        """Ten batches can be retrieved once each."""
        ids = [limited.create()["id"] for _ in range(10)]
        assert {limited.get(f"/v1/batches/{id}").status_code for id in ids} == {200}
