"""`/v1/files`, as a client meets it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from werkzeug.http import parse_options_header

from mockbatch.errors import ERROR_TEMPLATES
from mockbatch.limits import Limits
from mockbatch.web.multipart import MAX_PARTS
from tests.support.caller import (
    DAY,
    KEY,
    START,
    VALIDATING,
    Caller,
    app_of,
    error_of,
    form,
    lines,
    talk,
    upload_form,
)

INVALID = Path(__file__).parents[3] / "fixtures" / "invalid"
MONTH = 30 * DAY
FILE = 'name="file"; filename="in.jsonl"'
PURPOSE = ('name="purpose"', b"batch")
CONTENT = bytes(range(256)) * 4


def rejected_fixtures() -> list[Path]:
    """Return the invalid fixtures that an upload refuses."""
    found = sorted(INVALID.glob("*.errors.json"))
    return [path for path in found if json.loads(path.read_bytes())["place"] == "upload"]


@pytest.fixture
def stored_file_path(api: Caller) -> str:
    """Store a file of 1024 bytes, and return the path of its content."""
    return f"/v1/files/{api.upload(CONTENT, purpose='user_data', name='a.bin')['id']}/content"


class TestUpload:
    """POST /v1/files."""

    def test_has_the_nine_recorded_keys_in_order(self, api: Caller) -> None:
        """The object has the keys of 2026, in their order."""
        assert list(api.upload()) == [
            "object",
            "id",
            "purpose",
            "filename",
            "bytes",
            "created_at",
            "expires_at",
            "status",
            "status_details",
        ]

    def test_describes_the_upload(self, api: Caller) -> None:
        """The object has name, purpose, size and time of the upload."""
        file = api.upload(lines(3), name="three.jsonl")
        assert file["filename"] == "three.jsonl"
        assert file["purpose"] == "batch"
        assert file["bytes"] == len(lines(3))
        assert file["created_at"] == START

    def test_is_processed_at_once(self, api: Caller) -> None:
        """A file of purpose `batch` can be used at once."""
        file = api.upload()
        assert (file["status"], file["status_details"]) == ("processed", None)

    def test_id_has_the_recorded_form(self, api: Caller) -> None:
        """An id is `file-` and 22 base58 characters."""
        prefix, _, rest = api.upload()["id"].partition("-")
        assert (prefix, len(rest)) == ("file", 22)
        assert not set(rest) & set("0IOl")

    def test_body_ends_with_a_line_break(self, api: Caller) -> None:
        """Recorded: file bodies are indented and end with a line break."""
        text = api.call("POST", "/v1/files", **upload_form()).text
        assert text == json.dumps(json.loads(text), indent=2) + "\n"

    @pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (3, 0, 1, 2)])
    def test_accepts_the_parts_in_any_order(self, api: Caller, order: tuple[int, ...]) -> None:
        """SDKs differ in the order of parts."""
        parts = [
            PURPOSE,
            ('name="expires_after[anchor]"', b"created_at"),
            ('name="expires_after[seconds]"', b"3600"),
            (FILE, lines()),
        ]
        answer = api.call("POST", "/v1/files", **form(*(parts[place] for place in order)))
        assert api.good(answer)["expires_at"] == START + 3600

    @pytest.mark.parametrize(
        "header",
        ["", "\r\nContent-Type:", "\r\nContent-Type: application/jsonl", "\r\nContent-Type: x"],
    )
    def test_ignores_the_type_of_the_part(self, api: Caller, header: str) -> None:
        """Some SDKs send a type, some an empty one, some none."""
        answer = api.call("POST", "/v1/files", **form(PURPOSE, (FILE + header, lines())))
        assert api.good(answer)["bytes"] == len(lines())

    @pytest.mark.parametrize("name", ["upload", "in.txt", "in.jsonl", "", "a b.JSONL", "ü.jsonl"])
    def test_accepts_any_name(self, api: Caller, name: str) -> None:
        """The name does not matter: the SDK calls bare bytes `upload`."""
        assert api.upload(name=name)["filename"] == name

    def test_accepts_a_name_in_the_extended_form(self, api: Caller) -> None:
        """Some clients percent-encode a name, as RFC 5987 says."""
        part = ("name=\"file\"; filename*=UTF-8''%C3%BC%22.jsonl", lines())
        assert (
            api.good(api.call("POST", "/v1/files", **form(PURPOSE, part)))["filename"] == 'ü".jsonl'
        )

    def test_accepts_a_chunked_body(self, serve: Any) -> None:
        """A streamed upload has no Content-Length."""
        request = upload_form(lines(5000))
        head = (
            f"POST /v1/files HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEY}\r\n"
            f"Connection: close\r\nContent-Type: {request['content_type']}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n"
        )
        pieces = [request["data"][at : at + 9999] for at in range(0, len(request["data"]), 9999)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in [*pieces, b""])
        answer = talk(serve(app_of()), head.encode() + body)
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["bytes"] == len(lines(5000))

    @pytest.mark.parametrize(
        ("parts", "missing"),
        [([PURPOSE], "file"), ([(FILE, b"{}")], "purpose"), ([], "file")],
    )
    def test_refuses_a_form_without_a_part(
        self, api: Caller, parts: list[tuple[str, bytes]], missing: str
    ) -> None:
        """The message names the part that is missing."""
        answer = api.call("POST", "/v1/files", **form(*parts))
        assert error_of(answer) == (400, None, None)
        assert answer.json["error"]["message"] == f"'{missing}' is a required property"

    @pytest.mark.parametrize(
        "parts",
        [
            [PURPOSE, ('name="file"', b"{}")],
            [('name="file"', b"{}"), PURPOSE],
            [PURPOSE, ("name=file\r\nContent-Type: application/jsonl", b"{}")],
            [PURPOSE, ('name="file"', b"")],
            [PURPOSE, ('name="file"', b"{}\n" * 200_000)],
        ],
    )
    def test_file_without_a_filename_is_no_file(
        self, api: Caller, parts: list[tuple[str, bytes]]
    ) -> None:
        """Four reports of 2025 have this answer, in which even the type is unusual."""
        answer = api.call("POST", "/v1/files", **form(*parts))
        assert answer.status_code == 400
        assert answer.json["error"] == {
            "message": "The browser (or proxy) sent a request that this server could not"
            " understand.",
            "type": "server_error",
            "param": None,
            "code": None,
        }

    def test_form_of_too_many_parts_is_refused(self, api: Caller) -> None:
        """A form of 1,000 parts with long headers would take 6 seconds."""
        answer = api.call("POST", "/v1/files", **form(*[PURPOSE] * (MAX_PARTS + 1)))
        assert error_of(answer)[0] == 413

    @pytest.mark.parametrize("name", ["purpose", "expires_after[seconds]"])
    def test_text_field_sent_as_a_file_is_missing(self, api: Caller, name: str) -> None:
        """A field with a filename is a file, whatever its name."""
        texts = {"purpose": b"batch", "expires_after[anchor]": b"created_at"}
        texts |= {"expires_after[seconds]": b"3600"}
        parts = [
            (f'name="{field}"' + '; filename="x"' * (field == name), text)
            for field, text in texts.items()
        ]
        answer = api.call("POST", "/v1/files", **form(*parts, (FILE, b"{}")))
        assert answer.status_code == 400
        assert name.rpartition("[")[2].rstrip("]") in answer.json["error"]["message"]

    @pytest.mark.parametrize(
        "request_body",
        [
            {"json": {"purpose": "batch", "file": "x"}},
            {"data": b"", "content_type": "multipart/form-data"},
            {"data": b"--limit\r\nrubbish", "content_type": "multipart/form-data; boundary=limit"},
            {"data": "purpose=batch", "content_type": "application/x-www-form-urlencoded"},
            {"data": b"\xff\xfe"},
        ],
    )
    def test_refuses_a_body_that_is_not_a_form(
        self, api: Caller, request_body: dict[str, Any]
    ) -> None:
        """Any other body counts as a form without parts."""
        assert error_of(api.call("POST", "/v1/files", **request_body)) == (400, None, None)

    @pytest.mark.parametrize("purpose", ["", "Batch", "batch_output", "fine_tune", "☃"])
    def test_refuses_an_unknown_purpose(self, api: Caller, purpose: str) -> None:
        """Only six purposes can be uploaded; `batch_output` is the service's own."""
        answer = api.call("POST", "/v1/files", **upload_form(purpose=purpose))
        assert error_of(answer) == (400, None, "purpose")

    @pytest.mark.parametrize(
        "purpose", ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"]
    )
    def test_accepts_each_published_purpose(self, api: Caller, purpose: str) -> None:
        """All six purposes of the published document are accepted."""
        assert api.upload(purpose=purpose)["purpose"] == purpose

    @pytest.mark.parametrize("seconds", [3600, 2_592_000])
    def test_expires_after_sets_the_lifetime(self, api: Caller, seconds: int) -> None:
        """Both bounds of `expires_after` are allowed."""
        file = api.upload(anchor="created_at", seconds=str(seconds))
        assert file["expires_at"] == START + seconds

    @pytest.mark.parametrize(
        ("fields", "code", "param"),
        [
            ({"seconds": "3600"}, "missing_required_parameter", "anchor"),
            ({"anchor": "created_at"}, "missing_required_parameter", "seconds"),
            ({"anchor": "now", "seconds": "3600"}, "invalid_value", "anchor"),
            ({"anchor": "created_at", "seconds": "3599"}, "integer_below_min_value", "seconds"),
            ({"anchor": "created_at", "seconds": "2592001"}, "integer_above_max_value", "seconds"),
            ({"anchor": "created_at", "seconds": "9" * 5000}, "invalid_type", "seconds"),
            ({"anchor": "created_at", "seconds": "1e4"}, "invalid_type", "seconds"),
            ({"anchor": "created_at", "seconds": "-1"}, "invalid_type", "seconds"),
            ({"anchor": "created_at", "seconds": "360²"}, "invalid_type", "seconds"),
            ({"anchor": "created_at", "seconds": "٣٦٠٠"}, "invalid_type", "seconds"),
            ({"anchor": "created_at", "seconds": ""}, "invalid_type", "seconds"),
        ],
    )
    def test_refuses_an_invalid_lifetime(
        self, api: Caller, fields: dict[str, str], code: str, param: str
    ) -> None:
        """The error names the parameter within `expires_after`."""
        answer = api.call("POST", "/v1/files", **upload_form(**fields))  # type: ignore[arg-type]
        assert error_of(answer) == (400, code, f"expires_after.{param}")

    def test_refuses_a_file_that_is_too_large(self) -> None:
        """One byte over the limit of a file is a 400, in the observed words."""
        api = Caller(app_of(limits=Limits(file_bytes=100)))
        over, exact = b"x" * 101, b"x" * 100
        answer = api.call("POST", "/v1/files", **upload_form(over, purpose="user_data"))
        assert error_of(answer) == (400, None, None)
        assert answer.json["error"]["message"] == "File is too large."
        assert api.upload(exact, purpose="user_data")["bytes"] == 100

    def test_takes_an_input_file_that_is_too_large_for_a_batch(self) -> None:
        """Its size is found when a batch is validated."""
        api = Caller(app_of(limits=Limits(input_bytes=len(lines(2)))))
        batch = api.create(lines(3))
        api.advance(VALIDATING)
        shown = api.batch(batch["id"])
        assert shown["status"] == "failed"
        [error] = shown["errors"]["data"]
        assert error["message"] == (
            f"The batch input file is larger than the {len(lines(2))} maximum for the "
            "gpt-4o-mini model. Please try again with a smaller batch."
        )

    @pytest.mark.parametrize("path", rejected_fixtures(), ids=lambda path: path.name)
    def test_refuses_an_invalid_input_file(self, api: Caller, path: Path) -> None:
        """Each fixture that an upload refuses gets the error it names."""
        data = path.with_name(path.name.replace(".errors.json", ".jsonl")).read_bytes()
        [error] = json.loads(path.read_bytes())["errors"]
        answer = api.call("POST", "/v1/files", **upload_form(data))
        assert error_of(answer) == (error["status"], error["code"], error["param"])

    @pytest.mark.parametrize(
        ("data", "name"), [(b"", "not_jsonl"), (b"hello\n", "not_jsonl"), (b"\xff\n", "not_utf8")]
    )
    def test_error_is_worded_as_observed_and_sent_twice(
        self, api: Caller, data: bytes, name: str
    ) -> None:
        """Observed in 2026: the message is repeated beside `error`."""
        message = ERROR_TEMPLATES[name].message
        body = api.call("POST", "/v1/files", **upload_form(data)).json
        assert body["error"]["message"] == message
        assert body["detail"] == {"message": message, "code": None}

    @pytest.mark.parametrize("data", [b"", b"hello\n", b"\xff\xfe\x00"])
    def test_checks_input_files_only(self, api: Caller, data: bytes) -> None:
        """A file with another purpose may contain anything."""
        assert api.upload(data, purpose="user_data")["bytes"] == len(data)

    def test_checks_the_first_line_only(self, api: Caller) -> None:
        """Errors further down are found later, when the batch is validated."""
        assert api.upload(lines(1) + b"{broken\n")["status"] == "processed"

    def test_refused_file_is_not_kept(self, api: Caller) -> None:
        """After an error there is no file."""
        api.call("POST", "/v1/files", **upload_form(b"hello"))
        assert api.get("/v1/files").json["data"] == []


