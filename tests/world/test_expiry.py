"""What has expired gives up its bytes, on whatever clock, and what depends on it does, too."""

import pytest

from mockbatch.typing import Json
from mockbatch.world.world import World
from tests.support.caller import DAY, KEY, START, Caller, app_of, error_of, form, lines

MONTH = 30 * DAY
CLOCKS = ["manual", "realtime", "x60", "on-poll"]
UPLOAD = {"filename": "a", "purpose": "assistants", "bytes": 1, "mime_type": "text/plain"}


class Timed(Caller):
    """A caller whose world lives on a clock that the test can move, whatever its mode."""

    wall = float(START)

    @property
    def world(self) -> World:
        """The world of this caller."""
        found: World = self.app.extensions["mockbatch"].worlds.find(KEY)
        return found

    @property
    def stored_bytes(self) -> int:
        """What the world holds when the next request has come, whatever that asks for."""
        self.get("/v1/models")
        return self.world.room.used_bytes

    def wait(self, seconds: int) -> None:
        """Let time pass as it does on this clock."""
        speed = {"realtime": 1, "x60": 60}.get(self.world.clock.mode)
        if speed:
            Timed.wall += seconds / speed
        else:
            # As an on-poll clock is moved by a retrieve, without an advance.
            self.world.clock.move_to(self.world.now() + seconds)

    def finish(self, **fields: Json) -> dict[str, Json]:
        """Return a batch that has ended, and whose output was written."""
        batch = self.create(lines(3), **fields)
        self.wait(DAY)
        return self.batch(batch["id"])


@pytest.fixture(params=CLOCKS)
def api(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Timed:
    """Return a caller for each kind of clock."""
    monkeypatch.setattr(Timed, "wall", float(START))
    monkeypatch.setattr("mockbatch.clock.wall_time", lambda: Timed.wall)
    return Timed(app_of(clock=request.param))


def test_an_expired_file_gives_up_its_bytes(api: Timed) -> None:
    """With the next request of its world, which need not be about files."""
    api.upload(b"x" * 5000, purpose="assistants", anchor="created_at", seconds="3600")
    kept = api.upload(b"x" * 70, purpose="assistants")
    api.wait(3599)
    assert api.stored_bytes == 5070
    api.wait(1)
    assert api.stored_bytes == kept["bytes"]


def test_an_output_goes_with_its_files(api: Timed) -> None:
    """Its usage stays readable; the input goes as well, when that has expired."""
    batch = api.finish()
    assert api.stored_bytes > len(lines(3))
    api.wait(MONTH)
    assert api.stored_bytes == 0
    assert api.batch(batch["id"])["usage"] == batch["usage"]
    assert api.stored_bytes == 0


def test_a_deleted_output_gives_up_its_bytes(api: Timed) -> None:
    """At once, and so does an input that nothing will read again."""
    batch = api.finish()
    content = api.get(f"/v1/files/{batch['output_file_id']}/content").data
    before = api.stored_bytes
    api.good(api.delete(f"/v1/files/{batch['output_file_id']}"))
    assert api.world.room.used_bytes == before - len(content) == len(lines(3))
    api.good(api.delete(f"/v1/files/{batch['input_file_id']}"))
    assert api.world.room.used_bytes == 0
    assert api.batch(batch["id"])["request_counts"]["completed"] == 3


def test_an_input_is_kept_while_it_may_be_read(api: Timed) -> None:
    """A file that is deleted while its batch runs is answered all the same."""
    batch = api.create(lines(3))
    api.wait(70)
    api.batch(batch["id"])
    api.good(api.delete(f"/v1/files/{batch['input_file_id']}"))
    assert api.stored_bytes == len(lines(3))
    api.wait(DAY)
    output = api.batch(batch["id"])["output_file_id"]
    assert api.get(f"/v1/files/{output}/content").text.count("\n") == 3
    api.good(api.delete(f"/v1/files/{output}"))
    assert api.stored_bytes == 0


def test_an_output_that_nobody_asked_for_is_still_counted(api: Timed) -> None:
    """Its input is kept until somebody has: usage comes from there."""
    batch = api.create(lines(3))
    api.wait(DAY + MONTH + 1)
    assert api.stored_bytes == len(lines(3))
    assert api.batch(batch["id"])["usage"]["total_tokens"] > 0
    assert api.stored_bytes == 0


def test_the_input_of_a_failed_or_cancelled_batch_goes(api: Timed) -> None:
    """As soon as the batch has ended and its files are gone."""
    failed = api.create(lines(1) + b"{\n")
    cancelled = api.create(lines(2))
    api.good(api.post(f"/v1/batches/{cancelled['id']}/cancel"))
    for batch in (failed, cancelled):
        api.good(api.delete(f"/v1/files/{batch['input_file_id']}"))
    api.wait(DAY)
    assert api.batch(failed["id"])["status"] == "failed"
    assert api.batch(cancelled["id"])["status"] == "cancelled"
    api.wait(MONTH)
    assert api.stored_bytes == 0


def test_parts_go_with_their_upload(api: Timed) -> None:
    """After an hour, without another upload."""
    upload = api.good(api.post("/v1/uploads", UPLOAD))
    data = ('name="data"; filename="a"', b"x" * 900)
    api.good(api.call("POST", f"/v1/uploads/{upload['id']}/parts", **form(data)))
    api.wait(3599)
    assert api.stored_bytes == 900
    api.wait(1)
    assert api.stored_bytes == 0


def test_the_parts_of_each_upload_go_on_its_own_second(api: Timed) -> None:
    """The first upload that expires does not wait for a later one, in a restored world either."""
    for content in (b"x" * 5000, b"x" * 70):
        upload = api.good(api.post("/v1/uploads", UPLOAD))
        data = ('name="data"; filename="a"', content)
        api.good(api.call("POST", f"/v1/uploads/{upload['id']}/parts", **form(data)))
        api.wait(600)
    api.world.restore(api.world.snapshot())
    assert api.stored_bytes == 5070
    api.wait(2400)
    assert api.stored_bytes == 70
    api.wait(600)
    assert api.stored_bytes == 0


def test_a_world_without_inputs_can_be_moved(api: Timed) -> None:
    """Its batches are elsewhere what they were here."""
    batch = api.finish()
    api.wait(MONTH)
    assert api.stored_bytes == 0
    shown = api.batch(batch["id"])
    state = api.good(api.get("/_mock/state"))
    assert state["contents"] == {}
    other = Timed(api.app, "sk-elsewhere")
    assert api.good(other.call("PUT", "/_mock/state", json=state))["batches"] == 1
    assert other.batch(batch["id"]) == shown
    again = other.good(other.get("/_mock/state"))
    assert again["batches"] == state["batches"]
    assert api.good(other.call("PUT", "/_mock/quotas", json={"enqueued_tokens": {"*": 9}}))


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"lines": 10**12}, "state.batches[0].gone_input.lines"),
        ({"failing_lines": [3]}, "state.batches[0].gone_input.failing_lines"),
        ({"unsupported_lines": [3]}, "state.batches[0].gone_input.unsupported_lines"),
        ({"lines": 2}, "state.batches[0].timeline.marks"),
    ],
)
def test_what_is_left_of_an_input_is_checked(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Json], param: str
) -> None:
    """A state cannot ask for more lines than a batch may have, or fewer than it has run."""
    api = Timed(app_of())
    api.finish()
    api.wait(MONTH)
    state = api.good(api.get("/_mock/state"))
    state["batches"][0]["gone_input"].update(change)
    refused = api.call("PUT", "/_mock/state", json=state)
    assert error_of(refused) == (400, "invalid_value", param)


