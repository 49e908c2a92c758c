"""`/v1/uploads`, as a client meets it."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from mockbatch.limits import Limits
from mockbatch.typing import Json
from tests.support.caller import DAY, KEY, START, Caller, app_of, error_of, form, lines, talk

HOUR = 3600
DATA = 'name="data"; filename="upload"\r\nContent-Type: application/octet-stream'
PURPOSES = ["assistants", "batch", "fine-tune"]


def upload_request(size: int = 3, **changes: Json) -> dict[str, Json]:
    """Return the body that creates an upload; the value ... removes a member."""
    body = {
        "filename": "in.jsonl",
        "purpose": "batch",
        "bytes": size,
        "mime_type": "application/jsonl",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not ...}


def begin(api: Caller, size: int = 3, **changes: Json) -> str:
    """Create an upload and return its path."""
    upload = api.good(api.post("/v1/uploads", upload_request(size, **changes)))
    return f"/v1/uploads/{upload['id']}"


def add(api: Caller, path: str, data: bytes) -> str:
    """Add a part and return its id."""
    return api.good(api.post(f"{path}/parts", **form((DATA, data))))["id"]


def complete(api: Caller, path: str, *part_ids: str, **more: Json) -> TestResponse:
    """Complete an upload."""
    return api.post(f"{path}/complete", {"part_ids": part_ids, **more})


def state(api: Caller) -> Json:
    """Return the state of the world, but not the requests it received."""
    held = api.good(api.get("/_mock/state"))
    del held["journal"], held["numbers"]["request"]
    return held


class TestCreate:
    """POST /v1/uploads."""

    def test_response_is_as_published(self, api: Caller) -> None:
        """It has all members, even those that only the SDK requires."""
        upload = api.good(api.post("/v1/uploads", upload_request(7, filename="ü.jsonl")))
        assert upload.pop("id").startswith("upload_")
        assert upload == {
            "object": "upload",
            "bytes": 7,
            "created_at": START,
            "filename": "ü.jsonl",
            "purpose": "batch",
            "status": "pending",
            "expires_at": START + HOUR,
            "file": None,
        }

    @pytest.mark.parametrize("purpose", PURPOSES)
    def test_accepts_any_type_where_no_list_is_published(self, api: Caller, purpose: str) -> None:
        """The SDK's own example sends `pdf`."""
        for mime_type in ("application/jsonl", "text/jsonl", "application/x-ndjson", "pdf"):
            begin(api, purpose=purpose, mime_type=mime_type)

    def test_accepts_only_images_for_vision(self, api: Caller) -> None:
        """Their types are published."""
        begin(api, purpose="vision", mime_type="image/png")
        body = upload_request(purpose="vision", mime_type="application/jsonl")
        assert error_of(api.post("/v1/uploads", body)) == (400, "invalid_value", "mime_type")

    @pytest.mark.parametrize("name", ["\ud800", "a\r\nb", 'a"\\b', "../x", "\x00", "💥"])
    def test_accepts_any_name(self, api: Caller, name: str) -> None:
        """It is returned unchanged, and breaks neither a download nor a state."""
        path = begin(api, 0, purpose="assistants", filename=name)
        file = api.good(complete(api, path))["file"]
        assert file["filename"] == name
        assert api.get(f"/v1/files/{file['id']}/content").status_code == 200
        before = state(api)
        api.good(api.call("PUT", "/_mock/state", json=before))
        assert state(api) == before

    @pytest.mark.parametrize("number", [3.0, 3])
    def test_accepts_a_whole_number_written_as_a_decimal(self, api: Caller, number: float) -> None:
        """JSON does not distinguish 3.0 from 3."""
        answer = api.post("/v1/uploads", upload_request(number))  # type: ignore[arg-type]
        assert '"bytes": 3,' in answer.text

    @pytest.mark.parametrize("name", ["filename", "purpose", "bytes", "mime_type"])
    def test_refuses_a_body_without_a_member(self, api: Caller, name: str) -> None:
        """The error names the missing member, or the first of several."""
        expected = (400, "missing_required_parameter", name)
        assert error_of(api.post("/v1/uploads", upload_request(**{name: ...}))) == expected  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("changes", "code", "param"),
        [
            ({"bytes": -1}, "integer_below_min_value", "bytes"),
            ({"bytes": (8 << 30) + 1}, "integer_above_max_value", "bytes"),
            ({"bytes": 10**400}, "integer_above_max_value", "bytes"),
            ({"bytes": 1e300}, "integer_above_max_value", "bytes"),
            ({"bytes": 1.5}, "invalid_type", "bytes"),
            ({"bytes": "3"}, "invalid_type", "bytes"),
            ({"bytes": True}, "invalid_type", "bytes"),
            ({"bytes": None}, "invalid_type", "bytes"),
            ({"filename": ""}, "empty_string", "filename"),
            ({"filename": "x" * 1025}, "string_above_max_length", "filename"),
            ({"filename": ["x"]}, "invalid_type", "filename"),
            ({"purpose": "user_data"}, "invalid_value", "purpose"),
            ({"purpose": "evals"}, "invalid_value", "purpose"),
            ({"purpose": "batch_output"}, "invalid_value", "purpose"),
            ({"purpose": 1}, "invalid_value", "purpose"),
            ({"mime_type": ""}, "empty_string", "mime_type"),
            ({"mime_type": "x" * 256}, "string_above_max_length", "mime_type"),
            ({"mime_type": {}}, "invalid_type", "mime_type"),
            ({"md5": "x"}, "unknown_parameter", "md5"),
            ({"expires_after": 3600}, "invalid_type", "expires_after"),
            (
                {"expires_after": {"seconds": 3600}},
                "missing_required_parameter",
                "expires_after.anchor",
            ),
            (
                {"expires_after": {"anchor": "now", "seconds": 3600}},
                "invalid_value",
                "expires_after.anchor",
            ),
            (
                {"expires_after": {"anchor": "created_at", "seconds": 3599}},
                "integer_below_min_value",
                "expires_after.seconds",
            ),
            (
                {"expires_after": {"anchor": "created_at", "seconds": 2_592_001}},
                "integer_above_max_value",
                "expires_after.seconds",
            ),
        ],
    )
    def test_refuses_an_invalid_member(
        self, api: Caller, changes: dict[str, Json], code: str, param: str
    ) -> None:
        """The error names the parameter."""
        assert error_of(api.post("/v1/uploads", upload_request(**changes))) == (400, code, param)

    @pytest.mark.parametrize("data", [b"", b"{", b"\xff", b"[" * 10_000, b'{"bytes": NaN}'])
    def test_refuses_invalid_json(self, api: Caller, data: bytes) -> None:
        """As every call with a JSON body."""
        assert error_of(api.post("/v1/uploads", data=data)) == (400, None, None)

    @pytest.mark.parametrize("data", [b"[]", b"null", b'"x"', b"3"])
    def test_refuses_a_body_that_is_not_an_object(self, api: Caller, data: bytes) -> None:
        """The body itself has the wrong type."""
        answer = api.post("/v1/uploads", data=data)
        assert error_of(answer) == (400, "invalid_type", "body")

    def test_ignores_the_content_type(self, api: Caller) -> None:
        """The published example, like curl, sends that of a form."""
        kind = "application/x-www-form-urlencoded"
        body = json.dumps(upload_request()).encode()
        assert api.good(api.post("/v1/uploads", data=body, content_type=kind))["bytes"] == 3