class TestList:
    """GET /v1/files."""

    def test_shows_the_newest_first(self, api: Caller) -> None:
        """Files of the same second are in order of creation, too."""
        ids = [api.upload()["id"] for _ in range(3)]
        api.advance(1)
        ids.append(api.upload()["id"])
        assert self.ids(api, "") == ids[::-1]

    def test_shows_the_oldest_first_on_request(self, api: Caller) -> None:
        """`order=asc` reverses the list."""
        ids = [api.upload()["id"] for _ in range(3)]
        assert self.ids(api, "?order=asc") == ids
        assert self.ids(api, "?order=desc") == ids[::-1]

    def test_shows_one_purpose_on_request(self, api: Caller) -> None:
        """`purpose` leaves out all others."""
        api.upload()
        vision_id = api.upload(purpose="vision")["id"]
        assert self.ids(api, "?purpose=vision") == [vision_id]

    def test_shows_the_output_files_of_batches(self, api: Caller) -> None:
        """Output files have the purpose `batch_output`, and exist from the end of the batch on."""
        batch = api.create(metadata={"mockbatch_scenario": "some_failed"})
        assert self.ids(api, "?purpose=batch_output") == []
        api.advance(DAY)
        batch = api.batch(batch["id"])
        made = {batch["output_file_id"], batch["error_file_id"]}
        assert set(self.ids(api, "?purpose=batch_output")) == made

    @pytest.mark.parametrize("purpose", ["fine-tune-results", "fine-tune", "batch_output", "evals"])
    def test_a_purpose_without_files_is_an_empty_list(self, api: Caller, purpose: str) -> None:
        """Each published purpose is accepted, also those of the service's own files."""
        api.upload()
        assert self.ids(api, f"?purpose={purpose}") == []

    def test_shows_every_file_without_a_limit(self, api: Caller) -> None:
        """The published default is 10,000, not 100."""
        for _ in range(101):
            api.upload(b"", purpose="user_data")
        assert len(self.ids(api, "")) == 101

    def test_continues_after_a_file(self, api: Caller) -> None:
        """`after` and `limit` walk through the whole list."""
        ids = [api.upload()["id"] for _ in range(5)][::-1]
        page = api.get("/v1/files?limit=2").json
        assert (page["first_id"], page["last_id"], page["has_more"]) == (ids[0], ids[1], True)
        assert self.ids(api, f"?limit=2&after={ids[1]}") == ids[2:4]
        assert api.get(f"/v1/files?limit=2&after={ids[2]}").json["has_more"] is False

    def test_empty_list_has_no_ids(self, api: Caller) -> None:
        """An empty page has all keys."""
        assert api.get("/v1/files").json == {
            "object": "list",
            "data": [],
            "first_id": None,
            "last_id": None,
            "has_more": False,
        }

    @pytest.mark.parametrize(
        ("query", "code", "param"),
        [
            ("limit=0", "integer_below_min_value", "limit"),
            ("limit=10001", "integer_above_max_value", "limit"),
            ("limit=abc", "invalid_type", "limit"),
            ("limit=1.5", "invalid_type", "limit"),
            ("limit=", "invalid_type", "limit"),
            (f"limit={'9' * 5000}", "invalid_type", "limit"),
            ("order=up", "invalid_value", "order"),
            ("purpose=nonsense", "invalid_value", "purpose"),
            ("after=file-unknown", "invalid_value", "after"),
        ],
    )
    def test_refuses_an_invalid_query(self, api: Caller, query: str, code: str, param: str) -> None:
        """The error names the invalid parameter."""
        assert error_of(api.get(f"/v1/files?{query}")) == (400, code, param)

    def test_other_key_sees_nothing(self, api: Caller) -> None:
        """Each key has its own files."""
        api.upload()
        assert self.ids(Caller(api.app, "sk-somebody-else-0001"), "") == []

    @staticmethod
    def ids(api: Caller, query: str) -> list[str]:
        """Return the ids that a list shows."""
        return [file["id"] for file in api.good(api.get(f"/v1/files{query}"))["data"]]


