"""Writing requests down: in the journal of their world, and in the log."""

import logging
import re

from werkzeug.wrappers import Request

from mockbatch import clock
from mockbatch.faults.exchange import UNANSWERED
from mockbatch.world.journal import Entry
from mockbatch.world.world import World

log = logging.getLogger("mockbatch.requests")

# In the environ: the name of the fault that a request has met.
FAULT = "mockbatch.fault"
# In the environ of a request for which there is no route.
UNKNOWN = "mockbatch.unknown"
# In the environ of a request at which mockbatch itself failed.
BROKEN = "mockbatch.broken"
# In the environ of a request that was logged: whether it stands in a journal, too.
RECORDED = "mockbatch.recorded"


def record(request: Request, world: World | None, status: int) -> None:
    """Write a request down, status 0 for one that gets no answer; once, whoever else does."""
    environ = request.environ
    if environ.get(UNANSWERED):
        status = 0
    logged = RECORDED in environ
    journaled = bool(environ.get(RECORDED))
    if world is not None and not journaled and not request.path.startswith("/_mock"):
        world.journal.add(_entry(request, world, status))
        journaled = True
    environ[RECORDED] = journaled
    if not logged and log.isEnabledFor(logging.INFO):
        fields = {
            "method": request.method,
            "path": request.path,
            "status": status,
            "now": None if world is None else world.now(),
            "fault": environ.get(FAULT),
        }
        log.info("%(method)s %(path)s %(status)s", fields, extra={"request": fields})


def _entry(request: Request, world: World, status: int) -> Entry:
    retries = request.headers.get("x-stainless-retry-count", "0")
    # Not request.full_path, which fails on bytes that are no UTF-8.
    query = request.query_string.decode(errors="replace")
    return Entry(
        method=request.method,
        path=f"{request.path}?{query}" if query else request.path,
        status=status,
        retry_count=int(retries) if re.fullmatch("[0-9]{1,9}", retries) else 0,
        now=world.now(),
        wall=clock.wall_time(),
        fault=request.environ.get(FAULT),
        known=UNKNOWN not in request.environ,
        broken=BROKEN in request.environ,
    )