class TestParts:
    """POST /v1/uploads/{id}/parts."""

    def test_response_is_as_published(self, api: Caller) -> None:
        """It has four members."""
        path = begin(api)
        api.advance(5)
        part = api.good(api.post(f"{path}/parts", **form((DATA, b"abc"))))
        assert part.pop("id").startswith("part_")
        assert part == {
            "object": "upload.part",
            "created_at": START + 5,
            "upload_id": path.rpartition("/")[2],
        }

    @pytest.mark.parametrize(
        "head", ['name="data"; filename="x"', 'name="data"; filename=""', DATA]
    )
    def test_ignores_name_and_type(self, api: Caller, head: str) -> None:
        """Only the bytes matter."""
        api.good(api.post(f"{begin(api)}/parts", **form((head, b"abc"))))

    @pytest.mark.parametrize(
        "request_body",
        [
            form(('name="file"; filename="x"', b"abc")),
            form(),
            {"json": {"data": "abc"}},
            {"data": b"abc", "content_type": "application/octet-stream"},
            {"data": b"", "content_type": "multipart/form-data"},
            {"data": b"--limit\r\nrubbish", "content_type": "multipart/form-data; boundary=limit"},
            {},
        ],
    )
    def test_refuses_a_form_without_data(self, api: Caller, request_body: dict[str, Json]) -> None:
        """The message names the missing part, whatever else was sent."""
        path = begin(api)
        before = state(api)
        answer = api.call("POST", f"{path}/parts", **request_body)
        assert error_of(answer) == (400, None, None)
        assert "'data'" in answer.json["error"]["message"]
        assert state(api) == before

    def test_part_without_a_filename_is_no_file(self, api: Caller) -> None:
        """The answer was seen for `/v1/files`; here it is assumed to be the same."""
        answer = api.call("POST", f"{begin(api)}/parts", **form(('name="data"', b"abc")))
        assert error_of(answer) == (400, None, None)
        assert answer.json["error"]["type"] == "server_error"

    def test_refuses_a_part_that_is_too_large(self) -> None:
        """A byte over the limit is a 413."""
        api = Caller(app_of(limits=Limits(part_bytes=100)))
        path = begin(api)
        add(api, path, b"x" * 100)
        answer = api.post(f"{path}/parts", **form((DATA, b"x" * 101)))
        assert error_of(answer) == (413, None, "data")