class TestRetrieve:
    """GET /v1/files/{id}."""

    def test_returns_what_the_upload_returned(self, api: Caller) -> None:
        """Not a byte of the object changes."""
        uploaded = api.call("POST", "/v1/files", **upload_form())
        assert api.get(f"/v1/files/{uploaded.json['id']}").data == uploaded.data

    def test_describes_an_output_file(self, api: Caller) -> None:
        """Recorded: the output file is named after its batch."""
        batch = api.create(metadata={"mockbatch_scenario": "instant"})
        file = api.get(f"/v1/files/{api.batch(batch['id'])['output_file_id']}").json
        assert file["filename"] == f"{batch['id']}_output.jsonl"
        assert (file["purpose"], file["expires_at"]) == ("batch_output", START + MONTH)

    @pytest.mark.parametrize("path", ["", "/content"])
    @pytest.mark.parametrize("id", ["file-unknown", "batch_1", "%F0%9F%92%A9", "x y"])
    def test_unknown_file_is_worded_as_observed(self, api: Caller, id: str, path: str) -> None:
        """The 404 of a file names `id` as its param."""
        answer = api.get(f"/v1/files/{id}{path}")
        assert error_of(answer) == (404, None, "id")
        assert answer.json["error"]["message"].startswith("No such File object: ")

    def test_other_key_has_no_such_file(self, api: Caller) -> None:
        """A file of another key is a 404 like any unknown one."""
        path = f"/v1/files/{api.upload()['id']}"
        stranger = Caller(api.app, "sk-somebody-else-0001")
        assert error_of(stranger.get(path)) == (404, None, "id")
        assert error_of(stranger.delete(path)) == (404, None, "id")


