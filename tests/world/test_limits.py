"""What a world may hold: one more is refused, in words that help, and nothing is lost."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import TestResponse

from mockbatch.batch.create import BatchRequest
from mockbatch.endpoints import reply_limit
from mockbatch.errors import ApiError
from mockbatch.limits import Limits
from mockbatch.scripting.script import Script, parse
from mockbatch.typing import Json
from tests.conftest import CHAT
from tests.support.caller import DAY, Caller, app_of, error_of, form, lines, upload_form

if TYPE_CHECKING:
    from tests.conftest import Make

UPLOAD = {"filename": "a", "purpose": "assistants", "bytes": 4, "mime_type": "text/plain"}
ENDPOINT = {"url": "http://127.0.0.1:9/"}
FAULT = {"match": {"path": "/v1/videos"}, "fault": {"status": 500}}
BATCH = {"endpoint": "/v1/chat/completions", "completion_window": "24h"}
SUBMIT = {"input": lines(1).decode(), "endpoint": "/v1/chat/completions"}


def limited_caller(**limits: int) -> Caller:
    """Return a caller of an app with these limits."""
    return Caller(app_of(limits=Limits(**limits)))


def check(refused: TestResponse, option: str, code: str = "limit_reached") -> None:
    """Check that a limit refused a call, and named itself and its option."""
    assert error_of(refused) == (400, code, None)
    assert f"--limit {option}=N" in refused.json["error"]["message"]


def state(api: Caller) -> Json:
    """Return all that a world holds, but not the requests it received."""
    held = api.good(api.get("/_mock/state"))
    del held["journal"]
    del held["numbers"]["request"]
    return held


def add_file(api: Caller) -> TestResponse:
    """Upload a file."""
    return api.call("POST", "/v1/files", **upload_form(b"{}\n"))


def add_reply(api: Caller) -> TestResponse:
    """Add a scripted reply."""
    return api.post("/_mock/replies", {"reply": "a"})


def add_scenario(api: Caller) -> TestResponse:
    """Queue a scenario."""
    return api.post("/_mock/scenarios/active", {"name": "all_failed"})


def add_fault(api: Caller) -> TestResponse:
    """Add a fault."""
    return api.post("/_mock/faults", FAULT)


def add_endpoint(api: Caller) -> TestResponse:
    """Add a webhook endpoint."""
    return api.post("/_mock/webhooks/endpoints", ENDPOINT)


def add_upload(api: Caller) -> TestResponse:
    """Begin an upload in parts."""
    return api.post("/v1/uploads", UPLOAD)


def add_batch(api: Caller) -> TestResponse:
    """Create a batch, for a file that does not exist."""
    return api.post("/v1/batches", api.batch_request(input_file_id="file-none"))


def submit(api: Caller) -> TestResponse:
    """Create a batch together with its input."""
    return api.post("/_mock/batches", SUBMIT)


@pytest.mark.parametrize(
    ("add", "option", "code"),
    [
        (add_file, "files", "limit_reached"),
        (add_reply, "replies", "limit_reached"),
        (add_scenario, "scenarios", "limit_reached"),
        (add_fault, "faults", "too_many_faults"),
        (add_endpoint, "webhook_endpoints", "too_many_webhook_endpoints"),
        (add_upload, "uploads", "too_many_uploads"),
        (add_batch, "batches", "limit_reached"),
        (submit, "batches", "limit_reached"),
    ],
)
def test_one_too_many_is_refused_and_nothing_is_lost(
    add: Callable[[Caller], TestResponse], option: str, code: str
) -> None:
    """The message names the limit and the option that moves it."""
    api = limited_caller(**{option: 2})
    for _ in range(2):
        api.good(add(api))
    before = state(api)
    check(add(api), option, code)
    after = state(api)
    if add is submit:  # its input was there for a moment
        after["deleted"] = []
        del after["numbers"]["file"], before["numbers"]["file"]
    assert after == before
    api.good(add(limited_caller(**{option: 3})))


def test_what_is_removed_makes_room() -> None:
    """For as much again."""
    api = limited_caller(files=1, replies=1, scenarios=1, faults=1)
    for _ in range(2):
        file = api.good(add_file(api))
        for add in (add_reply, add_scenario, add_fault):
            api.good(add(api))
        for path in ("replies", "scenarios/active", "faults"):
            api.good(api.delete(f"/_mock/{path}"))
        api.good(api.delete(f"/v1/files/{file['id']}"))


def test_replies_of_the_server_do_not_count() -> None:
    """A script for 140,000 lines leaves room for a client's own replies."""
    script = Script((parse({"match": {"custom_id": "a"}, "reply": "x" * 500}),) * 3)
    api = Caller(app_of(limits=Limits(replies=1, document_bytes=500), script=script))
    api.good(add_reply(api))
    check(add_reply(api), "replies")
    api.good(api.call("DELETE", "/_mock/replies", json={"match": {}}))
    api.good(add_reply(api))


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("replies", {"reply": "x" * 600}),
        ("faults", {**FAULT, "fault": {"status": 500, "body": "x" * 600}}),
        (
            "scenarios/active",
            {"document": {"name": "a", "summary": "x" * 600, "sees": "-"}},
        ),
    ],
)
def test_documents_have_a_greatest_size_together(path: str, document: dict[str, Json]) -> None:
    """A few that are long take as much room as many."""
    api = limited_caller(document_bytes=1900)
    for _ in range(2):
        api.good(api.post(f"/_mock/{path}", document))
    before = state(api)
    check(api.post(f"/_mock/{path}", document), "document_bytes")
    assert state(api) == before
    api.good(api.delete(f"/_mock/{path}"))
    api.good(api.post(f"/_mock/{path}", document))


