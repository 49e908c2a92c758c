"""Errors that clients get: always in OpenAI's format, and never a 5xx because of the request."""

import json
import logging
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from itertools import product
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from mockbatch.http_server.request import MAX_CHUNKS
from mockbatch.validation.schema import schema
from mockbatch.world.world import World
from tests.support.caller import KEY, Caller, app_of, error_of, form, lines, talk, upload_form
from tests.support.examples import examples
from tests.support.slow_tests import mark_slow_except_each

URLS = ["/v1/batches", "/v1/files", "/v1/batches/batch_1", "/v1/files/file-1/content"]


class TestKey:
    """401, and which keys are accepted."""

    @pytest.mark.parametrize("url", URLS)
    def test_no_header_is_worded_as_observed(self, api: Caller, url: str) -> None:
        """Observed in December 2025: neither param nor code."""
        answer = Caller(api.app, None).get(url)
        assert error_of(answer) == (401, None, None)
        message = "Missing bearer or basic authentication in header"
        assert answer.json["error"]["message"] == message

    @pytest.mark.parametrize(
        "header",
        [
            "",
            "Bearer",
            "Digest x",
            "sk-naked-key-0001",
            "Bearer Bearer sk-1",
            "Basic !",
            "Basic /w==",
            f"Basic {b64encode(KEY.encode()).decode()}!",
            f"Digest {KEY}",
        ],
    )
    def test_unusable_authorization_header_is_a_401(self, api: Caller, header: str) -> None:
        """Another scheme, no scheme, a doubled scheme, undecodable Basic credentials."""
        answer = Caller(api.app, None).get("/v1/batches", headers={"Authorization": header})
        assert error_of(answer)[0] == 401

    @pytest.mark.parametrize("key", ["", " ", "undefined", "null"])
    def test_unset_variable_is_a_wrong_key(self, api: Caller, key: str) -> None:
        """The text that a client sends when its variable is not set opens no world."""
        answer = Caller(api.app, key).get("/v1/batches")
        assert error_of(answer) == (401, "invalid_api_key", None)

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
    def test_scheme_is_case_insensitive(self, api: Caller, scheme: str) -> None:
        """As HTTP requires."""
        headers = {"Authorization": f"{scheme} {KEY}"}
        assert Caller(api.app, None).get("/v1/batches", headers=headers).status_code == 200

    @pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
    @pytest.mark.parametrize("user", [f"{KEY}:", f":{KEY}", f"{KEY}:x", f"{KEY}:x:y", KEY])
    def test_basic_authentication_works_too(self, api: Caller, user: str, scheme: str) -> None:
        """The key is the user, or the password when there is no user."""
        id = api.create()["id"]
        headers = {"Authorization": f"{scheme} {b64encode(user.encode()).decode()}"}
        assert Caller(api.app, None).get(f"/v1/batches/{id}", headers=headers).status_code == 200

    def test_empty_basic_is_a_wrong_key(self, api: Caller) -> None:
        """`curl -u :` has no key."""
        headers = {"Authorization": f"Basic {b64encode(b':').decode()}"}
        answer = Caller(api.app, None).get("/v1/batches", headers=headers)
        assert error_of(answer) == (401, "invalid_api_key", None)

    def test_wrong_key_is_worded_as_observed(self) -> None:
        """The message shows only the first 8 and the last 4 characters of the key."""
        app = app_of(server={"api_keys": frozenset({KEY})})
        answer = Caller(app, "test-key-that-is-wrong").get("/v1/batches")
        assert answer.json["error"]["message"] == (
            "Incorrect API key provided: test-key**********rong. You can find your API key at "
            "https://platform.openai.com/account/api-keys."
        )
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="OpenAI API"'

    def test_short_wrong_key_is_shown(self) -> None:
        """Recorded: a key shorter than twelve characters is shown in full."""
        app = app_of(server={"api_keys": frozenset({KEY})})
        message = Caller(app, "wrong").get("/v1/batches").json["error"]["message"]
        assert message.startswith("Incorrect API key provided: wrong. ")

    def test_any_other_key_is_accepted(self, api: Caller) -> None:
        """A mock accepts any key, even one that no service would issue."""
        assert Caller(api.app, "ü-und-ß").get("/v1/batches").status_code == 200


