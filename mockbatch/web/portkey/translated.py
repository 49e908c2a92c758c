"""Answers for the providers whose batches the gateway turns into OpenAI's form.

Their files and batches are OpenAI's in the same world. Each request here is made as one or more
of OpenAI's, and what comes back is shown as `views` say.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING

from werkzeug.test import stream_encode_multipart
from werkzeug.wrappers import Request, Response

from mockbatch.typing import Json
from mockbatch.web.body_limit import read_json_text
from mockbatch.web.portkey import bodies, checks
from mockbatch.web.portkey.checks import EXCEPTION_HEADERS, GatewayError, Target, failure_body
from mockbatch.web.portkey.upstream import set_body, to_json, upstream_environ
from mockbatch.web.portkey.views import VIEWS
from mockbatch.web.portkey.views.view import MODEL, Answer

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

_OK = 200
_NOT_FOUND = 404
# What the gateway answers for routes of files without asking the provider; all others of files
# are in a storage that mockbatch does not have.
_MODEL_REQUIRED = (500, failure_body("Model is required"))
_FIXED = {
    ("bedrock", "GET /v1/files"): _MODEL_REQUIRED,
    ("bedrock", "DELETE /v1/files/"): _MODEL_REQUIRED,
    ("vertex-ai", "GET /v1/files"): (
        500,
        {
            "message": "listFiles is not supported by Google Vertex AI",
            "status": "failure",
            "provider": "vertex-ai",
        },
    ),
}
_MAX_LISTED = 100
_DEFAULT_LISTED = 20


def respond_translated(
    app: "WSGIApplication", request: Request, target: Target, called: str
) -> Response:
    """Return the gateway's response to a request about batches or files of such a provider."""
    return _Exchange(app, request, target).respond(called)


