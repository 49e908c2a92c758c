"""A world that two servers share is the same in both."""

import gc
import weakref
from io import BytesIO

import pytest

from mockbatch.errors import ApiError
from mockbatch.limits import Limits
from mockbatch.scripting.script import parse
from mockbatch.web.context import EXTENSION
from mockbatch.world import journal
from tests.support.slow_tests import mark_slow_except_each
from tests.world.shared.conftest import KEY, NewServer, Server


def test_what_one_server_does_the_other_shows(one: Server, other: Server) -> None:
    """A batch that was uploaded here and created there runs, and is downloaded, in both."""
    file_id = one.upload()
    batch = other.create(file_id)
    assert one.get(f"/v1/batches/{batch['id']}")["status"] == "validating"
    one.post("/_mock/clock/advance", {"batch": batch["id"], "status": "completed"})
    ended = other.get(f"/v1/batches/{batch['id']}")
    assert ended["status"] == "completed"
    path = f"/v1/files/{ended['output_file_id']}/content"
    assert one.call("GET", path).data == other.call("GET", path).data


def test_batches_are_numbered_as_in_one_server(one: Server, other: Server) -> None:
    """Batches that several servers create in turn have ids of their own, and are in order."""
    file_id = one.upload()
    ids = [server.create(file_id)["id"] for server in (one, other, other, one)]
    assert len(set(ids)) == 4
    for server in (one, other):
        assert [batch["id"] for batch in server.get("/v1/batches")["data"]] == ids[::-1]


CHANGES = {
    "faults": ("POST", "/_mock/faults", {"preset": "poll_429"}),
    "scenarios": ("POST", "/_mock/scenarios/active", {"name": "some_failed"}),
    "replies": ("POST", "/_mock/replies", {"reply": "hi"}),
    "replies in turn": ("POST", "/_mock/replies", {"reply": ["a", "b"], "times": 3}),
    "models": ("PUT", "/_mock/models", {"models": ["gpt-4o-mini"]}),
    "quotas": ("PUT", "/_mock/quotas", {"batches_per_hour": 3}),
    "clock": ("POST", "/_mock/clock", {"mode": "on-poll"}),
    "advance": ("POST", "/_mock/clock/advance", {"seconds": 5}),
    "endpoints": ("POST", "/_mock/webhooks/endpoints", {"url": "http://127.0.0.1:1/"}),
    "uploads": (
        "POST",
        "/v1/uploads",
        {"filename": "a", "purpose": "batch", "bytes": 3, "mime_type": "text/jsonl"},
    ),
    "reset": ("POST", "/_mock/reset", {"pace": 9, "owner": "me", "marks": True}),
}


@pytest.mark.parametrize("name", mark_slow_except_each(5, CHANGES))
def test_every_part_of_a_world_is_shared(
    name: str, one: Server, other: Server, new_server: NewServer
) -> None:
    """A change of any part is seen by a server that knows the world, and by one that starts."""
    one.create(one.upload())
    other.get("/v1/batches")
    before = one.get("/_mock/state")
    method, path, body = CHANGES[name]
    response = one.call(method, path, body)
    assert response.status_code == 200, response.text
    state = one.get("/_mock/state")
    assert state != before
    assert other.get("/_mock/state") == state
    assert new_server().get("/_mock/state") == state


@pytest.mark.parametrize("change", [*CHANGES, "batches", "requests"])
def test_the_version_is_the_same_everywhere(one: Server, other: Server, change: str) -> None:
    """So that a dashboard redraws once for each change, whichever process responds."""
    file_id = one.upload()
    other.create(file_id)
    before = version_of(other)
    if change == "batches":
        one.create(file_id)
    elif change == "requests":
        one.get("/v1/files")
    else:
        one.call(*CHANGES[change])
    assert version_of(one) == version_of(other) != before


def version_of(server: Server) -> str:
    """Return the version of the world, as a server sees it."""
    return str(server.get("/_mock/page")["version"])


def test_a_deleted_file_is_deleted_everywhere(one: Server, other: Server) -> None:
    """A file that one server has deleted is a 404 in the other, and its content is gone."""
    file_id = one.upload()
    assert other.get(f"/v1/files/{file_id}")["id"] == file_id
    assert one.call("DELETE", f"/v1/files/{file_id}").status_code == 200
    assert other.call("GET", f"/v1/files/{file_id}").status_code == 404


def test_a_server_that_only_reads_lets_go_of_a_deleted_content(one: Server, other: Server) -> None:
    """The server that deleted the file removes the content; the other one has nothing to do."""
    file_id = one.upload()
    path = f"/v1/files/{file_id}"
    assert other.call("GET", f"{path}/content").status_code == 200
    world = other.app.extensions[EXTENSION].worlds.find(KEY)
    kept = weakref.ref(world.file(file_id).content)
    assert one.call("DELETE", path).status_code == 200
    assert other.call("GET", path).status_code == 404
    gc.collect()
    assert kept() is None