class TestBytes:
    """All contents of a world."""

    def test_a_file_that_does_not_fit_is_refused(self) -> None:
        """Until others have gone or expired."""
        api = limited_caller(world_bytes=1000)
        first = api.upload(b"x" * 600, purpose="assistants")
        refused = api.call("POST", "/v1/files", **upload_form(b"x" * 401, purpose="assistants"))
        check(refused, "world_bytes")
        assert "It holds 600, and 401 do not fit" in refused.json["error"]["message"]
        short = {"anchor": "created_at", "seconds": "3600"}
        api.upload(b"x" * 400, purpose="assistants", **short)
        api.advance(3600)
        api.upload(b"x" * 400, purpose="assistants")
        api.good(api.delete(f"/v1/files/{first['id']}"))
        api.upload(b"x" * 600, purpose="assistants")

    def test_parts_count_and_their_file_takes_their_place(self) -> None:
        """So an upload may be as large as the world."""
        api = limited_caller(world_bytes=1000)
        upload = api.good(api.post("/v1/uploads", {**UPLOAD, "bytes": 1000}))
        path = f"/v1/uploads/{upload['id']}"
        part = form(('name="data"; filename="a"', b"x" * 500))
        ids = [api.good(api.call("POST", f"{path}/parts", **part))["id"] for _ in range(2)]
        check(api.call("POST", f"{path}/parts", **part), "world_bytes")
        file = api.good(api.post(f"{path}/complete", {"part_ids": ids}))["file"]
        assert file["bytes"] == 1000

    def test_a_completion_that_is_refused_keeps_the_upload(self) -> None:
        """It can be completed when there is room for another file."""
        api = limited_caller(files=1)
        other = api.upload()
        upload = api.good(api.post("/v1/uploads", UPLOAD))
        path = f"/v1/uploads/{upload['id']}"
        part = form(('name="data"; filename="a"', b"xxxx"))
        id = api.good(api.call("POST", f"{path}/parts", **part))["id"]
        check(api.post(f"{path}/complete", {"part_ids": [id]}), "files")
        api.good(api.delete(f"/v1/files/{other['id']}"))
        api.good(api.post(f"{path}/complete", {"part_ids": [id]}))

    def test_outputs_make_room_for_files(self) -> None:
        """They are written again when they are read, and are the same."""
        api = limited_caller(world_bytes=20_000)
        batch = api.create(lines(10))
        api.advance(DAY)
        path = f"/v1/files/{api.batch(batch['id'])['output_file_id']}/content"
        content = api.get(path).data
        left = 20_000 - len(lines(10))
        api.upload(b"x" * left, purpose="assistants")
        check(add_file(api), "world_bytes")
        assert api.get(path).data == content

    def test_an_input_that_is_no_file_counts(self, make: "Make") -> None:
        """A batch whose request holds its input needs room for it."""
        given = make.batch_input(*make.lines(2))
        request = BatchRequest("-", CHAT, None, None, None, input=given)
        world = make.world(limits=Limits(world_bytes=2 * given.content.size - 1))
        world.create_batch(request._replace(input=make.batch_input(*make.lines(2))))
        with pytest.raises(ApiError) as refused:
            world.create_batch(request)
        assert (refused.value.status, refused.value.code) == (400, "limit_reached")
        assert len(world.repository.batches) == 1

    def test_an_input_counts_while_its_batch_needs_it(self) -> None:
        """And once, however many batches and files have it."""
        api = limited_caller(world_bytes=2 * len(lines(1)))
        file = api.upload(lines(1))
        for _ in range(3):
            api.create(input_file_id=file["id"])
        api.upload(lines(1))
        check(api.call("POST", "/v1/files", **upload_form(lines(1))), "world_bytes")


