"""`/_mock/requests`: what the clients of a world have asked for."""

from collections.abc import Callable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from math import isfinite, nan

from flask import Blueprint, Response, current_app, request

from mockbatch.errors import api_error
from mockbatch.web.context import world
from mockbatch.web.control.guard import guard
from mockbatch.web.responses import json_response, query_choice, query_integer
from mockbatch.world.journal import MAX_ENTRIES, JournalEntry

blueprint = Blueprint("control_requests", __name__, url_prefix="/_mock/requests")
blueprint.before_request(guard)

_ANY = -1  # status


@blueprint.get("")
def index() -> Response:
    """Show the journal of this world: the last `limit` requests that pass the filters."""
    limit = query_integer("limit", MAX_ENTRIES, 0, MAX_ENTRIES)
    return json_response("journal", world().journal.as_json(limit, _filter()))


@blueprint.get("/unmatched")
def unmatched() -> Response:
    """Show the requests that no route knows, each with the route that is nearest to it."""
    routes = list(_routes())
    found = [entry for entry in world().journal.entries() if not entry.known]
    asked = [
        {
            "method": entry.method,
            "path": entry.path,
            "now": entry.now,
            "nearest": get_close_matches(_asked(entry), routes, n=1, cutoff=0)[0],
        }
        for entry in found
    ]
    return json_response("unmatched", {"requests": asked})


def _filter() -> Callable[[JournalEntry], bool]:
    """Return what tells which entries are asked for; ApiError 400 for a filter that is none."""
    given = request.args
    for name in given:
        if name not in ("limit", "method", "path", "status", "since", "broken"):
            raise api_error("unknown_parameter", param=name)
    method, path = given.get("method", "*").upper(), given.get("path", "*")
    status, since = query_integer("status", _ANY, 0, 999), _since(given.get("since", "0"))
    broken = query_choice("broken", ("true", "false"))

    def passes(entry: JournalEntry) -> bool:
        return (
            method in ("*", entry.method)
            and fnmatchcase(entry.path.partition("?")[0], path)
            and status in (_ANY, entry.status)
            and entry.now >= since
            and broken in (None, "true" if entry.broken else "false")
        )

    return passes


def _since(text: str) -> float:
    try:
        since = float(text)
    except ValueError:
        since = nan
    if not isfinite(since):
        raise api_error("invalid_type", param="since", expected="a decimal", actual="a string")
    return since


def _asked(entry: JournalEntry) -> str:
    return f"{entry.method} {entry.path.partition('?')[0]}"


def _routes() -> list[str]:
    rules = [rule for rule in current_app.url_map.iter_rules() if rule.rule.startswith("/v1")]
    return [
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in rules
        for method in sorted(rule.methods or ())
        if method not in ("HEAD", "OPTIONS")
    ]