class TestUrl:
    """404, 405 and 413."""

    @pytest.mark.parametrize("key", [KEY, None, "undefined"])
    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/v1/foo"), ("POST", "/"), ("DELETE", "/v1/batches/a/b"), ("GET", "/v2/batches")],
    )
    def test_unknown_url_is_worded_as_observed(
        self, api: Caller, key: str | None, method: str, path: str
    ) -> None:
        """With and without a key: the message repeats method and path."""
        answer = Caller(api.app, key).call(method, path)
        assert error_of(answer) == (404, None, None)
        assert answer.json["error"]["message"] == f"Invalid URL ({method} {path})"

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("PUT", "/v1/batches", "GET, HEAD, POST"),
            ("DELETE", "/v1/batches/batch_1", "GET, HEAD"),
            ("GET", "/v1/batches/batch_1/cancel", "POST"),
            ("PATCH", "/v1/files/file-1", "DELETE, GET, HEAD"),
            ("OPTIONS", "/v1/files", "GET, HEAD, POST"),
            ("TRACE", "/v1/files/file-1/content", "GET, HEAD"),
            ("GET", "/_mock/reset", "POST"),
        ],
    )
    def test_wrong_method_lists_the_allowed_ones(
        self, api: Caller, method: str, path: str, allowed: str
    ) -> None:
        """A 405 has an Allow header."""
        answer = api.call(method, path)
        assert error_of(answer) == (405, "method_not_supported", None)
        assert answer.headers["Allow"] == allowed

    @pytest.mark.parametrize("path", ["/v1/batches/", "/v1/files/"])
    def test_trailing_slash_is_ignored(self, api: Caller, path: str) -> None:
        """Clients join base URLs carelessly."""
        assert api.get(path).status_code == 200

    def test_doubled_slashes_are_one(self, serve: Any) -> None:
        """A base URL that ends with a slash leads to `//batches`: no redirect, no 404."""
        address = serve(app_of())
        for path in ("//v1/batches", "/v1//batches", "///v1///batches"):
            assert status_of(talk(address, get(path))) == 200

    def test_doubled_slash_keeps_the_body_of_a_post(self, serve: Any) -> None:
        """A redirect would lose it."""
        app = app_of()
        body = json.dumps(Caller(app).batch_request()).encode()
        head = get("/v1//batches").replace(b"GET", b"POST")[:-2]
        answer = talk(serve(app), head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        assert status_of(answer) == 200
        assert b'"validating"' in answer

    def test_request_that_is_too_large_is_a_413(self) -> None:
        """The whole request has a limit as well."""
        app = app_of()
        app.config["MAX_CONTENT_LENGTH"] = 1000
        answer = Caller(app).call("POST", "/v1/images/edits", **upload_form(b"x" * 1001))
        assert error_of(answer) == (413, None, None)
        assert "1000 bytes" in answer.json["error"]["message"]

    @pytest.mark.parametrize("path", ["/v1/files", "/v1/files/"])
    def test_upload_that_is_too_large_is_the_observed_400(self, path: str) -> None:
        """It is refused before it is read, with the error of a file that is too large."""
        app = app_of()
        app.config["MAX_CONTENT_LENGTH"] = 1000
        answer = Caller(app).call("POST", path, **upload_form(b"x" * 1001))
        assert error_of(answer) == (400, None, None)
        assert answer.json["error"]["message"] == "File is too large."

    def test_text_field_that_is_too_large_says_so(self, api: Caller) -> None:
        """Only a file may be long; a file without a filename has an error of its own."""
        fields = form(('name="purpose"', b"batch"), ('name="note"', b"x" * 600_000))
        answer = api.call("POST", "/v1/files", **fields)
        assert error_of(answer) == (413, None, None)
        assert "500000 bytes" in answer.json["error"]["message"]

    def test_chunked_upload_that_is_too_large_is_a_400(self, serve: Any) -> None:
        """The limit also applies without a Content-Length."""
        app = app_of()
        app.config["MAX_CONTENT_LENGTH"] = 1000
        request = upload_form(b"x" * 2000)
        head = get("/v1/files").replace(b"GET", b"POST")[:-2]
        head += b"Content-Type: %b\r\nTransfer-Encoding: chunked" % request["content_type"].encode()
        chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(request["data"]), request["data"])
        answer = talk(serve(app), head + b"\r\n\r\n" + chunk)
        assert status_of(answer) == 400
        assert b"File is too large." in answer
        assert answer.endswith(b"}")

    @pytest.mark.parametrize(
        ("chunks", "reason"),
        [
            (b"x\r\n", "a chunk size is not a hexadecimal number"),
            (b"1\r\n{\r\n" + b"1\r\n \r\n" * MAX_CHUNKS, "it has more than 250000 chunks"),
            (b"5\r\nabc", "it ends too early"),
        ],
    )
    def test_body_with_broken_chunks_says_how(self, serve: Any, chunks: bytes, reason: str) -> None:
        """A million chunks of a byte would take four seconds to read."""
        head = get("/v1/batches").replace(b"GET", b"POST")[:-2]
        address = serve(app_of())
        with socket.create_connection(address, 60) as client:
            client.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
            client.shutdown(socket.SHUT_WR)
            answer = client.makefile("rb").read()
        assert status_of(answer) == 400
        assert f"could not be read: {reason}.".encode() in answer

    def test_websocket_is_refused_in_plain_words(self, api: Caller) -> None:
        """The Realtime API is not mocked."""
        headers = {"Connection": "Upgrade", "Upgrade": "websocket"}
        answer = api.get("/v1/models", headers=headers)
        assert error_of(answer)[0] == 400
        assert answer.json["error"]["message"] == "This server has no WebSockets."


