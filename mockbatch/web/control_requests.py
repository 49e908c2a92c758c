"""`/_mock/requests`: what the clients of a world have asked for."""

from difflib import get_close_matches
from fnmatch import fnmatchcase

from flask import Blueprint, Response, current_app, request

from mockbatch.errors import api_error
from mockbatch.journal import KEPT, Entry
from mockbatch.web.answers import answer, query_integer
from mockbatch.web.context import world
from mockbatch.web.control import guard

blueprint = Blueprint("control_requests", __name__, url_prefix="/_mock/requests")
blueprint.before_request(guard)


@blueprint.get("")
def index() -> Response:
    """Show the journal of this world: the last `limit` requests that pass the filters."""
    limit = query_integer("limit", KEPT, 0, KEPT)
    return answer("journal", world().journal.as_json(limit, _passes))


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
    return answer("unmatched", {"requests": asked})


def _passes(entry: Entry) -> bool:
    given = request.args
    if "method" in given and entry.method != given["method"].upper():
        return False
    if "path" in given and not fnmatchcase(entry.path.partition("?")[0], given["path"]):
        return False
    if "status" in given and entry.status != query_integer("status", 0, 0, 999):
        return False
    return "since" not in given or entry.now >= _since(given["since"])


def _since(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        expected = "a decimal"
        raise api_error(
            "invalid_type", param="since", expected=expected, actual="a string"
        ) from None


def _asked(entry: Entry) -> str:
    return f"{entry.method} {entry.path.partition('?')[0]}"


def _routes() -> list[str]:
    rules = [rule for rule in current_app.url_map.iter_rules() if rule.rule.startswith("/v1")]
    return [
        f"{method} {rule.rule.replace('<', '{').replace('>', '}')}"
        for rule in rules
        for method in sorted(rule.methods or ())
        if method not in ("HEAD", "OPTIONS")
    ]