class _Exchange:
    """One request for such a provider."""

    def __init__(self, app: "WSGIApplication", request: Request, target: Target) -> None:
        self._app = app
        self._request = request
        self._target = target
        self._view = VIEWS[target.provider]
        self._headers = {name.lower(): value for name, value in request.headers.items()}

    def respond(self, called: str) -> Response:
        method, _, path = called.partition(" ")
        parts = path.split("/")[2:]
        if parts[0] == "files":
            return self._respond_about_files(called, parts[1:])
        if len(parts) == 1:
            return _response(self._create() if method == "POST" else self._list())
        if parts[-1] == "output":
            return self._get_output(parts[1])
        if method == "POST" and parts[-1] == "cancel":
            return _response(self._cancel(parts[1]))
        return _response(self._retrieve(parts[1]))

    # --- files

    def _respond_about_files(self, called: str, parts: list[str]) -> Response:
        """Return the response about the file with the id in `parts`, or about all files."""
        if called == "POST /v1/files":
            return _response(self._upload())
        known = re.sub("(?<=/files/).*", "", called)
        if (self._target.provider, known) in _FIXED:
            status, body = _FIXED[self._target.provider, known]
            if "provider" in body:
                return _response(Answer(status, body))
            raise GatewayError(status, body, EXCEPTION_HEADERS)
        id, *rest = parts or [""]
        method = called.partition(" ")[0]
        reason = self._view.check_read(" ".join([method, *rest]), id)
        if reason is not None:
            # Differs from the gateway, which asks the storage of the provider.
            raise GatewayError(501, failure_body(reason))
        return _response(self._read_file(method, id) if id else self._list_files())

    def _read_file(self, method: str, id: str) -> Answer:
        status, file = self._call(method, f"/v1/files/{self._view.file_id(id)}")
        if status != _OK:
            text = f"mockbatch has no file {id}" if status == _NOT_FOUND else _message(file)
            return self._view.show_file_error(status, text)
        if method == "DELETE":
            return Answer(_OK, {"object": "file", "deleted": True, "id": id})
        _, clock = self._call("GET", "/_mock/clock")
        return Answer(_OK, self._view.show_stored(file, id, clock["now"]))

    def _list_files(self) -> Answer:
        """Return all datasets of Cohere, the only provider with a list.

        Failed lines are in no dataset, so that OpenAI's file of them is left out.
        """
        status, page = self._call("GET", "/v1/files")
        if status != _OK:
            return self._view.show_file_error(status, _message(page))
        files = [file for file in page["data"] if not file["filename"].endswith("_error.jsonl")]
        shown = [self._view.show_stored(file, file["id"], 0) for file in files]
        return Answer(_OK, {"data": shown, "object": "list"})

    def _upload(self) -> Answer:
        with self._request as request:
            upload = request.files.get("file")
            refused = self._view.check_upload(self._headers, (upload and upload.filename) or "")
            if refused is not None:
                return refused
            form = {"purpose": "batch"} if upload is None else {"purpose": "batch", "file": upload}
            stream, length, boundary = stream_encode_multipart(form)
        environ = {**upstream_environ(request), "HTTP_AUTHORIZATION": self._authorization()}
        environ["wsgi.input"], environ["CONTENT_LENGTH"] = stream, str(length)
        environ["CONTENT_TYPE"] = f'multipart/form-data; boundary="{boundary}"'
        environ.pop("HTTP_TRANSFER_ENCODING", None)
        with closing(stream):
            response = Response.from_app(self._app, environ)
            file = _parse(response)
        if response.status_code != _OK:
            return self._view.show_error(response.status_code, _message(file))
        return Answer(_OK, self._view.show_file(file, self._headers))

    # --- batches

    def _create(self) -> Answer:
        try:
            body = bodies.parse_object(read_json_text(self._request))
        except (ValueError, RecursionError):
            raise checks.internal_error() from None
        metadata = self._view.metadata(body)
        if isinstance(metadata, Answer):
            return metadata
        wanted = {
            "input_file_id": self._view.file_id(body["input_file_id"]),
            "endpoint": self._view.endpoint_of(metadata[MODEL]),
            "completion_window": "24h",
            "metadata": metadata,
        }
        status, batch = self._call("POST", "/v1/batches", wanted)
        if status != _OK:
            return self._view.show_error(status, _message(batch))
        return Answer(_OK, self._view.show_created(self._view.job(batch, self._headers)))

    def _retrieve(self, id: str) -> Answer:
        status, batch = self._batch(id)
        if status != _OK:
            return self._view.show_error(status, self._text(status, id, batch))
        return Answer(_OK, self._view.show(self._view.job(batch, self._headers)))

    def _list(self) -> Answer:
        limit = self._limit()
        status, page = self._call("GET", f"/v1/batches?limit={limit}")
        if status != _OK:
            return self._view.show_list_error(status, _message(page))
        jobs = [self._view.job(batch, self._headers) for batch in page["data"]]
        return Answer(_OK, self._view.show_list(jobs, has_more=page["has_more"]))

    def _limit(self) -> int:
        """Return how many batches to list; only for Vertex AI does the gateway pass a limit on."""
        given = self._request.args.get("limit", "")
        if self._target.provider != "vertex-ai":
            return _MAX_LISTED
        is_number = given.isascii() and given.isdigit() and 0 < len(given) < 6
        return max(1, min(int(given), _MAX_LISTED)) if is_number else _DEFAULT_LISTED

    def _cancel(self, id: str) -> Answer:
        status, batch = self._call("POST", f"/v1/batches/{self._view.batch_id(id)}/cancel", {})
        if status != _OK:
            return self._view.show_error(status, self._text(status, id, batch))
        return Answer(_OK, self._view.show_cancelled(id))

    def _get_output(self, id: str) -> Response:
        status, batch = self._batch(id)
        if status != _OK:
            return _response(self._view.show_output_error(status, self._text(status, id, batch)))
        job = self._view.job(batch, self._headers)
        ids = [batch[name] for name in ("output_file_id", "error_file_id") if batch.get(name)]
        if not ids:
            return _response(self._view.show_missing_output(job))
        unreadable = self._view.check_output(job)
        if unreadable is not None:
            return _response(unreadable)
        return Response(self._lines(ids, job), content_type="application/octet-stream")

    def _lines(self, file_ids: list[str], job: Mapping[str, Json]) -> Iterator[bytes]:
        for id in file_ids:
            for text in self._send("GET", f"/v1/files/{id}/content").get_data().splitlines():
                shown = self._view.show_line(json.loads(text), job)
                if shown is not None:
                    yield to_json(shown) + b"\n"

    # --- OpenAI's requests

    def _batch(self, id: str) -> tuple[int, Json]:
        return self._call("GET", f"/v1/batches/{self._view.batch_id(id)}")

    def _call(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        response = self._send(method, path, body)
        return response.status_code, _parse(response)

    def _send(self, method: str, path: str, body: Json = None) -> Response:
        environ = {**upstream_environ(self._request), "HTTP_AUTHORIZATION": self._authorization()}
        path, _, query = path.partition("?")
        environ["REQUEST_METHOD"] = method
        environ["PATH_INFO"] = path.encode("utf-8", "replace").decode("latin-1")
        environ["QUERY_STRING"] = query
        environ["CONTENT_TYPE"] = "application/json"
        environ.pop("HTTP_RANGE", None)
        set_body(b"" if body is None else to_json(body), environ)
        return Response.from_app(self._app, environ)

    def _authorization(self) -> str:
        """Return the key of the world: that of the provider, or the id of AWS's key."""
        key = self._target.key
        if key in ("", "undefined"):
            key = self._headers.get("x-portkey-aws-access-key-id", "undefined")
        return f"Bearer {key}"

    def _text(self, status: int, id: str, body: Json) -> str:
        """Return the text of an error; that of an unknown id is mockbatch's own."""
        return f"mockbatch has no job {id}" if status == _NOT_FOUND else _message(body)


def _parse(response: Response) -> Json:
    try:
        return bodies.parse_json(response.get_data())
    except ValueError:
        raise checks.internal_error(EXCEPTION_HEADERS) from None


def _message(body: Json) -> str:
    error = body.get("error") if isinstance(body, dict) else None
    return str(error.get("message")) if isinstance(error, dict) else "undefined"


def _response(answer: Answer) -> Response:
    return Response(to_json(answer.body), answer.status, content_type="application/json")