class TestHeaders:
    """The headers of every response recorded in 2026."""

    @pytest.mark.parametrize(
        ("key", "path"),
        [(KEY, "/v1/batches"), (KEY, "/v1/batches/batch_1"), (KEY, "/v1/foo"), (None, "/v1/files")],
    )
    def test_every_response_has_them(self, api: Caller, key: str | None, path: str) -> None:
        """Successes and errors have the same headers."""
        headers = Caller(api.app, key).get(path).headers
        assert headers["openai-version"] == "2020-10-01"
        assert headers["openai-organization"] == "org-mockbatch"
        assert headers["openai-project"]
        assert int(headers["openai-processing-ms"]) >= 1
        assert headers["x-content-type-options"] == "nosniff"
        assert re.fullmatch("req_[0-9a-f]{32}", headers["x-request-id"])

    @pytest.mark.parametrize("key", [KEY, None, "sk-of-one-who-reads"])
    def test_each_response_has_its_own_request_id(self, api: Caller, key: str | None) -> None:
        """A request can be found in a log by its id."""
        api.upload()
        caller = Caller(api.app, key)
        ids = {caller.get("/v1/batches").headers["x-request-id"] for _ in range(20)}
        assert len(ids) == 20

    @pytest.mark.parametrize("path", ["/v1/batches", "/v1/foo", "/_mock/clock"])
    def test_content_type_is_json_without_parameters(self, api: Caller, path: str) -> None:
        """Recorded: no charset."""
        assert api.get(path).headers.getlist("Content-Type") == ["application/json"]

    def test_there_are_no_rate_limit_headers(self, api: Caller) -> None:
        """Recorded: batches and files have no `x-ratelimit-*`."""
        headers = api.get("/v1/batches").headers
        assert not [name for name, _ in headers if name.lower().startswith("x-ratelimit")]

    @pytest.mark.parametrize("count", ["1", "x", "-1", "²", "9" * 5000])
    def test_invalid_retry_count_is_zero(self, api: Caller, count: str) -> None:
        """A value that is not a number counts as no retry."""
        api.good(api.post("/_mock/reset"))
        headers = {"x-stainless-retry-count": count}
        assert api.get("/v1/batches", headers=headers).status_code == 200
        [entry] = api.get("/_mock/requests").json["requests"]
        assert entry["retry_count"] == (1 if count == "1" else 0)


