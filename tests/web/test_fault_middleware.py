"""Faults around an app without a socket: those that need no connection work."""

import json
import logging

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from mockbatch.faults.exchange import NoConnectionError
from mockbatch.typing import Json
from tests.support.caller import DAY, KEY, START, Caller, app_of, error_of, lines

POLL = {"method": "GET", "path": "/v1/batches/*"}
CONTENT = {"method": "GET", "path": "/v1/files/*/content"}
CREATE = {"method": "POST", "path": "/v1/batches"}
UPLOAD = {"method": "POST", "path": "/v1/files"}
PORTKEY = {"x-portkey-provider": "openai"}
CUTS: list[dict[str, Json]] = [
    {"disconnect": "before_headers"},
    {"disconnect": "mid_body"},
    {"disconnect": "reset"},
    {"disconnect": "reset", "after_bytes": 1},
    {"truncate_bytes": 10},
    {"truncate_bytes": 10, "chunked": True},
    {"lose_response": True},
]


def fault(caller: Caller, match: dict[str, str], fault: dict[str, Json], **more: Json) -> None:
    """Add a fault."""
    caller.good(caller.post("/_mock/faults", {"match": match, "fault": fault, **more}))


def list_batches(caller: Caller, fault_: dict[str, Json]) -> TestResponse:
    """List batches, a request that meets a fault."""
    fault(caller, {}, fault_)
    return caller.get("/v1/batches")


def journal(caller: Caller) -> list[tuple[str, str, int, str | None]]:
    """Return method, path, status and fault of the requests of a caller's world."""
    entries = caller.get("/_mock/requests").json["requests"]
    return [(one["method"], one["path"], one["status"], one["fault"]) for one in entries]


class TestStatus:
    """{"status": …}."""

    def test_answers_in_the_envelope_of_its_status(self, api: Caller) -> None:
        """A rate limit has a type and a code of its own."""
        answer = list_batches(api, {"status": 429})
        assert error_of(answer) == (429, "rate_limit_exceeded", None)
        assert answer.json["error"]["type"] == "requests"

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 507, 599])
    def test_a_status_from_500_on_is_a_server_error(self, api: Caller, status: int) -> None:
        """From 500 on, the type is server_error and there is no code."""
        answer = list_batches(api, {"status": status})
        assert error_of(answer) == (status, None, None)
        assert answer.json["error"]["type"] == "server_error"

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 422, 499])
    def test_any_other_status_is_an_invalid_request(self, api: Caller, status: int) -> None:
        """Every status has a body."""
        answer = list_batches(api, {"status": status})
        assert error_of(answer) == (status, None, None)
        assert answer.json["error"]["type"] == "invalid_request_error"

    def test_a_body_is_sent_as_json(self, api: Caller) -> None:
        """It may be any JSON value."""
        answer = list_batches(api, {"status": 400, "body": ["a", {"b": None}]})
        assert (answer.status_code, answer.content_type) == (400, "application/json")
        assert answer.json == ["a", {"b": None}]

    def test_a_text_is_sent_as_it_is(self, api: Caller) -> None:
        """Its type is text, unless a header says otherwise."""
        answer = list_batches(api, {"status": 503, "body": "upstream connect error ✗"})
        assert answer.text == "upstream connect error ✗"
        assert answer.content_type == "text/plain; charset=utf-8"

    def test_a_lone_surrogate_is_replaced(self, api: Caller) -> None:
        """UTF-8 cannot encode it, so it becomes a question mark."""
        assert list_batches(api, {"status": 503, "body": "\ud800"}).data == b"?"

    def test_its_headers_replace_others(self, api: Caller) -> None:
        """Names are case-insensitive."""
        headers = {"Content-Type": "text/html", "X-Request-ID": "mine", "x-more": "1"}
        answer = list_batches(api, {"status": 503, "body": "<p>", "headers": headers})
        assert answer.headers.getlist("content-type") == ["text/html"]
        assert answer.headers.getlist("x-request-id") == ["mine"]
        assert answer.headers["x-more"] == "1"

    def test_it_has_the_headers_of_the_api(self, api: Caller) -> None:
        """It also has the request id, which an SDK's error shows."""
        answer = list_batches(api, {"status": 500})
        assert answer.headers["x-request-id"].startswith("req_")
        assert answer.headers["openai-version"] == "2020-10-01"

    @pytest.mark.parametrize(("given", "sent"), [({}, "10"), ({"retry_after_ms": 0.5}, "0.5")])
    def test_it_has_a_retry_after(self, api: Caller, given: Json, sent: str) -> None:
        """It is ten milliseconds by default."""
        assert list_batches(api, {"status": 429, **given}).headers["retry-after-ms"] == sent

    def test_retry_after_can_be_left_out(self, api: Caller) -> None:
        """With null, the header is not sent."""
        assert (
            "retry-after-ms"
            not in list_batches(api, {"status": 429, "retry_after_ms": None}).headers
        )

    @pytest.mark.parametrize("status", [200, 302])
    def test_a_status_that_is_no_error_stays_empty(self, api: Caller, status: int) -> None:
        """A success or a redirect without a body gets no error body."""
        answer = list_batches(api, {"status": status})
        assert (answer.status_code, answer.data) == (status, b"")

    @pytest.mark.parametrize("status", [204, 304])
    def test_a_status_without_a_body_has_no_content_length(self, api: Caller, status: int) -> None:
        """HTTP does not allow it there."""
        assert "content-length" not in list_batches(api, {"status": status}).headers

    def test_the_api_never_sees_the_request(self, api: Caller) -> None:
        """A create that met a 500 creates no batch."""
        request = api.batch_request()
        fault(api, CREATE, {"status": 500})
        assert api.post("/v1/batches", request).status_code == 500
        assert api.get("/v1/batches").json["data"] == []


