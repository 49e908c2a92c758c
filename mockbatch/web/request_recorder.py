"""Writes each request to the journal of its world and to the log."""

import logging
import re

from werkzeug.wrappers import Request

from mockbatch import clock
from mockbatch.faults.request_record import RequestRecord
from mockbatch.strings.redaction import redact
from mockbatch.web.recorded_messages import request_message
from mockbatch.world.journal import MAX_ERROR_CHARACTERS, Exchanged, JournalEntry
from mockbatch.world.world import World

# How much of a request's path, query and method is kept.
MAX_CHARACTERS, MAX_METHOD_CHARACTERS = 1000, 32

_RETRY_COUNT = re.compile("[0-9]{1,9}")

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
    if world is not None:
        world.status_log.log_changes()
    fields = {
        "method": request.method[:MAX_METHOD_CHARACTERS],
        "path": redact(request.path, MAX_CHARACTERS),
        "status": status,
        "now": None if world is None else world.now(),
        "world": None if world is None else world.status_log.world_name,
        "duration_ms": round(record.elapsed_ms, 1),
        "fault": record.fault,
        "error": _error(record),
    }
    log.info("%(method)s %(path)s %(status)s", fields, extra={"fields": fields})


def _entry(request: Request, world: World, status: int, record: RequestRecord) -> JournalEntry:
    retries = request.headers.get("x-stainless-retry-count", "0")
    # Not request.full_path, which fails on bytes that are not UTF-8.
    query = request.query_string.decode(errors="replace")
    path = redact(request.path, MAX_CHARACTERS)
    if query:
        path += redact(f"?{query}", 1 + MAX_CHARACTERS)
    return JournalEntry(
        method=request.method[:MAX_METHOD_CHARACTERS],
        path=path,
        status=status,
        retry_count=int(retries) if _RETRY_COUNT.fullmatch(retries) else 0,
        now=world.now(),
        wall=clock.wall_time(),
        fault=record.fault,
        reply=record.reply,
        known=not record.is_unrouted,
        broken=record.has_failed,
        error=_error(record),
        duration_ms=round(record.elapsed_ms, 1),
        exchanged=Exchanged(request_message(request, record), record.response if status else None),
    )


def _error(record: RequestRecord) -> str | None:
    """Return the message of the error response, which may repeat the path."""
    return record.error and redact(record.error, MAX_ERROR_CHARACTERS)