class TestComplete:
    """POST /v1/uploads/{id}/complete."""

    def test_response_has_the_file(self, api: Caller) -> None:
        """The file object is the one in `GET /v1/files`."""
        data = lines()
        path = begin(api, len(data))
        part = add(api, path, data)
        api.advance(60)
        upload = api.good(complete(api, path, part))
        assert (upload["status"], upload["expires_at"]) == ("completed", START + HOUR)
        assert upload["file"]["created_at"] == START + 60
        assert upload["file"]["expires_at"] == START + 60 + 30 * DAY
        assert api.get("/v1/files").json["data"] == [upload["file"]]
        assert api.get(f"/v1/files/{upload['file']['id']}/content").data == data

    def test_ids_determine_the_order_of_the_bytes(self, api: Caller) -> None:
        """Not the order in which the parts were added."""
        data = lines(5)
        path = begin(api, len(data))
        last = add(api, path, data[100:])
        first = add(api, path, data[:100])
        file = api.good(complete(api, path, first, last))["file"]
        assert api.get(f"/v1/files/{file['id']}/content").data == data

    def test_file_is_the_input_of_a_batch(self, api: Caller) -> None:
        """From the parts to the output file."""
        data = lines(3)
        path = begin(api, len(data))
        ids = [add(api, path, data[at : at + 50]) for at in range(0, len(data), 50)]
        file = api.good(complete(api, path, *ids, md5=hashlib.md5(data).hexdigest()))["file"]
        batch = api.create(input_file_id=file["id"])
        api.advance(DAY)
        batch = api.batch(batch["id"])
        assert (batch["status"], batch["request_counts"]["completed"]) == ("completed", 3)
        output = api.get(f"/v1/files/{batch['output_file_id']}/content").data
        assert output.count(b"\n") == 3

    def test_expires_after_sets_the_lifetime_of_the_file(self, api: Caller) -> None:
        """`expires_after` is the file's, counted from its own creation."""
        path = begin(
            api, 0, purpose="assistants", expires_after={"anchor": "created_at", "seconds": 3600.0}
        )
        api.advance(100)
        assert api.good(complete(api, path))["file"]["expires_at"] == START + 100 + 3600

    @pytest.mark.parametrize(
        ("data", "name"),
        [
            (b"", "Must be .jsonl"),
            (b"hello\n", "Must be .jsonl"),
            (b"{}\n\xff", "Must be utf-8"),
        ],
    )
    def test_refuses_an_invalid_input_file(self, api: Caller, data: bytes, name: str) -> None:
        """The error is that of a single upload, and is repeated in the same way."""
        path = begin(api, len(data))
        part = add(api, path, data)
        answer = complete(api, path, part)
        assert error_of(answer) == (400, None, None)
        assert name in answer.json["error"]["message"]
        assert answer.json["detail"]["message"] == answer.json["error"]["message"]

    def test_takes_an_input_file_that_is_too_large_for_a_batch(self) -> None:
        """Its size is found when a batch is validated."""
        api = Caller(app_of(limits=Limits(input_bytes=2)))
        path = begin(api, 3)
        assert api.good(complete(api, path, add(api, path, b"{}\n")))["file"]["bytes"] == 3

    def test_file_may_exceed_the_limit_of_a_single_upload(self) -> None:
        """That is the purpose of uploads in parts."""
        api = Caller(app_of(limits=Limits(file_bytes=2)))
        path = begin(api, 3, purpose="fine-tune")
        assert api.good(complete(api, path, add(api, path, b"abc")))["file"]["bytes"] == 3

    @pytest.mark.parametrize(
        ("body", "code", "param"),
        [
            ({}, "missing_required_parameter", "part_ids"),
            ({"part_ids": None}, "invalid_type", "part_ids"),
            ({"part_ids": "part_1"}, "invalid_type", "part_ids"),
            ({"part_ids": [1]}, "invalid_type", "part_ids[0]"),
            ({"part_ids": ["part_1", ["x"]]}, "invalid_type", "part_ids[1]"),
            ({"part_ids": ["part_1"]}, "invalid_value", "part_ids[0]"),
            ({"part_ids": ["\ud800"]}, "invalid_value", "part_ids[0]"),
            ({"part_ids": ["{0}{x}"]}, "invalid_value", "part_ids[0]"),
            ({"part_ids": ["x"] * 10_001}, "array_above_max_length", "part_ids"),
            ({"part_ids": ["{part}", "{part}"]}, "invalid_value", "part_ids[1]"),
            ({"part_ids": []}, None, "part_ids"),
            ({"part_ids": ["{part}"], "md5": "0" * 32}, None, "md5"),
            ({"part_ids": ["{part}"], "md5": "0" * 31}, "invalid_value", "md5"),
            ({"part_ids": ["{part}"], "md5": "g" * 32}, "invalid_value", "md5"),
            ({"part_ids": ["{part}"], "md5": 1}, "invalid_type", "md5"),
            ({"part_ids": ["{part}"], "bytes": 3}, "unknown_parameter", "bytes"),
        ],
    )
    def test_refuses_an_invalid_body_and_changes_nothing(
        self, api: Caller, body: Json, code: str | None, param: str
    ) -> None:
        """The error names what is wrong, and a correct completion is still possible."""
        path = begin(api, 3)
        part = add(api, path, b"{}\n")
        before = state(api)
        sent = json.dumps(body).replace("{part}", part)
        answer = api.post(f"{path}/complete", data=sent)
        assert error_of(answer) == (400, code, param)
        assert state(api) == before
        api.good(complete(api, path, part))

    def test_null_checksum_is_ignored(self, api: Caller) -> None:
        """Some SDKs send unset members as null."""
        path = begin(api, 3)
        api.good(complete(api, path, add(api, path, b"{}\n"), md5=None))

    def test_part_of_another_key_is_unknown(self, api: Caller) -> None:
        """So is the upload."""
        path = begin(api, 3)
        part = add(api, path, b"{}\n")
        other = Caller(api.app, "sk-somebody-else-0001")
        assert error_of(complete(other, path, part)) == (404, None, "upload_id")


