"""`/_mock/state`: a world as a document."""

from pathlib import Path
from typing import Any

import pytest

from mockbatch.batch.input_file import MAX_ERRORS
from mockbatch.web.context import EXTENSION
from tests.support.caller import (
    DAY,
    FINALIZING,
    IN_PROGRESS,
    VALIDATING,
    Caller,
    app_of,
    count_batches_and_files,
    error_of,
    lines,
)

COMPLETED = VALIDATING + IN_PROGRESS + FINALIZING

# Half of a character, which UTF-8 cannot write; JSON can.
UNWRITABLE = "\ud800"
FILE = {"purpose": "batch", "filename": "a", "created_at": 1, "expires_at": None, "content": "a"}
UPLOAD = {
    "filename": "a",
    "purpose": "batch",
    "bytes": 1,
    "created_at": 1,
    "file_seconds": None,
    "ended": "cancelled",
    "parts": [],
}
NO_WEBHOOKS = {
    "endpoints": [],
    "endpoint_count": 0,
    "secret_count": 0,
    "deliveries": [],
    "delivery_count": 0,
    "announced": {},
}


class TestState:
    """GET and PUT /_mock/state: a whole world as JSON."""

    def test_a_state_without_settings_keeps_those_of_the_world(self, api: Caller) -> None:
        """They do not go back to those of the server."""
        api.good(api.post("/_mock/reset", {"start_time": 1000, "pace": VALIDATING}))
        state = api.good(api.get("/_mock/state"))
        api.good(api.call("PUT", "/_mock/state", json={"format": state["format"]}))
        assert api.good(api.get("/_mock/state")) == state

    def test_a_state_with_very_many_errors_keeps_the_first(self, api: Caller) -> None:
        """A batch of a loaded state keeps no more errors than one that was created."""
        api.create(b"{}\n")
        state = api.good(api.get("/_mock/state"))
        [batch] = state["batches"]
        batch["errors"] *= MAX_ERRORS
        api.good(api.call("PUT", "/_mock/state", json=state))
        [kept] = api.good(api.get("/_mock/state"))["batches"]
        assert kept["errors"] == batch["errors"][:MAX_ERRORS]

    @staticmethod
    def copy_world(api: Caller) -> Caller:
        """Put the state of a caller's world into another app, and return a client of it."""
        there = Caller(app_of(start_time=0))
        there.good(there.call("PUT", "/_mock/state", json=api.good(api.get("/_mock/state"))))
        return there

    @pytest.mark.parametrize("after", [0, VALIDATING + 30, COMPLETED, 31 * DAY])
    def test_copied_world_continues_like_the_original(self, api: Caller, after: int) -> None:
        """Files, batches, clock and coming events are the same."""
        api.create(lines(10), metadata={"mockbatch_scenario": "some_failed"})
        api.advance(after)
        there = self.copy_world(api)
        for _ in range(2):
            for path in ("/v1/batches", "/v1/files", "/_mock/clock"):
                assert there.get(path).data == api.get(path).data
            api.advance(1000)
            there.advance(1000)

    def test_downloads_are_the_same(self, api: Caller) -> None:
        """They have the same bytes, whether rendered before or after the copy."""
        ids = [api.create(lines(10))["id"] for _ in range(2)]
        api.post(f"/_mock/batches/{ids[0]}/complete")
        there = self.copy_world(api)
        for one in (api, there):
            one.advance(DAY)
        for id in ids:
            path = f"/v1/files/{api.batch(id)['output_file_id']}/content"
            assert there.get(path).data == api.get(path).data

    def test_new_ids_differ_from_copied_ones(self, api: Caller) -> None:
        """The copy continues the sequence of ids."""
        first = api.create()["id"]
        there = self.copy_world(api)
        second = there.create()["id"]
        assert second != first
        assert second == api.create()["id"]

    def test_held_batch_can_be_resumed_in_the_copy(self, api: Caller) -> None:
        """Its coming events are copied, too."""
        id = api.create()["id"]
        api.post(f"/_mock/batches/{id}/hold")
        there = self.copy_world(api)
        there.good(there.post(f"/_mock/batches/{id}/resume"))
        there.advance(DAY - 1)
        assert there.batch(id)["status"] == "completed"

    def test_state_survives_a_round_trip(self, api: Caller) -> None:
        """Writing, reading and writing it again loses nothing."""
        api.create(lines(3))
        api.advance(80)
        assert self.copy_world(api).get("/_mock/state").json == api.get("/_mock/state").json

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
    def test_invalid_state_changes_nothing(self, api: Caller, change: Any, param: str) -> None:
        """The error names the place in the document, and the world keeps its contents."""
        api.create()
        state = {**api.get("/_mock/state").json, **change}
        status, _, actual_param = error_of(api.call("PUT", "/_mock/state", json=state))
        assert (status, actual_param) == (400, param)
        assert count_batches_and_files(api) == (1, 1)

    @pytest.mark.parametrize("kind", ["memory", "sqlite"])
    @pytest.mark.parametrize(
        ("change", "param"),
        [
            ({"deleted": [UNWRITABLE]}, "state.deleted[0]"),
            ({"files": [{**FILE, "id": f"file-{UNWRITABLE}"}]}, "state.files[0].id"),
            ({"uploads": [{**UPLOAD, "id": f"upload_{UNWRITABLE}"}]}, "state.uploads[0].id"),
            ({"webhooks": {**NO_WEBHOOKS, "announced": {UNWRITABLE: "x"}}}, "state.webhooks"),
            ({"webhooks": {**NO_WEBHOOKS, "endpoint_count": 10**30}}, "state.webhooks.end"),
            ({"journal": {"requests": [], "count": 10**30}}, "state.journal.count"),
        ],
    )
    def test_a_state_that_no_store_can_keep_is_refused(
        self, tmp_path: Path, kind: str, change: Any, param: str
    ) -> None:
        """It was a 500 of a shared world; no state of a server has such ids or numbers."""
        state = f"sqlite:///{tmp_path}/state.db" if kind == "sqlite" else kind
        app = app_of(server={"state": state})
        document = {"format": "mockbatch state 2", **change}
        response = Caller(app).call("PUT", "/_mock/state", json=document)
        status, _, actual_param = error_of(response)
        assert (status, (actual_param or "")[: len(param)]) == (400, param)
        app.extensions[EXTENSION].worlds.close()

    def test_state_of_a_new_key_is_empty(self, api: Caller) -> None:
        """It can be read before there is a world."""
        state = api.good(api.get("/_mock/state"))
        assert state["files"] == state["batches"] == []