class TestWebhooks:
    """What is on its way, or will be."""

    def test_a_batch_with_too_many_webhooks_is_refused(self) -> None:
        """Pending deliveries count, and the coming ends of batches."""
        api = limited_caller(webhook_deliveries=4)
        for _ in range(2):
            api.good(add_endpoint(api))
        for _ in range(2):
            api.good(add_batch(api))
        before = state(api)
        check(add_batch(api), "webhook_deliveries")
        check(add_endpoint(api), "webhook_deliveries")
        assert state(api) == before
        api.advance(62)
        check(add_batch(api), "webhook_deliveries")
        api.advance(73 * 3600)
        api.good(add_batch(api))

    def test_an_endpoint_too_many_is_refused(self) -> None:
        """Those of batches that run count already."""
        api = limited_caller(webhook_deliveries=1)
        for _ in range(2):
            api.good(add_batch(api))
        check(add_endpoint(api), "webhook_deliveries")
        api.advance(DAY)
        api.good(add_endpoint(api))


class TestForgotten:
    """What is only remembered has no error: the oldest go."""

    def test_ids_of_deleted_uploads(self) -> None:
        """The files are gone either way."""
        api = limited_caller(deleted_ids=2)
        ids = [api.upload()["id"] for _ in range(3)]
        for id in ids:
            api.good(api.delete(f"/v1/files/{id}"))
        assert api.get("/_mock/state").json["deleted"] == sorted(ids[1:])
        assert api.upload()["id"] not in ids
        assert error_of(api.get(f"/v1/files/{ids[0]}"))[0] == 404

    def test_a_deleted_output_stays_deleted(self) -> None:
        """However many uploads are deleted after it."""
        api = limited_caller(deleted_ids=1)
        batch = api.create(lines(1))
        api.advance(DAY)
        output = api.batch(batch["id"])["output_file_id"]
        api.good(api.delete(f"/v1/files/{output}"))
        for _ in range(3):
            api.good(api.delete(f"/v1/files/{api.upload()['id']}"))
        assert error_of(api.get(f"/v1/files/{output}"))[0] == 404

    def test_ended_uploads(self) -> None:
        """Then they are no longer known."""
        api = limited_caller(ended_uploads=2)
        ids = [api.good(add_upload(api))["id"] for _ in range(3)]
        for id in ids:
            api.good(api.post(f"/v1/uploads/{id}/cancel"))
        assert [upload["id"] for upload in api.get("/_mock/state").json["uploads"]] == ids[1:]
        statuses = [api.post(f"/v1/uploads/{id}/cancel").status_code for id in ids]
        assert statuses == [404, 400, 400]


@pytest.mark.parametrize(
    ("limit", "place"),
    [
        ("replies", "state.replies"),
        ("scenarios", "state.scenarios"),
        ("faults", "state.faults"),
        ("webhook_endpoints", "state.webhooks.endpoints"),
        ("document_bytes", "state.replies"),
        ("files", "state.files"),
        ("batches", "state.batches"),
        ("ended_uploads", "state.uploads"),
        ("world_bytes", "state.contents"),
    ],
)
def test_a_state_above_a_limit_is_refused(limit: str, place: str) -> None:
    """And the world stays as it is; its own state always fits."""
    full = limited_caller()
    for _ in range(2):
        full.create(lines(2))
        full.good(full.post(f"/v1/uploads/{full.good(add_upload(full))['id']}/cancel"))
    for add in 2 * (add_reply, add_scenario, add_fault, add_endpoint):
        full.good(add(full))
    document = full.good(full.get("/_mock/state"))
    full.good(full.call("PUT", "/_mock/state", json=document))
    api = limited_caller(**{limit: 1, "uploads": 0})
    before = state(api)
    refused = api.call("PUT", "/_mock/state", json=document)
    assert error_of(refused) == (400, "invalid_value", place)
    assert f"--limit {limit}=N" in refused.json["error"]["message"]
    assert state(api) == before


