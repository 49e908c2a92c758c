"""Faults around an app without a socket: all that needs no connection works there."""

import json
import logging

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from mockbatch.faults.exchange import NoConnectionError
from mockbatch.typing import Json
from tests.support.caller import KEY, START, Caller, app_of, lines, refusal

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
    """Enter a fault."""
    caller.good(caller.post("/_mock/faults", {"match": match, "fault": fault, **more}))


def listed(caller: Caller, fault_: dict[str, Json]) -> TestResponse:
    """List batches, and meet a fault."""
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
        answer = listed(api, {"status": 429})
        assert refusal(answer) == (429, "rate_limit_exceeded", None)
        assert answer.json["error"]["type"] == "requests"

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 507, 599])
    def test_a_failure_of_the_server_is_one_of_its_type(self, api: Caller, status: int) -> None:
        """From 500 on, the type is server_error and there is no code."""
        answer = listed(api, {"status": status})
        assert refusal(answer) == (status, None, None)
        assert answer.json["error"]["type"] == "server_error"

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 418, 422, 499])
    def test_any_other_failure_is_an_invalid_request(self, api: Caller, status: int) -> None:
        """There is an envelope for every status."""
        answer = listed(api, {"status": status})
        assert refusal(answer) == (status, None, None)
        assert answer.json["error"]["type"] == "invalid_request_error"

    def test_a_body_is_sent_as_json(self, api: Caller) -> None:
        """Whatever its kind."""
        answer = listed(api, {"status": 400, "body": ["a", {"b": None}]})
        assert (answer.status_code, answer.content_type) == (400, "application/json")
        assert answer.json == ["a", {"b": None}]

    def test_a_text_is_sent_as_it_is(self, api: Caller) -> None:
        """It is no JSON, unless a header says so."""
        answer = listed(api, {"status": 503, "body": "upstream connect error ✗"})
        assert answer.text == "upstream connect error ✗"
        assert answer.content_type == "text/plain; charset=utf-8"

    def test_a_text_that_cannot_be_written_is_sent_all_the_same(self, api: Caller) -> None:
        """Half a character, which JSON can hold, becomes a question mark."""
        assert listed(api, {"status": 503, "body": "\ud800"}).data == b"?"

    def test_its_headers_replace_others(self, api: Caller) -> None:
        """Their names in any case."""
        headers = {"Content-Type": "text/html", "X-Request-ID": "mine", "x-more": "1"}
        answer = listed(api, {"status": 503, "body": "<p>", "headers": headers})
        assert answer.headers.getlist("content-type") == ["text/html"]
        assert answer.headers.getlist("x-request-id") == ["mine"]
        assert answer.headers["x-more"] == "1"

    def test_it_has_the_headers_of_the_api(self, api: Caller) -> None:
        """The request id too, by which an SDK's error is looked up."""
        answer = listed(api, {"status": 500})
        assert answer.headers["x-request-id"].startswith("req_")
        assert answer.headers["openai-version"] == "2020-10-01"

    @pytest.mark.parametrize(("given", "sent"), [({}, "10"), ({"retry_after_ms": 0.5}, "0.5")])
    def test_it_says_when_to_come_again(self, api: Caller, given: Json, sent: str) -> None:
        """Ten milliseconds by default."""
        assert listed(api, {"status": 429, **given}).headers["retry-after-ms"] == sent

    def test_it_may_leave_that_open(self, api: Caller) -> None:
        """A null sends no such header."""
        assert "retry-after-ms" not in listed(api, {"status": 429, "retry_after_ms": None}).headers

    def test_a_good_status_without_a_body_has_none(self, api: Caller) -> None:
        """No envelope of an error under a 200."""
        answer = listed(api, {"status": 200})
        assert (answer.status_code, answer.data) == (200, b"")

    @pytest.mark.parametrize("status", [204, 304])
    def test_a_status_that_allows_no_body_says_no_length(self, api: Caller, status: int) -> None:
        """Content-Length would be wrong there."""
        assert "content-length" not in listed(api, {"status": status}).headers

    def test_the_api_never_sees_the_request(self, api: Caller) -> None:
        """A create that met a 500 has made no batch."""
        wanted = api.wanted()
        fault(api, CREATE, {"status": 500})
        assert api.post("/v1/batches", wanted).status_code == 500
        assert api.get("/v1/batches").json["data"] == []


