"""Writes each request to the journal of its world and to the log."""

import logging
import re
from urllib.parse import unquote

from werkzeug.wrappers import Request

from mockbatch import clock
from mockbatch.faults.request_record import RequestRecord
from mockbatch.world.journal import MAX_ERROR_CHARACTERS, JournalEntry
from mockbatch.world.keys import shorten_key
from mockbatch.world.world import World

# How much of a request's path, of its query and of its method is kept.
MAX_CHARACTERS, MAX_METHOD_CHARACTERS = 1000, 32
# The names of query parameters whose values are not shown.
_SECRET_NAME = re.compile("(key|token|secret|sig|signature|password)$", re.IGNORECASE)

log = logging.getLogger("mockbatch.requests")


def record_request(request: Request, world: World | None, status: int) -> None:
    """Journal and log a request, the first time that this is called for it.

    `status` is 0 if the client got no response.
    """
    record = RequestRecord.of(request.environ)
    if record.is_unanswered:
        status = 0
    if world is not None and not record.is_journaled and not request.path.startswith("/_mock"):
        world.journal.add(_entry(request, world, status, record))
        record.is_journaled = True
    if not record.is_logged and log.isEnabledFor(logging.INFO):
        _log(request, world, status, record)
    record.is_logged = True


def _log(request: Request, world: World | None, status: int, record: RequestRecord) -> None:
    """Log a request, after the status changes of its world since the last one."""
    name = None if world is None else shorten_key(world.name)
    for event in () if world is None else world.status_log.pop_changes():
        change = {**event.as_json(), "world": name}
        log.info("%(type)s %(id)s", change, extra={"fields": change})
    fields = {
        "method": request.method[:MAX_METHOD_CHARACTERS],
        "path": _cut(request.path),
        "status": status,
        "now": None if world is None else world.now(),
        "world": name,
        "duration_ms": round(record.elapsed_ms, 1),
        "fault": record.fault,
        "error": record.error,
    }
    log.info("%(method)s %(path)s %(status)s", fields, extra={"fields": fields})


def _entry(request: Request, world: World, status: int, record: RequestRecord) -> JournalEntry:
    retries = request.headers.get("x-stainless-retry-count", "0")
    # Not request.full_path, which fails on bytes that are not UTF-8.
    query = _mask(_cut(request.query_string.decode(errors="replace")))
    path = _cut(request.path)
    return JournalEntry(
        method=request.method[:MAX_METHOD_CHARACTERS],
        path=f"{path}?{query}" if query else path,
        status=status,
        retry_count=int(retries) if re.fullmatch("[0-9]{1,9}", retries) else 0,
        now=world.now(),
        wall=clock.wall_time(),
        fault=record.fault,
        known=not record.is_unrouted,
        broken=record.has_failed,
        error=record.error and record.error[:MAX_ERROR_CHARACTERS],
        duration_ms=round(record.elapsed_ms, 1),
    )


def _cut(text: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else text[:MAX_CHARACTERS] + "..."


def _mask(query: str) -> str:
    """Return a query without the values of parameters that are secrets by their names."""
    parameters = [parameter.partition("=") for parameter in query.split("&")]
    return "&".join(
        f"{name}=***" if value and _SECRET_NAME.search(unquote(name)) else name + equals + value
        for name, equals, value in parameters
    )
