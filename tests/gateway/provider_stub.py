"""A server with the objects of Bedrock, Vertex AI and Cohere: the real gateway's upstream.

It has the jobs that mockbatch makes of the batches in a world, so that what the gateway shows of
them can be compared with what mockbatch shows.
"""

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import unquote, urlsplit

from mockbatch.typing import Json

MISSING = "no such job"


class ProviderStub:
    """The stub, on a free port of loopback."""

    def __init__(self) -> None:
        #: The jobs by the last part of their name, and the rows of their output.
        self.jobs: dict[str, Json] = {}
        self.rows: bytes = b""
        stub = self

        class Handler(BaseHTTPRequestHandler):
            """Answers from the jobs of the stub."""

            def _answer(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, content_type, body = stub.answer(self.command, self.path)
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = _answer  # noqa: N815

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