class TestHtml:
    """{"html": …}."""

    @pytest.mark.parametrize(("status", "title"), [(502, "502 Bad Gateway"), (599, "599")])
    def test_is_a_page(self, api: Caller, status: int, title: str) -> None:
        """Its title is the status."""
        answer = list_batches(api, {"html": status})
        assert (answer.status_code, answer.content_type) == (status, "text/html")
        assert f"<title>{title}</title>" in answer.text

    def test_has_no_header_of_the_api(self, api: Caller) -> None:
        """The API did not see the request, and a proxy does not name its upstream."""
        answer = list_batches(api, {"html": 502})
        assert {"x-request-id", "openai-version"} & set(answer.headers.keys()) == set()
        assert answer.headers["retry-after-ms"] == "10"


class TestDelay:
    """{"delay_ms": …}."""

    def test_does_not_change_the_response(self, api: Caller) -> None:
        """The response is the same, only later."""
        assert list_batches(api, {"delay_ms": 1}).json["object"] == "list"

    def test_may_be_zero(self, api: Caller) -> None:
        """Zero milliseconds are allowed."""
        assert list_batches(api, {"delay_ms": 0}).status_code == 200


class TestTruncate:
    """{"truncate_bytes": …, "silent": true}."""

    @pytest.mark.parametrize("count", [0, 1, 100])
    def test_gives_the_first_bytes(self, api: Caller, count: int) -> None:
        """The response has that many bytes, and no sign of more."""
        id = api.upload()["id"]
        fault(api, CONTENT, {"truncate_bytes": count, "silent": True})
        answer = api.get(f"/v1/files/{id}/content")
        assert (answer.status_code, answer.data) == (200, lines()[:count])
        assert "content-length" not in answer.headers

    def test_always_removes_at_least_a_byte(self, api: Caller) -> None:
        """A file shorter than the cut loses its last byte."""
        id = api.upload()["id"]
        fault(api, CONTENT, {"truncate_bytes": 1 << 30, "silent": True})
        assert api.get(f"/v1/files/{id}/content").data == lines()[:-1]

    def test_an_empty_body_stays_empty(self, api: Caller) -> None:
        """There is nothing to cut."""
        id = api.upload()["id"]
        fault(api, CONTENT, {"truncate_bytes": 5, "silent": True})
        answer = api.call("HEAD", f"/v1/files/{id}/content")
        assert (answer.status_code, answer.data) == (200, b"")