def test_an_input_can_be_gone_only_after_the_end() -> None:
    """A batch that has not ended needs its lines, and so do files that can be read."""
    api = Timed(app_of())
    batch = api.finish()
    api.wait(MONTH)
    state = api.good(api.get("/_mock/state"))
    state["clock"]["now"] = batch["created_at"]
    other = Timed(api.app, "sk-elsewhere")
    api.good(other.call("PUT", "/_mock/state", json=state))
    assert other.batch(batch["id"])["status"] == "completed"
    refused = other.get(f"/v1/files/{batch['output_file_id']}/content")
    assert error_of(refused)[0] == 404
    state["batches"][0]["timeline"]["transitions"].pop()
    refused = other.call("PUT", "/_mock/state", json=state)
    assert error_of(refused) == (400, "invalid_value", "state.batches[0].gone_input")


@pytest.mark.slow
def test_the_bytes_of_many_files_return_to_zero(api: Timed) -> None:
    """Created, run, read, deleted and expired: nothing is left behind of any."""
    for number in range(60):
        batch = api.create(lines(1 + number % 3), output_expires_after=_after(3600))
        short = {"anchor": "created_at", "seconds": "3600"}
        api.upload(b"x" * 3000, purpose="assistants", **short)
        api.wait(130)
        output = api.batch(batch["id"])["output_file_id"]
        if number % 2:
            api.good(api.delete(f"/v1/files/{batch['input_file_id']}"))
        if output and number % 3:
            api.good(api.delete(f"/v1/files/{output}"))
    assert api.stored_bytes > 0
    for _ in range(60):
        page = api.good(api.get("/v1/batches?limit=100"))
        if all(batch["status"] == "completed" for batch in page["data"]):
            break
        api.wait(130)
    api.wait(MONTH + DAY)
    assert api.stored_bytes == 0
    assert api.good(api.get("/v1/files"))["data"] == []


def _after(seconds: int) -> dict[str, Json]:
    return {"anchor": "created_at", "seconds": seconds}


def test_the_owner_sees_the_bytes_of_each_world(api: Timed) -> None:
    """Those that have expired are not counted."""
    owner = Timed(api.app, "sk-mockbatch")
    api.upload(b"x" * 500, purpose="assistants", anchor="created_at", seconds="3600")
    owner.upload(b"x" * 20, purpose="assistants")
    assert [world["bytes"] for world in owner.get("/_mock/worlds").json["worlds"]] == [500, 20]
    api.wait(3600)
    assert [world["bytes"] for world in owner.get("/_mock/worlds").json["worlds"]] == [0, 20]