class TestCancel:
    """POST /v1/uploads/{id}/cancel."""

    @pytest.mark.parametrize("options", [{}, {"json": {}}, {"data": b"rubbish"}])
    def test_response_is_the_upload(self, api: Caller, options: dict[str, Json]) -> None:
        """The body does not matter."""
        path = begin(api)
        add(api, path, b"abc")
        upload = api.good(api.call("POST", f"{path}/cancel", **options))
        assert (upload["status"], upload["file"]) == ("cancelled", None)
        assert api.get("/v1/files").json["data"] == []

    def test_second_cancel_is_refused(self, api: Caller) -> None:
        """SDKs do not retry it, as they would a 409."""
        path = begin(api)
        api.good(api.post(f"{path}/cancel"))
        assert error_of(api.post(f"{path}/cancel")) == (400, None, "upload_id")


class TestExpiry:
    """Uploads expire after an hour of simulated time."""

    def test_expires_to_the_second(self, api: Caller) -> None:
        """Everything works until a second before the hour is over, and nothing after it."""
        path = begin(api, 3)
        part = add(api, path, b"{}\n")
        api.advance(HOUR - 1)
        add(api, path, b"x")
        api.advance(1)
        refused = complete(api, path, part)
        assert error_of(refused) == (400, None, "upload_id")
        assert "'expired'" in refused.json["error"]["message"]

    def test_is_an_event_on_request(self, api: Caller) -> None:
        """Only for uploads that are still pending."""
        path = begin(api)
        api.post(f"{begin(api)}/cancel")
        api.good(complete(api, begin(api, 0, purpose="vision", mime_type="image/gif")))
        body = {"seconds": HOUR, "include": ["expiry"]}
        event = {
            "at": START + HOUR,
            "type": "upload.expired",
            "id": path.rpartition("/")[2],
        }
        assert api.post("/_mock/clock/advance", body).json["events"] == [event]
        assert api.post("/_mock/clock/advance", body).json["events"] == []

    def test_clock_stops_at_it_on_request(self, api: Caller) -> None:
        """It does not go past it."""
        begin(api)
        body = {"next_event": True, "include": ["expiry"]}
        assert api.post("/_mock/clock/advance", body).json["now"] == START + HOUR

    def test_is_no_event_by_default(self, api: Caller) -> None:
        """By default, events are status changes of batches."""
        begin(api)
        assert api.advance(HOUR)["events"] == []