class TestPatch:
    """{"patch": …}."""

    def test_objects_are_merged(self, api: Caller) -> None:
        """Other members stay, at every depth, and null is a value."""
        id = api.create(metadata={"a": "1", "b": "2"})["id"]
        change = {"metadata": {"b": "3"}, "request_counts": None, "more": {"c": [1]}}
        fault(api, POLL, {"patch": change})
        undistorted = api.good(api.get("/v1/batches?limit=1"))["data"][0]
        patched = api.batch(id)
        assert patched == {**undistorted, **change, "metadata": {"a": "1", "b": "3"}}

    def test_other_values_are_replaced(self, api: Caller) -> None:
        """Lists are not merged, and an object may replace a string."""
        id = api.create()["id"]
        fault(api, POLL, {"patch": {"status": {"is": "odd"}}})
        assert api.batch(id)["status"] == {"is": "odd"}

    def test_the_content_length_fits_the_changed_body(self, api: Caller) -> None:
        """With the old length a client would wait for more, or miss the end."""
        answer = list_batches(api, {"patch": {"more": "x" * 1000}})
        assert int(answer.headers["content-length"]) == len(answer.data) > 1000
        assert len(answer.headers.getlist("content-length")) == 1

    def test_the_result_may_violate_the_schema(self, api: Caller) -> None:
        """The patch is applied after the check."""
        assert list_batches(api, {"patch": {"object": 5}}).json["object"] == 5

    @pytest.mark.parametrize(("where", "status"), [("file", "odd"), ("batch", "processed")])
    def test_where_limits_which_responses_change(
        self, api: Caller, where: str, status: str
    ) -> None:
        """`where` has members that the response must have."""
        id = api.upload()["id"]
        fault(api, {}, {"patch": {"status": "odd"}, "where": {"object": where}})
        assert api.get(f"/v1/files/{id}").json["status"] == status

    def test_a_response_without_a_member_of_where_does_not_change(self, api: Caller) -> None:
        """A member that is missing is not one that is null."""
        id = api.upload()["id"]
        fault(api, {}, {"patch": {"status": "odd"}, "where": {"no_such_member": None}})
        assert api.get(f"/v1/files/{id}").json["status"] == "processed"

    def test_errors_do_not_change(self, api: Caller) -> None:
        """A 404 stays a 404."""
        fault(api, {}, {"patch": {"status": "odd"}})
        assert list(api.get("/v1/files/file-none").json) == ["error"]

    def test_downloads_do_not_change(self, api: Caller) -> None:
        """Only JSON is changed."""
        id = api.upload()["id"]
        fault(api, {}, {"patch": {"status": "odd"}})
        assert api.get(f"/v1/files/{id}/content").data == lines()