def test_an_upload_is_completed_by_another_server(one: Server, other: Server) -> None:
    """Parts that came to several servers become one file."""
    upload = one.post(
        "/v1/uploads",
        {"filename": "a.jsonl", "purpose": "batch", "bytes": 6, "mime_type": "text/jsonl"},
    )
    parts = []
    for server, data in ((one, b"{}\n"), (other, b"[]\n")):
        headers, form = {"Authorization": f"Bearer {KEY}"}, {"data": (BytesIO(data), "part")}
        path = f"/v1/uploads/{upload['id']}/parts"
        parts.append(server.client.post(path, data=form, headers=headers).json["id"])
    done = other.post(f"/v1/uploads/{upload['id']}/complete", {"part_ids": parts})
    content = one.call("GET", f"/v1/files/{done['file']['id']}/content")
    assert content.data == b"{}\n[]\n"


def test_an_upload_that_is_cancelled_here_is_over_there(one: Server, other: Server) -> None:
    """The other server, which already has the upload, does not complete it."""
    upload = one.post(
        "/v1/uploads",
        {"filename": "a.jsonl", "purpose": "batch", "bytes": 6, "mime_type": "text/jsonl"},
    )
    path = f"/v1/uploads/{upload['id']}"
    assert other.call("POST", f"{path}/complete", {"part_ids": ["part_none"]}).status_code == 400
    one.post(f"{path}/cancel")
    response = other.call("POST", f"{path}/complete", {"part_ids": []})
    assert response.status_code == 400
    assert "cancelled" in response.json["error"]["message"]


def test_a_restart_keeps_all(one: Server, other: Server, new_server: NewServer) -> None:
    """A server that starts has the whole world, its journal included."""
    batch = one.create(one.upload())
    other.post("/_mock/clock/advance", {"batch": batch["id"], "status": "completed"})
    ended = one.get(f"/v1/batches/{batch['id']}")
    assert one.call("GET", f"/v1/files/{ended['output_file_id']}/content").status_code == 200
    before = one.get("/_mock/state"), one.get("/_mock/requests")["count"]
    one.close()
    other.close()
    fresh = new_server()
    assert (fresh.get("/_mock/state"), fresh.get("/_mock/requests")["count"]) == before


def test_a_request_is_found_by_the_id_in_its_response(
    one: Server, other: Server, new_server: NewServer
) -> None:
    """Every server finds it, also one that starts later; only the first has its contents."""
    one.upload()
    claude = {"x-api-key": KEY, "anthropic-version": "2023-06-01"}
    for response, name in (
        (one.call("GET", "/v1/batches"), "x-request-id"),
        (one.client.get("/v1/messages/batches", headers=claude), "request-id"),
    ):
        path = f"/_mock/requests/{response.headers[name]}"
        entry = one.get(path)
        assert entry["request"] is not None
        without = {**entry, "request": None, "response": None}
        assert other.get(path) == new_server().get(path) == without
    assert other.call("GET", "/_mock/requests/req_other").status_code == 404