class TestBugs:
    """Bugs of mockbatch itself."""

    def test_schema_violation_is_a_logged_500(
        self, api: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """No response is sent that violates its schema."""
        monkeypatch.setattr(World, "batch_json", lambda *_: {"id": 1})
        answer = api.post("/v1/batches", api.batch_request())
        assert error_of(answer) == (500, None, None)
        assert answer.json["error"]["type"] == "server_error"
        [record] = [record for record in caplog.records if record.levelno >= logging.ERROR]
        assert record.message == "POST /v1/batches failed"
        assert "violates schema batch" in str(record.exc_info)

    def test_schema_violation_in_a_list_is_a_500(
        self, api: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Each object of a page is checked."""
        api.create()
        monkeypatch.setattr(World, "batch_json", lambda *_: {"id": 1})
        assert error_of(api.get("/v1/batches")) == (500, None, None)

    def test_no_validate_checks_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """With `--no-validate`, any response is sent."""
        api = Caller(app_of(validate=False))
        monkeypatch.setattr(World, "batch_json", lambda *_: {"id": 1})
        assert api.good(api.post("/v1/batches", api.batch_request())) == {"id": 1}

    def test_exception_is_not_shown_to_the_client(
        self, api: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The traceback is only in the log."""
        monkeypatch.setattr(World, "batches", lambda *_: 1 // 0)
        answer = api.get("/v1/batches")
        assert error_of(answer) == (500, None, None)
        assert "division" not in answer.text

    def test_exception_becomes_a_response_under_testing_too(
        self, api: Caller, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Flask's `TESTING` would otherwise re-raise it."""
        api.app.config["TESTING"] = True
        monkeypatch.setattr(World, "batches", lambda *_: 1 // 0)
        assert error_of(api.get("/v1/batches")) == (500, None, None)


REQUESTS = "create_batch expires_after metadata reset advance set_clock fail state"
STEERING = ["mockbatch_scenario", "mockbatch_fraction", "mockbatch_validating"]
KNOWN = ["/v1/chat/completions", "manual", "x60", "on-poll", "happy", "expired_partial", "0.5"]


def values_of_keyword(document: Any, keyword: str) -> Iterator[Any]:
    """Yield the values of a keyword anywhere in a schema."""
    if isinstance(document, dict):
        yield from document.get(keyword, ())
        document = list(document.values())
    if isinstance(document, list):
        for inner in document:
            yield from values_of_keyword(inner, keyword)


# Any JSON, in which names and values that mean something come up often.
SCHEMAS = [schema(name).document for name in REQUESTS.split()]
NAMES = st.sampled_from([*values_of_keyword(SCHEMAS, "properties"), *STEERING])
VALUES = st.sampled_from([*values_of_keyword(SCHEMAS, "enum"), "24h", *KNOWN])
NUMBERS = (
    st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([3600, 0])
)
SCALARS = st.none() | st.booleans() | NUMBERS | VALUES | st.text(st.characters(), max_size=20)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, JSON, min_size=1, max_size=5)
IDS = st.text(min_size=1, max_size=30) | st.sampled_from(["batch", "batch_1", "file-1", "..", "%"])
HOSTILE = {
    "invalid UTF-8": b'{"mode": "\xff"}',
    "NaN": b'{"seconds": NaN}',
    "infinity": b'{"seconds": 1e999, "start_time": 1e999}',
    "deep arrays": b"[" * 100_000,
    "deep closed arrays": b"[" * 101 + b"]" * 101,
    "deep objects": b'{"a":' * 100_000,
    "deep metadata": b'{"metadata":' + b'{"a":' * 90 + b"1" + b"}" * 91,
    "long integer": b'{"seconds": ' + b"9" * 5000 + b"}",
    "long fraction": b'{"seconds": 0.' + b"9" * 5000 + b"}",
    "large integer": b'{"start_time": ' + b"9" * 300 + b', "pace": ' + b"9" * 300 + b"}",
    "small number": b'{"pace": 5e-324, "seconds": 5e-324}',
    "half a surrogate pair": b'{"input_file_id": "\\ud800", "mode": "\\udfff", "batch": "\\ud800"}',
    "null character": b'{"mode": "\\u0000", "endpoint": "\\u0000"}',
    "doubled names": b'{"seconds": 1, "seconds": "x"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"seconds": 1}'.encode("utf-16"),
    "nothing": b"",
    "blanks": b" \n",
}


def routes_with_body() -> list[tuple[str, str]]:
    """Return method and path of every route that reads a body, with gaps for ids."""
    found = []
    for rule in app_of().url_map.iter_rules():
        choices = re.search(r"<any\(([^)]*)\):\w+>", rule.rule)
        names = choices[1].split(", ") if choices else [""]
        for name, method in product(names, sorted({"POST", "PUT"} & (rule.methods or set()))):
            path = rule.rule.replace(choices[0], name) if choices else rule.rule
            found.append((method, path.replace("<id>", "{id}")))
    return sorted(found)


def change_somewhere(value: Any, data: st.DataObject) -> Any:
    """Return a strategy for a JSON value changed in one place."""
    if not isinstance(value, dict | list) or not value or data.draw(st.integers(0, 9)) == 0:
        return data.draw(JSON)
    if isinstance(value, list):
        place = data.draw(st.integers(0, len(value) - 1))
        return [*value[:place], change_somewhere(value[place], data), *value[place + 1 :]]
    name = data.draw(st.sampled_from(sorted(value)))
    return {**value, name: change_somewhere(value[name], data)}


def assert_envelope(answer: Any) -> None:
    """Assert that a response is a success, or an error in OpenAI's format."""
    if answer.status_code != 200:
        assert error_of(answer)[0] in {400, 401, 403, 404, 405, 409, 413}, answer.text


class TestAnything:
    """Any request gets a success or an error in OpenAI's format, never a 5xx."""

    api = Caller(app_of())
    many = examples(25, deadline=None, suppress_health_check=list(HealthCheck))

    @pytest.fixture(autouse=True)
    def world(self) -> str:
        """Reset the world, and return the id of a new batch."""
        self.api.post("/_mock/reset", {"clock": "manual", "pace": 1, "start_time": 0})
        return str(self.api.create()["id"])

    @pytest.mark.parametrize(("method", "route"), mark_slow_except_each(5, routes_with_body()))
    def test_any_json_as_a_body(self, method: str, route: str, world: str) -> None:
        """Each route gets any JSON, often with names and values that it knows."""

        @self.many
        @given(body=OBJECTS | JSON)
        def send(body: Any) -> None:
            path = route.format(id=self.api.create(input_file_id="x")["id"])
            assert_envelope(self.api.call(method, path, data=json.dumps(body)))
            for url in (
                "/_mock/clock",
                "/v1/batches",
                "/v1/files",
                f"/_mock/batches/{world}/timeline",
            ):
                assert_envelope(self.api.get(url))

        send()

    @many
    @given(data=st.data())
    def test_any_change_of_a_state(self, data: st.DataObject) -> None:
        """A state with one changed value is refused, or gives a world that works."""
        self.api.post("/_mock/reset", {"clock": "manual"})
        first = self.api.create(lines(3))["id"]
        second = self.api.create(metadata={"mockbatch_scenario": "some_failed"})["id"]
        self.api.advance(data.draw(st.sampled_from([0, 80, 1000])))
        self.api.post(f"/_mock/batches/{first}/{data.draw(st.sampled_from(['hold', 'expire']))}")
        changed = change_somewhere(self.api.get("/_mock/state").json, data)
        assert_envelope(self.api.call("PUT", "/_mock/state", data=json.dumps(changed)))
        self.api.advance(0)
        for id in (first, second):
            batch = self.api.get(f"/v1/batches/{id}")
            assert_envelope(batch)
            assert_envelope(self.api.get(f"/_mock/batches/{id}/timeline"))
            for name in ("output_file_id", "error_file_id", "input_file_id"):
                assert_envelope(self.api.get(f"/v1/files/{batch.json.get(name)}"))
            assert_envelope(self.api.post(f"/_mock/batches/{id}/complete"))
        for path in ("/v1/batches", "/v1/files", "/_mock/state", "/_mock/clock"):
            assert_envelope(self.api.get(path))

    @pytest.mark.parametrize("name", mark_slow_except_each(6, HOSTILE))
    @pytest.mark.parametrize(("method", "route"), routes_with_body())
    def test_hostile_body(self, method: str, route: str, name: str, world: str) -> None:
        """Each route gets JSON that breaks parsers, and a batch can be created afterwards."""
        assert_envelope(self.api.call(method, route.format(id=world), data=HOSTILE[name]))
        assert_envelope(
            self.api.call("POST", "/v1/batches", json=self.api.batch_request(input_file_id="x"))
        )
        assert_envelope(self.api.get("/_mock/clock"))

    @pytest.mark.parametrize(
        "path", ["/v1/batches", "/v1/files", "/_mock/requests", "/_mock/clock"]
    )
    @many
    @given(
        name=st.sampled_from(["limit", "after", "order", "purpose"]) | st.text(max_size=5),
        value=st.text(max_size=20) | st.integers().map(str),
    )
    def test_any_query(self, path: str, name: str, value: str) -> None:
        """Lists accept or refuse any query."""
        assert_envelope(self.api.get(path, query_string={name: value}))

    @pytest.mark.parametrize("query", ["after=\xff", "\xff\xfe", "%ff=%00", "&&==&", "limit=\xb2"])
    def test_query_that_is_not_utf8(self, query: str) -> None:
        """Raw bytes in the query, as WSGI passes them on."""
        assert_envelope(self.api.get("/v1/batches", environ_overrides={"QUERY_STRING": query}))
        assert_envelope(self.api.get("/v1/foo", environ_overrides={"QUERY_STRING": query}))

    @pytest.mark.parametrize(
        "path",
        [
            "/v1/batches/{id}",
            "/v1/files/{id}",
            "/v1/files/{id}/content",
            "/_mock/batches/{id}/timeline",
            "/v1/{id}",
            "/_mock/{id}",
            "/{id}",
        ],
    )
    @many
    @given(id=IDS)
    def test_any_id(self, path: str, id: str) -> None:
        """Paths get any text where an id belongs."""
        assert_envelope(self.api.get(path.format(id=quote(id, safe=""))))

    @many
    @given(
        name=st.sampled_from(
            ["Authorization", "Host", "Origin", "Range", "If-Range", "Content-Type"]
        ),
        value=st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=30)
        | st.sampled_from(
            ["http://[", "Bearer ", "Basic =", "bytes=--1", "[::1", "multipart/form-data"]
        ),
    )
    def test_any_header(self, name: str, value: str) -> None:
        """Headers get any text."""
        for method, path in (
            ("GET", "/_mock/clock"),
            ("POST", "/v1/files"),
            ("GET", "/v1/batches"),
        ):
            assert_envelope(self.api.call(method, path, headers={name: value}))

    @many
    @given(data=st.binary(max_size=200), name=st.text(max_size=20), purpose=st.text(max_size=9))
    def test_any_upload(self, data: bytes, name: str, purpose: str) -> None:
        """Uploads get any bytes, names and purposes."""
        head = f'name="file"; filename="{name}"'.encode("utf-8", "replace")
        body = b"--b\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n--b\r\n" % (head, data)
        field = purpose.encode("utf-8", "replace")
        body += b'Content-Disposition: form-data; name="purpose"\r\n\r\n%b\r\n--b--' % field
        kind = "multipart/form-data; boundary=b"
        assert_envelope(self.api.call("POST", "/v1/files", data=body, content_type=kind))

    @many
    @given(data=st.binary(max_size=200) | st.just(lines()))
    def test_any_input_line(self, data: bytes) -> None:
        """A batch over any bytes can be made, run and read."""
        upload = self.api.call("POST", "/v1/files", **upload_form(lines(1) + data))
        assert_envelope(upload)
        if upload.status_code == 200:
            id = self.api.create(input_file_id=upload.json["id"])["id"]
            self.api.advance(24 * 3600)
            assert self.api.batch(id)["status"] in {"completed", "failed"}

    def test_clock_cannot_leave_the_calendar(self) -> None:
        """However often it is moved, the clock ends in 2106."""
        for _ in range(5):
            answer = self.api.post("/_mock/clock/advance", {"seconds": 10**9})
        assert error_of(answer) == (400, "invalid_value", "seconds")
        id = self.api.create()["id"]
        assert self.api.get(f"/_mock/batches/{id}/timeline").status_code == 200


def get(path: str) -> bytes:
    """Return the bytes of a GET with the tests' key that asks to close the connection."""
    head = f"GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEY}\r\n"
    return (head + "Connection: close\r\n\r\n").encode()


def status_of(answer: bytes) -> int:
    """Return the status of a response read from a socket."""
    return int(answer.split()[1])
