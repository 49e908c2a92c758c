"""`/_mock/requests`: the journal of the requests that a world received."""

from collections.abc import Callable
from difflib import get_close_matches
from math import isfinite, nan

from flask import Blueprint, Response, current_app, request

from mockbatch.errors import api_error
from mockbatch.strings.globs import Glob, glob
from mockbatch.typing import Json
from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import check_response, json_response, query_choice, query_integer
from mockbatch.world.journal import MAX_ENTRIES, JournalEntry
from mockbatch.world.world import World

blueprint = Blueprint("control_requests", __name__, url_prefix="/_mock/requests")
blueprint.before_request(guard)

_ANY_STATUS = -1
# How many of the unmatched requests are listed, and how much of a call is compared with the
# routes: finding the most similar one takes milliseconds.
_MAX_UNMATCHED = 100
_MAX_COMPARED_CHARACTERS = 200


@blueprint.get("")
def index() -> Response:
    """Return the last `limit` requests that pass the filters in the query.

    Their headers and bodies, and those of the responses, are included only with `bodies=true`.
    """
    limit = query_integer("limit", MAX_ENTRIES, 0, MAX_ENTRIES)
    bodies = query_choice("bodies", ("true", "false")) == "true"
    journal = world().journal.as_json(limit, _entry_filter(), bodies=bodies)
    for entry in journal["requests"]:
        check_response("journaled_request", entry)
    return json_response("journal", journal)


def broken_requests(world: World) -> dict[str, Json]:
    """Return the requests that failed because of a bug, as with `broken=true`."""
    return world.journal.as_json(MAX_ENTRIES, lambda entry: entry.broken)


@blueprint.get("/<id>")
def show(id: str) -> Response:
    """Return one request, by its id or by the x-request-id of its response."""
    number, entry = world().journal.find(id)
    return json_response("journaled_request", entry.as_json(number, bodies=True))


@blueprint.get("/unmatched")
def unmatched() -> Response:
    """Return the last 100 requests that matched no route, each with the most similar route."""
    routes = _routes()
    entries = [entry for entry in world().journal.entries() if not entry.known]
    requests = [
        {
            "method": entry.method,
            "path": entry.path,
            "now": entry.now,
            "nearest": get_close_matches(_call_text(entry), routes, n=1, cutoff=0)[0],
        }
        for entry in entries[-_MAX_UNMATCHED:]
    ]
    return json_response("unmatched", {"requests": requests})


def _entry_filter() -> Callable[[JournalEntry], bool]:
    """Return a predicate for the filters in the query; ApiError 400 for an unknown filter."""
    filters = request.args
    for name in filters:
        if name not in ("limit", "method", "path", "status", "since", "broken", "bodies"):
            raise api_error("unknown_parameter", param=name)
    method, path = filters.get("method", "*").upper(), _path_glob(filters.get("path", "*"))
    status, since = query_integer("status", _ANY_STATUS, 0, 999), _since(filters.get("since", "0"))
    broken = query_choice("broken", ("true", "false"))

    def passes(entry: JournalEntry) -> bool:
        return (
            method in ("*", entry.method)
            and path.matches(entry.path.partition("?")[0])
            and status in (_ANY_STATUS, entry.status)
            and entry.now >= since
            and broken in (None, "true" if entry.broken else "false")
        )

    return passes


def _path_glob(pattern: str) -> Glob:
    try:
        return glob(pattern)
    except ValueError as error:
        raise api_error("invalid_value", param="path", reason=error) from None


def _since(text: str) -> float:
    try:
        since = float(text)
    except ValueError:
        since = nan
    if not isfinite(since):
        raise api_error("invalid_type", param="since", expected="a decimal", actual="a string")
    return since


def _call_text(entry: JournalEntry) -> str:
    return f"{entry.method} {entry.path.partition('?')[0]}"[:_MAX_COMPARED_CHARACTERS]


def _routes() -> list[str]:
    rules = [rule for rule in current_app.url_map.iter_rules() if rule.rule.startswith("/v1")]
    return [
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in rules
        for method in sorted(rule.methods or ())
        if method not in ("HEAD", "OPTIONS")
    ]
