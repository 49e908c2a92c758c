"""Notes about a request, kept in its WSGI environ while it is handled.

The fault middleware and the handlers add to them; the journal and the log are written from
them.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec import Struct, field

from mockbatch import clock
from mockbatch.faults.message import Message
from mockbatch.typing import Json

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_KEY = "mockbatch.request"


class RequestRecord(Struct):
    """The notes about one request.

    Attributes:
        started: When the request began, in seconds of the monotonic clock.
        error: The message of the error response.
        fault: The name of the fault or distortion that was applied.
        reply: The match of the scripted reply that a live call got.
        is_unanswered: The request took effect, but the client gets no response.
        is_unrouted: There is no such route or method.
        has_failed: mockbatch itself failed.
        is_logged: It is in the log, or is not to be logged.
        is_journaled: It is in the journal of its world.
        request: The body of the request, if it was read.
        file_id: The id of the file that it created, or of the part of one.
        response: What the client gets; None until the app or a fault has decided.
        world: The world of its key, if the middleware for faults has opened it and applied none.
        failure: The error of a store that kept that middleware from opening the world.
        due_world: For the internal request that delivers due webhooks, their world.

    """

    started: float = field(default_factory=clock.monotonic)
    error: str | None = None
    fault: str | None = None
    reply: Mapping[str, Json] | None = None
    is_unanswered: bool = False
    is_unrouted: bool = False
    has_failed: bool = False
    is_logged: bool = False
    is_journaled: bool = False
    request: Message | None = None
    file_id: str | None = None
    response: Message | None = None
    world: object = None
    failure: Exception | None = None
    due_world: object = None

    @classmethod
    def of(cls, environ: "WSGIEnvironment") -> "RequestRecord":
        """Return the record in an environ, which is added if it is missing."""
        record: RequestRecord | None = environ.get(_KEY)
        if record is None:
            record = environ[_KEY] = cls()
        return record

    @property
    def elapsed_ms(self) -> float:
        """How long the request has taken so far, in real milliseconds."""
        return (clock.monotonic() - self.started) * 1000

    def added_to(self, environ: "WSGIEnvironment") -> "WSGIEnvironment":
        """Return a copy of an environ with this record in it."""
        return {**environ, _KEY: self}