class TestRoutes:
    """Which routes exist."""

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
    @pytest.mark.parametrize("verb", ["", "/x/parts", "/x/complete", "/x/cancel"])
    def test_only_post_is_allowed(self, api: Caller, method: str, verb: str) -> None:
        """Uploads are not listed."""
        answer = api.call(method, f"/v1/uploads{verb}")
        assert error_of(answer) == (405, "method_not_supported", None)

    @pytest.mark.parametrize("call", ["GET /x", "DELETE /x", "POST /x", "GET /x/parts/y"])
    def test_an_upload_cannot_be_retrieved(self, api: Caller, call: str) -> None:
        """There is no such URL in the published document."""
        method, path = call.split()
        assert error_of(api.call(method, f"/v1/uploads{path}")) == (404, None, None)

    @pytest.mark.parametrize("path", ["", "/x/parts", "/x/complete", "/x/cancel"])
    def test_needs_a_key(self, api: Caller, path: str) -> None:
        """Like all of `/v1`."""
        assert Caller(api.app, None).post(f"/v1/uploads{path}").status_code == 401

    @pytest.mark.parametrize("verb", ["parts", "complete", "cancel"])
    @pytest.mark.parametrize(
        "id", ["upload_no", "%00", "%F0%9F%92%A5", "x" * 2000, "{id}", "%7B0%7D"]
    )
    def test_unknown_upload_is_a_404(self, api: Caller, verb: str, id: str) -> None:
        """For any id."""
        bodies = {"parts": form((DATA, b"x")), "complete": {"json": {"part_ids": []}}}
        answer = api.call("POST", f"/v1/uploads/{id}/{verb}", **bodies.get(verb, {}))
        assert error_of(answer) == (404, None, "upload_id")

    def test_reset_removes_uploads(self, api: Caller) -> None:
        """Like everything else."""
        path = begin(api)
        api.good(api.post("/_mock/reset"))
        assert error_of(api.post(f"{path}/cancel")) == (404, None, "upload_id")

    def test_gateway_forwards_uploads_unchanged(self, api: Caller) -> None:
        """The real one does not know uploads: responses are passed back unchanged."""
        data = lines()
        options: dict[str, Json] = {"headers": {"x-portkey-provider": "openai"}}
        upload = api.good(api.post("/v1/uploads", upload_request(len(data)), **options))
        path = f"/v1/uploads/{upload['id']}"
        part = api.good(api.post(f"{path}/parts", **form((DATA, data)), **options))
        body = {"part_ids": [part["id"]]}
        answer = api.post(f"{path}/complete", body, **options)
        assert api.good(answer)["file"]["bytes"] == len(data)
        assert answer.headers["x-portkey-provider"] == "openai"
        again = api.post(f"{path}/complete", body, **options)
        assert error_of(again) == (400, None, "upload_id")

    def test_gateway_does_not_forward_chunks(self, api: Caller, serve: Any) -> None:
        """Measured: on unknown routes its own HTTP client rejects the header."""
        head = (
            f"POST {begin(api)}/parts HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEY}\r\n"
            "x-portkey-provider: openai\r\nConnection: close\r\n"
            "Content-Type: multipart/form-data; boundary=limit\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
        )
        data = form((DATA, b"x"))["data"]
        sent = head.encode() + b"%x\r\n%b\r\n0\r\n\r\n" % (len(data), data)
        answer = talk(serve(api.app), sent)
        assert answer.startswith(b"HTTP/1.1 500 ")
        assert b"invalid transfer-encoding header" in answer
        assert all(upload["parts"] == [] for upload in state(api)["uploads"])


PLAIN = st.none() | st.booleans() | st.integers() | st.floats(-1e9, 1e300) | st.text(max_size=5)
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)
MEMBERS = ["filename", "purpose", "bytes", "mime_type", "expires_after", "part_ids", "md5"]


@given(st.dictionaries(st.sampled_from(MEMBERS), VALUES), st.sampled_from(["", "/{id}/complete"]))
def test_any_body_is_accepted_or_refused(changes: dict[str, Json], verb: str) -> None:
    """There is never a 500, and an error changes nothing."""
    api = Caller(app_of())
    path = begin(api)
    body = {**(upload_request() if not verb else {"part_ids": []}), **changes}
    before = state(api)
    answer = api.post(f"/v1/uploads{verb.format(id=path.rpartition('/')[2])}", body)
    if answer.status_code != 200:
        assert error_of(answer)[0] == 400
        assert state(api) == before
