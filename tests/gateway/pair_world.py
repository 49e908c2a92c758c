"""The world in which each pair of requests is made: a batch in every state, and odd files."""

from mockbatch.typing import Json
from tests.gateway.mock_server import KEY, MockServer, ask

DAY = 24 * 3600
VALIDATING, IN_PROGRESS, CANCELLING = 62, 61, 605  # seconds, at pace 1
LINE = (
    '{"custom_id": "%s", "method": "POST", "url": "/v1/chat/completions",'
    ' "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}}\n'
)
INPUT = "".join(LINE % name for name in ("a", "b", "c"))
BOUNDARY = "limit"


def form(fields: dict[str, str], file: bytes | None, field: str = "file") -> bytes:
    """Return a multipart form, in which the file comes last."""
    parts = [(f'name="{key}"', value.encode()) for key, value in fields.items()]
    if file is not None:
        parts.append((f'name="{field}"; filename="in.jsonl"', file))
    head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; "
    written = [head.encode() + where.encode() + b"\r\n\r\n" + data for where, data in parts]
    return b"\r\n".join([*written, f"--{BOUNDARY}--\r\n".encode()])


class _Builder:
    def __init__(self, server: MockServer) -> None:
        self._server = server
        self.names: dict[str, str] = {}

    def upload(self, name: str, data: bytes, purpose: str = "batch") -> str:
        self.names[name] = self._send("/v1/files", form({"purpose": purpose}, data))
        return self.names[name]

    def _send(self, path: str, body: bytes) -> str:
        headers = [
            ("Authorization", f"Bearer {KEY}"),
            ("Content-Type", f"multipart/form-data; boundary={BOUNDARY}"),
        ]
        return str(ask(self._server.url, "POST", path, headers, body).json["id"])

    def begin_upload(self, data: bytes) -> None:
        body = {"filename": "a", "purpose": "batch", "bytes": len(data), "mime_type": "text/jsonl"}
        upload = self._server.control("POST", "/v1/uploads", body)["id"]
        sent = self._send(f"/v1/uploads/{upload}/parts", form({}, data, "data"))
        self.names.update(upload=upload, part=sent)

    def create(self, name: str, input: str, scenario: str = "happy") -> None:
        body = {
            "input_file_id": input,
            "endpoint": "/v1/chat/completions",
            "completion_window": "24h",
            "metadata": {"name": name, "mockbatch_scenario": scenario},
        }
        self.names[name] = self._server.control("POST", "/v1/batches", body)["id"]

    def command(self, verb: str, *names: str) -> None:
        where = "/v1" if verb == "cancel" else "/_mock"
        for name in names:
            self._server.control("POST", f"{where}/batches/{self.names[name]}/{verb}", {})

    def advance(self, seconds: int) -> None:
        self._server.control("POST", "/_mock/clock/advance", {"seconds": seconds})

    def files(self) -> dict[str, str]:
        """Return all names, those of the files that the batches have made among them."""
        found = dict(self.names)
        for batch in self._server.control("GET", "/v1/batches")["data"]:
            name = (batch["metadata"] or {}).get("name")
            for kind in ("output", "error"):
                if name and batch[f"{kind}_file_id"]:
                    found[f"{name}.{kind}"] = batch[f"{kind}_file_id"]
        return found


def build(server: MockServer, page: Json) -> tuple[Json, dict[str, str]]:
    """Return the state of such a world, and its ids by name; `page` is loaded into it first."""
    server.control("POST", "/_mock/reset", {})
    server.control("PUT", "/_mock/state", page)
    builder = _Builder(server)
    input = builder.upload("file_input", INPUT.encode())
    broken = builder.upload("file_broken", (LINE % "a" + "{}\n{\n").encode())
    builder.upload("file_bytes", bytes(range(256)), "user_data")
    server.control("DELETE", f"/v1/files/{builder.upload('file_deleted', INPUT.encode())}")
    builder.create("expired", input, "expired_partial")
    builder.advance(DAY)
    builder.create("failed", broken)
    builder.create("cancelled", input)
    builder.create("in_progress", input)
    builder.create("cancelling", input)
    builder.advance(VALIDATING)
    builder.command("hold", "in_progress", "cancelling")
    builder.command("cancel", "cancelled")
    builder.advance(CANCELLING)
    builder.create("completed", input)
    builder.create("some_failed", input, "some_failed")
    builder.create("all_failed", input, "all_failed")
    builder.command("complete", "completed", "some_failed", "all_failed")
    builder.create("finalizing", input)
    builder.advance(VALIDATING + IN_PROGRESS)
    builder.command("cancel", "cancelling")
    builder.create("validating", input)
    builder.begin_upload(INPUT.encode())
    return server.control("GET", "/_mock/state"), builder.files()