class TestContent:
    """GET /v1/files/{id}/content."""

    def test_returns_the_bytes(self, api: Caller, stored_file_path: str) -> None:
        """The content is the same as uploaded."""
        assert api.get(stored_file_path).data == CONTENT

    def test_type_is_exactly_octet_stream(self, api: Caller, stored_file_path: str) -> None:
        """A gateway in front answers 500 when the type has parameters."""
        assert api.get(stored_file_path).headers.getlist("Content-Type") == [
            "application/octet-stream"
        ]

    def test_is_an_attachment_with_the_files_name(self, api: Caller, stored_file_path: str) -> None:
        """Recorded: the name is in the Content-Disposition."""
        assert (
            api.get(stored_file_path).headers["Content-Disposition"]
            == 'attachment; filename="a.bin"'
        )

    def test_has_a_content_length(self, api: Caller, stored_file_path: str) -> None:
        """A download that breaks off can be noticed."""
        assert api.get(stored_file_path).headers["Content-Length"] == "1024"

    @pytest.mark.parametrize(
        "encoded",
        [
            "a%0D%0ASet-Cookie:%20x=1",
            "a%22;%20filename=%22b",
            "%5C%22",
            "%00%7F",
            "%C3%BC%E2%80%A8",
        ],
    )
    def test_hostile_name_stays_within_its_header(self, api: Caller, encoded: str) -> None:
        """A name with line ends, quotes or other scripts adds neither header nor parameter."""
        part = (f"name=\"file\"; filename*=UTF-8''{encoded}", b"{}")
        id = api.good(api.call("POST", "/v1/files", **form(PURPOSE, part)))["id"]
        header = api.get(f"/v1/files/{id}/content").headers["Content-Disposition"]
        assert header.isprintable()
        assert header.isascii()
        assert list(parse_options_header(header)[1]) == ["filename"]

    @pytest.mark.parametrize("name", ['a"; x="b', "a\\", '\\"', 'a"b\\c"', "a; x=b", "'"])
    def test_ascii_name_is_returned_unchanged(self, api: Caller, name: str) -> None:
        """Quotes and backslashes are escaped, and add no parameter."""
        part = (f"name=\"file\"; filename*=UTF-8''{quote(name, safe='')}", b"{}")
        id = api.good(api.call("POST", "/v1/files", **form(PURPOSE, part)))["id"]
        header = api.get(f"/v1/files/{id}/content").headers["Content-Disposition"]
        assert parse_options_header(header) == ("attachment", {"filename": name})
        assert "filename*" not in header

    def test_name_with_a_lone_surrogate_can_be_downloaded(self, api: Caller) -> None:
        """It is half a character, which JSON can name and no header; it becomes a question mark."""
        request = {"filename": "a\ud800/é", "purpose": "assistants", "bytes": 2, "mime_type": "x"}
        path = f"/v1/uploads/{api.good(api.post('/v1/uploads', request))['id']}"
        data = form(('name="data"; filename=""', b"{}"))
        part = api.good(api.call("POST", f"{path}/parts", **data))
        id = api.good(api.post(f"{path}/complete", {"part_ids": [part["id"]]}))["file"]["id"]
        header = api.get(f"/v1/files/{id}/content").headers["Content-Disposition"]
        assert header == "attachment; filename=\"a_/_\"; filename*=UTF-8''a%3F%2F%C3%A9"

    def test_name_in_another_script_is_sent_in_full(self, api: Caller) -> None:
        """As RFC 5987 says."""
        id = api.upload(name="Übersicht 日本.jsonl")["id"]
        header = api.get(f"/v1/files/{id}/content").headers["Content-Disposition"]
        assert parse_options_header(header) == ("attachment", {"filename": "Übersicht 日本.jsonl"})

    def test_hostile_name_over_a_socket(self, serve: Any) -> None:
        """On the wire, too, the name is in one header."""
        app = app_of()
        part = ("name=\"file\"; filename*=UTF-8''a%0D%0AX-Injected:%201", b"{}")
        id = Caller(app).call("POST", "/v1/files", **form(PURPOSE, part)).json["id"]
        request = f"GET /v1/files/{id}/content HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {KEY}"
        answer = talk(serve(app), f"{request}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = answer.partition(b"\r\n\r\n")
        assert body == b"{}"
        assert b"\nx-injected" not in head.lower()

    @pytest.mark.parametrize(
        ("byte_range", "start", "stop"),
        [
            ("bytes=0-99", 0, 100),
            ("bytes=100-", 100, 1024),
            ("bytes=-10", 1014, 1024),
            ("bytes=1000-9999", 1000, 1024),
            ("bytes=1023-1023", 1023, 1024),
        ],
    )
    def test_range_gets_a_partial_response(
        self, api: Caller, stored_file_path: str, byte_range: str, start: int, stop: int
    ) -> None:
        """A download can be resumed."""
        answer = api.get(stored_file_path, headers={"Range": byte_range})
        assert (answer.status_code, answer.data) == (206, CONTENT[start:stop])
        assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/1024"
        assert answer.headers["Content-Length"] == str(stop - start)
        assert answer.content_type == "application/octet-stream"

    @pytest.mark.parametrize("byte_range", ["bytes=1024-", "bytes=5000-6000"])
    def test_range_beyond_the_end_is_a_416(
        self, api: Caller, stored_file_path: str, byte_range: str
    ) -> None:
        """The error says how long the file is."""
        answer = api.get(stored_file_path, headers={"Range": byte_range})
        assert error_of(answer) == (416, None, None)
        assert answer.headers["Content-Range"] == "bytes */1024"

    @pytest.mark.parametrize(
        "headers",
        [
            {"Range": "bytes=0-1,4-5"},
            {"Range": "bytes=0-9", "If-Range": '"x"'},
            {"Range": "lines=0-9"},
            {"Range": "bytes=9-0"},
            {"Range": "nonsense"},
            {"Range": "bytes=-5000"},
            {"Range": "bytes=0-"},
        ],
    )
    def test_other_ranges_get_the_whole_file(
        self, api: Caller, stored_file_path: str, headers: dict[str, str]
    ) -> None:
        """Several ranges, a condition, another unit or nonsense are ignored."""
        answer = api.get(stored_file_path, headers=headers)
        assert (answer.status_code, answer.data) == (200, CONTENT)

    def test_empty_file_can_be_downloaded(self, api: Caller) -> None:
        """The response has no bytes."""
        id = api.upload(b"", purpose="user_data")["id"]
        answer = api.get(f"/v1/files/{id}/content")
        assert (answer.status_code, answer.data) == (200, b"")
        assert answer.headers["Content-Length"] == "0"

    @pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-9"}])
    def test_head_returns_the_headers_only(
        self, api: Caller, stored_file_path: str, headers: dict[str, str]
    ) -> None:
        """HEAD is GET without the bytes; ranges are for GET alone."""
        answer = api.call("HEAD", stored_file_path, headers=headers)
        assert (answer.status_code, answer.data) == (200, b"")
        assert answer.headers["Content-Length"] == "1024"

    def test_same_bytes_at_every_download(self, api: Caller) -> None:
        """An output file never changes, and its size is that in its object."""
        id = api.create(metadata={"mockbatch_scenario": "instant"})["id"]
        file = api.batch(id)["output_file_id"]
        first = api.get(f"/v1/files/{file}/content").data
        assert api.get(f"/v1/files/{file}/content").data == first
        assert api.get(f"/v1/files/{file}").json["bytes"] == len(first)


class TestDelete:
    """DELETE /v1/files/{id}."""

    def test_response_is_as_recorded(self, api: Caller) -> None:
        """Recorded: three keys."""
        id = api.upload()["id"]
        assert api.good(api.delete(f"/v1/files/{id}")) == {
            "object": "file",
            "id": id,
            "deleted": True,
        }

    def test_file_is_gone(self, api: Caller) -> None:
        """It cannot be retrieved, downloaded or deleted again."""
        path = f"/v1/files/{api.upload()['id']}"
        api.delete(path)
        assert error_of(api.get(path)) == (404, None, "id")
        assert error_of(api.get(f"{path}/content")) == (404, None, "id")
        assert error_of(api.delete(path)) == (404, None, "id")

    def test_output_file_can_be_deleted(self, api: Caller) -> None:
        """The batch still names the deleted file."""
        id = api.create(metadata={"mockbatch_scenario": "instant"})["id"]
        file = api.batch(id)["output_file_id"]
        api.good(api.delete(f"/v1/files/{file}"))
        assert error_of(api.get(f"/v1/files/{file}/content")) == (404, None, "id")
        assert api.batch(id)["output_file_id"] == file

    def test_input_deleted_while_validating_fails_the_batch(self, api: Caller) -> None:
        """Observed: validation does not find the file."""
        batch = api.create()
        api.advance(VALIDATING - 1)
        api.delete(f"/v1/files/{batch['input_file_id']}")
        api.advance(1)
        batch = api.batch(batch["id"])
        [error] = batch["errors"]["data"]
        assert batch["status"] == "failed"
        assert (error["code"], error["param"], error["line"]) == (
            "invalid_request",
            "file_id",
            None,
        )

    def test_input_deleted_after_validation_changes_nothing(self, api: Caller) -> None:
        """A batch has its own copy of its input."""
        batch = api.create()
        api.advance(VALIDATING)
        api.delete(f"/v1/files/{batch['input_file_id']}")
        api.advance(DAY)
        batch = api.batch(batch["id"])
        output = api.get(f"/v1/files/{batch['output_file_id']}/content").data
        assert output.count(b"\n") == batch["request_counts"]["completed"] == 2


class TestExpiry:
    """Files expire on simulated time."""

    def test_input_file_lives_thirty_days_to_the_second(self, api: Caller) -> None:
        """It exists until a second before `expires_at`."""
        file = api.upload()
        assert file["expires_at"] == START + MONTH
        api.advance(MONTH - 1)
        assert api.get(f"/v1/files/{file['id']}").status_code == 200
        api.advance(1)
        assert error_of(api.get(f"/v1/files/{file['id']}/content")) == (404, None, "id")

    def test_expired_file_is_not_listed(self, api: Caller) -> None:
        """The list has only files that can be retrieved."""
        api.upload()
        api.advance(MONTH)
        assert api.get("/v1/files").json["data"] == []

    def test_file_with_another_purpose_does_not_expire(self, api: Caller) -> None:
        """Only files of purpose `batch` expire by default."""
        file = api.upload(purpose="user_data")
        api.advance(100 * MONTH)
        assert file["expires_at"] is None
        assert api.get(f"/v1/files/{file['id']}").status_code == 200

    def test_output_file_lives_thirty_days_from_the_end(self, api: Caller) -> None:
        """The time counts from the file's creation, not the batch's."""
        id = api.create()["id"]
        api.advance(DAY)
        batch = api.batch(id)
        path = f"/v1/files/{batch['output_file_id']}"
        assert api.get(path).json["expires_at"] == batch["completed_at"] + MONTH
        api.advance(batch["completed_at"] + MONTH - (START + DAY) - 1)
        assert api.get(path).status_code == 200
        api.advance(1)
        assert error_of(api.get(path)) == (404, None, "id")

    def test_output_file_has_the_lifetime_that_the_batch_requested(self, api: Caller) -> None:
        """`output_expires_after` counts from the creation of the file."""
        expiry = {"anchor": "created_at", "seconds": 3600}
        id = api.create(output_expires_after=expiry)["id"]
        api.advance(DAY)
        batch = api.batch(id)
        assert error_of(api.get(f"/v1/files/{batch['output_file_id']}")) == (404, None, "id")

    def test_expired_input_fails_a_new_batch(self, api: Caller) -> None:
        """An expired file is not found."""
        file = api.upload()["id"]
        api.advance(MONTH)
        id = api.create(input_file_id=file)["id"]
        api.advance(VALIDATING)
        assert api.batch(id)["status"] == "failed"