class TestHtml:
    """{"html": …}."""

    @pytest.mark.parametrize(("status", "title"), [(502, "502 Bad Gateway"), (599, "599")])
    def test_is_a_page(self, api: Caller, status: int, title: str) -> None:
        """With the status in its title."""
        answer = listed(api, {"html": status})
        assert (answer.status_code, answer.content_type) == (status, "text/html")
        assert f"<title>{title}</title>" in answer.text

    def test_has_no_header_of_the_api(self, api: Caller) -> None:
        """The API never saw the request, and a proxy does not say who is behind it."""
        answer = listed(api, {"html": 502})
        assert {"x-request-id", "openai-version"} & set(answer.headers.keys()) == set()
        assert answer.headers["retry-after-ms"] == "10"


class TestDelay:
    """{"delay_ms": …}."""

    def test_answers_as_ever(self, api: Caller) -> None:
        """Late, but the same."""
        assert listed(api, {"delay_ms": 1}).json["object"] == "list"

    def test_may_be_nothing(self, api: Caller) -> None:
        """Zero milliseconds are allowed."""
        assert listed(api, {"delay_ms": 0}).status_code == 200


class TestTruncate:
    """{"truncate_bytes": …, "silent": true}."""

    @pytest.mark.parametrize("count", [0, 1, 100])
    def test_gives_the_first_bytes(self, api: Caller, count: int) -> None:
        """As many as it says, without a word that there are more."""
        id = api.upload()["id"]
        fault(api, CONTENT, {"truncate_bytes": count, "silent": True})
        answer = api.get(f"/v1/files/{id}/content")
        assert (answer.status_code, answer.data) == (200, lines()[:count])
        assert "content-length" not in answer.headers

    def test_always_takes_something_away(self, api: Caller) -> None:
        """A file shorter than the fault has in mind loses its last byte."""
        id = api.upload()["id"]
        fault(api, CONTENT, {"truncate_bytes": 1 << 30, "silent": True})
        assert api.get(f"/v1/files/{id}/content").data == lines()[:-1]

    def test_an_empty_body_stays_empty(self, api: Caller) -> None:
        """There is nothing to take away."""
        id = api.upload()["id"]
        fault(api, CONTENT, {"truncate_bytes": 5, "silent": True})
        answer = api.call("HEAD", f"/v1/files/{id}/content")
        assert (answer.status_code, answer.data) == (200, b"")


class TestPatch:
    """{"patch": …}."""

    def test_objects_are_merged(self, api: Caller) -> None:
        """Members beside those named stay, at every depth; null is a value."""
        id = api.create(metadata={"a": "1", "b": "2"})["id"]
        change = {"metadata": {"b": "3"}, "request_counts": None, "more": {"c": [1]}}
        fault(api, POLL, {"patch": change})
        honest = api.good(api.get("/v1/batches?limit=1"))["data"][0]
        patched = api.batch(id)
        assert patched == {**honest, **change, "metadata": {"a": "1", "b": "3"}}

    def test_other_values_are_replaced(self, api: Caller) -> None:
        """A list is not added to, and an object may take the place of a text."""
        id = api.create()["id"]
        fault(api, POLL, {"patch": {"status": {"is": "odd"}}})
        assert api.batch(id)["status"] == {"is": "odd"}

    def test_the_length_is_that_of_the_change(self, api: Caller) -> None:
        """A client would wait for the rest, or miss it."""
        answer = listed(api, {"patch": {"more": "x" * 1000}})
        assert int(answer.headers["content-length"]) == len(answer.data) > 1000
        assert len(answer.headers.getlist("content-length")) == 1

    def test_no_schema_stands_in_its_way(self, api: Caller) -> None:
        """It shows what the schema of the answer forbids."""
        assert listed(api, {"patch": {"object": 5}}).json["object"] == 5

    @pytest.mark.parametrize(("where", "status"), [("file", "odd"), ("batch", "processed")])
    def test_only_the_answers_that_are_meant_are_changed(
        self, api: Caller, where: str, status: str
    ) -> None:
        """`where` names members that the answer has to have."""
        id = api.upload()["id"]
        fault(api, {}, {"patch": {"status": "odd"}, "where": {"object": where}})
        assert api.get(f"/v1/files/{id}").json["status"] == status

    def test_failures_are_left_alone(self, api: Caller) -> None:
        """A 404 stays what it is."""
        fault(api, {}, {"patch": {"status": "odd"}})
        assert list(api.get("/v1/files/file-none").json) == ["error"]

    def test_downloads_are_left_alone(self, api: Caller) -> None:
        """What is no JSON is not changed."""
        id = api.upload()["id"]
        fault(api, {}, {"patch": {"status": "odd"}})
        assert api.get(f"/v1/files/{id}/content").data == lines()


