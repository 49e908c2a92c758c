"""Azure OpenAI's routes: `/openai/…` with an api-version, and `/openai/v1/…` without one."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, request

from mockbatch.batch.batch import Batch
from mockbatch.endpoints import endpoints
from mockbatch.errors import ApiError
from mockbatch.faults.request_record import RequestRecord
from mockbatch.files.file import File
from mockbatch.pagination import Page, paginate
from mockbatch.providers.azure import batches, files, listing
from mockbatch.providers.azure.wording import azure_error
from mockbatch.web.context import world
from mockbatch.web.responses import (
    check_page,
    check_response,
    json_body,
    json_response,
    query_choice,
    query_integer,
    send_json,
)
from mockbatch.web.v1 import batches as v1_batches
from mockbatch.web.v1 import files as v1_files
from mockbatch.web.v1 import live_calls, models
from mockbatch.world.polling import fast_forward_on_poll

blueprint = Blueprint("azure", __name__, url_prefix="/openai")

_PREFIXES = ("", "/v1")
_MAX_LISTED_FILES = 10_000
_MAX_LISTED_BATCHES = 100
# How many lines of a new batch's input are read to find out which endpoint they are for.
_MAX_LINE_BYTES = 1 << 20

View = Callable[..., Response]


def _route(path: str, *methods: str) -> Callable[[View], View]:
    """Add a view under both prefixes."""

    def add(view: View) -> View:
        for prefix in _PREFIXES:
            name = f"{view.__name__}{prefix.replace('/', '_')}"
            blueprint.add_url_rule(f"{prefix}{path}", name, view, methods=methods)
        return view

    return add


@blueprint.before_request
def check_version() -> None:
    """Raise ApiError 404 for a classic path without `api-version`."""
    is_v1 = request.path.startswith("/openai/v1/")
    if not is_v1 and not request.args.get("api-version"):
        raise azure_error("no_api_version")


# --- files


@_route("/files", "POST")
def upload() -> Response:
    """Upload a file; it is pending at first."""
    part = v1_files.required_file("file")
    if not part.mimetype:
        raise azure_error("no_part_type")
    purpose = request.form.get("purpose", "")
    files.check_purpose(purpose)
    content, name = v1_files.detach_content(part), part.filename or ""
    file = world().upload(content, name, purpose, files.parse_lifetime(request.form), files.RULES)
    RequestRecord.of(request.environ).file_id = file.id
    return _file_response(file)


@_route("/files", "GET")
def list_files() -> Response:
    """List files, newest first."""
    page = world().files(
        query_choice("purpose", (*files.PURPOSES, "batch_output")),
        query_integer("limit", _MAX_LISTED_FILES, 1, _MAX_LISTED_FILES),
        request.args.get("after"),
        newest_first=query_choice("order", ("asc", "desc")) != "asc",
    )
    now = world().now()
    body = page.as_json(lambda file: files.file_json(file, now))
    check_page(["azure/file"] * len(page.items), body)
    return send_json(body)


@_route("/files/<id>", "GET")
def retrieve_file(id: str) -> Response:
    """Retrieve a file; on an on-poll clock, a pending one is processed then."""
    file = world().file(id)
    fast_forward_on_poll(world(), file.created_at + files.PENDING_SECONDS)
    return _file_response(world().file(id))


@_route("/files/<id>", "DELETE")
def delete_file(id: str) -> Response:
    """Delete a file."""
    return v1_files.delete(id)


@_route("/files/<id>/content", "GET")
def download(id: str) -> Response:
    """Download a file."""
    return v1_files.content(id)


def _file_response(file: File) -> Response:
    return json_response("azure/file", files.file_json(file, world().now()))


# --- batches


@_route("/batches", "POST")
def create() -> Response:
    """Create a batch."""
    body = batches.parse_body(json_body())
    file = _find_input(body)
    if file is not None and files.is_pending(file, world().now()):
        raise azure_error("file_pending", id=file.id)
    first_line = b"" if file is None else file.content.first_line(_MAX_LINE_BYTES)
    file_id = body.input_file_id if file is None else file.id
    batch = world().create_batch(batches.batch_request(body, file_id, first_line))
    return _batch_response(batch, batch.created_at)


def _find_input(body: batches.CreateBody) -> File | None:
    """Return the file with the input: that of the id, or the newest with the name of the blob."""
    if body.input_file_id is not None:
        try:
            return world().file(body.input_file_id)
        except ApiError:  # the batch will fail
            return None
    uploaded = world().files("batch", _MAX_LISTED_FILES, None, newest_first=True).items
    return next((file for file in uploaded if file.filename == body.blob_name), None)


@_route("/batches", "GET")
def list_batches() -> Response:
    """List batches, newest first unless `$orderby` says otherwise."""
    now = world().now()
    found = world().batches(world().settings.limits.batches, None, batches.RULES.provider).items
    wanted, order = request.args.get("$filter"), request.args.get("$orderby")
    ordered = listing.filter_and_sort(found, now, wanted, order)
    by_id = {batch.id: batch for batch in ordered}
    limit = query_integer("limit", 20, 1, _MAX_LISTED_BATCHES)
    ids = paginate(list(by_id), limit, request.args.get("after"))
    page = Page([by_id[id] for id in ids.items], ids.has_more)
    body = page.as_json(batch_json)
    check_page(["azure/batch"] * len(page.items), body)
    pairs = zip(page.items, body["data"], strict=True)
    return send_json({**body, "data": [v1_batches.distort(batch, shown) for batch, shown in pairs]})


@_route("/batches/<id>", "GET")
def retrieve(id: str) -> Response:
    """Retrieve a batch."""
    return _batch_response(v1_batches.find_retrieved(id, batches.RULES.provider))


@_route("/batches/<id>/cancel", "POST")
def cancel(id: str) -> Response:
    """Cancel a batch."""
    return _batch_response(v1_batches.cancel_batch(id, batches.RULES.provider))


def batch_json(batch: Batch, at: int | None = None) -> dict[str, Any]:
    """Return Azure's object of a batch as of now, or of a given second."""
    return batches.batch_json(batch, world().batch_json(batch, at))


def _batch_response(batch: Batch, at: int | None = None) -> Response:
    undistorted = batch_json(batch, at)
    check_response(batch.schema, undistorted)
    return send_json(v1_batches.distort(batch, undistorted))


# --- live calls and models


def _call(endpoint_path: str, deployment: str | None = None) -> Response:
    return live_calls.call(endpoints()[endpoint_path], model=deployment)


for _path in endpoints():
    _short = _path.removeprefix("/v1")
    for _pattern in (_short, f"/v1{_short}", f"/deployments/<deployment>{_short}"):
        blueprint.add_url_rule(
            _pattern,
            _pattern.replace(".", "_"),
            _call,
            methods=["POST"],
            defaults={"endpoint_path": _path},
        )


@_route("/models", "GET")
def list_models() -> Response:
    """List the deployments."""
    return models.index()


@_route("/models/<path:name>", "GET")
def retrieve_model(name: str) -> Response:
    """Retrieve a deployment."""
    return models.retrieve(name)
