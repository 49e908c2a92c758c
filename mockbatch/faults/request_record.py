"""What is noted about a request while it is handled, kept in its WSGI environ.

The fault middleware, the handlers and the recorder each add a part; the journal and the log
are written from it.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_KEY = "mockbatch.request"


@dataclass(slots=True)
class RequestRecord:
    """The notes about one request.

    `fault` names the fault or distortion that it met. `is_unanswered`: the client gets no
    response, though the request took effect. `is_unrouted`: there is no such route or method.
    `has_failed`: mockbatch itself failed. `is_logged` and `is_journaled` tell where it has been
    written down. `due_world` is the world whose due webhooks an internal request delivers.
    """

    fault: str | None = None
    is_unanswered: bool = False
    is_unrouted: bool = False
    has_failed: bool = False
    is_logged: bool = False
    is_journaled: bool = False
    due_world: object = None

    @classmethod
    def of(cls, environ: "WSGIEnvironment") -> "RequestRecord":
        """Return the record in an environ; a new one is put there at the first call."""
        record: RequestRecord = environ.setdefault(_KEY, cls())
        return record

    def put(self, environ: "WSGIEnvironment") -> "WSGIEnvironment":
        """Return an environ that carries this record."""
        return {**environ, _KEY: self}