class TestWithoutHeaders:
    """{"without_headers": …}."""

    def test_the_api_does_not_see_them(self, api: Caller) -> None:
        """Their names in any case."""
        id = api.upload()["id"]
        fault(api, CONTENT, {"without_headers": ["RANGE", "if-none"]})
        answer = api.get(f"/v1/files/{id}/content", headers={"Range": "bytes=0-1"})
        assert (answer.status_code, answer.data) == (200, lines())

    def test_the_content_type_is_one_of_them(self, api: Caller) -> None:
        """WSGI spells it otherwise than the rest."""
        fault(api, UPLOAD, {"without_headers": ["content-type"]})
        data = b"--x\r\n\r\n--x--"
        answer = api.call("POST", "/v1/files", data=data, content_type="multipart/form-data")
        assert refusal(answer)[0] == 400

    def test_a_lost_key_is_journaled_where_it_belongs(self, api: Caller) -> None:
        """The API knows no world for the request; the fault knows whose it was."""
        answer = listed(api, {"without_headers": ["Authorization"]})
        assert answer.status_code == 401
        assert journal(api) == [("GET", "/v1/batches", 401, "without_headers")]


class TestConnection:
    """What breaks a connection, where there is none."""

    @pytest.mark.parametrize("cut", CUTS)
    def test_is_an_error_that_says_what_to_use(self, api: Caller, cut: dict[str, Json]) -> None:
        """It names the fault, and the fixture that has a socket."""
        name = f"'{next(iter(cut))}.*breaks a connection.*the fixture `mockbatch`"
        with pytest.raises(NoConnectionError, match=name):
            listed(api, cut)

    @pytest.mark.parametrize("cut", CUTS)
    def test_nothing_takes_effect(self, api: Caller, cut: dict[str, Json]) -> None:
        """A create that was refused this way has made no batch."""
        wanted = api.wanted()
        fault(api, CREATE, cut)
        with pytest.raises(NoConnectionError):
            api.post("/v1/batches", wanted)
        assert api.get("/v1/batches").json["data"] == []

    def test_reaches_the_test_through_the_sdk(self, mockbatch_app: Flask) -> None:
        """Which neither wraps it nor sends the request again."""
        mock = mockbatch_app.mock  # type: ignore[attr-defined]
        mock.fault("keepalive_drop", times=None)
        with pytest.raises(NoConnectionError):
            mock.client.batches.list()
        assert mock.faults[0].fired == 1


