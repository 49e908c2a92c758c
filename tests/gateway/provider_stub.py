"""A server with the objects of Bedrock, Vertex AI and Cohere: the real gateway's upstream.

It has the jobs that mockbatch makes of the batches in a world, so that what the gateway shows of
them can be compared with what mockbatch shows.
"""

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from mockbatch.typing import Json

MISSING = "no such job"
# As the mock remembers it.
NO_SUCH_KEY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code>'
    "<Message>The specified key does not exist.</Message></Error>"
)
_JSON = {"Content-Type": "application/json"}
_XML = {"Content-Type": "application/xml"}


class ProviderStub:
    """The stub, on a free port of loopback."""

    def __init__(self) -> None:
        #: The jobs by the last part of their name, and the rows of their output.
        self.jobs: dict[str, Json] = {}
        #: OpenAI's objects of the uploaded files, by their id, and the time now.
        self.files: dict[str, Json] = {}
        self.now = 0.0
        self.rows: bytes = b""
        stub = self

        class Handler(BaseHTTPRequestHandler):
            """Answers from the jobs of the stub."""

            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                found = stub.answer_about_file(self.command, self.path)
                if found is None:
                    status, content_type, body = stub.answer(self.command, self.path)
                    found = status, {"Content-Type": content_type}, body
                status, headers, body = found
                self.send_response_only(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    self.wfile.write(body)

            do_GET = do_POST = do_HEAD = do_DELETE = _answer  # noqa: N815

            def log_message(self, *_: Any) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "ProviderStub":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, method: str, path: str) -> tuple[int, str, bytes]:
        """Return the status, the content type and the body for a request."""
        path = unquote(urlsplit(path).path)
        if path.endswith((".out", "predictions.jsonl")):
            return 200, "application/octet-stream", self.rows
        status, body = self._find(method, path)
        return status, "application/json", json.dumps(body).encode()

    def answer_about_file(self, method: str, path: str) -> tuple[int, dict[str, str], bytes] | None:
        """Return status, headers and body for a request about stored files, None for others."""
        is_dataset = path.startswith("/v1/datasets")
        if not is_dataset and method != "HEAD" and not path.endswith("?attributes"):
            return None
        if path == "/v1/datasets":
            datasets = [_dataset(file) for file in self.files.values()]
            return 200, _JSON, json.dumps({"datasets": datasets}).encode()
        name = unquote(urlsplit(path).path).rpartition("/")[2].removesuffix(".jsonl")
        file = self.files.get(name)
        if file is None:
            body = NO_SUCH_KEY if not is_dataset else json.dumps({"message": MISSING})
            return 404, _JSON if is_dataset else _XML, body.encode()
        if is_dataset:
            shown = {"dataset": _dataset(file)} if method == "GET" else {}
            return 200, _JSON, json.dumps(shown).encode()
        times = {"Last-Modified": _http_date(file["created_at"]), "Date": _http_date(self.now)}
        if method == "HEAD":
            return 200, {**times, "Content-Length": str(file["bytes"])}, b""
        size = f"<ObjectSize>{file['bytes']}</ObjectSize>"
        return 200, {**_XML, **times}, f"<Attributes>{size}</Attributes>".encode()

    def _find(self, method: str, path: str) -> tuple[int, Json]:
        jobs = list(self.jobs.values())
        lists = {
            "model-invocation-jobs": {"invocationJobSummaries": jobs},
            "batchPredictionJobs": {"batchPredictionJobs": jobs},
            "embed-jobs": {"embed_jobs": jobs},
        }
        name = path.rpartition("/")[2]
        if method == "GET" and name in lists:
            return 200, lists[name]
        if method == "POST" and (name in lists or name == "model-invocation-job"):
            return 200, jobs[0]
        is_cancel = path.endswith(("/stop", "/cancel", ":cancel"))
        for ending in ("/stop", "/cancel", ":cancel"):
            path = path.removesuffix(ending)
        job: Mapping[str, Json] | None = self.jobs.get(path.rpartition("/")[2])
        if job is None:
            is_google = "batchPredictionJobs" in path
            error = {"code": 404, "message": MISSING, "status": "NOT_FOUND"}
            return 404, {"error": error} if is_google else {"message": MISSING}
        return 200, {} if is_cancel else job


def _dataset(file: Mapping[str, Json]) -> Json:
    """Return a dataset of Cohere with the members that the gateway reads."""
    time = datetime.fromtimestamp(file["created_at"], timezone.utc)
    return {
        "id": file["id"],
        "name": file["name"],
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "dataset_type": "embed-input" if file["purpose"] == "batch" else "embed-result",
        "validation_status": "validated",
    }


def _http_date(seconds: float) -> str:
    return formatdate(seconds, usegmt=True)
