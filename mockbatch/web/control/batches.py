"""`/_mock/batches`: batches created in one call, their input, results and commands."""

from collections.abc import Callable
from functools import partial

from flask import Blueprint, Response, request

from mockbatch.batch import commands
from mockbatch.batch.batch import Batch
from mockbatch.batch.rules import OPENAI
from mockbatch.errors import api_error
from mockbatch.typing import Json
from mockbatch.validation.error_wording import join_items
from mockbatch.web.context import world
from mockbatch.web.control.files import content_preview
from mockbatch.web.control.guard import guard
from mockbatch.web.providers import find_routes
from mockbatch.web.responses import (
    check_page,
    check_response,
    checked_body,
    json_response,
    query_integer,
    send_json,
)
from mockbatch.web.v1.batches import distort
from mockbatch.world.arranging import read_input, read_openai_results, read_results, submit_batch
from mockbatch.world.changed_lines import find_changed_lines
from mockbatch.world.overview import COMMANDS, FAILURE, overview

blueprint = Blueprint("control_batches", __name__, url_prefix="/_mock/batches")
blueprint.before_request(guard)

# What returns results, by the form of their lines.
_RESULTS = {"provider": read_results, "openai": read_openai_results}


@blueprint.post("")
def submit() -> Response:
    """Upload the input of a batch and create it, without any fault."""
    batch = submit_batch(world(), checked_body("submit_batch"))
    return json_response(batch.schema, world().batch_json(batch, batch.created_at))


@blueprint.get("")
def index() -> Response:
    """Return a page of overviews, of the newest batches first."""
    page = world().batches(query_integer("limit", 50, 1, 100), request.args.get("after"))
    body = page.as_json(lambda batch: overview(world(), batch))
    check_page(["batch_overview"] * len(page.items), body)
    return send_json(body, compact=True)  # indented, it would take twice as long


@blueprint.get("/<id>/overview")
def show_overview(id: str) -> Response:
    """Return the times, explanation and commands of a batch; this does not count as a poll."""
    return json_response("batch_overview", overview(world(), world().batch(id)))


@blueprint.get("/<id>/changed_lines")
def show_changed_lines(id: str) -> Response:
    """Return which lines of a batch were scripted, and which were distorted in its files."""
    return json_response("changed_lines", find_changed_lines(world().batch(id), world().now()))


@blueprint.get("/<id>")
def show(id: str) -> Response:
    """Return a batch as its provider does, but without distortion; this is no poll."""
    return send_json(_batch_json(world().batch(id)))


@blueprint.get("/<id>/input")
def show_input(id: str) -> Response:
    """Return the text of the input file of a batch."""
    return json_response("batch_input", read_input(world(), id))


@blueprint.get("/<id>/input/preview")
def preview_input(id: str) -> Response:
    """Return a part of the input of a batch, even if its file has been deleted since."""
    return content_preview(id, world().batch(id).input.content)


@blueprint.get("/<id>/results")
def results(id: str) -> Response:
    """Return the contents of the output and the error file of a batch."""
    form = request.args.get("form", "provider")
    if form not in _RESULTS:
        supported = join_items([f"'{name}'" for name in _RESULTS])
        raise api_error("unsupported_value", param="form", value=form, supported=supported)
    return json_response("results", _RESULTS[form](world(), id))


@blueprint.get("/<id>/timeline")
def timeline(id: str) -> Response:
    """Return the past and coming events of a batch, and why it is where it is."""
    return json_response("timeline", world().explain(id))


@blueprint.post("/<id>/<any(hold, resume, cancel, expire, complete):name>")
def command(id: str, name: str) -> Response:
    """Apply a command to an unfinished batch, now, and return it as its provider does."""
    checked_body("nothing", optional=True)
    return _apply(id, COMMANDS[name])


@blueprint.post("/<id>/fail")
def fail(id: str) -> Response:
    """Fail a batch that is being validated; the body may give the error's code and message."""
    body = checked_body("fail", optional=True)
    error = {name: body.get(name, default) for name, default in FAILURE.items()}
    return _apply(id, partial(commands.fail, **error))


def _apply(id: str, command: Callable[[Batch, int], Batch]) -> Response:
    batch = world().command(id, command)
    world().deliver_due()
    return send_json(distort(batch, _batch_json(batch)))


def _batch_json(batch: Batch) -> dict[str, Json]:
    provider = batch.rules.provider
    own = world() if provider == OPENAI else find_routes(provider)
    body: dict[str, Json] = own.batch_json(batch)
    check_response(batch.schema, body)
    return body