class TestWithoutHeaders:
    """{"without_headers": …}."""

    def test_the_api_does_not_see_them(self, api: Caller) -> None:
        """Names are case-insensitive."""
        id = api.upload()["id"]
        fault(api, CONTENT, {"without_headers": ["RANGE", "if-none"]})
        answer = api.get(f"/v1/files/{id}/content", headers={"Range": "bytes=0-1"})
        assert (answer.status_code, answer.data) == (200, lines())

    def test_the_content_type_is_one_of_them(self, api: Caller) -> None:
        """WSGI has a variable of its own for it."""
        fault(api, UPLOAD, {"without_headers": ["content-type"]})
        head = b"--x\r\nContent-Disposition: form-data; name="
        purpose = head + b'"purpose"\r\n\r\nuser_data\r\n'
        data = purpose + head + b'"file"; filename="f"\r\n\r\nx\r\n--x--\r\n'
        form = {"data": data, "content_type": "multipart/form-data; boundary=x"}
        answers = [api.call("POST", "/v1/files", **form) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [400, 200]

    def test_a_request_that_loses_its_key_is_in_its_world_s_journal(self, api: Caller) -> None:
        """The API sees no key, but the fault knows the world."""
        answer = list_batches(api, {"without_headers": ["Authorization"]})
        assert answer.status_code == 401
        assert journal(api) == [("GET", "/v1/batches", 401, "without_headers")]


class TestConnection:
    """Faults that break a connection, without a connection."""

    @pytest.mark.parametrize("cut", CUTS)
    def test_the_error_names_the_fixture_to_use(self, api: Caller, cut: dict[str, Json]) -> None:
        """It names the fault, and the fixture with a socket."""
        name = f"'{next(iter(cut))}.*breaks a connection.*the fixture `mockbatch`"
        with pytest.raises(NoConnectionError, match=name):
            list_batches(api, cut)

    @pytest.mark.parametrize("cut", CUTS)
    def test_nothing_takes_effect(self, api: Caller, cut: dict[str, Json]) -> None:
        """Such a create creates no batch."""
        request = api.batch_request()
        fault(api, CREATE, cut)
        with pytest.raises(NoConnectionError):
            api.post("/v1/batches", request)
        assert api.get("/v1/batches").json["data"] == []

    def test_the_error_passes_through_the_sdk(self, mockbatch_app: Flask) -> None:
        """The SDK neither wraps it nor retries."""
        mock = mockbatch_app.mock  # type: ignore[attr-defined]
        mock.fault("keepalive_drop", times=None)
        with pytest.raises(NoConnectionError):
            mock.client.batches.list()
        assert mock.faults[0].fired == 1


class TestScope:
    """Which requests a fault applies to."""

    def test_faults_do_not_apply_to_the_control_api(self, api: Caller) -> None:
        """No match reaches `/_mock`."""
        fault(api, {}, {"status": 500}, times=None)
        assert api.get("/_mock/health").status_code == 200
        assert api.clock()["now"] == START

    def test_faults_do_not_apply_to_similar_paths(self, api: Caller) -> None:
        """`/v1beta` is not below `/v1`."""
        fault(api, {}, {"status": 500}, times=None)
        assert api.get("/v1beta/batches").status_code == 404

    def test_unknown_routes_meet_faults(self, api: Caller) -> None:
        """Faults happen in front of the API's routing."""
        fault(api, {}, {"status": 500})
        assert api.get("/v1/nowhere").status_code == 500

    def test_faults_do_not_apply_to_a_wrong_key(self) -> None:
        """It has no world, and so no faults."""
        app = app_of(server={"api_keys": frozenset({KEY}), "is_single_world": True})
        fault(Caller(app), {}, {"status": 500}, times=None)
        assert Caller(app, "sk-wrong").get("/v1/batches").status_code == 401

    @pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer a b", "Basic ?", "Other x"])
    def test_faults_do_not_apply_without_a_key(self, api: Caller, authorization: str) -> None:
        """It gets its usual 401."""
        fault(api, {}, {"status": 500}, times=None)
        answer = api.get("/v1/batches", headers={"Authorization": authorization})
        assert answer.status_code == 401

    def test_faults_of_the_owner_do_not_apply_without_a_key(self) -> None:
        """The control API takes a caller without a key for the owner; OpenAI's API does not."""
        app = app_of()
        fault(Caller(app, "sk-mockbatch"), {}, {"status": 500}, times=None)
        assert Caller(app, None).get("/v1/batches").status_code == 401

    def test_a_key_may_come_as_a_user_name(self, api: Caller) -> None:
        """Basic authentication opens the same world."""
        fault(api, {}, {"status": 500})
        answer = Caller(api.app, None).get("/v1/batches", auth=(KEY, ""))
        assert answer.status_code == 500

    def test_a_path_may_have_any_characters(self, api: Caller) -> None:
        """The match sees the decoded characters, not WSGI's Latin-1."""
        fault(api, {"path": "/v1/files/fïle"}, {"status": 500})
        assert api.get("/v1/files/f%C3%AFle").status_code == 500

    def test_a_path_that_is_not_utf8_can_meet_a_fault(self, api: Caller) -> None:
        """A path that is not UTF-8 can still meet a fault."""
        fault(api, {"path": "/v1/files/*"}, {"status": 500})
        assert api.get("/v1/files/%FF").status_code == 500

    def test_an_upload_meets_faults(self, api: Caller) -> None:
        """Its body is read and dropped; the next one is kept."""
        fault(api, UPLOAD, {"status": 500})
        answer = api.call("POST", "/v1/files", data=b"x" * 200_000, content_type="text/plain")
        assert answer.status_code == 500
        assert api.upload()["object"] == "file"


class TestGateway:
    """Behind Portkey's gateway a fault is one of the API."""

    def test_an_error_is_forwarded_as_the_provider_s(self, api: Caller) -> None:
        """It has the gateway's prefix, and keeps its Retry-After."""
        fault(api, {}, {"status": 429})
        answer = api.get("/v1/batches", headers=PORTKEY)
        assert answer.json["error"]["message"].startswith("openai error: Rate limit")
        assert (answer.json["provider"], answer.headers["retry-after-ms"]) == ("openai", "10")

    def test_each_call_of_the_gateway_is_a_request(self, api: Caller) -> None:
        """A batch's output takes two, and a fault can apply to the second."""
        id = api.create()["id"]
        api.advance(3600)
        fault(api, CONTENT, {"status": 503})
        answer = api.get(f"/v1/batches/{id}/output", headers=PORTKEY)
        assert answer.status_code == 503
        assert [entry[2:] for entry in journal(api)][-2:] == [(200, None), (503, "status 503")]

    def test_a_request_that_the_gateway_refuses_meets_none(self, api: Caller) -> None:
        """It never reaches the API."""
        fault(api, {}, {"status": 500})
        answer = api.get("/v1/batches", headers={"x-portkey-provider": "unknown"})
        assert answer.status_code == 400


class TestJournal:
    """The journal entry of a request that met a fault."""

    def test_an_ordinary_request_met_none(self, api: Caller) -> None:
        """Its fault is null."""
        api.post("/_mock/reset")
        api.get("/v1/batches")
        assert journal(api) == [("GET", "/v1/batches", 200, None)]

    @pytest.mark.parametrize(
        ("met", "status"),
        [
            ({"status": 503}, 503),
            ({"html": 502}, 502),
            ({"delay_ms": 0}, 200),
            ({"patch": {}}, 200),
        ],
    )
    def test_a_fault_is_named(self, api: Caller, met: dict[str, Json], status: int) -> None:
        """There is one entry, with the status that the client got."""
        fault(api, {}, met)
        api.get("/v1/batches?limit=5")
        [(method, path, journaled_status, name)] = journal(api)
        assert (method, path, journaled_status) == ("GET", "/v1/batches?limit=5", status)
        assert name is not None
        assert name.startswith(next(iter(met)))

    def test_a_preset_is_journaled_by_its_own_name(self, api: Caller) -> None:
        """Not by the name of its fault type."""
        api.post("/_mock/faults", {"preset": "create_rate_limited"})
        api.post("/v1/batches", {})
        assert journal(api) == [("POST", "/v1/batches", 429, "create_rate_limited")]

    def test_retry_count_and_times_are_journaled(self, api: Caller) -> None:
        """Although the API did not see the request."""
        fault(api, {}, {"status": 500})
        api.get("/v1/batches", headers={"x-stainless-retry-count": "2"})
        [entry] = api.get("/_mock/requests").json["requests"]
        assert (entry["retry_count"], entry["now"]) == (2, START)

    def test_a_missing_response_has_status_zero(self, api: Caller) -> None:
        """Even without a connection to break."""
        with pytest.raises(NoConnectionError):
            list_batches(api, {"lose_response": True})
        assert journal(api) == [("GET", "/v1/batches", 0, "lose_response")]

    def test_requests_without_a_response_can_be_filtered(self, api: Caller) -> None:
        """By `status=0`."""
        api.post("/_mock/reset")
        api.get("/v1/batches")
        with pytest.raises(NoConnectionError):
            list_batches(api, {"lose_response": True})
        found = api.good(api.get("/_mock/requests?status=0"))["requests"]
        assert [(entry["status"], entry["fault"]) for entry in found] == [(0, "lose_response")]

    def test_a_fault_takes_precedence_over_a_distortion(self, api: Caller) -> None:
        """A download may meet both; the journal names the fault."""
        batch = api.create(metadata={"mockbatch_scenario": "blank_lines"})
        api.advance(DAY)
        path = f"/v1/files/{api.batch(batch['id'])['output_file_id']}/content"
        api.get(path)
        fault(api, {"path": path}, {"delay_ms": 0})
        api.get(path)
        assert [entry[3] for entry in journal(api)[-2:]] == ["blank_lines", "delay_ms 0"]

    def test_the_log_has_one_line_for_it(
        self, api: Caller, caplog: pytest.LogCaptureFixture
    ) -> None:
        """With the fault's name among its fields."""
        fault(api, {}, {"status": 503})
        caplog.clear()
        with caplog.at_level(logging.INFO, "mockbatch.requests"):
            api.get("/v1/batches")
        [line] = [one for one in caplog.records if one.name == "mockbatch.requests"]
        assert line.getMessage() == "GET /v1/batches 503"
        assert line.fields["fault"] == "status 503"  # type: ignore[attr-defined]

    def test_a_request_that_loses_its_key_is_logged_once(
        self, api: Caller, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The second attempt to log it does nothing."""
        fault(api, {}, {"without_headers": ["Authorization"]})
        caplog.clear()
        with caplog.at_level(logging.INFO, "mockbatch.requests"):
            api.get("/v1/batches")
        assert len([one for one in caplog.records if one.name == "mockbatch.requests"]) == 1


def test_a_fault_s_response_takes_the_next_request_id(api: Caller) -> None:
    """A response of a fault takes the next request id, as any response does."""
    fault(api, {}, {"status": 500})
    ids = [api.get("/v1/batches").headers["x-request-id"] for _ in range(3)]
    assert len(set(ids)) == 3


def test_the_body_is_indented_like_the_api_s(api: Caller) -> None:
    """Its JSON is formatted as the API's is."""
    text = list_batches(api, {"status": 500}).text
    assert text == json.dumps(json.loads(text), indent=2)