def test_recorded_batches_of_a_state_count_as_batches() -> None:
    """A world may have no more of both together."""
    full = limited_caller()
    batch = full.create(lines(1))
    full.advance(DAY)
    recorded = {**full.batch(batch["id"]), "id": "batch_recorded"}
    document = {**full.good(full.get("/_mock/state")), "recorded": [recorded]}
    full.good(full.call("PUT", "/_mock/state", json=document))
    refused = limited_caller(batches=1).call("PUT", "/_mock/state", json=document)
    assert error_of(refused) == (400, "invalid_value", "state.batches")


def test_replies_of_a_state_are_counted() -> None:
    """The next one is above the limit, as it is in the world that the state is from."""
    api = limited_caller(replies=2)
    for _ in range(2):
        api.good(add_reply(api))
    api.good(api.call("PUT", "/_mock/state", json=api.good(api.get("/_mock/state"))))
    check(add_reply(api), "replies")


def test_replies_in_place_of_the_servers_own_are_limited() -> None:
    """They come on top of its own, however few those are."""
    script = Script((parse({"reply": "x"}),))
    api = Caller(app_of(limits=Limits(document_bytes=500), script=script))
    reply = {"match": {}, "reply": {"content": "x" * 600}}
    document = {"format": "mockbatch state 2", "replies": [reply]}
    refused = api.call("PUT", "/_mock/state", json=document)
    assert error_of(refused) == (400, "invalid_value", "state.replies")


def test_turns_of_replies_do_not_count() -> None:
    """They are added as batches run, and what GET returns can be put back."""
    api = limited_caller(document_bytes=500)
    api.good(api.post("/_mock/replies", {"reply": ["a", "b"], "times": 100}))
    api.create(lines(100))
    document = api.good(api.get("/_mock/state"))
    assert len(json.dumps(document["replies"])) > 500
    api.good(api.call("PUT", "/_mock/state", json=document))


def test_scripted_lines_of_a_state_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that are too long for a batch fail, as they do where a reply is added."""
    api = limited_caller()
    api.good(api.post("/_mock/replies", {"reply": "x" * 1000}))
    batch = api.create(lines(5))
    document = api.good(api.get("/_mock/state"))
    monkeypatch.setattr(reply_limit, "MAX_BATCH_CHARACTERS", 2500)
    api.good(api.call("PUT", "/_mock/state", json=document))
    api.advance(DAY)
    counts = api.good(api.get(f"/v1/batches/{batch['id']}"))["request_counts"]
    assert counts == {"total": 5, "completed": 2, "failed": 3}


def test_deleted_ids_of_a_state_are_limited() -> None:
    """They would be kept for nothing."""
    api = limited_caller(deleted_ids=1, batches=1)
    document = {"format": "mockbatch state 1", "deleted": ["a", "b", "c", "d"]}
    refused = api.call("PUT", "/_mock/state", json=document)
    assert error_of(refused) == (400, "invalid_value", "state.deleted")
    # A file, and both outputs of a batch.
    api.good(api.call("PUT", "/_mock/state", json={**document, "deleted": ["a", "b", "c"]}))


def test_polls_and_announced_batches_of_a_state_are_limited() -> None:
    """No world has more of them than batches."""
    api = limited_caller(batches=1)
    document = api.good(api.get("/_mock/state"))
    for parent, name, value in (("clock", "polls", 1), ("webhooks", "announced", "x")):
        document[parent][name] = {"a": value}
        api.good(api.call("PUT", "/_mock/state", json=document))
        above = {**document, parent: {**document[parent], name: {"a": value, "b": value}}}
        refused = api.call("PUT", "/_mock/state", json=above)
        assert error_of(refused) == (400, "invalid_value", f"state.{parent}.{name}")


def test_a_state_with_pending_and_ended_uploads_can_be_put_back() -> None:
    """Each kind has a limit of its own."""
    api = limited_caller(uploads=1, ended_uploads=1)
    api.good(api.post(f"/v1/uploads/{api.good(add_upload(api))['id']}/cancel"))
    api.good(add_upload(api))
    document = api.good(api.get("/_mock/state"))
    assert len(document["uploads"]) == 2
    api.good(api.call("PUT", "/_mock/state", json=document))


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/_mock/quotas", {"enqueued_tokens": {"x" * 501: 1}}),
        ("POST", "/_mock/reset", {"seed": "x" * 1001}),
        ("POST", "/v1/batches", {**BATCH, "input_file_id": "x" * 1001}),
    ],
)
def test_texts_that_a_world_keeps_have_a_greatest_length(
    method: str, path: str, body: dict[str, Json]
) -> None:
    """A body may have 16 MB, and is read for other reasons."""
    assert error_of(limited_caller().call(method, path, json=body))[0] == 400