class TestScope:
    """Which requests a fault can befall."""

    def test_the_control_api_meets_none(self, api: Caller) -> None:
        """Whatever the match, `/_mock` is out of its reach."""
        fault(api, {}, {"status": 500}, times=None)
        assert api.get("/_mock/health").status_code == 200
        assert api.clock()["now"] == START

    def test_what_only_begins_like_a_route_meets_none(self, api: Caller) -> None:
        """`/v1beta` is nowhere."""
        fault(api, {}, {"status": 500}, times=None)
        assert api.get("/v1beta/batches").status_code == 404

    def test_unknown_routes_meet_faults(self, api: Caller) -> None:
        """What breaks in front of the API breaks for them, too."""
        fault(api, {}, {"status": 500})
        assert api.get("/v1/nowhere").status_code == 500

    def test_a_wrong_key_meets_none(self) -> None:
        """It has no world."""
        app = app_of(server={"api_keys": frozenset({KEY}), "is_single_world": True})
        fault(Caller(app), {}, {"status": 500}, times=None)
        assert Caller(app, "sk-wrong").get("/v1/batches").status_code == 401

    @pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer a b", "Basic ?", "Other x"])
    def test_a_request_without_a_key_meets_none(self, api: Caller, authorization: str) -> None:
        """It is refused as ever."""
        fault(api, {}, {"status": 500}, times=None)
        answer = api.get("/v1/batches", headers={"Authorization": authorization})
        assert answer.status_code == 401

    def test_a_key_may_come_as_a_user_name(self, api: Caller) -> None:
        """Basic authentication opens the same world."""
        fault(api, {}, {"status": 500})
        answer = Caller(api.app, None).get("/v1/batches", auth=(KEY, ""))
        assert answer.status_code == 500

    def test_a_path_may_be_of_any_letters(self, api: Caller) -> None:
        """The match sees them as they were meant, not as WSGI hands them over."""
        fault(api, {"path": "/v1/files/fïle"}, {"status": 500})
        assert api.get("/v1/files/f%C3%AFle").status_code == 500

    def test_bytes_that_are_no_text_do_no_harm(self, api: Caller) -> None:
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
    """In Portkey's role the fault is one of the API behind the gateway."""

    def test_an_error_is_passed_on_as_one_of_the_provider(self, api: Caller) -> None:
        """With the gateway's prefix, and the time to come again."""
        fault(api, {}, {"status": 429})
        answer = api.get("/v1/batches", headers=PORTKEY)
        assert answer.json["error"]["message"].startswith("openai error: Rate limit")
        assert (answer.json["provider"], answer.headers["retry-after-ms"]) == ("openai", "10")

    def test_each_call_of_the_gateway_is_a_request(self, api: Caller) -> None:
        """For a batch's output it makes two, and a fault can befall the second."""
        id = api.create()["id"]
        api.advance(3600)
        fault(api, CONTENT, {"status": 503})
        answer = api.get(f"/v1/batches/{id}/output", headers=PORTKEY)
        assert answer.status_code == 503
        assert [entry[2:] for entry in journal(api)][-2:] == [(200, None), (503, "status 503")]

    def test_what_the_gateway_itself_refuses_meets_none(self, api: Caller) -> None:
        """It never gets that far."""
        fault(api, {}, {"status": 500})
        answer = api.get("/v1/batches", headers={"x-portkey-provider": "nobody"})
        assert answer.status_code == 400


class TestJournal:
    """What the journal tells of a request that met a fault."""

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
        """Once, with the status that the client has seen."""
        fault(api, {}, met)
        api.get("/v1/batches?limit=5")
        [(method, path, told, name)] = journal(api)
        assert (method, path, told) == ("GET", "/v1/batches?limit=5", status)
        assert name is not None
        assert name.startswith(next(iter(met)))

    def test_a_preset_is_named_by_its_name(self, api: Caller) -> None:
        """Not by the kind of its fault."""
        api.post("/_mock/faults", {"preset": "create_rate_limited"})
        api.post("/v1/batches", {})
        assert journal(api) == [("POST", "/v1/batches", 429, "create_rate_limited")]

    def test_retries_and_times_are_told(self, api: Caller) -> None:
        """Though the API never saw the request."""
        fault(api, {}, {"status": 500})
        api.get("/v1/batches", headers={"x-stainless-retry-count": "2"})
        [entry] = api.get("/_mock/requests").json["requests"]
        assert (entry["retry_count"], entry["now"]) == (2, START)

    def test_no_answer_has_the_status_zero(self, api: Caller) -> None:
        """Also when there was no connection to break."""
        with pytest.raises(NoConnectionError):
            listed(api, {"lose_response": True})
        assert journal(api) == [("GET", "/v1/batches", 0, "lose_response")]

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
        assert line.request["fault"] == "status 503"  # type: ignore[attr-defined]

    def test_a_lost_key_makes_no_second_line(
        self, api: Caller, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Who logs a request first is the only one who does."""
        fault(api, {}, {"without_headers": ["Authorization"]})
        caplog.clear()
        with caplog.at_level(logging.INFO, "mockbatch.requests"):
            api.get("/v1/batches")
        assert len([one for one in caplog.records if one.name == "mockbatch.requests"]) == 1


def test_ids_of_requests_go_on_under_faults(api: Caller) -> None:
    """A status that a fault sends takes the next id, as any answer does."""
    fault(api, {}, {"status": 500})
    ids = [api.get("/v1/batches").headers["x-request-id"] for _ in range(3)]
    assert len(set(ids)) == 3


def test_what_is_sent_is_json_of_two_spaces(api: Caller) -> None:
    """The envelope is written as the API writes it."""
    text = listed(api, {"status": 500}).text
    assert text == json.dumps(json.loads(text), indent=2)