def test_a_request_is_found_when_its_contents_are_dropped(
    one: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server is then like any other."""
    one.upload()
    monkeypatch.setattr(journal, "MAX_CONTENT_BYTES", 0)
    id = one.call("GET", "/v1/batches").headers["x-request-id"]
    assert one.get(f"/_mock/requests/{id}")["response"] is None


def test_reading_a_world_leaves_the_collector_as_it_is(one: Server, other: Server) -> None:
    """It is on, and what the program has frozen stays frozen; tests/conftest.py does so, too."""
    assert gc.get_freeze_count() > 0
    one.create(one.upload())
    assert other.get("/v1/batches")["data"]
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_a_world_that_was_reset_elsewhere_is_empty(one: Server, other: Server) -> None:
    """After a reset in one server, the other one's world is empty, too."""
    one.create(other.upload())
    other.post("/_mock/reset")
    assert one.get("/v1/batches")["data"] == []
    assert one.get("/_mock/state") == other.get("/_mock/state")


def test_a_world_that_was_removed_elsewhere_begins_anew(one: Server, other: Server) -> None:
    """After one server has removed the world, the other creates a new one when it is asked to."""
    one.create(one.upload())
    assert other.call("DELETE", "/_mock/state").status_code == 200
    assert one.get("/v1/batches")["data"] == []
    assert one.create(one.upload())["id"] == other.get("/v1/batches")["data"][0]["id"]


def test_a_loaded_state_is_shared(one: Server, other: Server, new_server: NewServer) -> None:
    """A document that one server loads is the world of all, with contents and journal."""
    batch = one.create(one.upload())
    document = one.get("/_mock/state")
    one.post("/_mock/reset")
    assert other.call("PUT", "/_mock/state", document).status_code == 200
    for server in (one, other, new_server()):
        assert server.get(f"/v1/batches/{batch['id']}")["id"] == batch["id"]
        content = server.call("GET", f"/v1/files/{batch['input_file_id']}/content")
        assert content.status_code == 200
    assert one.get("/_mock/state")["journal"]["count"] > document["journal"]["count"]


def test_faults_are_counted_together(one: Server, other: Server) -> None:
    """A fault that is to happen twice happens twice, whichever server the requests come to."""
    match = {"method": "GET", "path": "/v1/batches"}
    one.post("/_mock/faults", {"match": match, "fault": {"status": 429}, "times": 2})
    statuses = [server.call("GET", "/v1/batches").status_code for server in [one, other] * 3]
    assert sorted(statuses) == [200, 200, 200, 200, 429, 429]


def test_requests_that_a_fault_lets_pass_are_counted_together(one: Server, other: Server) -> None:
    """A fault that skips two requests skips two in all, not two on each server."""
    match = {"method": "GET", "path": "/v1/batches"}
    one.post("/_mock/faults", {"match": match, "fault": {"status": 429}, "skip": 2})
    statuses = [server.call("GET", "/v1/batches").status_code for server in [one, other] * 2]
    assert statuses == [200, 200, 429, 200]


def test_the_owner_sees_worlds_of_other_processes(one: Server, other: Server) -> None:
    """A list of worlds has those that only another server has opened, with shortened keys."""
    one.upload()
    headers = {"Authorization": "Bearer sk-mockbatch"}
    [world] = other.client.get("/_mock/worlds", headers=headers).json["worlds"]
    assert (world["key"], world["files"]) == ("sk-...90", 1)
    named = {**headers, "X-Mockbatch-World": world["digest"]}
    assert len(other.client.get("/_mock/state", headers=named).json["files"]) == 1
    # Without a key the only world is meant.
    assert len(other.client.get("/_mock/state").json["files"]) == 1


def test_polls_are_counted_together(new_server: NewServer) -> None:
    """With a poll limit, polls count whichever server they come to."""
    one, other = (new_server(poll_limit=3) for _ in range(2))
    path = f"/v1/batches/{one.create(one.upload())['id']}"
    statuses = [server.call("GET", path).status_code for server in (one, other, one, other)]
    assert statuses == [200, 200, 400, 400]


def test_polls_from_before_an_advance_do_not_count(new_server: NewServer) -> None:
    """Also on a server that learns of them only after the advance, and one that starts then."""
    one, other = (new_server(poll_limit=3) for _ in range(2))
    one.post("/_mock/scenarios/active", {"name": "stuck_in_progress"})
    path = f"/v1/batches/{one.create(one.upload())['id']}"
    for _ in range(5):
        assert [one.call("GET", path).status_code for _ in range(2)] == [200, 200]
        one.post("/_mock/clock/advance", {"seconds": 60})
        for server in (other, new_server(poll_limit=3)):
            assert server.get("/_mock/state")["clock"]["polls"] == {}
        assert other.call("GET", path).status_code == 200
        one.post("/_mock/clock/advance", {"seconds": 60})


def test_replies_are_taken_in_turn(one: Server, other: Server) -> None:
    """Live calls get the replies in turn, whichever server they come to."""
    one.post("/_mock/replies", {"reply": ["a", "b", "c"]})
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    answers = [server.post("/v1/chat/completions", body) for server in (one, other, one)]
    assert [one["choices"][0]["message"]["content"] for one in answers] == ["a", "b", "c"]


def test_what_got_a_reply_is_counted_together(one: Server, other: Server) -> None:
    """Lines and live calls count whichever server they come to, and whichever counts them."""
    one.post("/_mock/replies", {"match": {"contains": "hi"}, "reply": "a"})
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]}
    for server in (one, other):
        server.post("/v1/chat/completions", body)
        server.create(server.upload())
    for server in (one, other):
        [reply] = server.get("/_mock/replies")["replies"]
        assert (reply["lines"], reply["live_calls"]) == (2, 2)


def test_a_function_is_refused(one: Server) -> None:
    """A Python function as a reply is refused with the reason."""
    one.upload()
    world = one.app.extensions[EXTENSION].worlds.find(KEY)
    with pytest.raises(ApiError, match="a function needs a world in the memory of its process"):
        world.add_reply(parse({"reply": lambda line: "hi"}))


def test_the_id_of_a_deleted_file_is_forgotten_everywhere(new_server: NewServer) -> None:
    """Also on a server whose own limit would let it remember more."""
    one, other = new_server(limits=Limits(deleted_ids=1)), new_server()
    ids = [one.upload() for _ in range(2)]
    for id in ids:
        assert one.call("DELETE", f"/v1/files/{id}").status_code == 200
        assert other.get("/_mock/state")["deleted"] == [id]
