"""Groq's routes: `/openai/v1/…` for its SDK, and `/groq/openai/v1/…` for any client."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from mockbatch.batch.batch import Batch
from mockbatch.endpoints import endpoints
from mockbatch.faults.request_record import RequestRecord
from mockbatch.files.file import BATCH_OUTPUT
from mockbatch.providers.groq import batches, files
from mockbatch.web.context import world
from mockbatch.web.responses import check_response, json_body, json_response, send_json
from mockbatch.web.v1 import batches as v1_batches
from mockbatch.web.v1 import files as v1_files
from mockbatch.web.v1 import live_calls, models

blueprint = Blueprint("groq", __name__)

_PREFIXES = ("/openai/v1", "/groq/openai/v1")
_PROVIDER = batches.RULES.provider

View = Callable[..., Response]


def _route(path: str, method: str) -> Callable[[View], View]:
    """Add a view under both prefixes."""

    def add(view: View) -> View:
        for prefix in _PREFIXES:
            name = f"{view.__name__}_{len(prefix)}"
            blueprint.add_url_rule(prefix + path, name, view, methods=[method])
        return view

    return add


# --- files


@_route("/files", "POST")
def upload() -> Response:
    """Upload a file."""
    part = v1_files.required_file("file")
    purpose = request.form.get("purpose")
    files.check_purpose(purpose)
    content, name = v1_files.detach_content(part), part.filename or ""
    file = world().upload(content, name, purpose or "", None, files.RULES)
    RequestRecord.of(request.environ).file_id = file.id
    return json_response("groq/file", files.file_json(file))


@_route("/files", "GET")
def list_files() -> Response:
    """List all files of batches; there is only one page."""
    limit = v1_files.MAX_LISTED
    page = world().files(None, limit, None, newest_first=True)
    found = [file for file in page.items if file.purpose in ("batch", BATCH_OUTPUT)]
    return _list("groq/file", [files.file_json(file) for file in found])


@_route("/files/<id>", "GET")
def retrieve_file(id: str) -> Response:
    """Retrieve a file."""
    return json_response("groq/file", files.file_json(world().file(id)))


@_route("/files/<id>", "DELETE")
def delete_file(id: str) -> Response:
    """Delete a file."""
    return v1_files.delete(id)


@_route("/files/<id>/content", "GET")
def download(id: str) -> Response:
    """Download a file."""
    return v1_files.content(id)


# --- batches


@_route("/batches", "POST")
def create() -> Response:
    """Create a batch."""
    batch = world().create_batch(batches.parse_request(json_body()))
    return _batch_response(batch, batch.created_at)


@_route("/batches", "GET")
def list_batches() -> Response:
    """List all batches, newest first.

    Groq's SDK asks for no page. OpenAI's goes on after the last one until it gets an empty page.
    """
    limit, after = world().settings.limits.batches, request.args.get("after")
    found = world().batches(limit, after, _PROVIDER).items
    shown = [batch_json(batch) for batch in found]
    for body in shown:
        check_response("groq/batch", body)
    pairs = zip(found, shown, strict=True)
    data = [v1_batches.distort(batch, body) for batch, body in pairs]
    return send_json({"object": "list", "data": data})


@_route("/batches/<id>", "GET")
def retrieve(id: str) -> Response:
    """Retrieve a batch."""
    return _batch_response(v1_batches.find_retrieved(id, _PROVIDER))


@_route("/batches/<id>/cancel", "POST")
def cancel(id: str) -> Response:
    """Cancel a batch."""
    return _batch_response(v1_batches.cancel_batch(id, _PROVIDER))


def batch_json(batch: Batch, at: int | None = None) -> dict[str, Any]:
    """Return Groq's object of a batch as of now, or of a given second."""
    return batches.batch_json(batch, world().batch_json(batch, at))


def _batch_response(batch: Batch, at: int | None = None) -> Response:
    undistorted = batch_json(batch, at)
    check_response(batch.schema, undistorted)
    return send_json(v1_batches.distort(batch, undistorted))


def _list(schema: str, objects: list[dict[str, Any]]) -> Response:
    for body in objects:
        check_response(schema, body)
    return send_json({"object": "list", "data": objects})


# --- live calls and models


def _call(endpoint_path: str) -> Response:
    return live_calls.call(endpoints()[endpoint_path])


for _prefix in _PREFIXES:
    for _path in endpoints():
        _pattern = _prefix + _path.removeprefix("/v1")
        _name = _pattern.replace(".", "_")
        blueprint.add_url_rule(
            _pattern, _name, _call, methods=["POST"], defaults={"endpoint_path": _path}
        )


@_route("/models", "GET")
def list_models() -> Response:
    """List the models."""
    return models.index()


@_route("/models/<path:name>", "GET")
def retrieve_model(name: str) -> Response:
    """Retrieve a model."""
    return models.retrieve(name)
